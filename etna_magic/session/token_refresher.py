"""The refresh policy: when a token is replaced, by which thread, and how often that is tried."""

from __future__ import annotations

import copy
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from etna_magic import callbacks
from etna_magic.exceptions import EtnaError, RateLimitedError, TokenExpiredError
from etna_magic.session.refusals import REFUSALS
from etna_magic.support import Clock, Stopwatch
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between two tries for calls. Ten logins a minute are the server's limit, and one in trouble should
#: see fewer.
PAUSE = 60.0
#: While nothing is called nobody waits, so each pause is twice the one before, up to this.
LONGEST_PAUSE = 900.0


class TokenRefresher:
    """The way to a fresh token for one login.

    Near the token's end it tries without making anybody wait, and goes on with the old token if
    it cannot; past the end callers wait for it, or get its error. The timer does the same while
    nothing is called.

    Parameters
    ----------
    refresh : callable
        Makes one login and puts its token in place; raises `EtnaError`.
    current : callable
        Returns the token in use.
    clock : Clock, optional
        By which the pause after a failure is measured.
    fingerprint : callable, optional
        Returns the fingerprint of the credentials that a login would send now.
    report : callable, optional
        Is told ``renewed``, or ``renewal_failed`` and why.
    """

    def __init__(
        self,
        refresh: Callable[[], None],
        current: Callable[[], Token],
        clock: Clock | None = None,
        *,
        fingerprint: Callable[[], bytes] = bytes,
        report: Callable[[str, str], None] = lambda _event, _error: None,
    ) -> None:
        self._refresh = refresh
        self._current = current
        self._clock = clock or Clock()
        self._fingerprint = fingerprint
        self._report = report
        # How many tries in a row brought no fresher token: some servers give out the same text again.
        self._failures = 0
        self._tried: Stopwatch | None = None
        self._refreshed: Stopwatch | None = None
        #: Whether each login needs a code from a person, so that none happens by itself.
        self.needs_person = False
        #: Why the last try failed; None when none has, or one has worked since. It is never raised itself:
        #: the traceback of an exception that is raised again grows with each time.
        self.error: EtnaError | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        self._lock = threading.Lock()

    @property
    def renews(self) -> bool:
        """Whether a fresh token will come by itself, as far as is known: nobody is needed, nothing failed."""
        return self.error is None and not self.needs_person

    @property
    def tried_at(self) -> datetime | None:
        """When a renewal was tried last, in UTC; None if none was."""
        return datetime.fromtimestamp(self._tried.began_at, UTC) if self._tried else None

    @property
    def next_try_at(self) -> datetime | None:
        """When it is tried next after a failure, in UTC; None if not before somebody does something."""
        if self.needs_person or self._tried is None:
            return None
        left = self._left(is_idle=True)
        now = datetime.fromtimestamp(self._clock.wall(), UTC)
        return None if left is None else now + timedelta(seconds=max(left, 0.0))

    def token(self) -> Token:
        """Return a token to sign with, renewed if it is time.

        Raises
        ------
        EtnaError
            If the token has ended and no fresh one can be had.
        """
        token = self._current()
        if token.state is TokenState.FRESH:
            return token
        with callbacks.held():
            if token.state is TokenState.EXPIRING:
                self._try(token, is_idle=False)
            else:
                self._insist()
        return self._current()

    def look(self) -> float | None:
        """Renew the token if it is time and nobody is needed; return the seconds until it may be time.

        Returns
        -------
        float or None
            None where the next token needs a person.
        """
        if self.needs_person:
            return None
        token = self._current()
        if token.state is not TokenState.FRESH:
            with callbacks.held():
                self._try(token, is_idle=True)
            token = self._current()
        if self._failures:
            left = self._left(is_idle=True)
            return LONGEST_PAUSE if left is None else left
        # A little more, so that it is time when the time has come, however it is rounded.
        return max((token.remaining - token.warning_window).total_seconds(), 0.0) + 0.001

    def _try(self, token: Token, *, is_idle: bool) -> None:
        if not self._lock.acquire(blocking=False):
            return  # another thread is doing it
        try:
            if self._current() is token:
                self._note_refusal()
                if self._may_try(is_idle=is_idle):
                    self._renew()
        except EtnaError:
            pass  # kept in .error, which the next cell shows; the old token may still be good
        finally:
            self._lock.release()

    def _insist(self) -> None:
        with self._lock:
            # Another thread may have done it while this one waited.
            if self._current().state is not TokenState.STALE:
                return
            self._note_refusal()
            if self._may_try(is_idle=False):
                self._renew()
            elif self.error is not None:
                raise copy.copy(self.error)
            # Else it is the same text once more, which the server may well accept.

    def _note_refusal(self) -> None:
        """Count a token that was refused as soon as it was fresh as a failed renewal."""
        is_young = self._refreshed is not None and self._refreshed.seconds() < PAUSE
        if self._current().ended and self.error is None and is_young:
            self._fail(
                TokenExpiredError(
                    "The server hands out tokens and refuses them: wait a minute, or log in again by hand."
                )
            )

    def _may_try(self, *, is_idle: bool) -> bool:
        left = self._left(is_idle=is_idle)
        return left is not None and left <= 0

    def _left(self, *, is_idle: bool) -> float | None:
        """Return the seconds until a try may be made; None if none may before somebody does something."""
        if self._tried is None or not self._failures:
            return 0.0
        doubled = min(PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        asked = self.error.retry_after if isinstance(self.error, RateLimitedError) else None
        left = max(doubled if is_idle else PAUSE, asked or 0.0) - self._tried.seconds()
        refusal = REFUSALS.against(self._current().account, self._fingerprint) if self.error else None
        if refusal is None:
            return left
        return None if refusal.wait is None else max(left, refusal.wait)

    def _renew(self) -> None:
        old, refusal = self._current(), None
        error: EtnaError
        try:
            with REFUSALS.exclusive(old.account):
                # Another login of this account may have found out that they are refused.
                refusal = REFUSALS.against(old.account, self._fingerprint)
                if refusal is None:
                    self._refresh()
        except EtnaError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - whatever it is, it must not stop calls that can go on
            kind = type(caught).__name__
            error = EtnaError(f"The token could not be renewed ({kind}): log in again by hand.")
        else:
            if refusal is None:
                self._succeed(old)
                return
            error = copy.copy(refusal.error)
        self._fail(error)
        if refusal is not None:
            self._tried = refusal.since  # nothing was sent now
        raise error.with_traceback(None) from None

    def _succeed(self, old: Token) -> None:
        REFUSALS.forget(old.account)
        self.error = None
        self._tried = self._refreshed = Stopwatch(self._clock)
        token = self._current()
        is_fresh = token.state is TokenState.FRESH
        self._failures = 0 if is_fresh else self._failures + 1
        if is_fresh and token is not old:
            self._report("renewed", "")

    def _fail(self, error: EtnaError) -> None:
        self._tried = Stopwatch(self._clock)
        self._failures += 1
        # Where Dask was imported, a copy has the traceback as well.
        self.error = copy.copy(error).with_traceback(None)
        self._report("renewal_failed", str(error))
