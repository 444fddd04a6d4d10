"""Whether the server still takes a token: it outranks the clock, and is asked seldom."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from etna_magic.clock import Clock
from etna_magic.exceptions import ConnectionFailedError
from etna_magic.timetext import format_moment
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 60.0


class ServerVerdict:
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
        self._lock = threading.Lock()
        self._asked: tuple[Token | None, float] = (None, 0.0)

    def is_over(self, token: Token, probe: Callable[[], bool], patience: float) -> bool:
        """Say whether a token that a call was refused with is over.

        Parameters
        ----------
        token : Token
            The token; it is marked as refused if it is.
        probe : callable
            Makes the cheap read, and returns whether that was refused too.
        patience : float
            Seconds to wait for another thread that is asking.

        Returns
        -------
        bool
            True if the clocks or the server say so. Within a minute of the last question the
            answer to that one stands.
        """
        if not self._lock.acquire(timeout=patience):
            return False  # no answer is no proof
        try:
            return token.state is TokenState.STALE or self._ask(token, probe)
        finally:
            self._lock.release()

    def _ask(self, token: Token, probe: Callable[[], bool]) -> bool:
        asked, when = self._asked
        now = self._clock.forward()
        if token is asked and now - when < PAUSE:
            return False
        self._asked = (token, now)
        try:
            refused = probe()
        except ConnectionFailedError:
            return False  # no answer is no proof; the call's own 401 is returned as it is
        if refused:
            token.ended = "was refused by the server"
        return refused


def end_of(name: str, token: Token) -> str:
    """Say how a token came to its end, as a sentence."""
    if token.ended:
        return f"The token of {name} {token.ended}."
    return f"The token of {name} expired at {format_moment(token.expires_at)}, and the server refused it."
