"""What of a session is of ``requests``: how a call is prepared, sent and redirected, and by which way."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urljoin

from requests import PreparedRequest
from requests.cookies import RequestsCookieJar, get_cookie_header, merge_cookies
from requests.sessions import merge_hooks, merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from etna_magic.exceptions import EtnaError, InsecureURLError
from etna_magic.session.answers import CallLimits
from etna_magic.session.auth_adapter import AuthAdapter
from etna_magic.session.call_outcome import READS, ReadRetry, add_outcome, not_sent, note_outcome
from etna_magic.session.call_rules import OwnOriginCookies, PlaceholderAuth, TokenRules, probe_url
from etna_magic.session.token_holder import TokenHolder
from etna_magic.support import Origin, join_url, renew_after_fork
from etna_magic.support.http import (
    CERTIFI,
    SYSTEM,
    PlainSession,
    ProxyEnvironment,
    QuietAdapter,
    calls_in_time,
    system_context,
)
from etna_magic.support.safe_call import Failure
from etna_magic.token import Account, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import Request as CallRequest
    from requests import Response
    from requests.adapters import BaseAdapter

#: Seconds that a call waits where nothing else says so.
TIMEOUT = 30.0
# So many threads may share a session.
_POOL = 32
#: Seconds to wait at most for what a server says of a token: somebody looks on.
LONGEST_WAIT = 10.0


class AuthorizedSession(PlainSession):
    """A ``requests.Session`` with paths relative to a base URL, and calls that are signed as they are sent.

    Its parameters are those of `EtnaSession`.
    """

    def __init__(self, name: str, timeout: float = TIMEOUT, *, holder: TokenHolder | None = None) -> None:
        self.name = name
        self.timeout = timeout
        #: Whether it was unpickled: it says whose it was, and cannot be used.
        self.is_copy = False
        #: The token that it signs with, and the account that it belongs to for life.
        self.holder = holder or TokenHolder(name)
        self._environment = ProxyEnvironment()
        self._trust = CERTIFI
        self._placeholder: PlaceholderAuth | None = None
        #: The server's last ``X-RateLimit-*`` figures, by group of calls.
        self.limits = CallLimits()
        self._rules = TokenRules(self.holder, self.limits)
        super().__init__()
        self.cookies = RequestsCookieJar(OwnOriginCookies())
        for scheme in ("https://", "http://"):
            self.mount(scheme, QuietAdapter(_POOL, ReadRetry.for_session()))
        renew_after_fork(self)

    @property
    def token(self) -> Token:
        """The token that calls are signed with.

        Raises
        ------
        NotLoggedInError
            If there is none: the login is unfinished or was ended.
        """
        return self.holder.token

    @property
    def account(self) -> Account | None:
        """Whose session it is; None while its first login is unfinished."""
        return self.holder.account

    @property
    def read_only(self) -> bool:
        """Whether it sends reads only, as ``--read-only`` asks for."""
        return self.holder.read_only

    @property
    def trust(self) -> str:
        """Whose certificates are trusted where no file is named: ``certifi`` or ``system``.

        An adapter that a user has mounted is left as it is.

        Raises
        ------
        EtnaError
            When ``system`` is set, and the package for it is not installed.
        """
        return self._trust

    @trust.setter
    def trust(self, trust: str) -> None:
        if trust == self._trust:
            return
        if trust == SYSTEM:
            system_context()
        self._trust = trust
        for prefix, adapter in list(self.adapters.items()):
            own = self._wrapped(adapter).adapter
            if isinstance(own, QuietAdapter):
                self.mount(prefix, QuietAdapter(_POOL, own.max_retries, trust))

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Send what begins with a prefix by this adapter, as in ``requests``; it signs nothing itself."""
        super().mount(prefix, self._wrapped(adapter))

    def get_adapter(self, url: str) -> AuthAdapter:
        """Return what signs and sends a request to a URL."""
        # Wrapped when it was mounted; this is for those that were put into .adapters by hand.
        return self._wrapped(super().get_adapter(url))

    def _wrapped(self, adapter: BaseAdapter) -> AuthAdapter:
        if isinstance(adapter, AuthAdapter):
            if adapter.rules is self._rules:
                return adapter
            adapter = adapter.adapter
        return AuthAdapter(adapter, self._rules)

    def after_fork(self) -> None:
        """Share no lock and no connection with the process that this one was forked from."""
        self._rules.after_fork()
        self.holder.after_fork()
        for adapter in self.adapters.values():
            self._wrapped(adapter).after_fork()

    def prepare_request(self, request: CallRequest) -> PreparedRequest:
        """Make a request ready to be sent: its path joined to the base URL, and a placeholder as its auth."""
        account = self.holder.account
        if account is None:
            raise add_outcome(self.holder.absent(), not_sent(request.method))
        if self._placeholder is None:
            self._placeholder = PlaceholderAuth(account)
        auth = request.auth or self.auth
        if isinstance(auth, Token):
            # Signed when it is sent, with the token of that time, so that it is in no frame before.
            auth = PlaceholderAuth(auth.account, is_explicit=request.auth is auth)
        try:
            return self._prepared(request, join_url(account.base_url, request.url), auth or self._placeholder)
        except Exception as error:
            if not isinstance(error, EtnaError):
                note_outcome(error, not_sent(request.method))
            raise

    def _prepared(self, request: CallRequest, url: str, auth: Any) -> PreparedRequest:
        """Prepare as requests does, but merge only where both sides have something: a tenth of a call."""
        headers = self.headers or {}
        is_merged = bool(request.headers) or None in headers.values()
        prepared = PreparedRequest()
        prepared.prepare(
            method=(request.method or "").upper(),
            url=url,
            files=request.files,
            data=request.data,
            json=request.json,
            headers=merge_setting(request.headers, headers, CaseInsensitiveDict) if is_merged else headers,
            params=merge_setting(request.params, self.params) if self.params else request.params,
            # Any auth at all keeps requests from asking .netrc for one.
            auth=auth,
            cookies=self._merged_cookies(request.cookies),
            hooks=merge_hooks(request.hooks, self.hooks),
        )
        return prepared

    def _merged_cookies(self, given: Any) -> RequestsCookieJar:
        merged = RequestsCookieJar()
        for cookies in (self.cookies, given):
            if cookies is not None and len(cookies):
                merge_cookies(merged, cookies)
        return merged

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Send what was prepared, with a time-out, and by the environment's proxies.

        Parameters
        ----------
        request : requests.PreparedRequest
            What to send; its auth is a placeholder, and stays so.
        **kwargs
            As for :meth:`requests.Session.send`; ``timeout`` in seconds.

        Returns
        -------
        requests.Response
            The answer, whatever its status.

        Raises
        ------
        NotLoggedInError
            If the login is unfinished or was ended.
        TokenExpiredError
            If the token has expired and the server no longer accepts it.
        ConnectionFailedError
            If no answer came; it is an exception of ``requests`` as well.
        """
        given = kwargs.get("timeout")
        if isinstance(given, tuple):
            kwargs["timeout"] = tuple(self.timeout if part is None else part for part in given)
        else:
            kwargs["timeout"] = self.timeout if given is None else given
        if "proxies" not in kwargs:
            known = (kwargs.get(name) for name in ("stream", "verify", "cert"))
            kwargs |= self.merge_environment_settings(request.url, {}, *known)
        return super().send(request, **kwargs)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Add the environment's proxies and certificates, but no proxy on the way to loopback."""
        if self.trust_env:
            no_proxy = proxies.get("no_proxy") if proxies else None
            found, certificates = self._environment.settings(url, no_proxy)
            proxies = {**found, **proxies} if proxies else found
            if (verify is True or verify is None) and self._trust != SYSTEM:
                verify = certificates or verify
        return {
            "proxies": merge_setting(proxies, self.proxies) if self.proxies else proxies or {},
            "stream": self.stream if stream is None else stream,
            "verify": self.verify if verify is None else verify,
            "cert": self.cert if cert is None else cert,
        }

    def get_redirect_target(self, resp: Response) -> str | None:
        """Follow redirects of reads only; of an order the redirect is the answer, since it was sent."""
        if resp.request.method not in READS:
            return None
        with contextlib.suppress(ValueError, InsecureURLError):
            target = super().get_redirect_target(resp)
            if target is None:
                return None
            # As requests will spell it: a blank there is no fault.
            if Origin.of(requote_uri(urljoin(resp.url, target))).scheme in ("http", "https"):
                return target
        return None  # to an address that cannot be read: the redirect itself is the answer

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Response) -> None:
        """Strip what another host must not see, and ask no ``.netrc`` for anything else."""
        here, there = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(here, there):
            prepared_request.headers.pop("Authorization", None)
        if Origin.of(here) != Origin.of(there):
            # They were gathered by the usual rules, by which they go to every port of a host.
            prepared_request.headers.pop("Cookie", None)
            if cookies := get_cookie_header(self.cookies, prepared_request):
                prepared_request.headers["Cookie"] = cookies


class ServerAnswer(NamedTuple):
    """What a server said of a token when a person or a login asked."""

    said: Literal["accepted", "refused", "unclear", "no answer"]
    #: Why it is neither accepted nor refused, to stand after a colon.
    reason: str = ""


def ask_servers(
    tokens: Iterable[tuple[AuthorizedSession, Token]],
    timeout: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[ServerAnswer]:
    """Ask about each token once, all at once, by the way that its session goes; nothing is noted on them.

    That takes `timeout` seconds at most, and no more than 10. `meanwhile` is called once if it takes longer
    than one.
    """
    seconds = min(timeout, LONGEST_WAIT)
    calls = [(partial(_ask, session, token, seconds), token.secrets()) for session, token in tokens]
    return [_answer(outcome) for outcome in calls_in_time(calls, seconds, meanwhile)]


def _ask(session: AuthorizedSession, token: Token, timeout: float) -> int | Failure:
    url = probe_url(token)
    options = session.merge_environment_settings(url, {}, None, None, None)
    return session.get_adapter(url).ask(token, {**options, "timeout": timeout})


def _answer(outcome: int | Failure) -> ServerAnswer:
    if isinstance(outcome, Failure):
        return ServerAnswer("no answer", outcome.reason)
    if outcome == 401:
        return ServerAnswer("refused")
    if 200 <= outcome < 300:
        return ServerAnswer("accepted")
    return ServerAnswer("unclear", f"it answered with status {outcome}")
