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
    Secret,
    Token,
    UnexpectedResponseError,
)
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.login_flow.conversation import request_token
from tests.helpers import accounts
from tests.helpers.leaks import caught, chain, leaks
from tests.helpers.logins import log_in
from tests.helpers.server import ScriptedServer, answer
from tests.login_flow.answers import (
    EXPIRED,
    LIMIT,
    ROWS,
    STATUSES,
    UNKNOWN_KEY,
    Row,
    asks_for,
    kind,
    text,
)

by_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def _sent(name: str) -> tuple[int, dict]:
    return ROWS[name].status, ROWS[name].members


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


# What an error says, word for word

AGAIN = "log in again."
PASSWORD_EXPIRED = "The password has expired: change it at the broker, then log in with the new one."
UNTIMED_LIMIT = (
    "The server accepts no more logins of this user for now and does not say for how long: wait a minute, "
    "then log in again. Ten a minute are usual, and one with a code counts twice."
)


def _undocumented(status: int, what: str) -> str:
    return (
        f"The answer of /token (status {status}) is not one that ETNA documents, it {what}. "
        "Check that the base URL is the API's: the base URL."
    )


def _redirected(where: str) -> str:
    return (
        f"The server redirects the login to {where}, and secrets are not sent on. "
        "Check that the base URL is the API's and not the web terminal's: the base URL."
    )


def _without_token(what: str) -> str:
    return (
        f"The server says Succeeded, but that came with {what}: nobody was logged in. Try again, "
        "and tell the broker if it stays so."
    )


def _unknown_key(reason: str) -> str:
    return (
        f"The server does not know this app key (“{reason}”). "
        "Check whether these belong together: the app key and the base URL."
    )


def _refused_user(quoted: str) -> str:
    return f"The server refused this username and password{quoted}. Check the username and the password."


def _another_step(step: str) -> str:
    return (
        f"The server asks for another step ({step}) but it came with no token, "
        "without which it cannot be answered: log in again."
    )


SENTENCES = {
    # By the documented rows
    "app key 401": (*_sent("app key 401"), _unknown_key(UNKNOWN_KEY["error"])),
    "password wrong": (*_sent("password wrong"), _refused_user(" (“Invalid credentials”)")),
    "corrupted ticket": (
        *_sent("corrupted ticket"),
        f"The server has lost this login's earlier step (“Corrupted ticket”): {AGAIN}",
    ),
    "PIN refused": (*_sent("PIN refused"), f"The server refused the PIN (“Invalid pin”): {AGAIN}"),
    "PIN never set": (
        *_sent("PIN never set"),
        "This user has never set a PIN, and the server asks for one: set it on the broker's pages first.",
    ),
    "expired": (*_sent("expired, in State"), PASSWORD_EXPIRED),
    "limit by 401": (*_sent("limit by 401"), UNTIMED_LIMIT),
    "server trouble": (
        *_sent("server trouble"),
        "The server is in trouble (status 500, “Unexpected server error”): try again in a minute.",
    ),
    "unknown step, refused": (
        *_sent("unknown step, refused"),
        f"The server refused the step Biometrics (“No face”): {AGAIN}",
    ),
    "unknown state": (*_sent("unknown state"), _undocumented(200, "has no State that is known")),
    # A member is missing, or another one says it
    "app key, Reason too": (401, {"Reason": "R", "error": "APPLICATION KEY"}, _unknown_key("R")),
    "expired, in Message": (401, {"Message": "Your password has expired"}, PASSWORD_EXPIRED),
    "limit by error": (400, {"error": LIMIT}, UNTIMED_LIMIT),
    "limit by Message": (400, {"Message": LIMIT}, UNTIMED_LIMIT),
    "limit by message": (400, {"message": LIMIT}, UNTIMED_LIMIT),
    "Failed alone": (401, {"State": "Failed"}, _refused_user("")),
    "PIN refused, Step alone": (
        401,
        {"State": "Failed", "Step": "SecutityPin"},
        f"The server refused the PIN: {AGAIN}",
    ),
    "PIN refused, Reason alone": (
        401,
        {"State": "Failed", "Reason": "Invalid pin"},
        f"The server refused the PIN (“Invalid pin”): {AGAIN}",
    ),
    "code refused": (
        401,
        {"State": "Failed", "Step": "VerificationCode", "Reason": "No"},
        f"The server refused the code (“No”): {AGAIN}",
    ),
    "unknown step, Step alone": (
        401,
        {"State": "Failed", "Step": "Biometrics"},
        f"The server refused the step Biometrics: {AGAIN}",
    ),
    # A token that is none
    "202": (202, {"State": "Succeeded", "Token": "x"}, _without_token("status 202 instead of 200")),
    "no Token": (200, {"State": "Succeeded"}, _without_token("no token")),
    "null": (200, {"State": "Succeeded", "Token": None}, _without_token("no token")),
    "empty Token": (200, {"State": "Succeeded", "Token": ""}, _without_token("no token")),
    "list": (200, {"State": "Succeeded", "Token": []}, _without_token("a token that is no text but a list")),
    "too long": (
        200,
        {"State": "Succeeded", "Token": "A" * 8001},
        _without_token("a token of 8,001 characters"),
    ),
    "blank inside": (
        200,
        {"State": "Succeeded", "Token": "a b"},
        _without_token("a token with characters that no header can carry"),
    ),
    "no interim Token": (
        202,
        {"State": "Expecting", "Step": "VerificationCode"},
        _another_step("VerificationCode"),
    ),
    "no interim Token, no Step": (202, {"State": "Expecting"}, _another_step("unnamed")),
    # No answer of /token at all
    "500": (500, {}, "The server is in trouble (status 500): try again in a minute."),
    "499": (499, {}, _undocumented(499, "has no State that is known")),
    "404": (404, {}, "There is no /token at this base URL (status 404): check the base URL."),
    "299": (299, {}, _undocumented(299, "has no State that is known")),
    "300": (300, {}, _redirected("nowhere")),
    "399": (399, {}, _redirected("nowhere")),
    "400": (400, {}, _undocumented(400, "has no State that is known")),
    "error": (400, {"error": "E", "Message": "M", "message": "m"}, _undocumented(400, "says “E”")),
    "Message": (400, {"Message": "M", "message": "m"}, _undocumented(400, "says “M”")),
    "message": (400, {"message": "m"}, _undocumented(400, "says “m”")),
    "Reason": (400, {"Reason": "R", "error": "E", "Message": "M"}, _undocumented(400, "says “R”")),
    "empty": (200, b"", _undocumented(200, "is empty")),
    "no JSON": (200, b"x", _undocumented(200, "is no JSON in UTF-8")),
    "web page": (200, b" <html>\n", _undocumented(200, "is a web page and no JSON")),
    "JSON list": (200, b"[]", _undocumented(200, "is JSON but no object")),
    "too deep": (200, b"[" * 60_000, _undocumented(200, "is JSON nested too deep to read")),
    "128,001 bytes": (200, b" " * 128_001, _undocumented(200, "is longer than 128,000 bytes")),
    "128,000 bytes": (200, b" " * 128_000, _undocumented(200, "is empty")),
}


@pytest.mark.parametrize(("status", "sent", "expected"), SENTENCES.values(), ids=SENTENCES)
def test_what_an_error_says(outcome, status: int, sent: object, expected: str) -> None:
    """Each sentence says what happened, what was seen, and what to do."""
    assert expected == str(outcome(status, sent if isinstance(sent, bytes) else text(sent)))


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://web.example.com/login?a=b", "https://web.example.com:443"),
        ("/web", "http://{host}"),
        ("", "http://{host}"),
        ("//[", "a location that cannot be read"),
    ],
)
def test_where_a_redirect_leads(server: ScriptedServer, outcome, location: str, expected: str) -> None:
    """The sentence names the origin alone, since the rest may hold secrets."""
    found = outcome(302, b"", ("Location", location))
    assert _redirected(expected.format(host=server.host)) == str(found)


@pytest.mark.parametrize(
    ("header", "wait"), [("17", "17 s"), ("0.2", "1 s"), ("0", "1 s"), ("1.6", "2 s"), ("90", "1 min 30 s")]
)
def test_what_a_limit_says(outcome, header: str, wait: str) -> None:
    """The wait is rounded, and at least a second."""
    expected = (
        f"The server accepts no more logins of this user for now: wait {wait}, then log in again. "
        "Ten a minute are usual, and one with a code counts twice."
    )
    assert expected == str(outcome(429, b"", ("Retry-After", header)))


def test_what_is_kept_of_an_answer(server) -> None:
    """The documented members, of each a text that is fit to be shown, and whether that is what was sent."""
    members = {
        "State": "Expecting",
        "Step": f"Step\n{accounts.INTERIM}",
        "Reason": "a\x00b",
        "Token": accounts.INTERIM,
        "Other": "x",
        "error": 5,
    }
    server.play(answer(202, text(members), ("retry-after", "5"), ("location", "/web")))
    found = request_token(server.base_url, {}, [], 5.0)
    texts = {"State": "Expecting", "Step": "Step ***", "Reason": "ab"}
    assert (202, texts, {"Step", "Reason"}) == (found.status, found.texts, set(found.altered))
    assert (Secret(accounts.INTERIM), "", "") == (found.token, found.token_fault, found.fault)
    assert (5.0, f"http://{server.host}") == (found.retry_after, found.redirect)
    assert ["Expecting", "", ""] == [found.exactly(name) for name in ("State", "Step", "Message")]


def test_what_is_kept_of_nothing(server) -> None:
    """An answer that says nothing says so in each of its parts."""
    server.play(answer(204))
    found = request_token(server.base_url, {}, [], 5.0)
    assert (204, {}, frozenset(), None, "no token", "is empty", None, "nowhere", "", b"") == found


@pytest.mark.parametrize("word", ["Succeeded", "SecutityPin"])
def test_a_secret_that_is_a_word_of_the_api(server, word: str) -> None:
    """The words of the documentation are no secret, whatever password somebody has."""
    server.play(answer(200, text({"State": word, "Reason": f"{word} it is"})))
    found = request_token(server.base_url, {}, [Secret(word)], 5.0)
    assert ({"State": word, "Reason": "*** it is"}, word) == (found.texts, found.exactly("State"))


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
