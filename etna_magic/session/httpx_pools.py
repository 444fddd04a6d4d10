"""What sends for an httpx client: proxies and certificates are those of the session, or the client's own."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import httpx
from requests.utils import select_proxy

from etna_magic.session.httpx_route import HttpxRoute, readable
from etna_magic.support import renew_after_fork
from etna_magic.support.http import SYSTEM, system_context
from etna_magic.support.route import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.call_limits import CallLimits
    from etna_magic.session.token_holder import TokenHolder
    from etna_magic.token import Account

_T = TypeVar("_T", httpx.BaseTransport, httpx.AsyncBaseTransport)

#: The options of a client that are of its transport.
OPTIONS = ("verify", "cert", "http1", "http2", "limits", "trust_env", "proxy")


class Session(Protocol):
    """What is needed of an `EtnaSession`."""

    name: str
    timeout: float
    holder: TokenHolder
    limits: CallLimits
    proxies: Any
    verify: Any
    cert: Any
    trust: str

    @property
    def account(self) -> Account | None:
        """Whose it is."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Return the proxies and certificates for a URL."""


class Pools(Generic[_T]):
    """The transports of a client, one for each proxy and each set of certificates.

    Parameters
    ----------
    session : EtnaSession
        Whose proxies and certificates hold where the client's options say nothing.
    make : callable
        Makes a transport: ``httpx.HTTPTransport``, or the async one.
    options : dict
        The client's own `OPTIONS`.
    given : transport or None, optional
        A transport of the user's, which sends everything.
    """

    def __init__(
        self, session: Session, make: Callable[..., _T], options: dict[str, Any], given: _T | None = None
    ) -> None:
        self._session = session
        self._make: Callable[..., _T] = make
        self._given: _T | None = given
        self._verify = options.pop("verify", None)
        self._cert = options.pop("cert", None)
        self._proxy = options.pop("proxy", None)
        self._trust_env = options.pop("trust_env", True)
        self._options = options
        self._made: dict[tuple[Any, ...], _T] = {}
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Share no connection with the process that this one was forked from."""
        self._made = {}

    def __call__(self, url: httpx.URL) -> _T:
        """Return what sends to a URL."""
        if self._given is not None:
            return self._given
        verify, cert, proxy = self._found(url)
        key = (verify, tuple(cert) if isinstance(cert, list) else cert, proxy, self._session.trust)
        known = self._made.get(key)
        if known is None:
            options = {
                "verify": _context(verify, cert, self._session.trust),
                "proxy": readable(proxy) if isinstance(proxy, str) else proxy,
                "trust_env": self._trust_env,
            }
            known = self._made.setdefault(key, self._make(**options, **self._options))
        return known

    def route(self, url: httpx.URL) -> HttpxRoute | None:
        """Return how a request is sent; None where a transport of the user's knows that alone."""
        return None if self._given is not None else HttpxRoute(lambda: self._route(url))

    def _route(self, url: httpx.URL) -> Route:
        verify, _, proxy = self._found(url)
        if isinstance(proxy, (httpx.URL, httpx.Proxy)):
            proxy = str(getattr(proxy, "url", proxy))
        option = "proxies=" if self._proxy is None else "proxy="
        return Route(str(url), {"all": proxy} if proxy else {}, verify, self._session.trust, option)

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

    def given_up(self) -> list[_T]:
        """Return every transport, to be closed."""
        made: list[_T] = list(self._made.values())
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
