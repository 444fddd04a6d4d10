"""The rules for what is sent again, as urllib3 asks them: what they pass on, and what they refuse."""

import copy
from types import SimpleNamespace
from typing import Any, Self

import pytest
import requests
from urllib3 import HTTPResponse, Retry
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

from etna_magic.session.call_outcome import READS, ReadRetry, ReadsOnly, is_worth_repeating, pause_before

POOL: Any = SimpleNamespace(host="api.example.com")
BROKEN = ProtocolError("broken off")
LATE = ReadTimeoutError(POOL, "/x", "late")
WRITES = ["POST", "PUT", "PATCH", "DELETE", "post", "", None]


class Recording(Retry):
    """Rules of a user's own that note how they are asked."""

    asked: list[tuple[Any, ...]]

    def increment(self, *args: Any, **kwargs: Any) -> Self:
        """Note it, and go on as before."""
        self.asked.append((*args, kwargs))
        return self


@pytest.fixture
def rules() -> Recording:
    """Return a user's own rules."""
    made = Recording(3)
    made.asked = []
    return made


def answer(wait: str = "") -> HTTPResponse:
    """Return an answer that asks for a wait."""
    return HTTPResponse(status=503, headers={"Retry-After": wait} if wait else {})


@pytest.mark.parametrize("method", [*READS, "get"])
def test_reads_are_left_to_the_rules(rules: Recording, method: str) -> None:
    """All that urllib3 says of a read that failed is passed on, by position and by name."""
    response = answer("1")
    again = ReadsOnly(rules).increment(method, "/x", response, BROKEN, POOL, _stacktrace=None)
    assert [(method, "/x", response, BROKEN, POOL, {"_stacktrace": None})] == rules.asked
    assert (ReadsOnly, rules) == (type(again), again.rules)


@pytest.mark.parametrize("method", WRITES)
def test_anything_else_was_the_last_try(rules: Recording, method: str | None) -> None:
    """They are not asked about it; the error says which pool and URL it was."""
    with pytest.raises(MaxRetryError) as error:
        ReadsOnly(rules).increment(method, "/x", None, NewConnectionError(POOL, "refused"), POOL)
    assert ("/x", POOL, []) == (error.value.url, error.value.pool, rules.asked)
    with pytest.raises(MaxRetryError) as error:
        ReadsOnly(rules).increment(method, "/x", answer(), None, POOL)
    assert ("/x", POOL, "too many 503 error responses") == (
        error.value.url,
        error.value.pool,
        str(error.value.reason),
    )
    with pytest.raises(ProtocolError, match="broken off"):
        ReadsOnly(rules).increment(method, "/x", None, BROKEN, POOL)


def test_a_long_wait(rules: Recording) -> None:
    """A wait of more than 30 s ends it, with the URL and the reason."""
    with pytest.raises(MaxRetryError) as error:
        ReadsOnly(rules).increment("GET", "/x", answer("31"))
    assert ("/x", "Retry-After is too long", []) == (
        error.value.url,
        str(error.value.reason),
        rules.asked,
    )
    ReadsOnly(rules).increment("GET", "/x", answer("30"))
    assert 1 == len(rules.asked)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("has_wait", [True, False])
def test_which_answers(method: str, has_wait: bool) -> None:  # noqa: FBT001 - a column
    """A 503 that the rules do not list is a reason for them if it asks for a wait; never for an order."""
    asked = ReadsOnly(Retry(3)).is_retry(method, 503, has_retry_after=has_wait)
    assert (method == "GET" and has_wait) is asked
    assert not ReadsOnly(Retry(3)).is_retry(method, 503)


def test_other_values() -> None:
    """The same rules with other values are limited as well; so is a copy."""
    changed = ReadsOnly(Retry(3, backoff_factor=0.7)).new(total=1)
    assert (ReadsOnly, 1, 0.7) == (type(changed), changed.rules.total, changed.rules.backoff_factor)
    copied = copy.copy(changed)
    assert (ReadsOnly, 1) == (type(copied), copied.total)


def test_our_own_count() -> None:
    """Our own rules count a read that broke off, with what it was; a time-out ends it as it came."""
    again = ReadRetry.for_session().increment("GET", "/x", None, BROKEN, POOL)
    (entry,) = again.history
    assert (2, "GET", "/x", BROKEN) == (again.total, entry.method, entry.url, entry.error)
    with pytest.raises(ReadTimeoutError, match="late"):
        ReadRetry.for_session().increment("GET", "/x", None, LATE, POOL)
    last = ReadRetry(0, raise_on_status=False)
    with pytest.raises(MaxRetryError) as error:
        last.increment("GET", "/x", answer(), None, POOL)
    assert ("/x", POOL, "too many 503 error responses") == (
        error.value.url,
        error.value.pool,
        str(error.value.reason),
    )


def test_which_bodies_are_worth_another_try() -> None:
    """One that broke off is; one that came too late, or cannot be unpacked, is not."""
    assert is_worth_repeating(requests.exceptions.ChunkedEncodingError(BROKEN))
    assert not is_worth_repeating(requests.ConnectionError(LATE))
    assert not is_worth_repeating(requests.exceptions.ContentDecodingError(BROKEN))


def test_pauses_are_those_of_the_rules() -> None:
    """What is sent again without urllib3 waits as long as its rules have it, and ends after as many tries."""
    rules, expected = ReadRetry.for_session(), []
    while rules.total > 0:
        rules = rules.increment("GET", "/x", error=BROKEN)
        expected.append(rules.get_backoff_time())
    assert [*expected, None] == [pause_before(tries) for tries in range(1, 5)]


@pytest.mark.parametrize(
    ("status", "wait", "expected"),
    [(503, "", 0.0), (429, "7", 7.0), (429, "30", 30.0), (429, "31", None), (500, "", None), (200, "", None)],
)
def test_pauses_after_an_answer(status: int, wait: str, expected: float | None) -> None:
    """An answer is a reason by its status, and says itself how long to wait; not above half a minute."""
    assert expected == pause_before(1, status, wait)
