"""The two clocks by which a token ages."""

from __future__ import annotations

import time


class Clock:
    """Tells the time twice: as the wall shows it, and as it only ever runs forward.

    A wall clock can be set; one that only runs forward stands still on most systems while a
    laptop sleeps. Neither alone can be trusted to say that a token is still good, so whoever
    measures an age asks both and believes the larger. Tests hand in a clock that they move.

    Examples
    --------
    >>> Clock().wall() > 1.7e9
    True
    """

    __slots__ = ()

    def wall(self) -> float:
        """Return the seconds since 1970 in UTC, as the system's clock has them."""
        return time.time()

    def forward(self) -> float:
        """Return seconds since some moment in the past, never fewer than before."""
        return time.monotonic()
