"""What becomes of a call: which are sent again, and, without an answer, an exception that says it.

Reads are sent again, a few times; anything else never. The rules are a :class:`urllib3.Retry`, the library's
own place for such. An exception holds no secret.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import requests
from requests.exceptions import ContentDecodingError
from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError, ResponseError
from urllib3.exceptions import TimeoutError as TimeOut

from etna_magic.exceptions import ApplicationKeyError, ConnectionFailedError, EtnaError
from etna_magic.support import Origin
from etna_magic.support.http import retry_after_seconds
from etna_magic.support.safe_call import NETWORK_ERRORS, causes

if TYPE_CHECKING:
    from typing import Self

    import httpx
    from requests import PreparedRequest
    from requests.adapters import BaseAdapter
    from urllib3.response import BaseHTTPResponse

    from etna_magic.support.safe_call import Failure

_Error = TypeVar("_Error", bound=EtnaError)
_Foreign = TypeVar("_Foreign", bound=BaseException)

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
    """Return the seconds until a read is sent again, as a session would; None where it was the last try.

    The status is None where the connection broke off.
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


class CallConnectionError(ConnectionFailedError, requests.ConnectionError):
    """No connection, or one that broke off; whoever catches ``requests.ConnectionError`` catches it."""


class CallConnectTimeoutError(ConnectionFailedError, requests.ConnectTimeout):
    """No connection in time."""


class CallReadTimeoutError(ConnectionFailedError, requests.ReadTimeout):
    """No answer in time."""


class CallTLSError(ConnectionFailedError, requests.exceptions.SSLError):
    """A certificate that is not valid, or no TLS as it should be."""


class CallBodyError(ConnectionFailedError, requests.exceptions.ChunkedEncodingError):
    """An answer that broke off in its body."""


class CallFailedError(ConnectionFailedError, requests.RequestException):
    """Any other failure of ``requests`` or ``urllib3``."""


class Kinds(NamedTuple):
    """Which failures of a library are of a network, and what they become."""

    #: What may hold a header.
    network: tuple[type[BaseException], ...]
    #: Theirs and ours; the first that fits.
    pairs: tuple[tuple[type[BaseException], type[ConnectionFailedError]], ...]
    #: What any other of them becomes.
    other: type[ConnectionFailedError]


# A ConnectTimeout is a ConnectionError too.
_OF_REQUESTS = Kinds(
    NETWORK_ERRORS,
    (
        (requests.ConnectTimeout, CallConnectTimeoutError),
        (requests.Timeout, CallReadTimeoutError),
        (requests.exceptions.SSLError, CallTLSError),
        (requests.ConnectionError, CallConnectionError),
        (requests.exceptions.ChunkedEncodingError, CallBodyError),
    ),
    CallFailedError,
)


def raise_for(
    failure: Failure,
    request: PreparedRequest | httpx.Request,
    status: int | None,
    *,
    is_once: bool = True,
    kinds: Kinds = _OF_REQUESTS,
) -> NoReturn:
    """Raise for a request that failed: an exception of its library too, of the class that that would raise.

    The status is that of the answer: 0 where none came, and None where no adapter was given the request.
    `is_once` says that the adapter's own rules are known to send it once. What interrupted the call, or was
    raised by the user's own code below it, is raised as it was.
    """
    method = request.method or ""
    outcome = _outcome(method, status, is_sent=failure.is_sent, is_once=is_once)
    if failure.error is not None:
        raise add_outcome(failure.error, outcome)
    is_network = issubclass(failure.kind, kinds.network)
    if failure.foreign is not None and not is_network:
        raise note_outcome(failure.foreign, outcome)
    what = f"{method} to {Origin.of(str(request.url or ''))}"
    if not is_network:
        raise ConnectionFailedError(f"{what} raised {failure.kind.__name__}: check its data.{outcome}")
    kind = next((ours for theirs, ours in kinds.pairs if issubclass(failure.kind, theirs)), kinds.other)
    seen = f"was answered with status {status}, but not to the end" if status else "got no answer"
    raise kind(f"{what} {seen}: {failure.reason}.{outcome}")


def _outcome(method: str, status: int | None, *, is_sent: bool, is_once: bool) -> str:
    """Say what became of a call that is no read, as a sentence to follow another."""
    if method in READS:
        return ""
    if not status and (status is None or not is_sent):
        return f" The {method} was not sent."
    seen = "answered" if status else "not again" if is_once else "not answered"
    return f" The {method} was sent{' once' if is_once else ''} and {seen}: check whether it was carried out."


def not_sent(method: str | None) -> str:
    """Say that a call was not sent, as a sentence to follow another; for a read there is nothing to say."""
    return "" if method in READS else f" The {method} was not sent."


def refused(method: str | None, status: int) -> str:
    """Say that a call was refused, as a sentence to follow another; for a read there is nothing to say."""
    return "" if method in READS else f" The {method} was refused with a {status} and was not sent again."


def add_outcome(error: _Error, outcome: str) -> _Error:
    """Return an error of ours whose sentence also says what became of the call, if it does not say so yet."""
    if not _says_outcome(str(error)):
        error.args = (f"{error}{outcome}", *error.args[1:])
    return error


def note_outcome(error: _Foreign, outcome: str) -> _Foreign:
    """Return an exception that is not ours: it stays what it is, and a note says what became of the call."""
    if outcome and not _says_outcome("\n".join(getattr(error, "__notes__", ()))):
        error.add_note(outcome.strip())
    return error


def _says_outcome(text: str) -> bool:
    """Say whether an error has its outcome already: of another session below this one."""
    return any(words in text for words in (" was not sent.", " was sent ", " was refused with a "))


def cannot_be_repeated(method: str | None) -> EtnaError:
    """Return the error of a read whose body can be sent only once."""
    return EtnaError(
        f"The body of a {method} can be read only once, and a read may be sent again: "
        "give it as bytes or as a file."
    )


def clear_history(response: requests.Response) -> None:
    """Drop the frames of earlier tries, which hold the headers; the answer keeps the errors."""
    rules: Retry | None = getattr(response.raw, "retries", None)
    for entry in rules.history if rules else ():
        for cause in causes(entry.error) if entry.error else ():
            cause.__traceback__ = None


def discard(response: requests.Response) -> None:
    """Drop an answer that an exception takes the place of: a server may repeat in it what it was sent."""
    response.close()
    # The frames of the exception hold the response.
    response.__setstate__({"_content": b"", "headers": {}})  # type: ignore[attr-defined] # the stubs lack it


def unknown_key(method: str | None, status: int) -> ApplicationKeyError:
    """Return the error of a call whose app key the server does not know."""
    return ApplicationKeyError(
        "The server does not know this app key any more: check ETNA_APP_KEY, then log in again."
        f"{refused(method, status)}"
    )


def said_in(body: bytes) -> str:
    """Return what a refusal is about; nothing of its body may stay in a frame of an exception."""
    text = body.lower()
    if b"application key" in text:
        return "application key"
    return "token" if b"expired" in text and b"token" in text else ""
