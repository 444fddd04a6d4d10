"""The one thread that renews tokens while nothing is called: for all logins of a process."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from etna_magic.support import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The most seconds between two looks. The clock that a thread waits by stops while a laptop sleeps, and
#: nobody says when a clock was set. So the thread looks once a minute: it notices either as late as that, at
#: a cost of some microseconds. A cell that begins before wakes it, and a call renews.
LONGEST_WAIT = 60.0
_log = logging.getLogger("etna_magic")


class Watched(Protocol):
    """What is looked at: the holder of a token."""

    def look(self) -> float | None:
        """Do what is due; return the seconds until there may be more to do, or None if there is nothing."""
        ...


class RenewalTimer:
    """Looks at every login when something is due, and sleeps in between.

    The thread is a daemon. It begins with the first login that has something for it to do, and ends
    when none has any more. Renewals are made on it one after another: a token is renewed a tenth of its
    life ahead (a quarter of an hour, if that is less), which leaves time for a server that is slow to answer.

    Examples
    --------
    >>> RenewalTimer().look() is None  # nothing is watched
    True
    """

    def __init__(self) -> None:
        self._watched: WeakSet[Watched] = WeakSet()
        self._thread: threading.Thread | None = None
        #: Whether this is a forked process that has called nothing yet; who calls something wakes it.
        self.rests = False
        self._renew_locks()
        renew_after_fork(self)

    def _renew_locks(self) -> None:
        self._lock = threading.Lock()
        self._woken = threading.Event()

    def after_fork(self) -> None:
        """Rest until something is called here: children that all renewed would send a wrong password each."""
        self.rests, self._thread = True, None
        self._renew_locks()

    def watch(self, watched: Watched) -> None:
        """Look at this from now on; it is forgotten when nothing else refers to it."""
        with self._lock:
            self._watched.add(watched)
        self.wake()

    def forget(self, watched: Watched) -> None:
        """Look at this no more."""
        with self._lock:
            self._watched.discard(watched)
        if self._thread is not None:
            self.wake()  # to end, if it was the last

    def wake(self) -> None:
        """Look at once, because something has changed."""
        with self._lock:
            self._woken.set()
            self.rests = False
            is_at_work = self._thread is not None and self._thread.is_alive()
            if not is_at_work and self._watched:
                self._begin()

    def _begin(self) -> None:
        self._thread = threading.Thread(
            target=self._run, args=(self._woken,), name="etna_magic-renewals", daemon=True
        )
        self._thread.start()

    def _run(self, woken: threading.Event) -> None:
        try:
            while True:
                woken.clear()
                seconds = self.look()
                with self._lock:
                    if seconds is None and not woken.is_set():
                        self._thread = None
                        return
                woken.wait(min(seconds or 0.0, LONGEST_WAIT))
        finally:
            # However it ended, the next one may begin; after the lock was free that may have happened.
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def look(self) -> float | None:
        """Do what is due for every login; return the seconds until something else may be, or None."""
        with self._lock:
            watched = list(self._watched)
        return _soonest(_looked_at(one) for one in watched)


def _looked_at(watched: Watched) -> float | None:
    try:
        return watched.look()
    except Exception as error:  # noqa: BLE001 - what befalls one login must not end the renewals of the others
        # Its kind alone, whatever it may hold.
        _log.warning("etna_magic could not look at a token (%s).", type(error).__name__)
        return LONGEST_WAIT


def _soonest(waits: Iterable[float | None]) -> float | None:
    return min((wait for wait in waits if wait is not None), default=None)


#: The one of this process.
TIMER = RenewalTimer()
