"""A call without an answer, as an exception that holds no secret and says what became of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol, TypeVar

import requests

from etna_magic.exceptions import ApplicationKeyError, ConnectionFailedError, EtnaError
from etna_magic.session.retry_policy import READS
from etna_magic.support import Origin
from etna_magic.support.safe_call import NETWORK_ERRORS, causes

if TYPE_CHECKING:
    from urllib3 import Retry

    from etna_magic.support.safe_call import Failure

_Error = TypeVar("_Error", bound=EtnaError)
_Foreign = TypeVar("_Foreign", bound=BaseException)


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


class Call(Protocol):
    """A request of requests or of httpx."""

    @property
    def method(self) -> str | None:
        """What is to be done."""

    @property
    def url(self) -> Any:
        """Where; as text or by its ``str``."""


def raise_for(
    failure: Failure, request: Call, status: int | None, *, is_once: bool = True, kinds: Kinds = _OF_REQUESTS
) -> NoReturn:
    """Raise for a request that failed.

    Parameters
    ----------
    failure : Failure
        Why.
    request : requests.PreparedRequest or httpx.Request
        What was to be sent.
    status : int or None
        The status of the answer; 0 where none came, and None where no adapter was given the request.
    is_once : bool, optional
        Whether the adapter's own rules are known to send it once.
    kinds : Kinds, optional
        Of which library the failure is; by default of ``requests``.

    Raises
    ------
    ConnectionFailedError
        It is an exception of that library too, of the class that the library would raise.
    BaseException
        What interrupted the call, or was raised by the user's own code below it, as it was.
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
