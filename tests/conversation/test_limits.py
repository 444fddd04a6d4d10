"""Too many log-ins: the limit is told with the wait that the server names, and nothing is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from etna_magic import LoginFlow, RateLimitedError
from tests.conversation.rows import LIMIT, text
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught, chain

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
    "fraction": ("1.5", None),
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
    error = caught(LoginFlow(accounts.credentials(server.base_url), timeout=5).start)
    assert (RateLimitedError, 1) == (type(error), len(server.received))
    assert (1, 1) == (len(str(error).splitlines()), len(chain(error)))
    assert len(str(error)) <= 400
    return error


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize(("header", "expected"), WAITS.values(), ids=WAITS)
def test_wait(server, limit: tuple[int, bytes], header: str | None, expected: float | None) -> None:
    """The wait is told where the server names a useful one, and is None everywhere else."""
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


def test_date_that_is_over(server) -> None:
    """A date in the past means that the wait is over."""
    error = _limited(server, answer(429, b"", ("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")))
    assert 0 == error.retry_after


@pytest.mark.parametrize(("seconds", "words"), [(1, "wait 1 s"), (90, "wait 1 min 30 s"), (3600, "wait 1 h")])
def test_sentence(server, seconds: int, words: str) -> None:
    """The sentence names the wait."""
    assert words in str(_limited(server, answer(429, b"", ("Retry-After", str(seconds)))))


def test_limit_at_the_second_step(server) -> None:
    """A limit at a later step is a limit too, and that step is sent once."""
    server.play(answer(202, accounts.CODE_NEEDED), answer(429, b"", ("Retry-After", "9")))
    flow = LoginFlow(accounts.credentials(server.base_url), timeout=5)
    challenge = flow.start()
    error = caught(lambda: flow.answer(challenge, people.Secret(accounts.CODE)))
    assert (RateLimitedError, 9, 2) == (type(error), error.retry_after, len(server.received))
