"""What has to be done for a call of an httpx client, step by step: the rules are those of the session.

It is written once, as a generator; the transports of `httpx_client` do the steps, by calling and by awaiting.
A call without an answer becomes an exception that is one of httpx too, and holds no secret.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
from requests.exceptions import InvalidProxyURL, InvalidSchema
from urllib3.exceptions import LocationParseError, ProxySchemeUnknown

from etna_magic.exceptions import ConnectionFailedError, EtnaError
from etna_magic.session.call_outcome import (
    READS,
    Kinds,
    cannot_be_repeated,
    pause_before,
    raise_for,
    unknown_key,
)
from etna_magic.session.call_rules import Probe, TokenRules, has_placeholder, ours_in, probe_url, refuse_write
from etna_magic.support.safe_call import NETWORK_ERRORS, Failure, safe_call
from etna_magic.token import AUTHORIZATION, Token, TokenState

if TYPE_CHECKING:
    from etna_magic.secret import Secret
    from etna_magic.session.httpx_pools import Pools
    from etna_magic.session.token_holder import TokenHolder

Flow = Generator[Any, Any, httpx.Response]
Prepare = Callable[[httpx.Request], httpx.Request]
# h11 refuses a header that begins with a blank: by another client of httpx such a request is not sent.
BLANK = " "


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


class Signing:
    """What both transports have in common.

    What is not defined here does a step and returns what comes of it, or an awaitable of that in the async
    transport: the flow yields it, and is sent the outcome.
    """

    #: Calls by `safe_call`, or awaits by `safe_await`; so does the next, but it returns the outcome itself.
    _safely: Callable[..., Any]
    _safely_off_the_loop: Callable[..., Any]
    #: Does, off the loop, what may log in, ask the server about a token, or wait for who does.
    _decide: Callable[[Callable[[], Any]], Any]
    _pause: Callable[[float], Any]
    _close: Callable[[httpx.Response], Any]
    #: Reads a refusal to its end, and says what it is about.
    _read: Callable[[httpx.Response], Any]
    #: Sends a request, signed inside, so that no frame that raises has ever held it.
    _sent: Callable[[Any, httpx.Request, Token | None, Prepare], Any]
    #: Sends the question about a token, and returns the status of the answer.
    _asked: Callable[[httpx.Request, Token], Any]

    def __init__(self, rules: TokenRules, choose: Pools) -> None:
        self._rules = rules
        # What sends to a URL.
        self._choose = choose

    def _flow(self, request: httpx.Request) -> Flow:
        """Yield what has to be done for a request, and return its answer."""
        rules, holder, method = self._rules, self._rules.holder, request.method
        if holder.read_only:
            _refuse_write(holder, request)
        found = request.headers.get(AUTHORIZATION, "").removeprefix(BLANK)
        at_home = is_home(holder, request.url)
        if not (has_placeholder(holder, found, method) and at_home):
            rules.refuse_without_token(method)
            token = holder.current()
            prepare = _copied if at_home else partial(_without_our_headers, token)
            return (yield from self._exchange(request, token, prepare))
        timeouts = dict(request.extensions.get("timeout") or {}).values()
        probe = Probe.within(partial(self._asking, request), timeouts)
        token = holder.current()
        if token is None or token.ended or token.state is not TokenState.FRESH:
            token = _decided((yield self._decide(partial(rules.token, method, probe))))
        response = yield from self._exchange(request, token, partial(signed, token))
        if response.status_code not in (401, 403):
            if response.is_success:
                holder.note_accepted(token)
            return (yield from self._noted(request, response, token))
        said, status = (yield from self._said(request, response)), response.status_code
        if said == "application key":
            del response  # a server may repeat in it what it was sent
            raise unknown_key(method, status)
        if status == 401 or said == "token":
            fresh = yield self._decide(partial(rules.after_401, method, status, token, probe))
            if fresh is not None:
                del response
                token = _decided(fresh)
                response = yield from self._exchange(request, token, partial(signed, token))
                if response.status_code == 401:
                    yield from self._said(request, response)
                    _decided((yield self._decide(partial(rules.after_another_401, token, probe))))
        return (yield from self._noted(request, response, token))

    def _noted(self, request: httpx.Request, response: httpx.Response, token: Token) -> Flow:
        try:
            self._rules.limits.note(request.method, str(request.url), response, token.secrets())
        except DeprecationWarning:  # by a filter of the user's, which hides the answer
            yield self._close(response)
            raise
        return response

    def _exchange(self, request: httpx.Request, token: Token | None, prepare: Prepare) -> Flow:
        """Send a request, prepared by signing it or not, and a read again where a session would."""
        is_read, tries = request.method in READS, 0
        if is_read and not isinstance(request.stream, httpx.ByteStream):
            raise cannot_be_repeated(request.method)
        while True:
            tries += 1
            outcome = yield from self._once(request, token, prepare)
            if isinstance(outcome, Failure):
                outcome = explained(outcome)
                pause = pause_before(tries) if is_read and _is_worth_repeating(outcome) else None
                if pause is None:
                    raise_for(outcome, request, 0, kinds=OF_HTTPX)
            else:
                response: httpx.Response = outcome
                again = response.headers.get("Retry-After", "")
                pause = pause_before(tries, response.status_code, again) if is_read else None
                if pause is None:
                    return response
                yield self._close(response)
            yield self._pause(pause)

    def _once(
        self, request: httpx.Request, token: Token | None, prepare: Prepare
    ) -> Generator[Any, Any, httpx.Response | Failure]:
        problem = self._choose.problem(request.url)
        chosen = safe_call(lambda: self._choose(request.url), None, problem)
        if isinstance(chosen, Failure):  # a file of certificates that is not there, say
            return chosen._replace(is_sent=False)
        send = partial(self._sent, chosen, request, token, prepare)
        outcome: httpx.Response | Failure = yield self._safely(send, secrets_of(token), problem)
        return outcome

    def _said(self, request: httpx.Request, response: httpx.Response) -> Generator[Any, Any, str]:
        """Return what a refusal is about; it is read to its end, so that its connection is free."""
        outcome: str | Failure = yield self._safely(partial(self._read, response))
        if isinstance(outcome, Failure):
            raise_for(explained(outcome), request, response.status_code, kinds=OF_HTTPX)
        return outcome

    def _asking(self, request: httpx.Request, token: Token) -> int:
        """Ask the server about a token, by the way and within the time-outs of a request; off the loop."""
        times = {name: value for name, value in request.extensions.items() if name == "timeout"}
        probe = httpx.Request("GET", probe_url(token), extensions=times)
        ask = partial(self._asked, probe, token)
        outcome: int | Failure = self._safely_off_the_loop(
            ask, token.secrets(), self._choose.problem(probe.url)
        )
        if isinstance(outcome, Failure):
            raise_for(explained(outcome), probe, None, kinds=OF_HTTPX)
        return outcome


def secrets_of(token: Token | None) -> tuple[Secret, ...]:
    """Return what no exception may show."""
    return token.secrets() if token else ()


def _decided(outcome: Any) -> Token:
    """Return the token that was decided on, or raise why there is none."""
    if isinstance(outcome, Failure):
        failed = outcome.error or outcome.foreign
        raise failed or EtnaError(f"The token could not be looked at ({outcome.reason}): log in again.")
    token: Token = outcome
    return token


def is_home(holder: TokenHolder, url: httpx.URL) -> bool:
    """Say whether httpx will connect to the account's own server: by what it has read in the URL."""
    return holder.owns(f"{url.scheme}://{url.netloc.decode('ascii')}/")


def signed(token: Token, request: httpx.Request) -> httpx.Request:
    """Return a copy of a request with the headers of a token."""
    headers = httpx.Headers(request.headers)
    headers.update(token.plain_headers())
    # What is traced would be the signed request.
    extensions = {name: value for name, value in request.extensions.items() if name != "trace"}
    return _copied(request, headers, extensions)


def _without_our_headers(token: Token | None, request: httpx.Request) -> httpx.Request:
    """Return a copy for another server, with no placeholder and nothing of ours that was set by hand."""
    headers = httpx.Headers(request.headers)
    for name in ours_in(headers, token):
        headers.pop(name, None)
    return _copied(request, headers)


def _copied(
    request: httpx.Request, headers: httpx.Headers | None = None, extensions: dict[str, Any] | None = None
) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers if headers is None else headers,
        stream=request.stream,
        extensions=request.extensions if extensions is None else extensions,
    )


def _refuse_write(holder: TokenHolder, request: httpx.Request) -> None:
    body = b"".join(request.stream) if isinstance(request.stream, httpx.ByteStream) else request.stream
    headers = [*request.headers.raw]
    if "target" in request.extensions:  # which httpcore sends in place of the path
        headers.append((b"path", b""))
    refuse_write(holder, request.method, str(request.url), headers, body)


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


def _is_worth_repeating(failure: Failure) -> bool:
    """Say whether a read may succeed the next time: not after a time-out or a bad certificate."""
    is_certificate = issubclass(failure.kind, ssl.SSLCertVerificationError) or "certificate" in failure.reason
    return issubclass(failure.kind, (httpx.NetworkError, httpx.RemoteProtocolError)) and not is_certificate
