"""The session of a login, ``NAME_session``, and the one that is sent to workers: each for one account."""

from __future__ import annotations

import contextlib
import copy
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests import PreparedRequest
from requests.cookies import RequestsCookieJar, get_cookie_header, merge_cookies
from requests.sessions import merge_hooks, merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from etna_magic.exceptions import EtnaError, InsecureURLError, NotLoggedInError, login_hint
from etna_magic.secret import Secret
from etna_magic.session.auth_adapter import AuthAdapter
from etna_magic.session.call_errors import add_outcome, not_sent, note_outcome
from etna_magic.session.call_limits import CallLimits
from etna_magic.session.cookies import OwnOriginCookies
from etna_magic.session.paging import pages
from etna_magic.session.placeholder_auth import PlaceholderAuth
from etna_magic.session.retry_policy import READS, ReadRetry
from etna_magic.session.token_check import TokenCheck
from etna_magic.session.token_holder import TokenHolder, WorkerTokenHolder
from etna_magic.support import Origin, join_url, renew_after_fork
from etna_magic.support.http import ProxyEnvironment, QuietAdapter, plain_session_class
from etna_magic.token import COPY_ADVICE, COPY_REASON, Account, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import Request as CallRequest
    from requests import Response
    from requests import Session as _Session
    from requests.adapters import BaseAdapter

else:
    _Session = plain_session_class()

#: Seconds that a call waits where nothing else says so.
TIMEOUT = 30.0
# So many threads may share a session.
_POOL = 32
# What a user may have set on a session, and finds set on the worker's.
_SETTINGS = ("headers", "params", "proxies", "verify", "cert", "trust_env", "max_redirects")


class EtnaSession(_Session):
    """A ``requests.Session`` that is bound to a base URL and to one account.

    Paths are relative to the base URL, and everything that ``requests`` takes is taken. The
    token and the app key are sent to the token's own origin and to no other.

    Parameters
    ----------
    name : str
        The login's name, as in ``%etna_login NAME``.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself, by default 30.
    holder : TokenHolder, optional
        What it signs with; a new one that has no token yet.

    Examples
    --------
    >>> etna_session.get("v1.0/users/@me/info").json()["Login"]  # doctest: +SKIP
    'alice'
    """

    def __init__(self, name: str, timeout: float = TIMEOUT, *, holder: TokenHolder | None = None) -> None:
        self.name = name
        self.timeout = timeout
        #: Whether it was unpickled: it says whose it was, and cannot be used.
        self.is_copy = False
        #: The token that it signs with, and the account that it belongs to for life.
        self.holder = holder or TokenHolder(name)
        self._check = TokenCheck()
        self._environment = ProxyEnvironment()
        self._placeholder: PlaceholderAuth | None = None
        #: The server's last ``X-RateLimit-*`` figures, by group of calls.
        self.limits = CallLimits()
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

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Send what begins with a prefix by this adapter, as in ``requests``; it signs nothing itself."""
        super().mount(prefix, self._wrapped(adapter))

    def get_adapter(self, url: str) -> BaseAdapter:
        """Return what signs and sends a request to a URL."""
        # Wrapped when it was mounted; this is for those that were put into .adapters by hand.
        return self._wrapped(super().get_adapter(url))

    def _wrapped(self, adapter: BaseAdapter) -> AuthAdapter:
        if isinstance(adapter, AuthAdapter):
            if adapter.belongs_to(self.holder):
                return adapter
            adapter = adapter.adapter
        return AuthAdapter(adapter, self.holder, self._check, self.limits)

    def after_fork(self) -> None:
        """Share no lock and no connection with the process that this one was forked from."""
        self._check.after_fork()
        self.holder.after_fork()
        for adapter in self.adapters.values():
            self._wrapped(adapter).after_fork()

    def prepare_request(self, request: CallRequest) -> PreparedRequest:
        """Make a request ready to be sent: its path joined to the base URL, and a placeholder as its auth."""
        account = self.holder.account
        if account is None:
            absent = NotLoggedInError(f"{self.name} {self.holder.describe()}.")
            raise add_outcome(absent, not_sent(request.method))
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
            if verify is True or verify is None:
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

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """Yield the items of a paged list, page by page.

        Parameters
        ----------
        path : str
            The list's path, relative to the base URL.
        **params
            Its query, as ETNA's REST documentation has it: ``pageSize``, say.

        Yields
        ------
        object
            What each page's ``Result`` holds, or a bare array, which some servers answer.

        Raises
        ------
        UnexpectedResponseError
            If a page is no list, or its ``NextPageLink`` leads to another server.
        requests.HTTPError
            If a page is answered with an error.

        Examples
        --------
        >>> orders = list(etna_session.pages("v1.0/accounts/1/orders", pageNumber=0))  # doctest: +SKIP
        """
        return pages(self, path, params)

    def for_workers(self) -> WorkerSession:
        """Return a session for Dask, Ray or joblib; its pickle is a secret: no ``%store``, no cache on disk.

        Returns
        -------
        WorkerSession
            It holds the token, its expiry and the app key, never the password, and cannot renew.

        Raises
        ------
        NotLoggedInError
            If there is no token to give.
        EtnaError
            If the token had to be renewed first, and could not be.

        Examples
        --------
        >>> session = etna_session.for_workers()  # doctest: +SKIP
        >>> client.gather(client.map(lambda symbol: quote(session, symbol), symbols))  # doctest: +SKIP
        """
        session = WorkerSession(self.name, self.timeout)
        session.holder.read_only = self.read_only
        session.holder.put(self.holder.token_for_call())
        return session.with_settings(_settings(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.holder.describe()}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle ends up on a disk: it never fails, and says whose session it was without the token. It is
        # the same for all tokens of an account, so that caches are keyed by the account.
        return _copy, (self.name, self.account)


class WorkerSession(EtnaSession):
    """A session that pickles: its token with its expiry and the app key, and never a password.

    It cannot renew its token. Keep its pickle as you would keep the token itself.

    Parameters
    ----------
    name : str
        The login's name.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself.

    Examples
    --------
    >>> session = etna_session.for_workers()  # doctest: +SKIP
    >>> client.submit(quote, session, "AAPL").result()  # doctest: +SKIP
    """

    def __init__(self, name: str, timeout: float = TIMEOUT) -> None:
        super().__init__(name, timeout, holder=WorkerTokenHolder(name))

    def __reduce__(self) -> tuple[Any, ...]:
        token = self.holder.current()
        if token is None or not all(token.secrets()):
            return super().__reduce__()  # logged out meanwhile: there is nothing to give, and no pickle fails
        secrets = (token.get_secret_value(), token.app_key().get_secret_value())
        facts = (token.username, token.base_url, token.lifetime.total_seconds(), token.issued_at.timestamp())
        is_refused, read_only = bool(token.ended), self.read_only
        return _rebuilt, (self.name, self.timeout, secrets, facts, _settings(self), is_refused, read_only)

    def with_settings(self, settings: Mapping[str, Any]) -> WorkerSession:
        """Set what a user had set on the session that this one was made of, and return it."""
        for name, value in settings.items():
            setattr(self, name, value)
        return self


def _settings(session: EtnaSession) -> dict[str, Any]:
    # Deep: a shallow copy of the headers of requests shares what it holds.
    return {name: copy.deepcopy(getattr(session, name)) for name in _SETTINGS}


def _rebuilt(  # noqa: PLR0913, PLR0917 - a pickle has no names
    name: str,
    timeout: float,
    secrets: tuple[str, str],
    facts: tuple[str, str, float, float],
    settings: dict[str, Any],
    is_refused: bool,  # noqa: FBT001
    read_only: bool,  # noqa: FBT001
) -> WorkerSession:
    username, base_url, lifetime, issued = facts
    # The forward clock of another process has another zero: only the wall's time is sent.
    forward = time.monotonic() - (time.time() - issued)
    token = Token(
        Secret(secrets[0]),
        app_key=Secret(secrets[1]),
        username=username,
        base_url=base_url,
        lifetime=timedelta(seconds=lifetime),
        issued=(issued, forward),
    )
    if is_refused:
        token.refuse()
    session = WorkerSession(name, timeout)
    session.holder.read_only = read_only
    session.holder.put(token)
    return session.with_settings(settings)


def _copy(name: str, account: Account | None) -> EtnaSession:
    """Return what an unpickled session is: it says whose it was, and cannot be used."""
    advice = COPY_ADVICE.replace("etna_session", f"{name}_session").replace("%etna_login", login_hint(name))
    whose = f"({account}) " if account else ""
    absence = f"{whose}{COPY_REASON}. {advice.removesuffix('.')}"
    session = EtnaSession(name, holder=TokenHolder(name, account, absence))
    session.is_copy = True
    return session
