"""Every documented answer of `/token`, as documented and bent: the right end, in one line, no secret."""

import json

import pytest

from etna_magic import (
    ApplicationKeyError,
    EtnaError,
    PasswordExpiredError,
    RateLimitedError,
    Token,
    UnexpectedResponseError,
)
from tests.conversation.rows import ROWS, STATUSES, Row, kind, text
from tests.helpers import accounts
from tests.helpers.leaks import leaks

by_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def _check(expected: object, found: object) -> None:
    """Compare, and hold an error against what every error promises."""
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
    told_elsewhere = (ApplicationKeyError, PasswordExpiredError, RateLimitedError)
    expected = row.expected if row.expected in told_elsewhere else UnexpectedResponseError
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
    """A token that cannot be one makes neither a log-in nor a challenge; an error stays what it is."""
    members = row.members | {"Token": token}
    if token is ...:
        del members["Token"]
    expected = row.expected
    if not isinstance(expected, type) or expected is Token:
        expected = UnexpectedResponseError
    _check(expected, outcome(row.status, text(members)))


def test_longest_token(outcome) -> None:
    """A token of 8,000 characters is taken, byte for byte."""
    token = ("+/" * 4000)[:7999] + "="
    found = outcome(200, text({"State": "Succeeded", "Token": token}))
    assert token == found.value


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
        "UTF-16 without a mark": whole.decode().encode("utf-16-le"),
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
    "name", ["success", "password wrong", "code wanted", "expired, in Step", "limit by 429"]
)
@pytest.mark.parametrize("body", _bodies({}))
@pytest.mark.parametrize("status", [200, 202, 401, 500])
def test_no_json_object(outcome, name: str, body: str, status: int) -> None:
    """A body that is no JSON object says nothing, whatever stands in it."""
    row = ROWS[name]
    status = 429 if row.status == 429 else status
    expected = RateLimitedError if status == 429 else UnexpectedResponseError
    _check(expected, outcome(status, _bodies(row.members)[body]))


def test_utf8_mark(outcome) -> None:
    """A byte order mark before good JSON does no harm."""
    assert accounts.TOKEN == outcome(200, b"\xef\xbb\xbf" + accounts.SUCCESS).value


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "nonsense", "utf-7"])
def test_charset_of_the_header_does_not_count(outcome, charset: str) -> None:
    """JSON is UTF-8, whatever Content-Type says."""
    found = outcome(200, accounts.SUCCESS, ("Content-Type", f"application/json; charset={charset}"))
    assert accounts.TOKEN == found.value
