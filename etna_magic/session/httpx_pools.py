"""What sends for an httpx client, and what is wrong with its way: proxies and certificates.

They are those of the session, or the client's own.
"""

from __future__ import annotations

import importlib
import ssl
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from requests.exceptions import InvalidProxyURL, InvalidSchema
from requests.utils import prepend_scheme_if_needed, select_proxy
from urllib3 import exceptions as errors
from urllib3.util import parse_url

from etna_magic.support import renew_after_fork
from etna_magic.support.http import SYSTEM, system_context
from etna_magic.support.safe_call import NETWORK_ERRORS, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from etna_magic.session.authorized_session import AuthorizedSession
    from etna_magic.support.safe_call import Problem, Proxy

#: The options of a client that are of its transport.
OPTIONS = ("verify", "cert", "http1", "http2", "limits", "trust_env", "proxy")
_SCHEMES = {"http", "https", "socks5", "socks5h"}


class Pools:
    """The transports of a client, one for each proxy and each set of certificates.

    Those of the session hold where the client's own `OPTIONS` say nothing. `make` makes a transport; one that
    is given is the user's, and sends everything.
    """

    def __init__(
        self,
        session: AuthorizedSession,
        make: Callable[..., Any],
        options: dict[str, Any],
        given: Any = None,
    ) -> None:
        self._session = session
        self._make = make
        self._given = given
        self._verify = options.pop("verify", None)
        self._cert = options.pop("cert", None)
        self._proxy = options.pop("proxy", None)
        self._trust_env = options.pop("trust_env", True)
        self._options = options
        self._made: dict[tuple[Any, ...], Any] = {}
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Share no connection with the process that this one was forked from."""
        self._made = {}

    def __call__(self, url: httpx.URL) -> Any:
        """Return what sends to a URL."""
        if self._given is not None:
            return self._given
        verify, cert, proxy = self._found(url)
        key = (verify, tuple(cert) if isinstance(cert, list) else cert, proxy, self._session.trust)
        known = self._made.get(key)
        if known is None:
            options = {
                "verify": _context(verify, cert, self._session.trust),
                "proxy": _readable(proxy) if isinstance(proxy, str) else proxy,
                "trust_env": self._trust_env,
            }
            known = self._made.setdefault(key, self._make(**options, **self._options))
        return known

    def problem(self, url: httpx.URL) -> Problem | None:
        """Return what finds the fault of the way to a URL; None where that is of the user's own transport."""
        return None if self._given is not None else partial(self._problem, url)

    def _problem(self, url: httpx.URL, found: Sequence[BaseException]) -> str:
        """Return what `Route.problem` does; the exceptions are those of httpx."""
        if not isinstance(found[0], (httpx.TransportError, *NETWORK_ERRORS)):
            return ""
        verify, _, named = self._found(url)
        if isinstance(named, (httpx.URL, httpx.Proxy)):
            named = str(getattr(named, "url", named))
        option = "proxies=" if self._proxy is None else "proxy="
        return _fault(
            Route(str(url), {"all": named} if named else {}, verify, self._session.trust, option), found
        )

    def _found(self, url: httpx.URL) -> tuple[Any, Any, Any]:
        """Return the certificates and the proxy for a URL: the client's own, or else the session's."""
        session = self._session
        found: dict[str, Any] = {"proxies": session.proxies, "verify": session.verify, "cert": session.cert}
        if self._trust_env:
            found = session.merge_environment_settings(str(url), {}, None, None, None)
        verify = found["verify"] if self._verify is None else self._verify
        cert = found["cert"] if self._cert is None else self._cert
        proxy = select_proxy(str(url), found["proxies"]) if self._proxy is None else self._proxy
        return verify, cert, proxy

    def given_up(self) -> list[Any]:
        """Return every transport, to be closed."""
        made = list(self._made.values())
        self._made = {}
        return made if self._given is None else [self._given]


def _context(verify: Any, cert: Any, trust: str) -> ssl.SSLContext | bool:
    """Return certificates as httpx takes them: it has given up paths."""
    if isinstance(verify, str):
        path = Path(verify)
        made = ssl.create_default_context(
            cafile=None if path.is_dir() else verify, capath=verify if path.is_dir() else None
        )
    elif verify is True and trust == SYSTEM:
        made = system_context()
    elif isinstance(verify, ssl.SSLContext) or not cert:
        return verify  # type: ignore[no-any-return]
    else:
        made = httpx.create_ssl_context(verify=verify)
    if cert:
        made.load_cert_chain(*((cert,) if isinstance(cert, str) else cert))
    return made


def _readable(proxy: str) -> str:
    """Return the URL of a proxy as httpx takes it: with a scheme, which is http where none is named.

    For one that cannot be read it raises what `requests` has for it; its text may hold a password.
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


def _fault(route: Route, found: Sequence[BaseException]) -> str:
    proxy = route.proxy()
    if proxy is None:
        return route.fault(found)
    if proxy.scheme.startswith("socks") and isinstance(found[0], InvalidSchema):
        return f"{proxy} is a SOCKS proxy, which needs socksio, so run pip install 'httpx[socks]'"
    is_certificate = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in found)
    if is_certificate and proxy.scheme == "https":  # httpx does not say whose
        return f"the TLS certificate of {proxy}, or of the server behind it, is not valid here"
    return route.fault([*_of_proxy(found, proxy), *found])


def _of_proxy(found: Sequence[BaseException], proxy: Proxy) -> list[BaseException]:
    """Return what urllib3 would have raised for a proxy where httpx has failed at it."""
    error = found[0]
    if isinstance(error, httpx.ConnectTimeout):
        return [errors.ConnectTimeoutError()]
    # Behind a proxy that is spoken to without TLS, TLS is with the server.
    is_tls = any(isinstance(cause, ssl.SSLError) for cause in found)
    if isinstance(error, httpx.ConnectError) and (proxy.scheme == "https" or not is_tls):
        return [errors.ProxyError("", OSError())]
    if isinstance(error, httpx.ProxyError):
        return [errors.ProxyError("", OSError(f"Tunnel connection failed: {error}"))]
    return []
