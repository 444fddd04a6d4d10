"""Which calls are sent again, and when: reads, a few times; anything else never."""

from __future__ import annotations

import copy
import math
import ssl
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.utils import rewind_body
from urllib3 import Retry
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as TimeOut

from etna_magic.retry_after import seconds_of
from etna_magic.transport import causes

if TYPE_CHECKING:
    from typing import Self

    from requests import PreparedRequest
    from requests.adapters import BaseAdapter

READS = ("GET", "HEAD", "OPTIONS")
LONGEST_WAIT = 30.0


class ReadsOnly(Retry):
    """Sends reads again as its other base says, and nothing else on anything.

    ``urllib3`` by itself would send an order again after a TLS connection broke off, since it
    counts that neither as a failed connect nor as a failed read.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:  # noqa: FBT001, FBT002 - as in urllib3
        """Say whether an answer is no reason to send again; for anything but a read it never is."""
        return method.upper() in READS and super().is_retry(method, status_code, has_retry_after)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        """Count a try; for anything but a read, a bad certificate or a time-out, that was the last one."""
        found = causes(error) if error else []
        certain = any(_is_certain(cause) for cause in found)
        if (method or "").upper() not in READS or certain:
            # What requests itself does without any retries, so that its exceptions are the same.
            Retry(0, read=False).increment(method, url, response, error, _pool, _stacktrace)
        left = super().increment(method, url, response, error, _pool, _stacktrace)
        for cause in found:
            # The answer keeps its history, and the frames in it hold the headers.
            cause.__traceback__ = None
        return left


class ReadRetry(ReadsOnly):
    """The rules of a session: 429, 502, 503, 504 and broken connections.

    Examples
    --------
    >>> ReadRetry.for_reads().is_retry("POST", 503)
    False
    """

    # urllib3 has 413 here too, and would wait for a body to become smaller.
    RETRY_AFTER_STATUS_CODES = frozenset({429, 503})

    @classmethod
    def for_reads(cls) -> Self:
        """Return the rules of a session: three more tries, with a pause that grows."""
        return cls(
            total=3,
            backoff_factor=0.3,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=READS,
            raise_on_status=False,
        )

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds that the server wants, up to the longest wait; none if it does not say."""
        return min(seconds_of(retry_after, math.inf) or 0.0, LONGEST_WAIT)


def _is_certain(error: BaseException) -> bool:
    # urllib3 has a connection that was refused for a kind of time-out.
    is_late = isinstance(error, TimeOut) and not isinstance(error, NewConnectionError)
    return is_late or isinstance(error, ssl.SSLCertVerificationError)


def can_be_repeated(request: PreparedRequest) -> bool:
    """Whether a request can be sent a second time: a generator is at its end after the first."""
    body: Any = request.body
    return body is None or isinstance(body, (bytes, str)) or hasattr(body, "tell")


def rewind(request: PreparedRequest) -> None:
    """Set a body that is a file back to where it began, before it is sent a second time.

    Raises
    ------
    requests.exceptions.UnrewindableBodyError
        If it does not go back.
    """
    if hasattr(request.body, "seek"):
        rewind_body(request)


def reads_only(retries: Any) -> Any:
    """Return the same rules for reads, and none for anything else."""
    if isinstance(retries, ReadsOnly) or not isinstance(retries, Retry):
        return retries
    made = copy.copy(retries)
    kind = type(retries)
    made.__class__ = type(kind.__name__, (ReadsOnly, kind), {})
    return made


def once_for_orders(adapter: BaseAdapter) -> BaseAdapter:
    """Return an adapter that shares its connections, and whose rules are for reads.

    The adapter itself stays as it is: another session may send by it.
    """
    if not isinstance(adapter, HTTPAdapter) or isinstance(adapter.max_retries, ReadsOnly):
        return adapter
    # Not copy.copy(): that of an HTTPAdapter has connections of its own.
    made: Any = object.__new__(type(adapter))
    vars(made).update(vars(adapter))
    connect = made.get_connection_with_tls_context
    # Where the rules arrive, since an adapter may find them anew at each call.
    made.get_connection_with_tls_context = lambda *args, **kwargs: _OncePool(connect(*args, **kwargs))
    sent: BaseAdapter = made
    return sent


class _OncePool:
    """A connection pool for one order."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def urlopen(self, *args: Any, **kwargs: Any) -> Any:
        """Send by rules that are for reads."""
        rules = kwargs.get("retries")
        kwargs["retries"] = reads_only(Retry.from_int(rules) if isinstance(rules, int) else rules)
        return self._pool.urlopen(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)
