"""A token knows its age by two clocks, signs requests, and never shows itself."""

import copy
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import requests

from etna_magic import EtnaError, InsecureURLError, NotLoggedInError, Secret, Token, TokenState
from etna_magic.support import format_moment
from etna_magic.token import Account, RedactionHook
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer

BASE_URL = "https://api.example.com/api"
HOUR = 3600.0
JOIN = " ".join
FRESH, EXPIRING, STALE = TokenState.FRESH, TokenState.EXPIRING, TokenState.STALE
SIGNED = {"Authorization": f"Bearer {accounts.TOKEN}", "Et-App-Key": accounts.APP_KEY}
MASKED = dict.fromkeys(SIGNED, "***")


@pytest.fixture
def clock() -> accounts.ManualClock:
    """Return a clock that stands still."""
    return accounts.ManualClock()


@pytest.fixture
def token(clock: accounts.ManualClock) -> Token:
    """Return a token of 24 hours that was issued just now."""
    return accounts.token(BASE_URL, clock)


@pytest.mark.parametrize(
    ("hours", "age", "expected"),
    [
        pytest.param(24, 0, FRESH, id="new"),
        pytest.param(24, 23.75 * HOUR - 1, FRESH, id="a second before the window"),
        pytest.param(24, 23.75 * HOUR, EXPIRING, id="15 minutes left"),
        pytest.param(24, 24 * HOUR - 1, EXPIRING, id="a second left"),
        pytest.param(24, 24 * HOUR, STALE, id="the very end"),
        pytest.param(24, 48 * HOUR, STALE, id="long expired"),
        pytest.param(1, 0.9 * HOUR - 1, FRESH, id="a second before a tenth"),
        pytest.param(1, 0.9 * HOUR, EXPIRING, id="a tenth left"),
        pytest.param(1, HOUR, STALE, id="an hour has passed"),
    ],
)
def test_its_state(clock: accounts.ManualClock, hours: float, age: float, expected: TokenState) -> None:
    """A token is fresh, then expiring in its last 15 minutes or tenth, then stale."""
    token = accounts.token(BASE_URL, clock, timedelta(hours=hours))
    clock.move(age)
    assert (expected, timedelta(hours=hours, seconds=-age)) == (token.state, token.remaining)


def test_the_warning_window_can_be_set(clock: accounts.ManualClock, token: Token) -> None:
    """It is what was set, or a tenth of the lifetime if that is less."""
    token.warn_before = timedelta(hours=2)
    assert timedelta(hours=2) == token.warning_window
    clock.move(22 * HOUR)
    assert EXPIRING is token.state
    token.lifetime = timedelta(hours=23)
    assert (timedelta(hours=2), timedelta(hours=1)) == (token.warning_window, token.remaining)
    token.lifetime = timedelta(hours=10)
    assert (timedelta(hours=1), STALE) == (token.warning_window, token.state)


@pytest.mark.parametrize(
    ("wall", "forward", "left"),
    [
        pytest.param(-HOUR, 0, 24 * HOUR, id="set back at once"),
        pytest.param(-HOUR, 2 * HOUR, 22 * HOUR, id="set back, and time went on"),
        pytest.param(2 * HOUR, 0, 22 * HOUR, id="slept"),
        pytest.param(30 * HOUR, HOUR, -6 * HOUR, id="slept beyond its end"),
        pytest.param(-30 * HOUR, 25 * HOUR, -HOUR, id="set back, and expired"),
    ],
)
def test_clocks_that_disagree(
    clock: accounts.ManualClock, token: Token, wall: float, forward: float, left: float
) -> None:
    """Whichever clock says "older" counts."""
    clock.wall_now += wall
    clock.forward_now += forward
    assert (timedelta(seconds=left), left <= 0) == (token.remaining, token.state is STALE)
    now = datetime.fromtimestamp(clock.wall_now, UTC)
    assert (token.expires_at, token.lifetime) == (now + token.remaining, token.expires_at - token.issued_at)


def test_its_times(clock: accounts.ManualClock, token: Token) -> None:
    """When it was issued and expires is aware and in UTC, and stays as the clock moves."""
    clock.move(5 * HOUR)
    issued = datetime.fromtimestamp(1_750_000_000, UTC)
    assert (issued, issued + timedelta(hours=24)) == (token.issued_at, token.expires_at)
    assert timedelta(0) == token.expires_at.utcoffset()


def test_clocks_that_drift_apart(clock: accounts.ManualClock, token: Token) -> None:
    """By less than a second, its times stay as they were."""
    before = (token.issued_at, token.expires_at)
    clock.forward_now += 0.9
    assert before == (token.issued_at, token.expires_at)


def test_the_default_clock() -> None:
    """Without a clock of its own a token ages by the system's."""
    token = accounts.token(BASE_URL)
    assert (FRESH, True) == (token.state, timedelta(hours=23) < token.remaining <= timedelta(hours=24))


def test_a_refused_token(token: Token) -> None:
    """It is stale while the server refuses it, and keeps its secret: the server may accept it again."""
    assert "" == token.ended
    token.refuse()
    assert (STALE, "was refused by the server") == (token.state, token.ended)
    assert ("refused by the server" in repr(token), accounts.TOKEN) == (True, token.get_secret_value())
    token.accept()
    assert (FRESH, "") == (token.state, token.ended)


@pytest.mark.parametrize("use", [Token.get_secret_value, Token.headers], ids=["text", "headers"])
def test_an_ended_token(token: Token, use: Callable[[Token], object]) -> None:
    """It is stale for good whatever the clocks say, and nothing that refers to it holds its secret."""
    secret = token.secrets()[0]
    token.end("was logged out")
    assert (STALE, "was logged out", True) == (token.state, token.ended, "was logged out" in repr(token))
    token.accept()
    assert (STALE, Secret(""), True) == (token.state, token.secrets()[0], bool(secret))
    error = caught(lambda: use(token))
    expected = f"The token of alice at {BASE_URL} was logged out. Log in again: %etna_login"
    assert (NotLoggedInError, expected) == (type(error), str(error))


def test_the_same_text_again_keeps_its_issue_time(clock: accounts.ManualClock, token: Token) -> None:
    """A server that gives the same token again has not made it younger."""
    clock.move(HOUR)
    again = accounts.token(BASE_URL, clock)
    assert again is again.keep_issue_time(token)
    assert (token.issued_at, token.remaining) == (again.issued_at, again.remaining)
    assert timedelta(hours=23) == again.remaining
    # Whichever of the two is looked at first.
    assert timedelta(hours=23) == token.keep_issue_time(accounts.token(BASE_URL, clock)).remaining


def test_another_text_has_its_own_issue_time(clock: accounts.ManualClock, token: Token) -> None:
    """A new token ages from its own login, and so does one with nothing before it."""
    token.end("was logged out")
    clock.move(HOUR)
    for earlier in (None, token):
        again = accounts.token(BASE_URL, clock).keep_issue_time(earlier)
        assert timedelta(hours=24) == again.remaining


def test_its_account(token: Token) -> None:
    """Whose it is can be compared and shown, on one line that is safe."""
    assert (Account("alice", BASE_URL), f"alice at {BASE_URL}") == (token.account, str(token.account))
    assert "al ice at https://x" == str(Account("al\n\x1b[31mice", "https://x\u202e"))


def test_its_text_and_headers(token: Token) -> None:
    """The text is the server's, byte for byte; headers are a new dict each time, masked where they show."""
    first = token.headers()
    assert (accounts.TOKEN, SIGNED) == (token.get_secret_value(), first)
    assert (True, repr(MASKED)) == (isinstance(first, dict), repr(first))
    assert [] == [text for text in accounts.SECRETS if text in f"{first} {first!r} {[first]} {str(first)!r}"]
    first.clear()
    assert (SIGNED, accounts.APP_KEY) == (token.headers(), token.app_key().get_secret_value())


@pytest.mark.parametrize("end", [False, True], ids=["good", "ended"])
def test_no_attribute_gives_a_secret(token: Token, end: bool) -> None:  # noqa: FBT001 - a table's column
    """Inspectors read every attribute and property and call nothing: none shows token or app key."""
    if end:
        token.end("was logged out")
    held = {name: getattr(token, name) for name in dir(token)}
    assert {"get_secret_value", "headers", "app_key", "expires_at"} < set(held)
    shown = {name: f"{value!r} {value!s} {getattr(value, '__dict__', '')}" for name, value in held.items()}
    assert [] == [name for name, text in shown.items() if any(secret in text for secret in accounts.SECRETS)]


def test_it_has_no_dict(token: Token) -> None:
    """There is no `__dict__` that a variable inspector could list, and no attribute to set by mistake."""
    with pytest.raises(TypeError):
        vars(token)
    with pytest.raises(AttributeError):
        token.other = 1


SHOWN = {
    "repr": repr,
    "str": str,
    "percent": lambda token: "%s %r" % (token, token),  # noqa: UP031 - the old way is tested too
    "in a list": lambda token: f"{[token]}",
    "in a dict": lambda token: f"{ {'a': token} }",
    "app key": lambda token: repr(token.app_key()),
    "secrets": lambda token: repr(token.secrets()),
    "account": lambda token: repr(token.account),
    "dir": lambda token: repr(dir(token)),
    "help": lambda token: repr(type(token).__doc__),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_it_is_never_shown(token: Token, show) -> None:
    """Nothing that shows a token shows its text or the app key."""
    assert [] == [secret for secret in accounts.SECRETS if secret in show(token)]


def test_repr_says_whose_and_until_when(token: Token) -> None:
    """A token shows whose it is, where, its state and until when."""
    until = format_moment(token.expires_at)
    assert f"<Token of alice at {BASE_URL}: fresh, until {until}>" == repr(token)
    token.end("was logged out")
    assert f"alice at {BASE_URL}: was logged out, until {until}" == token.describe()


NO_TEXT = (
    "A Token is no text, so that a masked one is never sent as a header: use etna_token.headers(), "
    "etna_token.get_secret_value(), or auth=etna_token."
)
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
def test_it_is_no_text(token: Token, act) -> None:
    """A token in a text is a TypeError that names the three ways out."""
    with pytest.raises(TypeError) as raised:
        act(token)
    assert NO_TEXT == str(raised.value)


@pytest.mark.parametrize(
    "act", [JOIN, len, iter, bytes, str.encode], ids=["join", "len", "iter", "bytes", "encode"]
)
def test_it_is_no_str(token: Token, act) -> None:
    """A token does nothing else that a text does."""
    with pytest.raises(TypeError):
        act([token] if act is JOIN else token)


Copy = Callable[[Token], Token]
COPIES: dict[str, Copy] = {
    f"pickle {protocol}": lambda token, protocol=protocol: pickle.loads(  # noqa: S301 - our own
        pickle.dumps(token, protocol)
    )
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
} | {
    "pickle in a dict": lambda token: pickle.loads(pickle.dumps({"a": [token]}))["a"][0],  # noqa: S301 - our own
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy in a list": lambda token: copy.deepcopy([token])[0],
    "a copy of a copy": lambda token: copy.copy(copy.deepcopy(token)),
}


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_a_copy_has_no_secret(clock: accounts.ManualClock, token: Token, make: Copy) -> None:
    """Pickling and copying never fail; what comes of it says whose it was and until when, and is stale."""
    clock.move(HOUR)
    copied = make(token)
    assert (Token, True, False, STALE) == (type(copied), copied.is_copy, token.is_copy, copied.state)
    whose = [(one.account, one.issued_at, one.expires_at, one.lifetime) for one in (token, copied)]
    assert whose[0] == whose[1]
    assert ("is a saved copy without its secret", True) == (copied.ended, "saved copy" in repr(copied))
    assert (Secret(""), Secret("")) == copied.secrets()


@pytest.mark.parametrize(
    "use",
    [
        Token.get_secret_value,
        Token.headers,
        lambda copied: copied(requests.Request("GET", f"{BASE_URL}/x").prepare()),
    ],
    ids=["text", "headers", "auth"],
)
@pytest.mark.parametrize("kind", ["copy", "deepcopy", "pickle 5"])
def test_a_copy_cannot_be_used(token: Token, kind: str, use) -> None:
    """The error says what it is, how to log in, and what to send to a worker process."""
    copied = COPIES[kind](token)
    error = caught(lambda: use(copied))
    expected = (
        f"The token of alice at {BASE_URL} is a saved copy without its secret. "
        "Log in again with %etna_login; to a worker process send etna_session.for_workers()."
    )
    assert (NotLoggedInError, expected) == (type(error), str(error))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_holds_no_secret(token: Token, protocol: int) -> None:
    """Neither token nor app key is in its bytes."""
    pickled = pickle.dumps({"token": token}, protocol)
    assert [] == [secret for secret in accounts.SECRETS if secret.encode() in pickled]


@pytest.fixture
def servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    """Run the token's own server, and another that must see none of its headers."""
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    with ScriptedServer(answer(200, b"{}")) as own, ScriptedServer(answer(200, b"{}")) as other:
        yield own, other


def signed(server: ScriptedServer) -> list[dict[str, str]]:
    """Return which of the token's headers each request came with."""
    return [{n: v for n in SIGNED for v in request.values(n)} for request in server.received]


def named(server: ScriptedServer) -> dict[str, str]:
    """Return what a request shows in place of its headers: whose it is."""
    return dict.fromkeys(SIGNED, f"••• {accounts.USERNAME} at {server.base_url}")


def masked(*responses: requests.Response) -> set[str]:
    """Return how the headers of each request begin; a secret among them counts as it is."""
    texts = [response.request.headers[name] for response in responses for name in SIGNED]
    return {text if any(secret in text for secret in accounts.SECRETS) else text[:3] for text in texts}


def note(response: requests.Response, **_: object) -> None:
    """Be a user's own hook."""
    response.headers["X-Hook"] = "was called"


def test_auth_signs_a_call(servers: tuple[ScriptedServer, ScriptedServer]) -> None:
    """`requests.get(url, auth=token)` sends both headers; the response shows neither, also pickled."""
    own, _ = servers
    token = accounts.token(own.base_url)
    response = requests.get(f"{own.base_url}/x", auth=token, hooks={"response": note}, timeout=5)
    assert ([SIGNED], "was called") == (signed(own), response.headers["X-Hook"])
    assert named(own) == {name: response.request.headers[name] for name in SIGNED}
    assert [] == [text for text in accounts.SECRETS if text.encode() in pickle.dumps(response)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_auth_and_a_redirect_elsewhere(servers: tuple[ScriptedServer, ScriptedServer], status: int) -> None:
    """The other server gets neither header, and nothing that comes back shows them."""
    own, other = servers
    own.play(answer(status, b"", ("Location", f"{other.base_url}/x")))
    response = requests.get(f"{own.base_url}/x", auth=accounts.token(own.base_url), timeout=5)
    assert ([SIGNED], [{}], 200) == (signed(own), signed(other), response.status_code)
    assert [] == [text for text in accounts.SECRETS if text.encode() in pickle.dumps(response)]


@pytest.mark.parametrize("location", ["/api/y", "{base}/y"], ids=["relative", "absolute"])
def test_auth_and_a_redirect_at_home(servers: tuple[ScriptedServer, ScriptedServer], location: str) -> None:
    """Within its own origin both headers are sent on, and masked in each response."""
    own, _ = servers
    own.play(answer(302, b"", ("Location", location.format(base=own.base_url))), answer(200, b"{}"))
    response = requests.get(f"{own.base_url}/x", auth=accounts.token(own.base_url), timeout=5)
    assert [SIGNED, SIGNED] == signed(own)
    requested = [one.request for one in (*response.history, response)]
    assert [named(own)] * 2 == [{name: one.headers[name] for name in SIGNED} for one in requested]


@pytest.mark.parametrize("location", ["{other}/x", "http://127.0.0.1:x/", "{own}\\@elsewhere/"])
def test_auth_and_a_redirect_that_is_not_followed(
    servers: tuple[ScriptedServer, ScriptedServer], location: str
) -> None:
    """The request that waits in the `next` of a response has neither header, nor shows it them."""
    own, other = servers
    own.play(answer(302, b"", ("Location", location.format(own=own.base_url, other=other.base_url))))
    token = accounts.token(own.base_url)
    response = requests.get(own.base_url, auth=token, allow_redirects=False, timeout=5)
    assert ([], {"•••"}) == ([name for name in SIGNED if name in response.next.headers], masked(response))
    assert ([SIGNED], []) == (signed(own), other.received)


def test_auth_and_a_redirect_that_cannot_be_read(servers: tuple[ScriptedServer, ScriptedServer]) -> None:
    """What `requests` raises for it shows neither header."""
    own, _ = servers
    own.play(answer(302, b"", ("Location", "//[")))
    with pytest.raises(ValueError, match="IPv6") as raised:
        requests.get(own.base_url, auth=accounts.token(own.base_url), timeout=5)
    assert [] == leaks(raised.value, accounts.SECRETS, deep=False)


def test_auth_elsewhere(servers: tuple[ScriptedServer, ScriptedServer]) -> None:
    """Another server is refused before anything is sent; the error names both."""
    own, other = servers
    token = accounts.token(own.base_url)
    error = caught(lambda: requests.get(f"{other.base_url}/x", auth=token, timeout=5))
    expected = (
        f"This token belongs to http://{own.host} and was not sent to http://{other.host}: "
        "use it for its own server only."
    )
    assert (InsecureURLError, expected) == (type(error), str(error))
    assert ([], []) == (other.received, leaks(error, accounts.SECRETS, deep=False))


def test_auth_of_an_ended_token(servers: tuple[ScriptedServer, ScriptedServer]) -> None:
    """Nothing is sent with a token that was logged out."""
    own, _ = servers
    token = accounts.token(own.base_url)
    token.end("was logged out")
    assert NotLoggedInError is type(caught(lambda: requests.get(own.base_url, auth=token, timeout=5)))
    assert [] == own.received


def test_the_parts_of_a_token_are_secrets(token: Token) -> None:
    """What no message may show is given as secrets, for a search."""
    assert (Secret(accounts.TOKEN), Secret(accounts.APP_KEY)) == token.secrets()
    assert (Secret, Secret(accounts.APP_KEY)) == (type(token.app_key()), token.app_key())


def test_headers_are_not_pickled() -> None:
    """A pickle of the headers, of a kernel that is dumped with its outputs say, is empty; a copy is not."""
    headers = accounts.token(BASE_URL).headers()
    assert {} == pickle.loads(pickle.dumps(headers))  # noqa: S301 - our own
    assert [dict(headers)] * 2 == [copy.copy(headers), copy.deepcopy(headers)]


def test_what_is_not_given(clock: accounts.ManualClock) -> None:
    """Without more a token took no code, is no copy, has not ended, and warns for 15 minutes."""
    token = accounts.token(BASE_URL, clock)
    assert (False, False, "") == (token.took_code, token.is_copy, token.ended)
    assert timedelta(minutes=15) == token.warn_before


def test_a_copy_ages_on(token: Token) -> None:
    """A copy goes on ageing by the clock of the process that has it."""
    young = copy.copy(accounts.token(BASE_URL))
    assert timedelta(hours=23, minutes=59) < young.remaining <= timedelta(hours=24)
    assert copy.copy(token).remaining < timedelta(0)


# Responses that a cache has kept, with a record of the request in place of one


def _from_a_cache(**headers: str) -> SimpleNamespace:
    return SimpleNamespace(request=SimpleNamespace(headers=headers))


@pytest.mark.parametrize(
    "headers",
    [{}, {"Et-App-Key": f"••• alice at {BASE_URL}"}, {"Et-App-Key": "a user's own"}],
    ids=["without", "own", "another"],
)
def test_a_cached_answer(headers: dict[str, str]) -> None:
    """The cached answer to a call of the same account is as good as a fresh one."""
    assert None is RedactionHook(Account("alice", BASE_URL))(_from_a_cache(**headers))


def test_a_cached_answer_of_another_account() -> None:
    """The answer to another account's call is refused, and the error says how that is avoided."""
    hook = RedactionHook(Account("alice", BASE_URL))
    error = caught(lambda: hook(_from_a_cache(**{"Et-App-Key": "••• bob at https://b.example.com"})))
    expected = (
        f"The cached answer is of bob at https://b.example.com, and the token of alice at {BASE_URL}: have "
        "requests-cache tell accounts apart by match_headers=['Authorization'] together with "
        "ignored_parameters=[]."
    )
    assert (EtnaError, expected) == (type(error), str(error))


def test_other_hooks_of_a_response_stay(servers: tuple[ScriptedServer, ScriptedServer]) -> None:
    """What a response shows of its request has a user's hooks and not the token's, of whatever event."""
    own, _ = servers
    response = requests.get(
        own.base_url, auth=accounts.token(own.base_url), hooks={"response": note}, timeout=5
    )
    assert {"response": [note]} == response.request.hooks
