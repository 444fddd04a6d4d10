"""``etna_session.httpx_client()`` and ``.httpx_async_client()``: clients that sign as the session does."""

from __future__ import annotations

import logging
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import httpx

from etna_magic.exceptions import EtnaError, NotLoggedInError
from etna_magic.session.call_errors import note_outcome
from etna_magic.session.cookies import OwnOriginCookies
from etna_magic.session.httpx_flow import AUTHORIZATION, BLANK, is_home
from etna_magic.session.httpx_pools import OPTIONS, Pools
from etna_magic.session.httpx_transport import AsyncTransport, SyncTransport
from etna_magic.session.retry_policy import READS
from etna_magic.token import PLACEHOLDER, placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from etna_magic.session.httpx_pools import Session
    from etna_magic.session.token_check import TokenCheck
    from etna_magic.session.token_holder import TokenHolder

# What httpx raises when an answer has come: its Location cannot be read, or its body not be unpacked.
_AFTER_THE_ANSWER = (httpx.RemoteProtocolError, httpx.DecodingError)


class PlaceholderAuth(httpx.Auth):
    """Names the account of a request, for its own server only.

    Parameters
    ----------
    holder : TokenHolder
        Whose client it is.
    """

    def __init__(self, holder: TokenHolder) -> None:
        self._holder = holder

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the placeholder into a request."""
        account, headers = self._holder.account, request.headers
        is_marked = headers.get(AUTHORIZATION, "").startswith(BLANK + PLACEHOLDER)
        if account is not None and not is_marked and is_home(self._holder, request.url):
            headers.encoding = "utf-8"  # once they are looked at, httpx keeps them ASCII
            headers[AUTHORIZATION] = BLANK + placeholder(account)
        yield request


class EtnaClient(httpx.Client):
    """A client that is bound to a session's account; made by :meth:`EtnaSession.httpx_client`."""

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send a request, as httpx does, but follow no redirect of an order: it was sent."""
        if request.method in READS:
            return super().send(request, **kwargs)
        try:
            return super().send(request, **kwargs | {"follow_redirects": False})
        except _AFTER_THE_ANSWER as error:
            _note_answer(error, request.method)
            raise


class EtnaAsyncClient(httpx.AsyncClient):
    """The same with ``await``; made by :meth:`EtnaSession.httpx_async_client`."""

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send a request, as httpx does, but follow no redirect of an order: it was sent."""
        if request.method in READS:
            return await super().send(request, **kwargs)
        try:
            return await super().send(request, **kwargs | {"follow_redirects": False})
        except _AFTER_THE_ANSWER as error:
            _note_answer(error, request.method)
            raise


def client_of(session: Session, check: TokenCheck, options: dict[str, Any]) -> EtnaClient:
    """Return a client; parameters as for :meth:`EtnaSession.httpx_client`."""

    def wrapped(given: httpx.BaseTransport | None) -> SyncTransport:
        pools = Pools(session, httpx.HTTPTransport, dict(own), given)
        return SyncTransport(session.holder, check, session.limits, pools)

    own = {name: options.pop(name) for name in OPTIONS if name in options}
    return EtnaClient(**_arguments(session, options, wrapped))


def async_client_of(session: Session, check: TokenCheck, options: dict[str, Any]) -> EtnaAsyncClient:
    """Return an async client; parameters as for :meth:`EtnaSession.httpx_client`."""

    def wrapped(given: httpx.AsyncBaseTransport | None) -> AsyncTransport:
        pools = Pools(session, httpx.AsyncHTTPTransport, dict(own), given)
        return AsyncTransport(session.holder, check, session.limits, pools)

    own = {name: options.pop(name) for name in OPTIONS if name in options}
    return EtnaAsyncClient(**_arguments(session, options, wrapped))


def _arguments(session: Session, options: dict[str, Any], wrapped: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what httpx is given: the user's options, their transports wrapped."""
    account = session.account
    if account is None:
        raise NotLoggedInError(f"{session.name} {session.holder.describe()}.")
    if "base_url" in options:
        raise TypeError("The base URL is the account's: leave base_url out.")
    _keep_headers_out_of_the_log()
    cookies = httpx.Cookies(CookieJar(OwnOriginCookies()))
    cookies.update(options.pop("cookies", None))
    mounts = options.pop("mounts", None) or {}
    return {
        "timeout": session.timeout,
        "auth": PlaceholderAuth(session.holder),
        **options,
        "base_url": account.base_url,
        "cookies": cookies.jar,
        "transport": wrapped(options.pop("transport", None)),
        "mounts": {pattern: given and wrapped(given) for pattern, given in mounts.items()},
        # Proxies of the environment are the transport's to find; httpx would send by them past it.
        "trust_env": False,
    }


class _WithoutDebug(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_WITHOUT_DEBUG = _WithoutDebug()


def _keep_headers_out_of_the_log() -> None:
    """Silence what prints every header that HTTP/2 sends, once a program logs everything."""
    for name in ("hpack.hpack", "hpack.table"):
        logging.getLogger(name).addFilter(_WITHOUT_DEBUG)  # the second time it is there already


def _note_answer(error: Exception, method: str) -> None:
    if not isinstance(error, EtnaError):
        note_outcome(error, f"The {method} was sent and answered: check whether it was carried out.")
