"""The way of an httpx client to a server: what is wrong with proxy or certificates, as a session says it."""

from __future__ import annotations

import importlib
from ssl import SSLCertVerificationError, SSLError
from typing import TYPE_CHECKING

import httpx
from requests.exceptions import InvalidProxyURL, InvalidSchema
from requests.utils import prepend_scheme_if_needed
from urllib3 import exceptions as errors
from urllib3.util import parse_url

from etna_magic.support.safe_call import NETWORK_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from etna_magic.support.route import Proxy, Route

_SCHEMES = {"http", "https", "socks5", "socks5h"}


def readable(proxy: str) -> str:
    """Return the URL of a proxy as httpx takes it: with a scheme, which is http where none is named.

    Raises
    ------
    OSError or urllib3.exceptions.HTTPError
        What `requests` has for one that cannot be read; its text may hold a password.
    """
    url: str = prepend_scheme_if_needed(proxy, "http")
    parsed = parse_url(url)
    if not parsed.host:
        raise InvalidProxyURL
    if parsed.scheme not in _SCHEMES:
        raise errors.ProxySchemeUnknown(parsed.scheme)
    if parsed.scheme.startswith("socks"):
        try:
            importlib.import_module("socksio")
        except ImportError:
            raise InvalidSchema from None
    return url


class HttpxRoute:
    """How a request of a client of httpx is sent.

    Parameters
    ----------
    find : callable
        Returns the proxy and the certificates; it is called only when something has failed.
    """

    def __init__(self, find: Callable[[], Route]) -> None:
        self._find = find

    def concerns(self, error: BaseException) -> bool:
        """Say whether an exception may be of a network."""
        return isinstance(error, (httpx.TransportError, *NETWORK_ERRORS))

    def problem(self, found: Sequence[BaseException]) -> str:
        """Return what :meth:`Route.problem` does; the exceptions are those of httpx."""
        route = self._find()
        proxy = route.proxy()
        if proxy is None:
            return route.problem(found)
        if proxy.scheme.startswith("socks") and isinstance(found[0], InvalidSchema):
            return f"{proxy} is a SOCKS proxy, which needs socksio, so run pip install 'httpx[socks]'"
        is_certificate = any(isinstance(cause, SSLCertVerificationError) for cause in found)
        if is_certificate and proxy.scheme == "https":  # httpx does not say whose
            return f"the TLS certificate of {proxy}, or of the server behind it, is not valid here"
        return route.problem([*_of_proxy(found, proxy), *found])


def _of_proxy(found: Sequence[BaseException], proxy: Proxy) -> list[BaseException]:
    """Return what urllib3 would have raised for a proxy where httpx has failed at it."""
    error = found[0]
    if isinstance(error, httpx.ConnectTimeout):
        return [errors.ConnectTimeoutError()]
    # Behind a proxy that is spoken to without TLS, TLS is with the server.
    is_tls = any(isinstance(cause, SSLError) for cause in found)
    if isinstance(error, httpx.ConnectError) and (proxy.scheme == "https" or not is_tls):
        return [errors.ProxyError("", OSError())]
    if isinstance(error, httpx.ProxyError):
        return [errors.ProxyError("", OSError(f"Tunnel connection failed: {error}"))]
    return []
