"""What has to be done for a call of an httpx client, step by step: the rules are those of the session.

It is written once, as a generator; `httpx_transport` does the steps, by calling and by awaiting.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from etna_magic.exceptions import EtnaError
from etna_magic.session.call_errors import cannot_be_repeated, raise_for, unknown_key
from etna_magic.session.httpx_errors import OF_HTTPX, explained, is_worth_repeating
from etna_magic.session.placeholder_auth import has_placeholder, ours_in
from etna_magic.session.read_only import refuse_write
from etna_magic.session.retry_policy import READS, pause_before
from etna_magic.session.token_check import probe_url
from etna_magic.session.token_rules import TokenRules
from etna_magic.support.safe_call import Failure
from etna_magic.token import HEADERS, Token, TokenState

if TYPE_CHECKING:
    from etna_magic.secret import Secret
    from etna_magic.session.call_limits import CallLimits
    from etna_magic.session.token_check import TokenCheck
    from etna_magic.session.token_holder import TokenHolder

AUTHORIZATION, APP_KEY = HEADERS
# h11 refuses a header that begins with a blank: by another client of httpx such a request is not sent.
BLANK = " "


class Send(NamedTuple):
    """To be done: send a request, signed with a token, or with nothing of ours in it."""

    request: httpx.Request
    token: Token | None
    #: Makes the copy that is sent of it.
    prepare: Callable[[httpx.Request], httpx.Request]


class Decide(NamedTuple):
    """To be done, off the loop: what may log in, ask the server about a token, or wait for who does."""

    act: Callable[[], Any]


class Pause(NamedTuple):
    """To be done: wait."""

    seconds: float


class Read(NamedTuple):
    """To be done: read a refusal to its end, and say what it is about."""

    response: httpx.Response


class Close(NamedTuple):
    """To be done: close an answer that nobody will read."""

    response: httpx.Response


Step = Send | Decide | Pause | Read | Close
Flow = Generator[Step, Any, httpx.Response]


class Signing:
    """What both transports have in common.

    Parameters
    ----------
    holder : TokenHolder
        The session's token.
    check : TokenCheck
        What a 401 means.
    limits : CallLimits
        Where the server's figures are kept.
    """

    def __init__(self, holder: TokenHolder, check: TokenCheck, limits: CallLimits) -> None:
        self._holder = holder
        self._rules = TokenRules(holder, check)
        self._limits = limits

    @abstractmethod
    def _asking(self, request: httpx.Request, token: Token) -> int:
        """Ask the server about a token, by the way that a request goes; called off the loop."""

    def _flow(self, request: httpx.Request) -> Flow:
        """Yield what has to be done for a request, and return its answer."""
        holder, method = self._holder, request.method
        if holder.read_only:
            _refuse_write(holder, request)
        found = request.headers.get(AUTHORIZATION, "").removeprefix(BLANK)
        at_home = is_home(holder, request.url)
        if not (has_placeholder(holder, found, method) and at_home):
            self._rules.refuse_without_token(method)
            token = holder.current()
            prepare = _copied if at_home else partial(_without_our_headers, token)
            return (yield from self._exchange(Send(request, token, prepare)))
        asking, patience = partial(self._asking, request), _patience(request)
        token = holder.current()
        if token is None or token.ended or token.state is not TokenState.FRESH:
            token = _decided((yield Decide(partial(self._rules.token, method, asking, patience))))
        response = yield from self._exchange(Send(request, token, partial(signed, token)))
        if response.status_code not in (401, 403):
            if response.is_success:
                holder.note_accepted(token)
            return (yield from self._noted(request, response, token))
        said, status = (yield from _said(request, response)), response.status_code
        if said == "application key":
            del response  # a server may repeat in it what it was sent
            raise unknown_key(method, status)
        if status == 401 or said == "token":
            fresh = yield Decide(partial(self._rules.after_401, method, status, token, asking, patience))
            if fresh is not None:
                del response
                token = _decided(fresh)
                response = yield from self._exchange(Send(request, token, partial(signed, token)))
                if response.status_code == 401:
                    yield from _said(request, response)
                    again = partial(self._rules.after_another_401, token, asking, patience)
                    _decided((yield Decide(again)))
        return (yield from self._noted(request, response, token))

    def _noted(self, request: httpx.Request, response: httpx.Response, token: Token) -> Flow:
        try:
            self._limits.note(request.method, str(request.url), response, token.secrets())
        except DeprecationWarning:  # by a filter of the user's, which hides the answer
            yield Close(response)
            raise
        return response

    def _exchange(self, send: Send) -> Flow:
        """Send a request, and a read again where the rules of a session say so."""
        is_read, tries = send.request.method in READS, 0
        if is_read and not isinstance(send.request.stream, httpx.ByteStream):
            raise cannot_be_repeated(send.request.method)
        while True:
            tries += 1
            outcome = yield send
            if isinstance(outcome, Failure):
                outcome = explained(outcome)
                pause = pause_before(tries) if is_read and is_worth_repeating(outcome) else None
                if pause is None:
                    raise_for(outcome, send.request, 0, kinds=OF_HTTPX)
            else:
                response: httpx.Response = outcome
                again = response.headers.get("Retry-After", "")
                pause = pause_before(tries, response.status_code, again) if is_read else None
                if pause is None:
                    return response
                yield Close(response)
            yield Pause(pause)


def secrets_of(token: Token | None) -> tuple[Secret, ...]:
    """Return what no exception may show."""
    return token.secrets() if token else ()


def _said(request: httpx.Request, response: httpx.Response) -> Generator[Step, Any, str]:
    """Return what a refusal is about; it is read to its end, so that its connection is free."""
    outcome = yield Read(response)
    if isinstance(outcome, Failure):
        raise_for(explained(outcome), request, response.status_code, kinds=OF_HTTPX)
    said: str = outcome
    return said


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
    for name in ours_in(headers.get(AUTHORIZATION, ""), token, has_key=APP_KEY in headers):
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


def probe_of(request: httpx.Request, token: Token) -> httpx.Request:
    """Return the question about a token, with the time-outs of the call that it is for."""
    times = {name: value for name, value in request.extensions.items() if name == "timeout"}
    return httpx.Request("GET", probe_url(token), extensions=times)


def _patience(request: httpx.Request) -> float:
    """Return the seconds to wait for another thread that is asking the server."""
    parts = dict(request.extensions.get("timeout") or {}).values()
    return max((float(part) for part in parts if isinstance(part, (int, float))), default=30.0)
