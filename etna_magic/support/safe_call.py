"""Calls something that handles secrets, so that whatever goes wrong holds none of them.

The exceptions of ``requests`` hold the request with all its headers, those of ``http.client`` and of text
encoding hold the very header, and a traceback holds every frame that had them in a local. So a failure is
noted by its kind alone, the ``except`` is left, and only then does somebody raise.
"""

from __future__ import annotations

import errno
from http.client import HTTPException
from socket import gaierror
from ssl import SSLCertVerificationError, SSLEOFError, SSLZeroReturnError
from types import MemberDescriptorType, NoneType
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import urllib3.exceptions
from requests import exceptions as requests_errors
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProtocolError

from etna_magic.exceptions import EtnaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from etna_magic.secret import Secret

_T = TypeVar("_T")
_Error = TypeVar("_Error", bound=BaseException)


class Route(Protocol):
    """How a request is sent, of whichever library it is."""

    def concerns(self, error: BaseException) -> bool:
        """Say whether an exception may be of a network."""

    def problem(self, found: Sequence[BaseException]) -> str:
        """Return what is wrong with proxy or certificates; nothing if neither is."""


class Failure(NamedTuple):
    """Why no answer came."""

    #: The class of what was caught; the exception itself is gone.
    kind: type[BaseException]
    #: The same for a person, to stand after "could not be reached: ".
    reason: str
    #: The error itself where it is one of ours: those hold no secret.
    error: EtnaError | None = None
    #: The exception itself, without frames and causes, where it has nothing to do with a network: an
    #: interrupt, or what a user's own code has raised, a handler of signals, say.
    foreign: BaseException | None = None
    #: Whether the request may have reached the server: false where no connection was made.
    is_sent: bool = True
    #: Whether the reason says what to do about it.
    has_advice: bool = False

    def raise_foreign(self) -> None:
        """Raise what has nothing to do with a network, if that is what it was: an exit keeps its code."""
        if self.foreign is not None:
            raise self.foreign


def safe_call(
    act: Callable[[], _T], secrets: Iterable[Secret] | None = None, route: Route | None = None
) -> _T | Failure:
    """Do something that handles secrets; return its result, or why it failed, and never raise.

    Where a route is given, proxies and certificates that are at fault are named.
    """
    try:
        return act()
    except BaseException as caught:  # noqa: BLE001 - see above; the caller raises again
        return _failure(caught, secrets, route)


async def safe_await(
    act: Callable[[], Awaitable[_T]], secrets: Iterable[Secret] | None = None, route: Route | None = None
) -> _T | Failure:
    """Do the same with something that is awaited; a task that is cancelled is a failure as well."""
    try:
        return await act()
    except BaseException as caught:  # noqa: BLE001 - as above
        return _failure(caught, secrets, route)


def _failure(caught: BaseException, secrets: Iterable[Secret] | None, route: Route | None = None) -> Failure:
    """Return what is known of an exception; nothing else keeps it."""
    if isinstance(caught, EtnaError):
        return Failure(type(caught), str(caught), _bare(caught))
    was = caught
    if type(was) is RuntimeError and isinstance(was.__context__, KeyboardInterrupt):
        was = was.__context__  # Ctrl-C in the middle of threading's own locks comes out as their complaint
    if isinstance(was, AttributeError):
        was.obj = None  # what has no such attribute may be the request; the text says enough
    kind, problem = _kind(was), _problem(was, route)
    reason, is_sent = (problem, False) if problem else (_reason(was), _is_sent(was))
    is_kept = not isinstance(was, Exception) or _is_harmless(was, secrets)
    return Failure(kind, reason, None, _bare(was) if is_kept else None, is_sent, bool(problem))


def _problem(error: BaseException, route: Route | None) -> str:
    """Return what is wrong with the route; never raise: what is odd about a proxy is no fault of the call."""
    if route is None or not route.concerns(error):
        return ""
    try:
        return route.problem(causes(error))
    except Exception:  # noqa: BLE001 - see above; the general reason is given
        return ""


def _is_harmless(error: Exception, secrets: Iterable[Secret] | None) -> bool:
    """Whether an exception is of a user's own code, and shows no secret."""
    if secrets is None or isinstance(error, NETWORK_ERRORS):
        return False
    held = [*error.args, *_attributes(error)]
    # Anything else may hold the request, however deep, and its repr need not show it.
    if not all(isinstance(one, (str, bytes, int, float, NoneType)) for one in held):
        return False
    try:
        text = f"{error!s} {held!r}"
    except Exception:  # noqa: BLE001 - what cannot be looked at is not let through
        return False
    return not any(secret.get_secret_value() in text for secret in secrets if secret)


def _attributes(error: Exception) -> list[object]:
    """Return what an exception holds besides its arguments: in its dict, in slots of its class, as notes."""
    slots = [
        name
        for kind in type(error).__mro__
        for name, member in vars(kind).items()
        if isinstance(member, MemberDescriptorType)
    ]
    held = {name: getattr(error, name, None) for name in slots} | vars(error)
    held.pop("__notes__", None)
    return [*held.values(), *getattr(error, "__notes__", ())]


#: What may hold a header: the last where one cannot be encoded. An exception of requests is an OSError.
NETWORK_ERRORS = (urllib3.exceptions.HTTPError, HTTPException, OSError, UnicodeError)


def _bare(error: _Error) -> _Error:
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def _kind(error: BaseException) -> type[BaseException]:
    # Behind retries requests reports a time-out as a broken connection.
    late = any(isinstance(cause, urllib3.exceptions.ReadTimeoutError) for cause in causes(error))
    return requests_errors.ReadTimeout if late else type(error)


def _is_sent(error: BaseException) -> bool:
    """Whether a connection had been made, over which something may have been sent."""
    # A plain OSError is a certificate file that is not there; the ValueErrors of requests are URLs and
    # headers that it does not accept; a header is encoded before anything is sent.
    if (
        type(error) is OSError
        or isinstance(error, UnicodeEncodeError)
        or (isinstance(error, requests_errors.RequestException) and isinstance(error, ValueError))
    ):
        return False
    return not any(isinstance(cause, _NEVER_SENT) for cause in causes(error))


_NEVER_SENT = (
    NewConnectionError, ConnectTimeoutError, NameResolutionError, urllib3.exceptions.ProxyError,
    requests_errors.ConnectTimeout, requests_errors.ProxyError, SSLCertVerificationError, gaierror,
)  # fmt: skip


def _reason(error: BaseException) -> str:
    # urllib3 has a connection that was refused for a kind of time-out.
    found = [cause for cause in causes(error) if type(cause) is not NewConnectionError]
    for kinds, reason in _REASONS:
        if any(isinstance(cause, kinds) for cause in found):
            return reason
    for cause in found:
        if isinstance(cause, OSError) and cause.errno is not None:
            return errno.errorcode.get(cause.errno, f"error {cause.errno}")
    # What requests raises, before it connects, for a file that is named and not there.
    return "a certificate file that is set cannot be read" if type(error) is OSError else type(error).__name__


# The first that fits is used, so the particular comes before the general.
_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (KeyboardInterrupt, "it was interrupted"),
    (
        SSLCertVerificationError,
        "its TLS certificate is not valid here (expired, for another name, or of an unknown issuer)",
    ),
    (requests_errors.ProxyError, "the proxy of this environment does not let it through"),
    ((gaierror, NameResolutionError), "its name is not known"),
    (ConnectionRefusedError, "nothing listens there"),
    ((requests_errors.ConnectTimeout, ConnectTimeoutError), "it did not answer in time"),
    ((requests_errors.Timeout, TimeoutError), "it took too long to answer"),
    (
        (ConnectionResetError, BrokenPipeError, ProtocolError, SSLEOFError, SSLZeroReturnError),
        "the connection broke off",
    ),
    (
        (requests_errors.ContentDecodingError, urllib3.exceptions.DecodeError),
        "its answer cannot be unpacked",
    ),
    ((requests_errors.SSLError, urllib3.exceptions.SSLError), "it does not speak TLS as it should"),
)


def causes(error: BaseException) -> list[BaseException]:
    """Return an exception and all that it was made from, the last first."""
    # urllib3 and requests hand a cause on as an argument, as .reason or as the context.
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and not any(cause is seen for seen in found):
            found.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found
