"""The two clocks by which a token ages, and times as text: durations to read and write, moments to show."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(s|m|h|d|)", re.IGNORECASE)
_LONGEST = timedelta(days=366)


class Clock:
    """Tells the time twice: as the wall shows it, and as it only ever runs forward.

    A wall clock can be set, and one that only runs forward stops on most systems while a laptop sleeps. So
    whoever measures an age asks both and uses the larger. Tests pass a clock that they move.
    """

    __slots__ = ()

    def wall(self) -> float:
        """Return the seconds since 1970 in UTC, as the system's clock has them."""
        return time.time()

    def forward(self) -> float:
        """Return seconds since some moment in the past, never fewer than before."""
        return time.monotonic()


class Stopwatch:
    """Measures the seconds since it was made, by whichever of two clocks says more."""

    __slots__ = ("_began", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.wall(), clock.forward()

    def seconds(self) -> float:
        """Return the seconds since it was made: also when one clock was set back, or the other has slept."""
        wall, forward = self._began
        return max(self._clock.wall() - wall, self._clock.forward() - forward)

    @property
    def began_at(self) -> float:
        """When it was made, in seconds since 1970."""
        return self._began[0]


def parse_duration(text: str) -> timedelta:
    """Read a duration such as ``24h``, ``90m``, ``5s`` or ``3600`` (seconds), or raise `ValueError`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration: write 24h, 90m, or 3600 for seconds")
    duration = timedelta(seconds=float(match[1]) * _UNITS[match[2].lower()])
    if not timedelta(0) < duration <= _LONGEST:
        raise ValueError(f"{text!r} is no useful duration: it must be above 0 and at most 366 days")
    return duration


def format_duration(duration: timedelta) -> str:
    """Write a duration in its two largest units, cut and not rounded up."""
    seconds = int(abs(duration).total_seconds())
    # A token's day is "24 h" to its users; only what is longer is told in days.
    if seconds >= 48 * 3600:
        parts = (seconds // 86400, "d"), (seconds % 86400 // 3600, "h")
    elif seconds >= 3600:
        parts = (seconds // 3600, "h"), (seconds % 3600 // 60, "min")
    else:
        parts = (seconds // 60, "min"), (seconds % 60, "s")
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def format_moment(moment: datetime) -> str:
    """Write a moment in local time, with its zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
