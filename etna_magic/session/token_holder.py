"""Which token a session signs with: of one account for life, replaced when it is renewed, or none.

A worker's session cannot log in, and takes up a newer token where somebody has one.
"""

from __future__ import annotations

import logging
import math
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from etna_magic import callbacks
from etna_magic.exceptions import EtnaError, NotLoggedInError, TokenExpiredError, login_hint
from etna_magic.session.renewal_timer import LONGEST_WAIT, TIMER
from etna_magic.support import Clock, SameOrigin, format_moment, renew_after_fork, sanitize
from etna_magic.token import Account, Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.token_refresher import TokenRefresher

_log = logging.getLogger("etna_magic")
# Seconds between two looks for a newer token; a hundredth of a token's life where that is less.
_PAUSE = 1.0
# Seconds that calls wait, once for each token that has ended, for their cluster to hand on another.
_LONGEST_HAND_OVER = 10.0


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
            raise self.absent()
        return token

    def absent(self) -> NotLoggedInError:
        """Return the error of what needs a token where there is none."""
        return NotLoggedInError(f"{self.name} {self._absence}.")

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


class HandedTokens:
    """What a process was handed by a plugin of its cluster: the newest token of each account."""

    def __init__(self) -> None:
        self._tokens: dict[Account, Token] = {}
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        self._news = threading.Condition()

    def __len__(self) -> int:
        return len(self._tokens)

    def put(self, token: Token) -> None:
        """Have sessions of its account sign with a token from now on, unless a newer one was handed over."""
        with self._news:
            known = self._tokens.get(token.account)
            if known is None or known.issued_at <= token.issued_at:
                self._tokens[token.account] = token
            self._news.notify_all()

    def withdraw(self, account: Account) -> None:
        """Forget what was handed over: the login has ended."""
        with self._news:
            self._tokens.pop(account, None)
            self._news.notify_all()

    def get(self, account: Account | None) -> Token | None:
        """Return the token of an account, if one was handed over."""
        return self._tokens.get(account) if account is not None else None

    def wait(self, account: Account, is_enough: Callable[[Token], bool], seconds: float) -> None:
        """Wait until a token is handed over that is enough, or none will be any more."""

        def is_over() -> bool:
            token = self._tokens.get(account)
            return token is None or is_enough(token)

        with self._news:
            self._news.wait_for(is_over, seconds)


#: Those of this process.
HANDED = HandedTokens()


class WorkerTokenHolder(TokenHolder):
    """The token of a worker's session; parameters as for `TokenHolder`."""

    def __init__(self, name: str, account: Account | None = None) -> None:
        super().__init__(name, account)
        self.hint = f"Log in again where it came from, and send a new {name}_session.for_workers()."
        self._clock = Clock()
        self._waited_after: Token | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        super().after_fork()
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self._failed = ""

    @property
    def can_renew(self) -> bool:
        """Whether there may be a newer token."""
        return bool(self.sources) or HANDED.get(self.account) is not None

    def token_for_call(self) -> Token:
        """Return the token to sign with: the newest that there is, unless that has expired or was ended."""
        self._take_handed()
        token = self.token
        if token.state is TokenState.EXPIRING and self.sources and self._lock.acquire(blocking=False):
            try:
                self._look()  # the old one is still good, so nobody waits and nothing is raised
            finally:
                self._lock.release()
        elif token.state is TokenState.STALE and self.can_renew:
            with self._lock:
                self._insist()
        token = self.token
        if token.state is TokenState.STALE:
            how = token.ended or f"expired at {format_moment(token.expires_at)}"
            raise TokenExpiredError(
                f"The token of {self.name} that this worker was given {how}{self._failed}. {self.hint}"
            )
        return token

    def _insist(self) -> None:
        """Look for a newer token, and wait a while for one that is on its way."""
        if self.token.state is TokenState.STALE:  # another thread may have found one meanwhile
            self._look()
        token, account = self.token, self.token.account
        if token.state is not TokenState.STALE or HANDED.get(account) is None or self._waited_after is token:
            return
        self._waited_after = token
        HANDED.wait(account, lambda handed: self._newer(handed) is not None, _LONGEST_HAND_OVER)
        self._take_handed()
        if self.token is token:
            self._failed = ", and its cluster has handed on no newer one"

    def _take_handed(self) -> None:
        if (handed := self._newer(HANDED.get(self.account))) is not None:
            self.put(handed)

    def _look(self) -> None:
        """Put a newer token in place, if a source has one and it is time to look again."""
        now, token = self._clock.forward(), self.token
        if not self.sources or now - self._looked_at < min(_PAUSE, token.lifetime.total_seconds() / 100):
            return
        self._failed = ", and there is no newer one"
        for source in self.sources:
            try:
                found = self._newer(source(token))
            except EtnaError as error:
                self._failed = f", and a newer one cannot be had ({type(error).__name__})"
            except Exception as error:  # noqa: BLE001 - a user's own code, whose errors may show a token
                self._failed = f", and looking for a newer one raised {type(error).__name__}"
            else:
                if found is not None:
                    self.put(found)
                    self._failed = ""
                    break
        self._looked_at = self._clock.forward()

    def _newer(self, found: Token | None) -> Token | None:
        """Return a token if it is newer than the one in use, and good."""
        token = self.current()
        if token is None or found is None or found is token or found.state is TokenState.STALE:
            return None
        is_same = not found.secrets()[0] or found.secrets()[0] == token.secrets()[0]
        is_older = token.state is not TokenState.STALE and found.issued_at < token.issued_at
        return None if is_same or is_older else found
