"""Whether the server still accepts a token: it outranks the clock, and is asked once a minute at most."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from etna_magic.exceptions import EtnaError
from etna_magic.support import Clock
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between two questions about one token.
PAUSE = 60.0
#: The cheapest call by which to ask whether the server accepts a token, by ETNA's REST documentation.
PROBE = "v1.0/users/@me/info"


def probe_url(token: Token) -> str:
    """Return where to ask whether the server accepts a token."""
    return f"{token.base_url}/{PROBE}"


class TokenCheck:
    """What a 401 means for the token that it came for.

    ETNA answers a call on another user's account as it answers one with a dead token, says its
    REST documentation, so a 401 alone proves nothing. The cheapest read decides.

    Parameters
    ----------
    clock : Clock, optional
        By which the pause between two questions is measured.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own, and wait for no answer that another process asked for."""
        self._lock = threading.Lock()
        self._asked: tuple[Token | None, float] = (None, 0.0)

    def is_stale(self, token: Token, probe: Callable[[], int], patience: float) -> bool:
        """Say whether a token that a call was refused with has ended."""
        if not self._lock.acquire(timeout=patience):
            return False  # no answer is no proof
        try:
            if token.state is not TokenState.STALE and self._ask(token, probe) == 401:
                token.refuse()
            return token.state is TokenState.STALE
        finally:
            self._lock.release()

    def is_accepted_again(self, token: Token, probe: Callable[[], int], patience: float) -> bool:
        """Say whether the server accepts a token that it refused; it is asked again after a minute."""
        if not self._lock.acquire(timeout=patience):
            return False
        try:
            if token.ended and self._ask(token, probe) == 200:
                token.accept()
            return not token.ended
        finally:
            self._lock.release()

    def _ask(self, token: Token, probe: Callable[[], int]) -> int | None:
        """Return the status of the probe; None where it got no answer, or it is too early to ask again."""
        asked, when = self._asked
        now = self._clock.forward()
        if token is asked and now - when < PAUSE:
            return None
        self._asked = (token, now)
        try:
            return probe()
        except EtnaError:
            return None
