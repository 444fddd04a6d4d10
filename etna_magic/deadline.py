"""An end for what waits: whatever the other side does, and however slowly, it is over in time."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How often what is late is shut down anew: it may still be about to connect.
_AGAIN = 0.05


class _Deadline:
    """What is waited for, and whether it is late."""

    def __init__(self, shut_down: Callable[[], None]) -> None:
        self._shut_down = shut_down
        self.is_late = False

    def end(self) -> None:
        self.is_late = True
        self._shut_down()


@contextlib.contextmanager
def ended_after(seconds: float, shut_down: Callable[[], None]) -> Iterator[None]:
    """Shut something down if what is done inside takes longer.

    The time-outs of ``requests`` begin anew with each byte, so that a server that drips could
    hold a log-in for ever.

    Parameters
    ----------
    seconds : float
        How long it may take.
    shut_down : callable
        Makes whoever waits inside wait no more; called on another thread, more than once if need be.

    Raises
    ------
    requests.exceptions.ReadTimeout
        If it took longer.
    """
    deadline = _Deadline(shut_down)
    _reaper.add(deadline, time.monotonic() + seconds)
    try:
        yield
    except Exception:
        if deadline.is_late:
            raise requests.exceptions.ReadTimeout from None
        raise
    finally:
        _reaper.remove(deadline)
    if deadline.is_late:
        raise requests.exceptions.ReadTimeout


class _Reaper:
    """One thread that ends everything that is late; a thread for each would cost each log-in."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[_Deadline, float] = {}
        self._thread: threading.Thread | None = None
        self._wakes_at = math.inf

    def add(self, deadline: _Deadline, moment: float) -> None:
        with self._changed:
            self._due[deadline] = moment
            # Not alive: the first time, and in a process that was forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="etna_magic-deadline", daemon=True)
                self._thread.start()
            elif moment < self._wakes_at:
                self._changed.notify()

    def remove(self, deadline: _Deadline) -> None:
        # The thread is left to wake at a moment that has lost its meaning: to wake it costs more.
        with self._changed:
            self._due.pop(deadline, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for late in [deadline for deadline, moment in self._due.items() if moment <= now]:
                    late.end()
                    self._due[late] = now + _AGAIN
                self._wakes_at = min(self._due.values(), default=math.inf)
                self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - now)


_reaper = _Reaper()
if hasattr(os, "register_at_fork"):
    # The lock may have been held in that moment, and the thread is not there.
    os.register_at_fork(after_in_child=_reaper.begin_anew)
