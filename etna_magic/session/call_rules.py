"""The rules of a call, the same for requests and for httpx: what may leave, and with which token.

Secrets and cookies go to their own server, and the headers are a placeholder until they are sent.

With ``--read-only``, anything that is not literally a read is not sent, but a logout at the server, which
ends the session's own token. The rule is a list of what may leave, and not of what may not: a path has more
spellings than anybody knows (``..``, ``%2e``, ``//``, another case), and none of them is in the list.
"""

from __future__ import annotations

import re
import threading
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from requests.auth import AuthBase

from etna_magic.exceptions import (
    EtnaError,
    InsecureURLError,
    NotLoggedInError,
    ReadOnlyError,
    TokenExpiredError,
)
from etna_magic.session.call_outcome import READS, add_outcome, not_sent, refused
from etna_magic.support import Clock, Origin, SameOrigin, sanitize
from etna_magic.token import (
    APP_KEY,
    AUTHORIZATION,
    HEADERS,
    PLACEHOLDER,
    Account,
    Token,
    TokenState,
    placeholder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from http.cookiejar import Cookie
    from urllib.request import Request

    from requests import PreparedRequest

    from etna_magic.session.answers import CallLimits
    from etna_magic.session.token_holder import TokenHolder

_QUERY = r"(\?(currency|exchange)=[A-Za-z0-9]+(&(currency|exchange)=[A-Za-z0-9]+)?)?"
#: What ETNA reads by another method than GET, below the base URL and the version.
_OTHER_READS = re.compile(
    rf"PUT history/(symbols|compare)/?"
    rf"|POST accounts/[0-9]+/preview/orders/?{_QUERY}"
    rf"|PUT accounts/[0-9]+/preview/orders/[0-9]+/?{_QUERY}"
)
# By these some servers carry out another method, or another path, than the one that is seen; the exception
# is what a browser asks before a call.
_OTHER_METHOD = re.compile(r"(?!access-control-request-method$).*(method|verb)")
_OTHER_PATH = re.compile(r".*\b(url|uri|path)\b")
#: Seconds between two questions about one token.
PAUSE = 60.0
#: The cheapest call by which to ask whether the server accepts a token, by ETNA's REST documentation.
PROBE = "v1.0/users/@me/info"


class PlaceholderAuth(AuthBase):
    """Names the account of a request in ``Authorization``, for its own server only.

    It is explicit where a user gave it for the request, and has to know when it cannot go there.
    """

    def __init__(self, account: Account, *, is_explicit: bool = False) -> None:
        self._header = placeholder(account)
        self._is_home = SameOrigin(account.base_url)
        self._is_explicit = is_explicit

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the placeholder into a request."""
        url = request.url or ""
        if self._is_home(url):
            request.headers[AUTHORIZATION] = self._header
        elif self._is_explicit:
            raise InsecureURLError(
                f"This token belongs to {self._is_home.origin} and was not sent to {Origin.of(url)}: "
                f"use it for its own server only.{not_sent(request.method)}"
            )
        return request


def has_placeholder(holder: TokenHolder, found: object, method: str | None) -> bool:
    """Say by its ``Authorization`` whether a request is to be signed; raise if it is for another account."""
    if not isinstance(found, str) or not found.startswith(PLACEHOLDER):
        return False
    account = holder.account
    if account is None or found != placeholder(account):
        theirs, ours = sanitize(found.removeprefix(PLACEHOLDER).strip()), account or "nobody yet"
        raise NotLoggedInError(
            f"The request was made for {theirs}, and this session is of {ours}.{not_sent(method)}"
        )
    return True


def ours_in(headers: Mapping[str, Any], token: Token | None) -> tuple[str, ...]:
    """Return which headers no other server may get: the placeholder, or what was set by hand."""
    text, has_key = _text(headers.get(AUTHORIZATION, "")), APP_KEY in headers
    is_ours = text.strip().startswith((PLACEHOLDER, "Bearer ") if has_key else PLACEHOLDER) or (
        token is not None and not token.ended and token.get_secret_value() in text
    )
    # An Authorization that another auth= has put there stays.
    return HEADERS if is_ours else (APP_KEY,) if has_key else ()


class OwnOriginCookies(DefaultCookiePolicy):
    """Keeps a cookie for the origin that set it; as usual it would go to every port, without TLS too."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Accept a cookie as usual, and bind it to the port and the scheme that it came from."""
        if not super().set_ok(cookie, request):
            return False
        # As the library reads it when it compares: what follows the colon, 80 where there is none.
        _, _, port = request.host.partition(":")
        cookie.port = port if port.isdecimal() else "80"
        cookie.secure = cookie.secure or request.type == "https"
        return True


def refuse_write(
    holder: TokenHolder, method: str, url: str, headers: Iterable[tuple[Any, Any]], body: object
) -> None:
    """Raise if a request is no read, to whatever server: nothing but reads leaves.

    The headers are names and values, as text or bytes.
    """
    own = f"{holder.account.base_url}/v1.0/" if holder.account else ""
    path = url[len(own) :] if own and url.startswith(own) else ""
    is_other = _OTHER_READS.fullmatch(f"{method} {path}") is not None
    if holder.account and (method, url) == ("POST", f"{holder.account.base_url}/logout"):
        is_other = not body  # it ends the token, and places nothing
    given = [(_text(name).lower(), _text(value)) for name, value in headers]
    what = _not_a_read(method, url, given, body, is_other=is_other)
    if what:
        raise ReadOnlyError(
            f"{holder.name} is read-only, so the {what} was not sent. A login without --read-only lifts that."
        )


def _not_a_read(
    method: str, url: str, headers: list[tuple[str, str]], body: object, *, is_other: bool
) -> str:
    """Return what a request is, if it is no read."""
    shown = sanitize(method)[:20]
    if method not in READS and not is_other:
        return shown
    query = url.partition("?")[2]
    named = [name for name, _ in headers]
    # Some servers take a semicolon for the end of a parameter.
    asked = [name.lower() for name, _ in parse_qsl(query.replace(";", "&"), keep_blank_values=True)]
    if any(_OTHER_METHOD.match(name) for name in named + asked):
        return f"{shown} that names another method"
    if any(_OTHER_PATH.match(name.replace("_", "-")) for name in named):
        return f"{shown} that names another path"
    # A second request hides in a body, and ETNA's documentation has a GET with a body that changes a PIN.
    if body and not is_other:
        return f"{shown} with a body"
    length = _length(body)
    if any(name == "transfer-encoding" for name in named) or any(
        name == "content-length" and value != str(length) for name, value in headers
    ):
        return f"{shown} whose length is not that of its body"
    return ""


def _length(body: object) -> int | None:
    """Return how many bytes a body has; None for one that is made while it is sent."""
    if isinstance(body, str):
        return len(body.encode())
    return len(body) if isinstance(body, (bytes, bytearray)) else None if body else 0


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def probe_url(token: Token) -> str:
    """Return where to ask whether the server accepts a token."""
    return f"{token.base_url}/{PROBE}"


class Probe(NamedTuple):
    """How to ask the server about a token, by the way that a call goes."""

    #: Returns the status of the answer.
    ask: Callable[[Token], int]
    #: Seconds to wait for another thread that is asking.
    patience: float

    @classmethod
    def within(cls, ask: Callable[[Token], int], timeouts: Iterable[Any]) -> Probe:
        """Return one that is as patient as the call that it is for."""
        seconds = [float(one) for one in timeouts if isinstance(one, (int, float))]
        return cls(ask, max(seconds, default=30.0))


class TokenRules:
    """The rules of one session, which send nothing themselves, and what they are about.

    ETNA answers a call on another user's account as it answers one with a dead token, says its
    REST documentation, so a 401 alone proves nothing. The cheapest read decides: it outranks the clock, and
    is sent once a minute at most.
    """

    def __init__(self, holder: TokenHolder, limits: CallLimits) -> None:
        #: The session's token.
        self.holder = holder
        #: Where the server's figures are kept.
        self.limits = limits
        self._clock = Clock()
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own, and wait for no answer that another process asked for."""
        self._lock = threading.Lock()
        self._asked: tuple[Token | None, float] = (None, 0.0)

    def refuse_without_token(self, method: str | None) -> None:
        """Raise if there is no token: what has another auth, or goes elsewhere, is not sent either."""
        if self.holder.current() is None:
            raise add_outcome(self.holder.absent(), not_sent(method))

    def token(self, method: str | None, probe: Probe) -> Token:
        """Return the token to sign with: it is read once a call, and renewed first where that is due.

        It raises if there is none, or if it has ended and cannot be renewed.
        """
        holder, outcome = self.holder, not_sent(method)
        try:
            token = holder.token_for_call()
        except EtnaError as error:
            failed, current = add_outcome(error, outcome), holder.current()
            ended = current if current and current.ended else None
        else:
            if not token.ended:
                return token
            failed, ended = TokenExpiredError(f"{holder.ended(token)}{outcome} {holder.hint}"), token
        # It may have been a hiccup of the server, which then refused to renew it as well.
        if ended and self._is_accepted_again(ended, probe):
            holder.on_change(ended)
            return ended
        raise failed.with_traceback(None)

    def after_401(self, method: str | None, status: int, token: Token, probe: Probe) -> Token | None:
        """Return the token to send a read again with; None where the answer is about that call alone.

        It raises if the token has ended, and the call is no read or no fresh one can be had.
        """
        holder, current = self.holder, self.holder.current()
        is_read = method in READS
        reason = ""
        if current is None or current is token or token.state is TokenState.STALE:
            if not self._is_stale(token, probe):
                return None
            holder.on_change(token)
            reason = holder.ended(token)
        elif not is_read:
            return None  # replaced while the call was under way, and not because it had ended
        if current is token and not holder.can_renew:
            raise TokenExpiredError(f"{reason}{refused(method, status)} {holder.hint}")
        try:
            fresh = holder.token_for_call()
        except EtnaError as error:
            failed = error
        else:
            if is_read:
                return fresh
            failed = TokenExpiredError(f"{reason} There is a fresh token now: repeat the call.")
        raise add_outcome(failed, refused(method, status)).with_traceback(None)

    def after_another_401(self, token: Token, probe: Probe) -> None:
        """Look at a read that was refused with the fresh token as well; the next call may renew it again.

        It raises if the server has refused that token, too; else the answer is about that call alone.
        """
        if self._is_stale(token, probe):
            self.holder.on_change(token)
            raise TokenExpiredError(
                f"The server handed out a fresh token for {self.holder.name} and refused it at once. "
                "Repeat the call in a minute, or log in again by hand."
            )

    def _is_stale(self, token: Token, probe: Probe) -> bool:
        """Say whether a token that a call was refused with has ended."""
        if not self._lock.acquire(timeout=probe.patience):
            return False  # no answer is no proof
        try:
            if token.state is not TokenState.STALE and self._ask(token, probe) == 401:
                token.refuse()
            return token.state is TokenState.STALE
        finally:
            self._lock.release()

    def _is_accepted_again(self, token: Token, probe: Probe) -> bool:
        """Say whether the server accepts a token that it refused; it is asked again after a minute."""
        if not self._lock.acquire(timeout=probe.patience):
            return False
        try:
            if token.ended and self._ask(token, probe) == 200:
                token.accept()
            return not token.ended
        finally:
            self._lock.release()

    def _ask(self, token: Token, probe: Probe) -> int | None:
        """Return the status of the probe; None where it got no answer, or it is too early to ask again."""
        asked, when = self._asked
        now = self._clock.forward()
        if token is asked and now - when < PAUSE:
            return None
        self._asked = (token, now)
        try:
            return probe.ask(token)
        except EtnaError:
            return None
