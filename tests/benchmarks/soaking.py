"""A hundred logins renew themselves through a simulated day; started by ``make soak``."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2]))

from etna_magic.logins import LoginRegistry
from etna_magic.logins.login_command import LoginCommand
from etna_magic.session.renewal_timer import LONGEST_WAIT
from etna_magic.settings import LoginOptions
from etna_magic.support import Clock
from tests.benchmarks.calling import lean_server
from tests.benchmarks.pairs import Figure
from tests.benchmarks.watching import hooks
from tests.helpers.moved_clocks import TimerWithoutThread

LOGINS, HOUR, HOURS = 100, 3600.0, 24
LIFETIME = "1h"


class Ahead:
    """How far both clocks are ahead of the machine's."""

    seconds = 0.0


def figures() -> Iterator[Figure]:
    """Log in a hundred times, then let a day go by as the timer's thread would see it."""
    with (
        lean_server() as variables,
        patch.dict(os.environ, variables),
        patch.object(Clock, "wall", lambda _: time.time() + Ahead.seconds),
        patch.object(Clock, "forward", lambda _: time.monotonic() + Ahead.seconds),
    ):
        registry = logins()
        threads = [thread.name for thread in threading.enumerate()].count("etna_magic-renewals")
        yield Figure(f"threads of {LOGINS} logins that renew themselves", threads, 1, "")
        timer = TimerWithoutThread()
        for login in registry:
            login.session.holder.use_timer(is_used=False)
            timer.watch(login.session.holder)
        day(timer, 2)
        before = resident()
        wakes = day(timer, HOURS)
        grown = (resident() - before) / 2**20
        yield Figure(
            f"wakes in {HOURS} hours", wakes, HOURS * 60 + 60 * HOURS, "", "; a minute apart is 1440"
        )
        yield Figure(f"memory that {HOURS} hours and {LOGINS} logins have added", grown, 1.0, "MiB")
        yield hooks(registry, f"both hooks a cell, {LOGINS} fresh logins that renew themselves")


def logins() -> LoginRegistry:
    """Return that many logins, each of which renews itself."""
    registry = LoginRegistry({})
    for number in range(LOGINS):
        options = LoginOptions(f"login{number}", lifetime=LIFETIME, auto_renew=True)
        command = LoginCommand(registry, options, None)
        assert isinstance(command.first_step(command.attempt()), dict)
    return registry


def day(timer: TimerWithoutThread, hours: float) -> int:
    """Let so many hours go by; return how often the timer looked."""
    looks, end = 0, Ahead.seconds + hours * HOUR
    while Ahead.seconds < end:
        Ahead.seconds += max(min(timer.look() or LONGEST_WAIT, LONGEST_WAIT), 0.001)
        looks += 1
    return looks


def resident() -> int:
    """Return the memory of this process in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Measure and print; return 1 if a figure is over its limit."""
    over = False
    for figure in figures():
        print(figure, flush=True)
        over |= not figure.is_within
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
