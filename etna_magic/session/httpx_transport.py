"""Signs each request of an httpx client as it is sent, on each hop: the one way out, as `AuthAdapter` is."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import anyio.to_thread
import httpx

from etna_magic.session.call_errors import raise_for, said_in
from etna_magic.session.httpx_errors import OF_HTTPX, explained
from etna_magic.session.httpx_flow import (
    Close,
    Decide,
    Pause,
    Read,
    Send,
    Signing,
    Step,
    probe_of,
    secrets_of,
    signed,
)
from etna_magic.support.safe_call import Failure, safe_await, safe_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from etna_magic.secret import Secret
    from etna_magic.session.call_limits import CallLimits
    from etna_magic.session.httpx_pools import Pools
    from etna_magic.session.token_check import TokenCheck
    from etna_magic.session.token_holder import TokenHolder
    from etna_magic.token import Token


class SyncTransport(Signing, httpx.BaseTransport):
    """The transport of a client.

    Parameters
    ----------
    holder, check, limits
        As for :class:`Signing`.
    choose : Pools
        Returns what sends to a URL.
    """

    def __init__(
        self,
        holder: TokenHolder,
        check: TokenCheck,
        limits: CallLimits,
        choose: Pools[httpx.BaseTransport],
    ) -> None:
        super().__init__(holder, check, limits)
        self._choose = choose

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, signed where it goes to the token's own server.

        Parameters
        ----------
        request : httpx.Request
            What to send; it stays as it is.

        Returns
        -------
        httpx.Response
            The answer.

        Raises
        ------
        EtnaError
            As a session raises it; what is of a network is an exception of httpx as well.
        """
        flow, done = self._flow(request), None
        while True:
            try:
                step = flow.send(done)
            except StopIteration as end:
                response: httpx.Response = end.value
                return response
            done = self._do(step)
            del step  # its response may be on the way to be dropped

    def _do(self, step: Step) -> Any:
        match step:
            case Send(request, token, prepare):
                route = self._choose.route(request.url)
                chosen = safe_call(lambda: self._choose(request.url), None, route)
                if isinstance(chosen, Failure):  # a file of certificates that is not there, say
                    return chosen._replace(is_sent=False)
                return safe_call(lambda: _sent(chosen, request, token, prepare), secrets_of(token), route)
            case Decide(act):
                return safe_call(act)
            case Pause(seconds):
                time.sleep(seconds)
            case Read(response):
                return safe_call(lambda: said_in(response.read()))
            case Close(response):
                response.close()
        return None

    def close(self) -> None:
        """Close what sends."""
        for transport in self._choose.given_up():
            transport.close()

    def _asking(self, request: httpx.Request, token: Token) -> int:
        probe = probe_of(request, token)
        outcome = safe_call(lambda: self._asked(probe, token), token.secrets(), self._choose.route(probe.url))
        if isinstance(outcome, Failure):
            raise_for(explained(outcome), probe, None, kinds=OF_HTTPX)
        return outcome

    def _asked(self, probe: httpx.Request, token: Token) -> int:
        response = self._choose(probe.url).handle_request(signed(token, probe))
        try:
            if response.status_code != 403:
                return response.status_code
            return 401 if said_in(next(response.iter_bytes(4096), b"")) == "token" else 403
        finally:
            response.close()


class AsyncTransport(Signing, httpx.AsyncBaseTransport):
    """The transport of an async client; parameters as for :class:`SyncTransport`."""

    def __init__(
        self,
        holder: TokenHolder,
        check: TokenCheck,
        limits: CallLimits,
        choose: Pools[httpx.AsyncBaseTransport],
    ) -> None:
        super().__init__(holder, check, limits)
        self._choose = choose

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, as :meth:`SyncTransport.handle_request` does."""
        flow, done = self._flow(request), None
        while True:
            try:
                step = flow.send(done)
            except StopIteration as end:
                response: httpx.Response = end.value
                return response
            done = await self._do(step)
            del step

    async def _do(self, step: Step) -> Any:
        match step:
            case Send(request, token, prepare):
                route = self._choose.route(request.url)
                chosen = safe_call(lambda: self._choose(request.url), None, route)
                if isinstance(chosen, Failure):
                    return chosen._replace(is_sent=False)
                secrets = secrets_of(token)
                return await safe_await(lambda: _awaited(chosen, request, token, prepare), secrets, route)
            case Decide(act):
                # Abandoned with the task: who is cancelled does not wait for a login.
                return await safe_await(lambda: anyio.to_thread.run_sync(act, abandon_on_cancel=True))
            case Pause(seconds):
                await anyio.sleep(seconds)
            case Read(response):
                return await safe_await(lambda: _said_in(response))
            case Close(response):
                await response.aclose()
        return None

    async def aclose(self) -> None:
        """Close what sends."""
        for transport in self._choose.given_up():
            await transport.aclose()

    def _asking(self, request: httpx.Request, token: Token) -> int:
        probe = probe_of(request, token)
        route = self._choose.route(probe.url)
        act = partial(safe_await, lambda: self._asked(probe, token), token.secrets(), route)
        outcome: int | Failure = anyio.from_thread.run(act)
        if isinstance(outcome, Failure):
            raise_for(explained(outcome), probe, None, kinds=OF_HTTPX)
        return outcome

    async def _asked(self, probe: httpx.Request, token: Token) -> int:
        response = await self._choose(probe.url).handle_async_request(signed(token, probe))
        try:
            if response.status_code != 403:
                return response.status_code
            return 401 if said_in(await anext(response.aiter_bytes(4096), b"")) == "token" else 403
        finally:
            await response.aclose()


class SyncBody(httpx.SyncByteStream):
    """The body of an answer, whose failures hold no secret either.

    Parameters
    ----------
    stream : object
        The body as it comes.
    request : httpx.Request
        What it is the answer to.
    status : int
        With which status.
    secrets : tuple of Secret
        What no exception may show.
    """

    def __init__(self, stream: Any, request: httpx.Request, status: int, secrets: tuple[Secret, ...]) -> None:
        self._stream = stream
        self._request = request
        self._status = status
        self._secrets = secrets

    def __iter__(self) -> Iterator[bytes]:
        parts = iter(self._stream)
        while True:
            part = safe_call(lambda: next(parts, None), self._secrets)
            if isinstance(part, Failure):
                raise_for(explained(part), self._request, self._status, kinds=OF_HTTPX)
            if part is None:
                return
            yield part

    def close(self) -> None:
        """Close it."""
        self._stream.close()


class AsyncBody(httpx.AsyncByteStream):
    """The same for an async client."""

    def __init__(self, stream: Any, request: httpx.Request, status: int, secrets: tuple[Secret, ...]) -> None:
        self._stream = stream
        self._request = request
        self._status = status
        self._secrets = secrets

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = aiter(self._stream)
        while True:
            part = await safe_await(lambda: anext(parts, None), self._secrets)
            if isinstance(part, Failure):
                raise_for(explained(part), self._request, self._status, kinds=OF_HTTPX)
            if part is None:
                return
            yield part

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()


async def _said_in(response: httpx.Response) -> str:
    return said_in(await response.aread())


def _sent(
    transport: httpx.BaseTransport,
    request: httpx.Request,
    token: Token | None,
    prepare: Callable[[httpx.Request], httpx.Request],
) -> httpx.Response:
    # Signed inside, so that no frame that raises has ever held it.
    found = transport.handle_request(prepare(request))
    body = SyncBody(found.stream, request, found.status_code, secrets_of(token))
    return httpx.Response(found.status_code, headers=found.headers, stream=body, extensions=found.extensions)


async def _awaited(
    transport: httpx.AsyncBaseTransport,
    request: httpx.Request,
    token: Token | None,
    prepare: Callable[[httpx.Request], httpx.Request],
) -> httpx.Response:
    found = await transport.handle_async_request(prepare(request))
    body = AsyncBody(found.stream, request, found.status_code, secrets_of(token))
    return httpx.Response(found.status_code, headers=found.headers, stream=body, extensions=found.extensions)
