"""One response of `/token`, documented, bent, limited or anything at all: the right outcome, no secret."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from etna_magic import (
    ApplicationKeyError,
    EtnaError,
    PasswordExpiredError,
    RateLimitedError,
    Token,
    UnexpectedResponseError,
)
from etna_magic.login_flow import Challenge, ChallengeKind
from tests.helpers import accounts
from tests.helpers.leaks import caught, chain, leaks
from tests.helpers.logins import log_in
from tests.helpers.server import answer
from tests.login_flow.answers import (
    EXPIRED,
    LIMIT,
    ROWS,
    STATUSES,
    Row,
    asks_for,
    kind,
    text,
)

by_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def _check(expected: object, found: object) -> None:
    """Compare, and check what every error promises."""
    assert expected == kind(found)
    if isinstance(found, EtnaError):
        message = str(found)
        assert (True, 1) == (0 < len(message) <= 400, len(message.splitlines()))
        assert (None, None) == (found.__cause__, found.__context__)
        assert [] == leaks(found, accounts.SECRETS)


@by_row
def test_as_documented(outcome, row: Row) -> None:
    """Each row ends as it should."""
    _check(row.expected, outcome(row.status, text(row.members)))


@by_row
@pytest.mark.parametrize("status", STATUSES)
def test_other_status(outcome, row: Row, status: int) -> None:
    """What the body says counts, except that a token counts on a 200 alone."""
    expected = row.expected
    if expected is Token and status != 200:
        expected = UnexpectedResponseError
    if row.status == 429:
        expected = UnexpectedResponseError
    _check(expected, outcome(status, text(row.members)))


@by_row
def test_429_outranks_every_body(outcome, row: Row) -> None:
    """A 429 is a limit, whatever its body says."""
    _check(RateLimitedError, outcome(429, text(row.members)))


@by_row
def test_without_step(outcome, row: Row) -> None:
    """Each row ends as it should where its Step is missing."""
    members = {name: value for name, value in row.members.items() if name != "Step"}
    _check(row.stepless or row.expected, outcome(row.status, text(members)))


@by_row
def test_without_reason(outcome, row: Row) -> None:
    """Each row ends as it should where its Reason is missing."""
    members = {name: value for name, value in row.members.items() if name != "Reason"}
    _check(row.bare or row.expected, outcome(row.status, text(members)))


@pytest.mark.parametrize("value", [None, 5, [], {}, True, ["x"]], ids=json.dumps)
@pytest.mark.parametrize(
    ("row", "name", "expected"),
    [
        pytest.param(row, name, expected or row.expected, id=f"{label}, {name}")
        for label, row in ROWS.items()
        for name, expected in (("Reason", row.bare), ("Step", row.stepless))
        if name in row.members
    ],
)
def test_member_that_is_no_text(outcome, row: Row, name: str, expected: object, value: object) -> None:
    """A Reason or Step that is no text counts as missing."""
    _check(expected, outcome(row.status, text(row.members | {name: value})))


@by_row
@pytest.mark.parametrize("value", [None, 5, ["Succeeded"], "succeeded", "Succeeded ", ""], ids=json.dumps)
def test_state_that_is_none(outcome, row: Row, value: object) -> None:
    """Without a known State nobody is logged in, and what else is documented is still understood."""
    stateless = (ApplicationKeyError, PasswordExpiredError, RateLimitedError)
    expected = row.expected if row.expected in stateless else UnexpectedResponseError
    _check(expected, outcome(row.status, text(row.members | {"State": value})))


BAD_TOKENS = {
    "missing": ...,
    "null": None,
    "empty": "",
    "number": 12345,
    "list": [accounts.TOKEN],
    "object": {"Token": accounts.TOKEN},
    "true": True,
    "line break inside": f"{accounts.TOKEN}\r\nX-Injected: 1",
    "line break at its end": accounts.TOKEN + "\n",
    "blank inside": f"{accounts.TOKEN} {accounts.TOKEN}",
    "blank at its start": " " + accounts.TOKEN,
    "NUL": accounts.TOKEN + "\0",
    "beyond ASCII": accounts.TOKEN + "\xe4",
    "surrogate": accounts.TOKEN + "\ud800",
    "8,001 long": accounts.TOKEN + "A" * (8001 - len(accounts.TOKEN)),
}


@by_row
@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_bad_token(outcome, row: Row, token: object) -> None:
    """A token that cannot be one makes neither a login nor a challenge; an error stays what it is."""
    members = row.members | {"Token": token}
    if token is ...:
        del members["Token"]
    _check(row.tokenless or row.expected, outcome(row.status, text(members)))


def test_longest_token(outcome) -> None:
    """A token of 8,000 characters is taken, byte for byte."""
    token = ("+/" * 4000)[:7999] + "="
    found = outcome(200, text({"State": "Succeeded", "Token": token}))
    assert token == found.get_secret_value()


@by_row
def test_token_of_ten_megabytes(outcome, row: Row) -> None:
    """A body of 10 MB is not read to its end, and what it would say does not count."""
    members = row.members | {"Token": accounts.TOKEN * (10_000_000 // len(accounts.TOKEN))}
    expected = RateLimitedError if row.status == 429 else UnexpectedResponseError
    _check(expected, outcome(row.status, text(members)))


def _bodies(members: dict) -> dict[str, bytes]:
    whole = text(members)
    return {
        "empty": b"",
        "blank": b" \r\n\t",
        "HTML": b"<!DOCTYPE html><html><body>" + whole + b"</body></html>",
        "Python literal": repr(members).encode(),
        "UTF-16": whole.decode().encode("utf-16"),
        "UTF-16 without a byte order mark": whole.decode().encode("utf-16-le"),
        "truncated": whole[:-1],
        "followed by more": whole + b"x",
        "twice": whole + whole,
        "NUL in front": b"\0" + whole,
        "latin-1": whole[:-1] + b',"x":"\xe4"}',
        "in a list": b"[" + whole + b"]",
        "a text": json.dumps(whole.decode()).encode(),
        "null": b"null",
        "number": b"200",
        "a number of 5,000 digits": whole[:-1] + b',"x":' + b"9" * 5000 + b"}",
        "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
        "nested 30,000 deep": b"[" * 30_000 + b"]" * 30_000,
        "nested inside": b'{"State":"Succeeded","Token":' + b'{"a":' * 9_000 + b"1" + b"}" * 9_001,
    }


@pytest.mark.parametrize(
    "name", ["success", "password wrong", "code needed", "expired, in Step", "limit by 429"]
)
@pytest.mark.parametrize("body", _bodies({}))
@pytest.mark.parametrize("status", [200, 202, 401, 500])
def test_no_json_object(outcome, name: str, body: str, status: int) -> None:
    """A body that is no JSON object says nothing, whatever it contains."""
    row = ROWS[name]
    status = 429 if row.status == 429 else status
    expected = RateLimitedError if status == 429 else UnexpectedResponseError
    _check(expected, outcome(status, _bodies(row.members)[body]))


def test_byte_order_mark(outcome) -> None:
    """A byte order mark before good JSON does no harm."""
    assert accounts.TOKEN == outcome(200, b"\xef\xbb\xbf" + accounts.SUCCESS).get_secret_value()


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "nonsense", "utf-7"])
def test_charset_of_the_header_does_not_count(outcome, charset: str) -> None:
    """JSON is UTF-8, whatever Content-Type says."""
    found = outcome(200, accounts.SUCCESS, ("Content-Type", f"application/json; charset={charset}"))
    assert accounts.TOKEN == found.get_secret_value()


# Any answer at all

KINDS_OF_STEP = ["BaseAuthentication", "VerificationCode", "SecutityPin", "SecurityPin"]
REASONS = ["Invalid pin", "Corrupted ticket", "PIN code is not init", EXPIRED, LIMIT]
TOKENS = [accounts.TOKEN, accounts.INTERIM]
WORDS = st.sampled_from(["Succeeded", "Expecting", "Failed", *KINDS_OF_STEP, *REASONS, *TOKENS])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["State", "Step", "Reason", "Token", "ConfirmationToken", "error", "Message", "message"]
# Most of what is tried looks like an answer of ETNA; the rest is any JSON at all.
ANSWERS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, WORDS | JSON))
LIKELY = st.fixed_dictionaries(
    {"State": st.sampled_from(["Succeeded", "Expecting", "Failed"]), "Token": WORDS | st.text()},
    optional={"Step": WORDS | st.text(), "Reason": st.text()},
)
STATUSES = st.sampled_from([200, 200, 200, 202, 401, 403, 429, 500, 302]) | st.integers(101, 999)
CLEAN = {chr(c) for c in range(33, 127)}


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(status=STATUSES, members=LIKELY | ANSWERS | JSON)
def test_any_json_and_any_status(outcome, status: int, members: object) -> None:
    """A first step ends in a Token, a Challenge or an EtnaError; in a Token on a clean success alone."""
    found = outcome(status, text(members))
    event(type(found).__name__)
    if isinstance(found, Token):
        value = found.get_secret_value()
        assert (200, "Succeeded", members["Token"]) == (status, members["State"], value)
        assert (True, True) == (bool(value), set(value) <= CLEAN)
    elif isinstance(found, Challenge):
        assert ("Expecting", True) == (
            members["State"],
            found.kind in (ChallengeKind.CODE, ChallengeKind.PIN),
        )
    else:
        assert isinstance(found, EtnaError)
        assert (1, True) == (len(str(found).splitlines()), len(str(found)) <= 400)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(token=st.text(st.sampled_from(sorted(CLEAN)), min_size=1, max_size=700))
def test_any_clean_token(outcome, token: str) -> None:
    """Every clean token on a success comes out byte for byte."""
    assert token == outcome(200, text({"State": "Succeeded", "Token": token})).get_secret_value()


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(status=STATUSES, body=st.binary(max_size=300))
def test_any_bytes(outcome, status: int, body: bytes) -> None:
    """A body of any bytes ends in an error of ours."""
    assert isinstance(outcome(status, body), EtnaError)


# Too many logins: the wait is the one that the server names, and nothing is tried again

BY_401 = text({"State": "Failed", "Step": "BaseAuthentication", "Reason": LIMIT})
LIMITS = {
    "429": (429, b""),
    "429 with HTML": (429, b"<html>slow down</html>"),
    "401 that says so": (401, BY_401),
}
WAITS = {
    "none": (None, None),
    "empty": ("", None),
    "seconds": ("17", 17),
    "one second": ("1", 1),
    "now": ("0", 0),
    "padded": ("  17  ", 17),
    "12 hours": ("43200", 43_200),
    "a day": ("86400", 86_400),
    "more than a day": ("86401", None),
    "12 digits": ("999999999999", None),
    "5,000 digits": ("9" * 5000, None),
    "negative": ("-5", None),
    "fraction": ("1.5", 1.5),
    "point": (".", None),
    "two points": ("1.5.2", None),
    "exponent": ("1e3", None),
    "infinity": ("inf", None),
    "word": ("soon", None),
    "two values": ("17, 18", None),
    "half a date": ("Fri, 31 Dec", None),
    "date without a year": ("Fri, 31 Dec 10:00:00 GMT", None),
    "31 February of a year far away": ("Fri, 31 Feb 99999 10:00:00 GMT", None),
    "escape sequence": ("\x1b[31m17", None),
}


def _limited(server, reply: bytes) -> RateLimitedError:
    server.play(reply, answer(200, accounts.SUCCESS))
    error = caught(lambda: log_in(accounts.credentials(server.base_url)))
    assert (RateLimitedError, 1) == (type(error), len(server.received))
    assert (1, 1) == (len(str(error).splitlines()), len(chain(error)))
    assert len(str(error)) <= 400
    return error


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize(("header", "expected"), WAITS.values(), ids=WAITS)
def test_wait(server, limit: tuple[int, bytes], header: str | None, expected: float | None) -> None:
    """The wait is known where the server names a useful one, and is None everywhere else."""
    headers = [] if header is None else [("Retry-After", header)]
    error = _limited(server, answer(*limit, *headers))
    assert expected == error.retry_after


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_wait_until_a_date(server, limit: tuple[int, bytes]) -> None:
    """A date counts from now."""
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    error = _limited(server, answer(*limit, ("Retry-After", date)))
    assert 590 <= error.retry_after <= 600
    assert "wait 9 min" in str(error) or "wait 10 min" in str(error)


def test_date_in_the_past(server) -> None:
    """A date in the past means that there is nothing to wait for."""
    error = _limited(server, answer(429, b"", ("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")))
    assert 0 == error.retry_after


@pytest.mark.parametrize(("seconds", "words"), [(1, "wait 1 s"), (90, "wait 1 min 30 s"), (3600, "wait 1 h")])
def test_sentence(server, seconds: int, words: str) -> None:
    """The sentence names the wait."""
    assert words in str(_limited(server, answer(429, b"", ("Retry-After", str(seconds)))))


def test_limit_at_the_second_step(server) -> None:
    """A limit at a later step is a limit too, and that step is sent once."""
    server.play(asks_for("VerificationCode"), answer(429, b"", ("Retry-After", "9")))
    error = caught(lambda: log_in(accounts.credentials(server.base_url), [accounts.CODE]))
    assert (RateLimitedError, 9, 2) == (type(error), error.retry_after, len(server.received))
