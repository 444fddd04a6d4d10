"""What the sandbox was asked, for tests to look at: never the value of a header."""

import threading
from typing import NamedTuple


class Seen(NamedTuple):
    """One request that the sandbox answered.

    Parameters
    ----------
    method : str
        The HTTP method.
    path : str
        The path without its query, `/api/token` for instance.
    headers : tuple of str
        The names of the request's headers, in title case. Their values are not kept, because
        they hold passwords and tokens.
    status : int
        The status of the answer.

    Examples
    --------
    >>> Seen("POST", "/api/token", ("Host", "Et-App-Key"), 200).status
    200
    """

    method: str
    path: str
    headers: tuple[str, ...]
    status: int


class Records:
    """The requests so far, safe to read while others are being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    def add(self, seen: Seen) -> None:
        """Keep one request."""
        with self._lock:
            self._seen.append(seen)

    def snapshot(self) -> tuple[Seen, ...]:
        """Return the requests up to now."""
        with self._lock:
            return tuple(self._seen)

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._seen.clear()
