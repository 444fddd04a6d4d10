"""Which token a session signs with: of one account for life, replaced when it is renewed, or none."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from etna_magic import callbacks
from etna_magic.exceptions import NotLoggedInError, login_hint
from etna_magic.session.renewal_timer import LONGEST_WAIT, TIMER
from etna_magic.support import SameOrigin, format_moment, sanitize
from etna_magic.token import Account, Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.token_refresher import TokenRefresher


_log = logging.getLogger("etna_magic")


class TokenHolder:
    """The token of one session.

    Where a form still waits there is no account yet: the first token says so. `absence` says why there is no
    token, to follow the login's name.
    """

    def __init__(self, name: str, account: Account | None = None, absence: str = "is not logged in") -> None:
        self.name = name
        self._token: Token | None = None
        self._absence = absence
        #: Whether nothing but reads is sent.
        self.read_only = False
        self._refresher: TokenRefresher | None = None
        # The token of which nobody has said yet that it is stale.
        self._unreported: Token | None = None
        #: ``LIVE``, ``DEMO`` or ``SANDBOX``, for those who are called back.
        self.environment = ""
        #: Called, without arguments, when another token is in place, or none; they must not take long.
        self.watchers: list[Callable[[], object]] = []
        #: Where a session for workers looks for a newer token, in this order.
        self.sources: tuple[Callable[[Token], Token | None], ...] = ()
        #: Called with a token whose state has changed by what the server said.
        self.on_change: Callable[[Token], None] = lambda _: None
        #: Whether a renewal that failed is logged, because there is nobody whom a cell would tell.
        self.logs_failures = False
        #: What to do about a token that has ended, as a sentence.
        self.hint = f"Log in again: {login_hint(name)}"
        self.account = account
        self._is_home = SameOrigin(account.base_url) if account else None
        self._report_lock = threading.Lock()
        self._is_timed = True
        callbacks.listen(self)

    @property
    def refresher(self) -> TokenRefresher | None:
        """What replaces the token before it ends, if the login asked for that."""
        return self._refresher

    @refresher.setter
    def refresher(self, refresher: TokenRefresher | None) -> None:
        self._refresher = refresher
        if refresher is not None:
            self.wake_timer()

    def owns(self, url: str) -> bool:
        """Say whether a URL is of the account's own server."""
        return self._is_home is not None and self._is_home(url)

    @property
    def token(self) -> Token:
        """The token that calls are signed with; it raises if the login is unfinished or was ended."""
        token = self._token
        if token is None:
            raise NotLoggedInError(f"{self.name} {self._absence}.")
        return token

    def current(self) -> Token | None:
        """Return the token, or None while there is none."""
        return self._token

    def put(self, token: Token) -> None:
        """Sign with this token from now on, but not with another account's: a session is of one for life."""
        if self.account is None:
            self.account = token.account
            self._is_home = SameOrigin(token.base_url)
        if token.account != self.account:
            raise ValueError(f"this session is of {self.account}, and the token of {token.account}")
        self._token = self._unreported = token
        self.wake_timer()
        self._note_change()

    def release(self, absence: str) -> None:
        """Sign nothing from now on; `absence` says why, to follow the login's name."""
        self._token = self._unreported = None
        self._absence = absence
        self._refresher = None
        TIMER.forget(self)
        self._note_change()

    def _note_change(self) -> None:
        for note in list(self.watchers):
            note()

    @property
    def can_renew(self) -> bool:
        """Whether there may be another token once this one has ended."""
        return self._refresher is not None

    def token_for_call(self) -> Token:
        """Return the token to sign with, renewed first if that is asked for and it is time.

        It raises if there is none, or the one that has ended could not be renewed.
        """
        if TIMER.rests:
            TIMER.wake()
        refresher = self._refresher
        if refresher is None or self._token is None:
            return self.token
        return refresher.token()

    def use_timer(self, *, is_used: bool) -> None:
        """Have the one timer look after this token while nothing is called, or do without it."""
        self._is_timed = is_used
        if is_used:
            self.wake_timer()
        else:
            TIMER.forget(self)

    def wake_timer(self) -> None:
        """Have the timer look at this token now, where something may be due while nothing is called."""
        renews = self._refresher is not None and not self._refresher.needs_person
        if self._is_timed and (renews or (self._unreported is not None and callbacks.is_awaited("stale"))):
            TIMER.watch(self)

    def callback_added(self) -> None:
        """Note that somebody may want to know when the token is stale."""
        self.wake_timer()

    def seconds_left(self) -> float | None:
        """Return the seconds until the token is to be renewed, or reported as stale: 0 if either is due now.

        None where nothing will be due while nothing is called.
        """
        refresher, token = self._refresher, self._token
        if token is None:
            return None
        left = refresher.seconds_left(token) if refresher is not None else None
        if self._unreported is not token or not callbacks.is_awaited("stale"):
            return left
        end = max(token.remaining.total_seconds(), 0.0)
        if token.state is TokenState.STALE:
            end = 0.0 if refresher is None or not refresher.renews else LONGEST_WAIT
        # A little more, so that it is time when the time has come, however it is rounded.
        end = end + 0.001 if end else 0.0
        return end if left is None else min(left, end)

    def do_what_is_due(self) -> None:
        """Renew the token if it is time, and report it if it is stale."""
        refresher, token = self._refresher, self._token
        if token is None:
            return
        if refresher is not None:
            try:
                refresher.renew_if_due()
            except NotLoggedInError:
                return  # logged out meanwhile
        if (token := self._token) is not None:
            self.note_stale(token)

    def note_stale(self, token: Token) -> None:
        """Call back, once for each token, that it is stale, unless a fresh one is about to come by itself."""
        if self._refresher is None or not self._refresher.renews:
            self._report_stale(token)

    def _report_stale(self, token: Token) -> None:
        if token.state is not TokenState.STALE:
            return
        with self._report_lock:
            if token is not self._unreported:
                return
            self._unreported = None
        self.report("stale")

    def report_renewal(self, event: str, error: str) -> None:
        """Call back that a renewal has worked or failed, and if that leaves a stale token."""
        if error and self.logs_failures:
            _log.warning("%s: %s", self.name, error)
        self.report(event, error)
        if error and self._token is not None:
            self._report_stale(self._token)

    def report(self, event: str, error: str = "") -> None:
        """Call back what has happened to this login."""
        token, account = self._token, self.account
        if account is None:
            return
        expires_at = token.expires_at if token is not None else None
        callbacks.emit(
            callbacks.LoginEvent(
                event,
                self.name,
                sanitize(account.username),
                account.base_url,
                self.environment,
                expires_at,
                error,
            )
        )

    def note_accepted(self, token: Token) -> None:
        """Note that the server accepts a token: after its end that shows that it was learned wrongly."""
        if token.is_learned and token.remaining <= timedelta(0):
            token.unlearn()
            self.on_change(token)

    def after_fork(self) -> None:
        """Have locks of this process's own."""
        self._report_lock = threading.Lock()
        if self._refresher is not None:
            self._refresher.after_fork()

    def ended(self, token: Token) -> str:
        """Say how a token ended, as a sentence."""
        if token.ended:
            return f"The token of {self.name} {token.ended}."
        when = format_moment(token.expires_at)
        return f"The token of {self.name} expired at {when}, and the server refused it."

    def describe(self) -> str:
        """Say whose token it is and in what state, or why there is none."""
        return self._token.describe() if self._token else self._absence
