"""``etna_session.httpx_client()`` and ``.httpx_async_client()``: clients that sign as the session does.

Their transports sign each request as it is sent, on each hop: the one way out, as `AuthAdapter` is.
"""

from __future__ import annotations

import contextlib
import logging
import time
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import anyio.to_thread
import httpx

from etna_magic.exceptions import EtnaError
from etna_magic.session.call_outcome import READS, note_outcome, raise_for, said_in
from etna_magic.session.call_rules import OwnOriginCookies, TokenRules
from etna_magic.session.httpx_flow import (
    BLANK,
    OF_HTTPX,
    Prepare,
    Signing,
    explained,
    is_home,
    secrets_of,
    signed,
)
from etna_magic.session.httpx_pools import OPTIONS, Pools
from etna_magic.support.safe_call import Failure, safe_await, safe_call
from etna_magic.token import AUTHORIZATION, PLACEHOLDER, placeholder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

    from etna_magic.secret import Secret
    from etna_magic.session.authorized_session import AuthorizedSession
    from etna_magic.session.token_holder import TokenHolder
    from etna_magic.token import Token

# What httpx raises when an answer has come: its Location cannot be read, or its body not be unpacked.
_AFTER_THE_ANSWER = (httpx.RemoteProtocolError, httpx.DecodingError)


class PlaceholderAuth(httpx.Auth):
    """Names the account of a request, for its own server only."""

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


@contextlib.contextmanager
def _options(method: str) -> Iterator[dict[str, Any]]:
    """Follow no redirect of an order: it was sent; and say so where httpx cannot read its answer."""
    if method in READS:
        yield {}
        return
    try:
        yield {"follow_redirects": False}
    except _AFTER_THE_ANSWER as error:
        if not isinstance(error, EtnaError):
            note_outcome(error, f"The {method} was sent and answered: check whether it was carried out.")
        raise


class EtnaClient(httpx.Client):
    """A client that is bound to a session's account; made by :meth:`EtnaSession.httpx_client`."""

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send a request, as httpx does, but follow no redirect of an order."""
        with _options(request.method) as options:
            return super().send(request, **kwargs | options)


class EtnaAsyncClient(httpx.AsyncClient):
    """The same with ``await``; made by :meth:`EtnaSession.httpx_async_client`."""

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send a request, as httpx does, but follow no redirect of an order."""
        with _options(request.method) as options:
            return await super().send(request, **kwargs | options)


def client_of(session: AuthorizedSession, rules: TokenRules, options: dict[str, Any]) -> EtnaClient:
    """Return a client; options as for :meth:`EtnaSession.httpx_client`."""
    return EtnaClient(**_arguments(session, rules, options, SyncTransport))


def async_client_of(
    session: AuthorizedSession, rules: TokenRules, options: dict[str, Any]
) -> EtnaAsyncClient:
    """Return an async client; options as for :meth:`EtnaSession.httpx_client`."""
    return EtnaAsyncClient(**_arguments(session, rules, options, AsyncTransport))


def _arguments(
    session: AuthorizedSession,
    rules: TokenRules,
    options: dict[str, Any],
    transport: type[SyncTransport | AsyncTransport],
) -> dict[str, Any]:
    """Return what httpx is given: the user's options, their transports wrapped."""
    account = session.account
    if account is None:
        raise session.holder.absent()
    if "base_url" in options:
        raise TypeError("The base URL is the account's: leave base_url out.")
    _keep_headers_out_of_the_log()
    own = {name: options.pop(name) for name in OPTIONS if name in options}
    cookies = httpx.Cookies(CookieJar(OwnOriginCookies()))
    cookies.update(options.pop("cookies", None))
    mounts = options.pop("mounts", None) or {}

    def wrapped(given: Any) -> SyncTransport | AsyncTransport:
        return transport(rules, Pools(session, transport.make, dict(own), given))

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


def _is_no_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


def _keep_headers_out_of_the_log() -> None:
    """Silence what prints every header that HTTP/2 sends, once a program logs everything."""
    for name in ("hpack.hpack", "hpack.table"):
        logging.getLogger(name).addFilter(_is_no_debug)  # the second time it is there already


class SyncTransport(Signing, httpx.BaseTransport):
    """The transport of a client."""

    make = httpx.HTTPTransport
    _safely = _safely_off_the_loop = staticmethod(safe_call)
    _decide = staticmethod(safe_call)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, which stays as it is; what is of a network is an exception of httpx as well."""
        flow, done = self._flow(request), None
        while True:
            try:
                done = flow.send(done)
            except StopIteration as end:
                response: httpx.Response = end.value
                return response

    def close(self) -> None:
        """Close what sends."""
        for transport in self._choose.given_up():
            transport.close()

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def _close(self, response: httpx.Response) -> None:
        response.close()

    def _read(self, response: httpx.Response) -> str:
        return said_in(response.read())

    def _sent(
        self, transport: httpx.BaseTransport, request: httpx.Request, token: Token | None, prepare: Prepare
    ) -> httpx.Response:
        found = transport.handle_request(prepare(request))
        return _answer(found, SyncBody(found, request, secrets_of(token)))

    def _asked(self, probe: httpx.Request, token: Token) -> int:
        response = self._choose(probe.url).handle_request(signed(token, probe))
        try:
            status: int = response.status_code
            if status != 403:
                return status
            return 401 if said_in(next(response.iter_bytes(4096), b"")) == "token" else 403
        finally:
            response.close()


class AsyncTransport(Signing, httpx.AsyncBaseTransport):
    """The transport of an async client."""

    make = httpx.AsyncHTTPTransport
    _safely = staticmethod(safe_await)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, as :meth:`SyncTransport.handle_request` does."""
        flow, done = self._flow(request), None
        while True:
            try:
                step = flow.send(done)
            except StopIteration as end:
                response: httpx.Response = end.value
                return response
            done = await step
            del step  # its response may be on the way to be dropped

    async def aclose(self) -> None:
        """Close what sends."""
        for transport in self._choose.given_up():
            await transport.aclose()

    def _safely_off_the_loop(self, *args: Any) -> Any:
        return anyio.from_thread.run(safe_await, *args)

    async def _decide(self, act: Callable[[], Any]) -> Any:
        # Abandoned with the task: who is cancelled does not wait for a login.
        return await safe_await(lambda: anyio.to_thread.run_sync(act, abandon_on_cancel=True))

    async def _pause(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def _close(self, response: httpx.Response) -> None:
        await response.aclose()

    async def _read(self, response: httpx.Response) -> str:
        return said_in(await response.aread())

    async def _sent(
        self,
        transport: httpx.AsyncBaseTransport,
        request: httpx.Request,
        token: Token | None,
        prepare: Prepare,
    ) -> httpx.Response:
        found = await transport.handle_async_request(prepare(request))
        return _answer(found, AsyncBody(found, request, secrets_of(token)))

    async def _asked(self, probe: httpx.Request, token: Token) -> int:
        response = await self._choose(probe.url).handle_async_request(signed(token, probe))
        try:
            status: int = response.status_code
            if status != 403:
                return status
            return 401 if said_in(await anext(response.aiter_bytes(4096), b"")) == "token" else 403
        finally:
            await response.aclose()


def _answer(found: httpx.Response, body: SyncBody | AsyncBody) -> httpx.Response:
    return httpx.Response(found.status_code, headers=found.headers, stream=body, extensions=found.extensions)


class _Body:
    """The body of an answer, whose failures hold no secret either."""

    def __init__(self, found: httpx.Response, request: httpx.Request, secrets: tuple[Secret, ...]) -> None:
        self._stream: Any = found.stream
        self._status = found.status_code
        self._request = request
        self._secrets = secrets

    def _checked(self, part: bytes | Failure | None) -> bytes | None:
        if isinstance(part, Failure):
            raise_for(explained(part), self._request, self._status, kinds=OF_HTTPX)
        return part


class SyncBody(_Body, httpx.SyncByteStream):
    """That of a client."""

    def __iter__(self) -> Iterator[bytes]:
        parts = iter(self._stream)
        while (part := self._checked(safe_call(lambda: next(parts, None), self._secrets))) is not None:
            yield part

    def close(self) -> None:
        """Close it."""
        self._stream.close()


class AsyncBody(_Body, httpx.AsyncByteStream):
    """That of an async client."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = aiter(self._stream)
        while (
            part := self._checked(await safe_await(lambda: anext(parts, None), self._secrets))
        ) is not None:
            yield part

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()
