"""The one thread that renews tokens while nothing is called: for all logins of a process."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import Protocol
from weakref import WeakSet

from etna_magic.support import renew_after_fork

#: The most seconds between two looks. The clock that a thread waits by stops while a laptop sleeps, and
#: nobody says when a clock was set. So the thread looks once a minute: it notices either as late as that, at
#: a cost of some microseconds. A cell that begins before wakes it, and a call renews.
LONGEST_WAIT = 60.0
_log = logging.getLogger("etna_magic")


class Watched(Protocol):
    """What is looked at: the holder of a token."""

    def seconds_left(self) -> float | None:
        """Return the seconds until something is due, 0 if it is now, or None if nothing will be."""
        ...

    def do_what_is_due(self) -> None:
        """Do it; that may take as long as a server, or a user's function, takes."""
        ...


class RenewalTimer:
    """Looks at every login when something is due, and sleeps in between.

    The thread is a daemon. It begins with the first login that has something for it to do, and ends
    when none has any more. It only looks: what is due for a login is done on a thread that lives as long as
    that takes, so that a server that is silent, or a function that hangs, holds up no other login.

    Examples
    --------
    >>> RenewalTimer().look() is None  # nothing is watched
    True
    """

    def __init__(self) -> None:
        self._watched: WeakSet[Watched] = WeakSet()
        # For which something is being done now.
        self._busy: WeakSet[Watched]
        self._thread: threading.Thread | None = None
        #: Whether this is a forked process that has called nothing yet; who calls something wakes it.
        self.rests = False
        self._renew_locks()
        renew_after_fork(self)

    def _renew_locks(self) -> None:
        self._lock = threading.Lock()
        self._busy = WeakSet()
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
        """Begin what is due for each login; return the seconds until something else may be, or None."""
        with self._lock:
            watched = [one for one in self._watched if one not in self._busy]
        waits = [self._looked_at(one) for one in watched]
        return min((wait for wait in waits if wait is not None), default=None)

    def _looked_at(self, watched: Watched) -> float | None:
        try:
            left = watched.seconds_left()
            if left is None or left > 0:
                return left
            with self._lock:
                self._busy.add(watched)
            self._do(watched)
        except Exception as error:  # noqa: BLE001 - what befalls one login must not end the others' renewals
            with self._lock:
                self._busy.discard(watched)
            return _noted(error)
        return None

    def _do(self, watched: Watched) -> None:
        """Do what is due for one login, without waiting for its end."""
        act = partial(self._done, watched)
        threading.Thread(target=act, name="etna_magic-renewal", daemon=True).start()

    def _done(self, watched: Watched) -> None:
        """Do what is due for one login; the timer looks at it again when that has ended."""
        busy = self._busy  # after a fork there is another
        try:
            watched.do_what_is_due()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
            # What fails at once would be due again at once.
            self._pause(_noted(error))
        finally:
            with self._lock:
                busy.discard(watched)
            self.wake()

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)


def _noted(error: BaseException) -> float:
    """Log what befell a login, by its kind alone; return the seconds for which to leave it alone."""
    _log.warning("etna_magic could not look at a token (%s).", type(error).__name__)
    return LONGEST_WAIT


#: The one of this process.
TIMER = RenewalTimer()
