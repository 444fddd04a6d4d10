"""A call by httpx without an answer, as an exception that is one of httpx too and holds no secret."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
from requests.exceptions import InvalidProxyURL, InvalidSchema
from urllib3.exceptions import LocationParseError, ProxySchemeUnknown

from etna_magic.exceptions import ConnectionFailedError
from etna_magic.session.call_errors import Kinds
from etna_magic.support.safe_call import NETWORK_ERRORS

if TYPE_CHECKING:
    from etna_magic.support.safe_call import Failure


class HttpxConnectError(ConnectionFailedError, httpx.ConnectError):
    """No connection; whoever catches ``httpx.ConnectError`` catches it."""


class HttpxConnectTimeoutError(ConnectionFailedError, httpx.ConnectTimeout):
    """No connection in time."""


class HttpxPoolTimeoutError(ConnectionFailedError, httpx.PoolTimeout):
    """No connection of the pool was free in time."""


class HttpxReadTimeoutError(ConnectionFailedError, httpx.ReadTimeout):
    """No answer in time."""


class HttpxProxyError(ConnectionFailedError, httpx.ProxyError):
    """A proxy that does not let it through."""


class HttpxProtocolError(ConnectionFailedError, httpx.RemoteProtocolError):
    """A connection that broke off in the middle of an answer, or no HTTP as it should be."""


class HttpxReadError(ConnectionFailedError, httpx.ReadError):
    """A connection that broke off."""


class HttpxFailedError(ConnectionFailedError, httpx.TransportError):
    """Any other failure of httpx."""


OF_HTTPX = Kinds(
    (httpx.TransportError, *NETWORK_ERRORS),
    (
        (httpx.ConnectTimeout, HttpxConnectTimeoutError),
        (httpx.PoolTimeout, HttpxPoolTimeoutError),
        (httpx.TimeoutException, HttpxReadTimeoutError),
        (httpx.ConnectError, HttpxConnectError),
        (httpx.ProxyError, HttpxProxyError),
        (httpx.RemoteProtocolError, HttpxProtocolError),
        (httpx.NetworkError, HttpxReadError),
        # Of the URL of a proxy, before httpx is given it.
        (InvalidProxyURL, HttpxProxyError),
        (InvalidSchema, HttpxProxyError),
        (LocationParseError, HttpxProxyError),
        (ProxySchemeUnknown, HttpxProxyError),
    ),
    HttpxFailedError,
)
# No connection was made, or none that could be used.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_REASONS: dict[type[BaseException], str] = {
    httpx.ConnectTimeout: "it did not answer in time",
    httpx.PoolTimeout: "no connection was free in time",
    httpx.TimeoutException: "it took too long to answer",
    httpx.ProxyError: "the proxy of this environment does not let it through",
    httpx.UnsupportedProtocol: "its address is of no protocol that httpx knows",
}


def explained(failure: Failure) -> Failure:
    """Return a failure as httpx means it: its reason, and whether something was sent."""
    if failure.has_advice:
        return failure
    reason = next((text for kind, text in _REASONS.items() if issubclass(failure.kind, kind)), failure.reason)
    if reason == failure.kind.__name__:  # where the cause was not known
        is_broken = issubclass(failure.kind, (httpx.NetworkError, httpx.RemoteProtocolError))
        reason = "the connection broke off" if is_broken else reason
    is_sent = failure.is_sent and not issubclass(failure.kind, _NEVER_SENT)
    return failure._replace(reason=reason, is_sent=is_sent)


def is_worth_repeating(failure: Failure) -> bool:
    """Say whether a read may succeed the next time: not after a time-out or a bad certificate."""
    is_certificate = issubclass(failure.kind, ssl.SSLCertVerificationError) or "certificate" in failure.reason
    return issubclass(failure.kind, (httpx.NetworkError, httpx.RemoteProtocolError)) and not is_certificate
