"""Price alerts: kept for each user, and never sent to anybody."""

import itertools
import threading
from collections.abc import Callable

from etna_magic.sandbox.moments import seven_decimals

FIRST_ALERT = 301


class Alerts:
    """Keeps the price alerts of all users.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._alerts: dict[tuple[str, int], dict[str, object]] = {}
        self._numbers = itertools.count(FIRST_ALERT)

    def of(self, user: str) -> list[dict[str, object]]:
        """Return a user's alerts, the oldest first."""
        with self._lock:
            return [alert for (owner, _), alert in self._alerts.items() if owner == user]

    def add(self, user: str, wanted: dict[str, object]) -> dict[str, object]:
        """Keep an alert and return it with its number and date."""
        with self._lock:
            number = next(self._numbers)
            alert = {"Id": number, **wanted, "CreatedDate": seven_decimals(self._clock())}
            self._alerts[user, number] = alert
            return alert

    def remove(self, user: str, number: int) -> bool:
        """Drop a user's alert; tell whether there was one."""
        with self._lock:
            return self._alerts.pop((user, number), None) is not None

    def clear(self) -> None:
        """Drop every alert and count from the start again."""
        with self._lock:
            self._alerts.clear()
            self._numbers = itertools.count(FIRST_ALERT)
