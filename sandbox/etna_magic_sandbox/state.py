"""What a running sandbox remembers, and which of its rules are switched on."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from etna_magic_sandbox.alerts import AlertStore
from etna_magic_sandbox.auth import Lockouts, RateLimiter, TokenStore
from etna_magic_sandbox.demo import place_demo_orders
from etna_magic_sandbox.order_form import OrderForm
from etna_magic_sandbox.settings import SettingsStore
from etna_magic_sandbox.trading import Trading
from etna_magic_sandbox.watchlists import WatchlistStore

MAX_RECORDED = 2_000  # requests; older ones are forgotten


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
    """The last 2,000 requests; can be read while other requests are being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[RecordedRequest] = deque(maxlen=MAX_RECORDED)
        self._token_requests = 0

    def add(self, recorded: RecordedRequest) -> None:
        """Record a request."""
        with self._lock:
            self._requests.append(recorded)
            if recorded.method == "POST" and recorded.path == "/api/token":
                self._token_requests += 1

    @property
    def token_requests(self) -> int:
        """How many POST requests `/token` has had, forgotten ones included."""
        return self._token_requests

    def snapshot(self) -> tuple[RecordedRequest, ...]:
        """Return the requests."""
        with self._lock:
            return tuple(self._requests)

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._requests.clear()
            self._token_requests = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """Which of the sandbox's rules are switched on.

    Parameters
    ----------
    login_limit : int or None, optional
        Logins per minute and user; None switches the limit off.
    call_limits : bool, optional
        Whether there are limits per minute on the calls.
    logout : bool, optional
        Whether there is a `/logout`: not every installation of ETNA has one.
    variants : frozenset of str, optional
        The names of the variants that are switched on.
    """

    login_limit: int | None = 10
    call_limits: bool = True
    logout: bool = True
    variants: frozenset[str] = frozenset()


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
        self.tokens = TokenStore(clock, lifetime, rules.variants)
        self.limiter = RateLimiter(clock)
        self.lockouts = Lockouts()
        self.requests = RequestLog()
        self.trading = Trading(clock)
        self.order_form = OrderForm(
            short_names="short-names" in rules.variants,
            market_day_only="market-day-only" in rules.variants,
        )
        self.alerts = AlertStore(clock)
        self.watchlists = WatchlistStore(clock)
        self.settings = SettingsStore()
        place_demo_orders(self.trading)

    def has(self, variant: str) -> bool:
        """Return whether a variant is switched on."""
        return variant in self.rules.variants

    def reset(self) -> None:
        """Go back to the initial state, except for the lifetime and the rules."""
        self.tokens.revoke_all()
        self.limiter.clear()
        self.lockouts.clear()
        self.requests.clear()
        self.trading.clear()
        self.alerts.clear()
        self.watchlists.clear()
        self.settings.clear()
        place_demo_orders(self.trading)
