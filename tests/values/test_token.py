"""A token tells its age by two clocks, signs requests, and never shows itself."""

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from etna_magic import Secret, Token, TokenState
from tests.helpers import accounts

BASE_URL = "https://api.example.com/api"
HOUR = 3600.0
JOIN = " ".join
FRESH, EXPIRING, STALE = TokenState.FRESH, TokenState.EXPIRING, TokenState.STALE


def _token(clock: accounts.ManualClock, hours: float = 24) -> Token:
    return accounts.token(BASE_URL, clock, timedelta(hours=hours))


@pytest.fixture
def clock() -> accounts.ManualClock:
    """Return a clock that stands still."""
    return accounts.ManualClock()


@pytest.mark.parametrize(
    ("hours", "age", "expected"),
    [
        pytest.param(24, 0, FRESH, id="new"),
        pytest.param(24, 23.75 * HOUR - 1, FRESH, id="a second before the window"),
        pytest.param(24, 23.75 * HOUR, EXPIRING, id="15 minutes left"),
        pytest.param(24, 24 * HOUR - 1, EXPIRING, id="a second left"),
        pytest.param(24, 24 * HOUR, STALE, id="the very end"),
        pytest.param(24, 48 * HOUR, STALE, id="long over"),
        pytest.param(1, 0.9 * HOUR - 1, FRESH, id="a second before a tenth"),
        pytest.param(1, 0.9 * HOUR, EXPIRING, id="a tenth left"),
        pytest.param(1, HOUR, STALE, id="an hour over"),
    ],
)
def test_state(clock: accounts.ManualClock, hours: float, age: float, expected: TokenState) -> None:
    """A token is fresh, then expiring in its last 15 minutes or tenth, then stale."""
    token = _token(clock, hours)
    clock.move(age)
    assert expected is token.state
    assert timedelta(hours=hours, seconds=-age) == token.remaining


@pytest.mark.parametrize(
    ("wall", "forward", "left"),
    [
        pytest.param(-HOUR, 0, 24 * HOUR, id="set back at once"),
        pytest.param(-HOUR, 2 * HOUR, 22 * HOUR, id="set back, and time went on"),
        pytest.param(2 * HOUR, 0, 22 * HOUR, id="slept"),
        pytest.param(30 * HOUR, HOUR, -6 * HOUR, id="slept beyond its end"),
        pytest.param(-30 * HOUR, 25 * HOUR, -HOUR, id="set back, and over"),
    ],
)
def test_clocks_that_disagree(clock: accounts.ManualClock, wall: float, forward: float, left: float) -> None:
    """Whichever clock says "older" counts."""
    token = _token(clock)
    clock.wall_now += wall
    clock.forward_now += forward
    assert timedelta(seconds=left) == token.remaining
    assert (left <= 0) == (token.state is STALE)


def test_moments(clock: accounts.ManualClock) -> None:
    """The moments are aware and in UTC, and stay as the clock moves."""
    token = _token(clock)
    clock.move(5 * HOUR)
    issued = datetime.fromtimestamp(1_750_000_000, UTC)
    assert (issued, issued + timedelta(hours=24)) == (token.issued_at, token.expires_at)
    assert timedelta(0) == token.expires_at.utcoffset()


def test_ended_token_is_stale(clock: accounts.ManualClock) -> None:
    """A token that was logged out is stale whatever the clocks say."""
    token = _token(clock)
    token.ended = "was logged out"
    assert (STALE, True) == (token.state, "was logged out" in repr(token))


def test_value_and_headers(clock: accounts.ManualClock) -> None:
    """The value is the server's text, and headers is a new dict each time."""
    token = _token(clock)
    first = token.headers
    assert accounts.TOKEN == token.value
    assert {"Authorization": f"Bearer {accounts.TOKEN}", "Et-App-Key": accounts.APP_KEY} == first
    first.clear()
    assert (dict, 2) == (type(token.headers), len(token.headers))


SHOWN = {
    "repr": repr,
    "str": str,
    "percent": lambda token: "%s %r" % (token, token),  # noqa: UP031 - the old way is tested too
    "in a list": lambda token: f"{[token]}",
    "in a dict": lambda token: f"{ {'a': token} }",
    "app key": lambda token: repr(token.app_key),
    "dir": lambda token: repr(dir(token)),
    "help": lambda token: repr(type(token).__doc__),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_never_shown(clock: accounts.ManualClock, show) -> None:
    """Nothing that shows a token shows its value or the app key."""
    assert [] == [secret for secret in accounts.SECRETS if secret in show(_token(clock))]


def test_repr_says_who_where_and_when(clock: accounts.ManualClock) -> None:
    """A token shows whose it is, where, its state and until when."""
    token = _token(clock)
    shown = repr(token)
    year = str(token.expires_at.astimezone().year)
    assert [True] * 4 == [part in shown for part in (accounts.USERNAME, BASE_URL, "fresh", year)]


AS_TEXT = {
    "bearer": lambda token: "Bearer " + token,
    "in front": lambda token: token + " x",
    "f-string": lambda token: f"{token}",
    "f-string, aligned": lambda token: f"{token:>40}",
    "format": "Bearer {}".format,
    "format()": format,
    "bytes": lambda token: b"Bearer " + token,
    "added to itself": lambda token: token + token,
}


@pytest.mark.parametrize("act", AS_TEXT.values(), ids=AS_TEXT)
def test_is_no_text(clock: accounts.ManualClock, act) -> None:
    """A token in a text is a TypeError that names the three ways out."""
    with pytest.raises(TypeError, match=r"\.value.*\.headers.*auth="):
        act(_token(clock))


@pytest.mark.parametrize(
    "act", [JOIN, len, iter, bytes, str.encode], ids=["join", "len", "iter", "bytes", "encode"]
)
def test_is_no_str(clock: accounts.ManualClock, act) -> None:
    """A token does nothing else that a text does."""
    with pytest.raises(TypeError):
        act([_token(clock)] if act is JOIN else _token(clock))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: [t], lambda t: {"a": t}], ids=["alone", "list", "dict"]
)
def test_is_not_pickled(clock: accounts.ManualClock, wrap, protocol: int) -> None:
    """Pickling is refused at every protocol, with the way out named."""
    with pytest.raises(TypeError, match=r"not pickled.*(headers|for_workers)"):
        pickle.dumps(wrap(_token(clock)), protocol)


@pytest.mark.parametrize(
    "act", [copy.copy, copy.deepcopy, lambda t: copy.deepcopy([t])[0]], ids=["copy", "deepcopy", "in a list"]
)
def test_copy_is_itself(clock: accounts.ManualClock, act) -> None:
    """A copy is the same token, so that it is not warned of twice."""
    token = _token(clock)
    assert token is act(token)


def test_has_no_dict(clock: accounts.ManualClock) -> None:
    """There is no `__dict__` that a variable inspector could list."""
    with pytest.raises(TypeError):
        vars(_token(clock))


def test_default_clock() -> None:
    """Without a clock of its own a token ages by the system's."""
    token = accounts.token(BASE_URL)
    assert (FRESH, True) == (token.state, timedelta(hours=23) < token.remaining <= timedelta(hours=24))


def test_empty_secret_is_false() -> None:
    """The token's parts are secrets that know whether they are empty."""
    assert (False, True) == (bool(Secret("")), bool(Secret("x")))
