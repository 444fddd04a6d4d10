"""The clocks of this process, moved ahead: a night goes by in a moment."""

import time
from collections.abc import Iterator

import pytest

from etna_magic.session.renewal_timer import LONGEST_WAIT, RenewalTimer, Watched
from etna_magic.support import Clock


class MovedClocks:
    """Moves both clocks of everything in this process that asks for the time by a `Clock`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._wall = self._forward = 0.0
        patch.setattr(Clock, "wall", lambda _: time.time() + self._wall)
        patch.setattr(Clock, "forward", lambda _: time.monotonic() + self._forward)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._wall += seconds
        self._forward += seconds

    def sleep(self, seconds: float) -> None:
        """Let a laptop sleep: the clock that only runs forward stops."""
        self._wall += seconds


class TimerWithoutThread(RenewalTimer):
    """A timer that looks when a test says so."""

    def _begin(self) -> None:
        pass

    def look(self) -> float | None:
        """Do what is due before it returns."""
        while True:
            self._has_done = False
            left = super().look()
            if not self._has_done:
                return left

    def _do(self, watched: Watched) -> None:
        self._has_done = True
        self._done(watched)

    def _pause(self, _: float) -> None:
        pass

    def run(self, clock: MovedClocks, seconds: float) -> Iterator[float]:
        """Look as the thread does while so much time goes by; yield the seconds that it waits each time."""
        left = seconds
        while left > 0:
            asked = self.look()
            if asked is None:
                return
            wait = min(asked, LONGEST_WAIT, left)
            yield wait
            clock.move(wait)
            left -= max(wait, 1e-6)
