"""The refresh policy: when a token is replaced, by which thread, and how often that is tried."""

from __future__ import annotations

import copy
import math
import threading
from typing import TYPE_CHECKING

from etna_magic.exceptions import EtnaError, InvalidCredentialsError, RateLimitedError, TokenExpiredError
from etna_magic.support import Clock
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between two tries. Ten logins a minute are the server's limit, and one in trouble should see fewer.
PAUSE = 60.0


class TokenRefresher:
    """The way to a fresh token for one login.

    Near the token's end it tries without making anybody wait, and goes on with the old token if
    it cannot; past the end callers wait for it, or get its error.

    Parameters
    ----------
    refresh : callable
        Makes one login and puts its token in place; raises `EtnaError`.
    current : callable
        Returns the token in use.
    clock : Clock, optional
        By which the pause after a failure is measured.
    """

    def __init__(
        self, refresh: Callable[[], None], current: Callable[[], Token], clock: Clock | None = None
    ) -> None:
        self._refresh = refresh
        self._current = current
        self._clock = clock or Clock()
        self._failed_at = 0.0
        self._refreshed_at = -math.inf
        # Whether the last login brought no fresher token: some servers give out the same text again.
        self._is_unchanged = False
        #: Whether each login needs a code from a person, so that none happens by itself.
        self.needs_person = False
        #: Why the last try failed; None when none has, or one has worked since. It is never raised itself:
        #: the traceback of an exception that is raised again grows with each time.
        self.error: EtnaError | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        self._lock = threading.Lock()

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
        if token.state is TokenState.EXPIRING:
            self._try(token)
        else:
            self._insist()
        return self._current()

    def _try(self, token: Token) -> None:
        if not self._lock.acquire(blocking=False):
            return  # another thread is doing it, and the old token is still good
        try:
            if self._current() is token and self._may_try():
                self._renew()
        except EtnaError:
            pass  # kept in .error, which the next cell shows; the old token is still good
        finally:
            self._lock.release()

    def _insist(self) -> None:
        with self._lock:
            # Another thread may have done it while this one waited.
            if self._current().state is not TokenState.STALE:
                return
            self._note_refusal()
            if self._may_try():
                self._renew()
            elif self.error is not None:
                raise copy.copy(self.error)
            # Else it is the same text once more, which the server may well accept.

    def _note_refusal(self) -> None:
        """Count a token that was refused as soon as it was fresh as a failed renewal."""
        now = self._clock.forward()
        if self._current().ended and self.error is None and now - self._refreshed_at < PAUSE:
            self._failed_at = now
            self.error = TokenExpiredError(
                "The server hands out tokens and refuses them: wait a minute, or log in again by hand."
            )

    def _may_try(self) -> bool:
        if isinstance(self.error, InvalidCredentialsError):
            return False  # five wrong passwords lock a user out
        if self.error is None and not self._is_unchanged:
            return True
        asked = self.error.retry_after if isinstance(self.error, RateLimitedError) else None
        return self._clock.forward() - self._failed_at >= max(PAUSE, asked or 0.0)

    def _renew(self) -> None:
        error: EtnaError
        try:
            self._refresh()
        except EtnaError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - whatever it is, it must not stop calls that can go on
            kind = type(caught).__name__
            error = EtnaError(f"The token could not be renewed ({kind}): log in again by hand.")
        else:
            self.error = None
            self._failed_at = self._refreshed_at = self._clock.forward()
            self._is_unchanged = self._current().state is not TokenState.FRESH
            return
        self._failed_at = self._clock.forward()
        # Where Dask was imported, a copy has the traceback as well.
        self.error = copy.copy(error).with_traceback(None)
        raise error.with_traceback(None) from None
