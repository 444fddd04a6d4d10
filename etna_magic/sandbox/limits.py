"""How often something may be asked in a minute, and who is locked out."""

import math
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable

WINDOW = 60.0  # seconds
WRONG_PASSWORDS = 5


class Limits:
    """Counts requests in the minute that ends now.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: defaultdict[Hashable, deque[float]] = defaultdict(deque)

    def wait(self, key: Hashable, limit: int) -> int:
        """Count a request and return how many seconds it comes too early; 0 if it may pass.

        A refused request is not counted: otherwise a client that keeps asking would never be
        let in again.
        """
        with self._lock:
            now, times = self._clock(), self._times[key]
            while times and times[0] + WINDOW <= now:
                times.popleft()
            if len(times) < limit:
                times.append(now)
                return 0
            return max(1, math.ceil(times[0] + WINDOW - now))

    def clear(self) -> None:
        """Forget every count."""
        with self._lock:
            self._times.clear()


class Lockouts:
    """Locks a user out after too many wrong passwords in a row."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: defaultdict[str, int] = defaultdict(int)

    def locked(self, user: str) -> bool:
        """Tell whether every try of this user is refused by now."""
        with self._lock:
            return self._wrong[user] >= WRONG_PASSWORDS

    def tried(self, user: str, *, right: bool) -> None:
        """Count a password: a wrong one adds to the row, a right one ends it."""
        with self._lock:
            self._wrong[user] = 0 if right else self._wrong[user] + 1

    def clear(self) -> None:
        """Let everybody in again."""
        with self._lock:
            self._wrong.clear()
