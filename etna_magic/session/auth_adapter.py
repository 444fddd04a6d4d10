"""Signs each request at the moment it is sent, checks each 401, and says what became of a call.

What a user, a hook, a redirect or an exception sees of a request has a placeholder in
``Authorization`` and no secret. The adapter is the one way out of a session: prepared requests, each
hop of a redirect and a hook that sends again pass it, so none of them needs a rule of its own.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.utils import rewind_body
from urllib3.exceptions import HTTPError, ProtocolError

from etna_magic.exceptions import EtnaError
from etna_magic.session.call_outcome import (
    READS,
    ReadsOnly,
    can_be_repeated,
    cannot_be_repeated,
    clear_history,
    discard,
    is_worth_repeating,
    not_sent,
    raise_for,
    rules_of,
    said_in,
    unknown_key,
)
from etna_magic.session.call_rules import Probe, TokenRules, has_placeholder, ours_in, probe_url, refuse_write
from etna_magic.support.http import CERTIFI, PlainSession, QuietAdapter
from etna_magic.support.safe_call import Failure, Route, safe_call
from etna_magic.token import AUTHORIZATION, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response
    from urllib3 import Retry

_T = TypeVar("_T")


class AuthAdapter(BaseAdapter):
    """Wraps the adapter that sends, which is used as it is, its retry rules limited to reads.

    By `options` this file calls what a request is sent with: the other arguments of ``send`` in ``requests``.
    """

    def __init__(self, adapter: BaseAdapter, rules: TokenRules) -> None:
        super().__init__()
        #: The adapter that sends.
        self.adapter = adapter
        #: Those of the session that it signs for.
        self.rules = rules

    @property
    def _trust(self) -> str:
        return self.adapter.trust if isinstance(self.adapter, QuietAdapter) else CERTIFI

    def _safe_call(
        self, act: Callable[[], _T], url: str, token: Token | None, options: dict[str, Any]
    ) -> _T | Failure:
        route = Route(url, options["proxies"] or {}, options["verify"], self._trust)
        return safe_call(act, token.secrets() if token else (), route.problem)

    def send(  # noqa: PLR0913, PLR0917 - as in requests
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - as in requests
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        """Send a request; parameters as in ``requests``. Its errors are those of `AuthorizedSession.send`.

        It raises `ReadOnlyError` besides, where the session sends reads only, and this is none.
        """
        holder, method, url = self.rules.holder, request.method, request.url or ""
        if holder.read_only:
            refuse_write(holder, method or "", url, request.headers.items(), request.body)
        options = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert, "proxies": proxies}
        is_home = holder.owns(url)
        if not (has_placeholder(holder, request.headers.get(AUTHORIZATION), method) and is_home):
            self.rules.refuse_without_token(method)
            # A redirect from http to https of one host keeps Authorization, and that is another origin.
            prepare = copy.copy if is_home else partial(_without_our_headers, holder.current())
            return self._exchange(request, prepare, options, holder.current())
        timeouts = timeout if isinstance(timeout, tuple) else (timeout,)
        probe = Probe.within(partial(self._probe, options), timeouts)
        token = self.rules.token(method, probe)
        response = self._exchange_signed(request, token, options)
        if response.status_code in (401, 403):
            return self._after_refusal(request, response, token, probe, options)
        if response.ok:
            holder.note_accepted(token)
        return response

    def _exchange_signed(self, request: PreparedRequest, token: Token, options: dict[str, Any]) -> Response:
        """Send a request with a token, and keep what the server says of its limits."""
        response = self._exchange(request, partial(_signed, token), options, token)
        try:
            self.rules.limits.note(request.method or "", response.url, response, token.secrets())
        except DeprecationWarning:  # by a filter of the user's, which hides the answer
            response.close()
            raise
        return response

    def _exchange(
        self,
        request: PreparedRequest,
        prepare: Callable[[PreparedRequest], PreparedRequest],
        options: dict[str, Any],
        token: Token | None,
    ) -> Response:
        """Send a request, and return its answer with nothing of ours in it."""
        rules = rules_of(self.adapter)
        if request.method in READS:
            if not can_be_repeated(request):
                raise cannot_be_repeated(request.method)
        elif rules is not None and not isinstance(rules, ReadsOnly):
            raise EtnaError(
                f"{type(self.adapter).__name__} keeps retry rules of its own, by which an order could be "
                f"placed twice: let it accept max_retries.{not_sent(request.method)}"
            )
        status: list[int] = []

        def send_once() -> Response:
            # Signed inside, so that no frame that raises has ever held it.
            signed = prepare(request)
            status[:] = [0]  # from here on the adapter may have sent it
            response = self.adapter.send(signed, **options)
            status[:] = [response.status_code]
            return response

        # An adapter leaves the body to the session, which would raise what it likes.
        act = send_once if options["stream"] else partial(_with_body, send_once, request, rules)
        outcome = self._safe_call(act, request.url or "", token, options)
        if isinstance(outcome, Failure):
            # An adapter that is more than requests' own may repeat by whatever it likes.
            is_once = isinstance(rules, ReadsOnly) and type(self.adapter).send is HTTPAdapter.send
            raise_for(outcome, request, status[0] if status else None, is_once=is_once)
        outcome.request = request
        # A hook that sends again, as digest authentication does, sends by this.
        outcome.connection = self  # type: ignore[assignment] # declared as the one adapter of requests
        clear_history(outcome)
        return outcome

    def _after_refusal(
        self,
        request: PreparedRequest,
        response: Response,
        token: Token,
        probe: Probe,
        options: dict[str, Any],
    ) -> Response:
        """Find out what a 401 or 403 is about; a read is sent once more where there is a fresh token."""
        method, status = request.method, response.status_code
        said = _said(request, response, token)
        failed: EtnaError | None = None
        fresh: Token | None = None
        if said == "application key":
            failed = unknown_key(method, status)
        elif status == 401 or said == "token":
            try:
                fresh = self.rules.after_401(method, status, token, probe)
            except EtnaError as error:
                failed = error
        if failed is not None:
            discard(response)
            raise failed.with_traceback(None)
        if fresh is None:
            return response
        discard(response)
        if hasattr(request.body, "seek"):
            rewind_body(request)
        response = self._exchange_signed(request, fresh, options)
        if response.status_code == 401:
            _said(request, response, fresh)
            self.rules.after_another_401(fresh, probe)
        return response

    def ask(self, token: Token, options: dict[str, Any]) -> int | Failure:
        """Ask the server about a token, by the way that a call goes; return the status, or why none came."""

        def act() -> int:
            session = PlainSession()
            session.trust_env = False  # the options have what the environment says
            is_own = isinstance(self.adapter, QuietAdapter)
            session.mount(token.base_url, QuietAdapter(trust=self._trust) if is_own else self.adapter)
            way = {**options, "stream": True}
            with session.get(probe_url(token), auth=token, allow_redirects=False, **way) as response:
                status = response.status_code
                if status == 403 and said_in(next(response.iter_content(4096), b"")) == "token":
                    status = 401
            if is_own:
                session.close()  # a user's own adapter is in use elsewhere
            return status

        return self._safe_call(act, probe_url(token), token, options)

    def _probe(self, options: dict[str, Any], token: Token) -> int:
        outcome = self.ask(token, options)
        if isinstance(outcome, Failure):
            raise_for(outcome, requests.Request("GET", probe_url(token)).prepare(), None)
        return outcome

    def after_fork(self) -> None:
        """Share no connection with the process that this one was forked from."""
        adapter = self.adapter
        if isinstance(adapter, HTTPAdapter):
            # As pickle does it: the same adapter with the same rules, and with new pools.
            options = adapter.poolmanager.connection_pool_kw  # a user may have set a TLS context there
            adapter.__setstate__(adapter.__getstate__())  # type: ignore[attr-defined] # the stubs lack it
            adapter.poolmanager.connection_pool_kw = options

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy, by pickle too, is one of what sends: it signs nothing until a session mounts it.
        return copy.copy, (self.adapter,)

    def close(self) -> None:
        """Close what sends."""
        self.adapter.close()

    @property
    def max_retries(self) -> Retry:
        """The rules of what sends; they hold for reads, whatever they say."""
        return self.adapter.max_retries  # type: ignore[attr-defined, no-any-return] # HTTPAdapter has it

    @max_retries.setter
    def max_retries(self, rules: Retry | int) -> None:
        self.adapter.max_retries = rules  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        # .poolmanager, say, or what an adapter of a user's own has.
        if name.startswith("_") or name == "adapter":
            raise AttributeError(name)
        return getattr(self.adapter, name)


def _signed(token: Token, request: PreparedRequest) -> PreparedRequest:
    made = copy.copy(request)
    made.headers = request.headers.copy()
    made.headers.update(token.plain_headers())
    return made


def _without_our_headers(token: Token | None, request: PreparedRequest) -> PreparedRequest:
    """Return a request to another server, with no placeholder and nothing of ours that was set by hand."""
    made = copy.copy(request)
    made.headers = request.headers.copy()
    for name in ours_in(request.headers, token):
        made.headers.pop(name, None)
    return made


def _said(request: PreparedRequest, response: Response, token: Token) -> str:
    """Return what a refusal is about; it is read to its end, so that its connection is free."""
    outcome = safe_call(lambda: said_in(response.content), token.secrets())
    if isinstance(outcome, Failure):
        raise_for(outcome, request, response.status_code)
    return outcome


def _with_body(send: Callable[[], Response], request: PreparedRequest, rules: Retry | None) -> Response:
    """Send a request and read its answer; a read is sent again if that breaks off in the middle.

    ``urllib3`` counts a try as done when the head has come; ``requests`` then reads the body alone.
    """
    while True:
        response = send()
        try:
            response.content  # noqa: B018 - reading it keeps it
        except requests.RequestException as error:
            broken = error
        else:
            return response
        if rules is None or request.method not in READS or not is_worth_repeating(broken):
            raise broken
        try:
            rules = rules.increment(
                request.method, request.url, error=ProtocolError("broken off in the body")
            )
        except HTTPError:
            raise broken from None
        if hasattr(request.body, "seek"):
            rewind_body(request)
        rules.sleep()
