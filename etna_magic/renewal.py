"""Replaces a token before it ends: one thread tries, the others go on, and nobody tries too often."""

from __future__ import annotations

import copy
import math
import threading
from typing import TYPE_CHECKING

from etna_magic.clock import Clock
from etna_magic.exceptions import EtnaError, InvalidCredentialsError, TokenExpiredError
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

# Ten log-ins a minute is the server's limit, and a server in trouble wants fewer.
PAUSE = 60.0


class Renewal:
    """The way to a fresh token for one log-in.

    Near the token's end it tries without making anybody wait, and goes on with the old token if
    it cannot; past the end callers wait for it, or get its error.

    Parameters
    ----------
    log_in : callable
        Makes one log-in and puts its token in place; raises `EtnaError`.
    current : callable
        Returns the token that stands at the moment.
    clock : Clock, optional
        By which the pause after a failure is measured.
    """

    def __init__(
        self, log_in: Callable[[], None], current: Callable[[], Token], clock: Clock | None = None
    ) -> None:
        self._log_in = log_in
        self._current = current
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._failed_at = 0.0
        self._renewed_at = -math.inf
        #: Whether each log-in needs a code from a person, so that none happens by itself.
        self.needs_person = False
        #: Why the last try failed; None when none has, or one has worked since.
        self.error: EtnaError | None = None

    def renewed(self) -> Token:
        """Return a token to sign with, renewed if it is time.

        Returns
        -------
        Token
            The current token, which may be the old one while that is still good.

        Raises
        ------
        EtnaError
            If the token is over and no fresh one can be had.
        """
        token = self._current()
        if token.state is TokenState.FRESH:
            return token
        if token.state is TokenState.EXPIRING:
            self._try(token)
        else:
            self._insist()
        return self._current()

    def begin_anew(self) -> None:
        """Have a lock of this process's own, after a fork."""
        self._lock = threading.Lock()

    def _try(self, token: Token) -> None:
        if not self._lock.acquire(blocking=False):
            return  # another thread is at it, and the old token is still good
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
            if self.error is not None and not self._may_try():
                raise copy.copy(self.error)
            self._renew()

    def _note_refusal(self) -> None:
        """Take a token that was refused as soon as it was fresh for a failed renewal."""
        now = self._clock.forward()
        if self._current().ended and self.error is None and now - self._renewed_at < PAUSE:
            self._failed_at = now
            self.error = TokenExpiredError(
                "The server hands out tokens and refuses them: wait a minute, or log in again by hand."
            )

    def _may_try(self) -> bool:
        if isinstance(self.error, InvalidCredentialsError):
            return False  # five wrong passwords lock a user out
        if self.error is None:
            return True
        pause = max(PAUSE, getattr(self.error, "retry_after", None) or 0.0)
        return self._clock.forward() - self._failed_at >= pause

    def _renew(self) -> None:
        try:
            self._log_in()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop calls that can go on
            self._failed_at = self._clock.forward()
            told = error if isinstance(error, EtnaError) else EtnaError(_unexpected(error))
            self.error = told.with_traceback(None)
            raise self.error from None
        self.error = None
        self._renewed_at = self._clock.forward()


def _unexpected(error: Exception) -> str:
    return f"The token could not be renewed ({type(error).__name__}): log in again by hand."
