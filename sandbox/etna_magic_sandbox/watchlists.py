"""Watchlists: lists of securities that a user keeps under names."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from etna_magic_sandbox.messages import format_date
from etna_magic_sandbox.securities import Security
from etna_magic_sandbox.security_views import watched_security

FIRST_WATCHLIST_ID = 801


@dataclass(slots=True)
class Watchlist:
    """A user's list; times in seconds since 1970."""

    id: int
    name: str
    created: float
    modified: float
    securities: dict[int, Security] = field(default_factory=dict)

    def as_json(self, *, with_securities: bool) -> dict[str, object]:
        """Return the list as the API shows it."""
        shown: dict[str, object] = {
            "Id": self.id,
            "Name": self.name,
            "Type": "UserList",
            "CreateDate": format_date(self.created),
            "ModifyDate": format_date(self.modified),
            "ReadOnly": False,
        }
        if with_securities:
            shown["SecurityList"] = [watched_security(security) for security in self.securities.values()]
        return shown


class WatchlistStore:
    """Keeps the lists of all users.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.clear()

    def of_user(self, user: str) -> dict[int, Watchlist]:
        """Return a user's lists by their IDs."""
        return self._lists.setdefault(user, {})

    def add(self, user: str, name: str, securities: list[Security]) -> Watchlist | None:
        """Add a list; return None if the user has one of that name."""
        with self.lock:
            lists = self.of_user(user)
            if any(found.name == name for found in lists.values()):
                return None
            now = self.clock()
            made = Watchlist(next(self._ids), name, now, now, {one.id: one for one in securities})
            lists[made.id] = made
            return made

    def clear(self) -> None:
        """Remove every list and restart the IDs."""
        with self.lock:
            self._lists: dict[str, dict[int, Watchlist]] = {}
            self._ids = itertools.count(FIRST_WATCHLIST_ID)
