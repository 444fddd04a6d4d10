"""What a running sandbox remembers, and which of its rules are switched on."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from etna_magic.sandbox.accounts import AlertStore
from etna_magic.sandbox.auth import Lockouts, RateLimiter, TokenStore
from etna_magic.sandbox.orders import OrderBook


class RecordedRequest(NamedTuple):
    """One request that the sandbox has answered.

    Parameters
    ----------
    method : str
        The HTTP method.
    path : str
        The path without its query, `/api/token` for instance.
    headers : tuple of str
        The names of the request's headers, in title case. Their values are not recorded, because
        passwords and tokens are among them.
    status : int
        The status of the response.

    Examples
    --------
    >>> RecordedRequest("POST", "/api/token", ("Host", "Et-App-Key"), 200).status
    200
    """

    method: str
    path: str
    headers: tuple[str, ...]
    status: int


class RequestLog:
    """The requests so far; can be read while other requests are being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[RecordedRequest] = []

    def add(self, recorded: RecordedRequest) -> None:
        """Record a request."""
        with self._lock:
            self._requests.append(recorded)

    def snapshot(self) -> tuple[RecordedRequest, ...]:
        """Return the requests so far."""
        with self._lock:
            return tuple(self._requests)

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._requests.clear()


@dataclass(frozen=True, slots=True)
class Rules:
    """Which of the sandbox's rules are switched on.

    Parameters
    ----------
    login_limit : int or None, optional
        Logins per minute and user; None switches the limit off.
    call_limits : bool, optional
        Whether there are limits on orders and history.
    logout : bool, optional
        Whether there is a `/logout`: not every installation of ETNA has one.
    """

    login_limit: int | None = 10
    call_limits: bool = True
    logout: bool = True


class State:
    """What changes while the sandbox runs, in one object that can be reset.

    Parameters
    ----------
    rules : Rules
        Which rules are switched on.
    lifetime : float
        How long a token is valid, in seconds.
    clock : callable, optional
        Returns the time in seconds since 1970; tests set it.
    """

    def __init__(self, rules: Rules, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self.rules = rules
        self.clock = clock
        self.tokens = TokenStore(clock, lifetime)
        self.limiter = RateLimiter(clock)
        self.lockouts = Lockouts()
        self.requests = RequestLog()
        self.orders = OrderBook(clock)
        self.alerts = AlertStore(clock)

    def reset(self) -> None:
        """Go back to the initial state, except for the lifetime and the rules."""
        self.tokens.revoke_all()
        self.limiter.clear()
        self.lockouts.clear()
        self.requests.clear()
        self.orders.reset()
        self.alerts.clear()
