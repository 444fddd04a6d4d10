"""Which calls are sent again, and when: reads, a few times; anything else never.

Everything here is a :class:`urllib3.Retry`, the library's own place for such rules.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import TYPE_CHECKING, Any

from requests.exceptions import ContentDecodingError
from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError, ResponseError
from urllib3.exceptions import TimeoutError as TimeOut

from etna_magic.support.http import retry_after_seconds
from etna_magic.support.safe_call import causes

if TYPE_CHECKING:
    from typing import Self

    import requests
    from requests import PreparedRequest
    from requests.adapters import BaseAdapter
    from urllib3.response import BaseHTTPResponse

READS = ("GET", "HEAD", "OPTIONS")
# How often a read is sent again, by which factor its pauses grow, and what answers are worth it.
_TRIES, _BACKOFF, _STATUSES = 3, 0.3, (429, 502, 503, 504)
#: Seconds. Where ``Retry-After`` says more, the answer is given back at once.
LONGEST_WAIT = 30.0
# What urllib3 does without any rules, so that its exceptions are the same.
_NEVER = Retry(0, read=False)


class ReadRetry(Retry):
    """The rules of a session for its reads: 429, 502, 503, 504 and broken connections."""

    # urllib3 has 413 here too, and would wait for a body to become smaller.
    RETRY_AFTER_STATUS_CODES = frozenset({429, 503})

    @classmethod
    def for_session(cls) -> Self:
        """Return the rules of a session: three more tries, with a pause that grows."""
        return cls(
            total=_TRIES,
            backoff_factor=_BACKOFF,
            status_forcelist=_STATUSES,
            allowed_methods=READS,
            raise_on_status=False,
        )

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Self:
        """Count a try; a bad certificate and a time-out make it the last one."""
        if error is not None and any(_is_final(cause) for cause in causes(error)):
            _NEVER.increment(method, url, response, error, *args, **kwargs)
        return super().increment(method, url, response, error, *args, **kwargs)


def _is_final(error: BaseException) -> bool:
    # urllib3 has a connection that was refused for a kind of time-out.
    is_late = isinstance(error, TimeOut) and not isinstance(error, NewConnectionError)
    return is_late or isinstance(error, ssl.SSLCertVerificationError)


class ReadsOnly(Retry):
    """Any rules, applied to reads; nothing else is ever sent again.

    ``urllib3`` by itself would send an order again after a TLS connection broke off, since it counts
    that neither as a failed connect nor as a failed read, and rules of a user's own class may
    decide as they like.

    Parameters
    ----------
    rules : urllib3.Retry
        The rules for reads.
    """

    def __init__(self, rules: Retry) -> None:  # the counts are those of `rules`
        self.rules = rules

    def __getattr__(self, name: str) -> Any:
        if name == "rules":  # asked for while a copy is being made
            raise AttributeError(name)
        return getattr(self.rules, name)

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: FBT001, FBT002 - as in urllib3
        """Say whether an answer is a reason to send again; for anything but a read it never is."""
        return method.upper() in READS and self.rules.is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ReadsOnly:
        """Count a try; for anything but a read, and for a long ``Retry-After``, it was the last one."""
        if (method or "").upper() not in READS:
            _NEVER.increment(method, url, response, *args, **kwargs)
        if self._wait(response) > LONGEST_WAIT:
            # urllib3 takes this for "give the answer back", where the rules do not ask for an error.
            raise MaxRetryError(None, url, ResponseError("Retry-After is too long"))  # type: ignore[arg-type]
        return ReadsOnly(self.rules.increment(method, url, response, *args, **kwargs))

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next try: as long as the server asks for, else as the rules have it."""
        if wait := self._wait(response):
            time.sleep(wait)
        else:
            self.rules.sleep()

    def _wait(self, response: BaseHTTPResponse | None) -> float:
        """Return the seconds that ``Retry-After`` asks for; urllib3 raises for what it cannot read there."""
        if response is None or not self.rules.respect_retry_after_header:
            return 0.0
        return retry_after_seconds(response.headers.get("Retry-After", ""), float("inf")) or 0.0

    def new(self, **kwargs: Any) -> ReadsOnly:
        """Return the same rules with other values."""
        return ReadsOnly(self.rules.new(**kwargs))


def pause_before(tries: int, status: int | None = None, retry_after: str = "") -> float | None:
    """Return the seconds until a read is sent again, as the rules of a session have it.

    Parameters
    ----------
    tries : int
        How often it was sent.
    status : int or None, optional
        What it was answered with; None where the connection broke off.
    retry_after : str, optional
        The answer's ``Retry-After``.

    Returns
    -------
    float or None
        None where that was the last try.
    """
    if tries > _TRIES or status not in (None, *_STATUSES):
        return None
    wait = retry_after_seconds(retry_after, float("inf")) or 0.0
    if wait > LONGEST_WAIT:
        return None
    # As urllib3 does it: at once, then with a pause that doubles.
    return wait or (0.0 if tries == 1 else _BACKOFF * 2 ** (tries - 1))


def rules_of(adapter: BaseAdapter) -> Retry | None:
    """Return the rules of an adapter, limited to reads; None where it has none."""
    if not hasattr(adapter, "max_retries"):
        return None
    rules: Retry | int | None = adapter.max_retries
    if isinstance(rules, ReadsOnly):
        return rules
    with contextlib.suppress(AttributeError):  # it may be a property that cannot be set
        # For None urllib3 has rules of its own, by which a DELETE is sent again.
        adapter.max_retries = ReadsOnly(Retry.from_int(rules))
    limited: Retry = adapter.max_retries
    return limited


def can_be_repeated(request: PreparedRequest) -> bool:
    """Say whether a request can be sent a second time: a generator or a pipe has ended after the first."""
    body: Any = request.body
    if body is None or isinstance(body, (bytes, str, bytearray, memoryview)):
        return True
    # urllib3 sends what is left of it, which is nothing.
    return hasattr(body, "seek") and (not hasattr(body, "seekable") or body.seekable())


def is_worth_repeating(error: requests.RequestException) -> bool:
    """Say whether a body that could not be read may be whole the next time."""
    is_late = any(isinstance(cause, ReadTimeoutError) for cause in error.args)
    return not is_late and not isinstance(error, ContentDecodingError)
