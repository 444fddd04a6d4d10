"""Price alerts: kept and expired, but never triggered."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

FIRST_ALERT_ID = 301
Alert = dict[str, Any]


class AlertStore:
    """Keeps the price alerts of all users.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def of_user(self, user: str) -> list[Alert]:
        """Return a user's alerts, oldest first; those whose date has passed are expired."""
        now = self._clock()
        with self._lock:
            found = [alert for (owner, _), alert in self._alerts.items() if owner == user]
            for alert in found:
                if alert["State"] == "New" and alert["ExpirationDate"] <= now:
                    alert["State"] = "Expired"
            return found

    def get(self, user: str, alert_id: int) -> Alert | None:
        """Return a user's alert."""
        return next((alert for alert in self.of_user(user) if alert["Id"] == alert_id), None)

    def put(self, user: str, fields: Alert, alert_id: int | None = None) -> Alert:
        """Add an alert, or change one, and return it."""
        with self._lock:
            number = next(self._ids) if alert_id is None else alert_id
            before = self._alerts.get((user, number), {})
            created = before.get("CreatedDate", int(self._clock()))
            alert = {"Id": number, "State": fields["State"], "CreatedDate": created, **fields}
            self._alerts[user, number] = alert
            return alert

    def remove(self, user: str, alert_id: int) -> bool:
        """Remove a user's alert; return whether there was one."""
        with self._lock:
            return self._alerts.pop((user, alert_id), None) is not None

    def clear(self) -> None:
        """Remove every alert and restart the IDs."""
        with self._lock:
            self._alerts: dict[tuple[str, int], Alert] = {}
            self._ids = itertools.count(FIRST_ALERT_ID)
