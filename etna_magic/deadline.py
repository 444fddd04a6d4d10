"""An end for what waits: whatever the other side does, and however slowly, it is over in time."""

from __future__ import annotations

import contextlib
import math
import os
import queue
import threading
import time
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How often what is late is shut down anew: it may still be about to connect.
_AGAIN = 0.05
# And for how many seconds at the most, beyond as many as it had been given.
_PATIENCE = 60.0


class _Deadline:
    """What is waited for, until when, and whether it is late."""

    def __init__(self, seconds: float, shut_down: Callable[[], None]) -> None:
        self.moment = time.monotonic() + seconds
        self.is_late = False
        self._last = self.moment + seconds + _PATIENCE
        self._shut_down = shut_down
        self._is_over = False
        # A plain lock: a Condition is entered in Python, where Ctrl-C could leave it locked for ever.
        self._lock = threading.Lock()

    def end(self, now: float) -> bool:
        """Shut down what is late; return whether to do that again later."""
        with self._lock:
            if self._is_over:
                return False
            self.is_late, self.moment = True, now + _AGAIN
            self._shut_down()
            return now < self._last

    def over(self) -> None:
        """Shut nothing down any more: it may serve somebody else by now."""
        with self._lock:
            self._is_over = True


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
    deadline = _Deadline(seconds, shut_down)
    try:
        _reaper.add(deadline)
        yield
    except Exception:
        if deadline.is_late:
            raise requests.exceptions.ReadTimeout from None
        raise
    finally:
        deadline.over()
        _reaper.remove(deadline)
    if deadline.is_late:
        raise requests.exceptions.ReadTimeout


class _Reaper:
    """One thread that ends everything that is late; a thread for each would cost each log-in."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._due: dict[_Deadline, None] = {}
        self._thread: threading.Thread | None = None
        self._wakes_at = math.inf
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def add(self, deadline: _Deadline) -> None:
        with self._lock:
            self._due[deadline] = None
            # Not alive: the first time, and in a process that was forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="etna_magic-deadline", daemon=True)
                self._thread.start()
            elif deadline.moment < self._wakes_at:
                self._wake.put(None)

    def remove(self, deadline: _Deadline) -> None:
        # The thread is left to wake at a moment that has lost its meaning: to wake it costs more.
        self._due.pop(deadline, None)

    def _run(self) -> None:
        while True:
            now = time.monotonic()
            for late in [deadline for deadline in list(self._due) if deadline.moment <= now]:
                if not late.end(now):
                    self._due.pop(late, None)
            with self._lock:
                self._wakes_at = min((due.moment for due in list(self._due)), default=math.inf)
                seconds = None if self._wakes_at == math.inf else max(0.0, self._wakes_at - time.monotonic())
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=seconds)


_reaper = _Reaper()
if hasattr(os, "register_at_fork"):
    # The lock may have been held in that moment, and the thread is not there.
    os.register_at_fork(after_in_child=_reaper.begin_anew)
