"""Tokens, rate limits and lock-outs."""

import base64
import math
import secrets
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

# The time between two steps of a login, in seconds. ETNA's documentation gives no figure.
INTERIM_LIFETIME = 300.0

LIMIT_PERIOD = 60.0  # seconds
MAX_WRONG_PASSWORDS = 5
MAX_TOKENS = 10_000  # more than that are not remembered
MAX_KEYS = 1_000  # of rate limits, before old ones are dropped


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """Whose token it is, and when it expires (seconds since 1970)."""

    user: str
    expires_at: float
    lifetime: float


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that waits for its next step, and how often that step has failed."""

    user: str
    step: str
    expires_at: float
    failures: int = 0


def random_token() -> str:
    """Return base64 text like ETNA's tokens: with `+` or `/`, and with `=` at its end."""
    while True:
        size = 3 * (28 + secrets.randbelow(120)) + 1 + secrets.randbelow(2)
        text = base64.b64encode(secrets.token_bytes(size)).decode("ascii")
        if "+" in text or "/" in text:
            return text


class TokenStore:
    """Issues, checks and revokes tokens, and the interim tokens between the steps of a login.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    lifetime : float
        How long a token is valid, in seconds. A change applies to tokens issued later.
    variants : frozenset of str
        `one-session`, `same-token` and `idle-lifetime` change how tokens are issued and end.
    """

    def __init__(self, clock: Callable[[], float], lifetime: float, variants: frozenset[str]) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._variants = variants
        self._lock = threading.Lock()
        self._issued: OrderedDict[str, IssuedToken] = OrderedDict()
        self._pending: OrderedDict[str, PendingLogin] = OrderedDict()

    def issue(self, user: str) -> str:
        """Return a token; earlier tokens of the same user stay valid, unless a variant says otherwise."""
        now = self._clock()
        with self._lock:
            if "same-token" in self._variants:
                for token, found in self._issued.items():
                    if found.user == user and now < found.expires_at:
                        return token
            if "one-session" in self._variants:
                for token in [token for token, found in self._issued.items() if found.user == user]:
                    del self._issued[token]
            token = random_token()
            self._issued[token] = IssuedToken(user, now + self.lifetime, self.lifetime)
            if len(self._issued) > MAX_TOKENS:
                self._issued.popitem(last=False)
        return token

    def user_of(self, token: str) -> str | None:
        """Return whose token it is, or None if it is unknown, revoked or expired."""
        now = self._clock()
        with self._lock:
            found = self._issued.get(token)
            if found is None or now >= found.expires_at:
                return None
            if "idle-lifetime" in self._variants:
                self._issued[token] = IssuedToken(found.user, now + found.lifetime, found.lifetime)
            return found.user

    def issue_interim(self, user: str, step: str, failures: int = 0) -> str:
        """Return an interim token, which is valid for the next step of a login only."""
        token = random_token()
        with self._lock:
            expires_at = self._clock() + INTERIM_LIFETIME
            self._pending[token] = PendingLogin(user, step, expires_at, failures)
            if len(self._pending) > MAX_TOKENS:
                self._pending.popitem(last=False)
        return token

    def pending_login(self, token: str, user: str) -> PendingLogin | None:
        """Return this user's login that an interim token continues, if there is one."""
        with self._lock:
            found = self._pending.get(token)
            is_valid = found and found.user == user and self._clock() < found.expires_at
            return found if is_valid else None

    def revoke(self, token: str) -> None:
        """Revoke a token of either kind."""
        with self._lock:
            self._issued.pop(token, None)
            self._pending.pop(token, None)

    def revoke_all(self) -> None:
        """Revoke every token of either kind."""
        with self._lock:
            self._issued.clear()
            self._pending.clear()


class Usage(NamedTuple):
    """How far a rate limit is used up.

    Parameters
    ----------
    limit, remaining : int
        Calls per minute, and how many of them are left.
    reset : float
        When the oldest call of the last minute is a minute old, in seconds since 1970.
    retry_after : int or None
        Set if this call is one too many: after how many seconds to come again.
    """

    limit: int
    remaining: int
    reset: float
    retry_after: int | None = None


class RateLimiter:
    """Counts requests over the last minute.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: defaultdict[Hashable, deque[float]] = defaultdict(deque)

    def count(self, key: Hashable, limit: int) -> Usage:
        """Count a request, unless it is one too many.

        A refused request is not counted: otherwise a client that keeps asking would never be
        allowed again.
        """
        with self._lock:
            now, times = self._clock(), self._times[key]
            while times and times[0] + LIMIT_PERIOD <= now:
                times.popleft()
            if len(self._times) > MAX_KEYS:
                self._drop_old(now)
            if len(times) < limit:
                times.append(now)
                return Usage(limit, limit - len(times), times[0] + LIMIT_PERIOD)
            reset = times[0] + LIMIT_PERIOD
            return Usage(limit, 0, reset, max(1, math.ceil(reset - now)))

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._times.clear()

    def _drop_old(self, now: float) -> None:
        for key in [key for key, times in self._times.items() if times and times[-1] + LIMIT_PERIOD <= now]:
            del self._times[key]


class Lockouts:
    """Locks a user out after too many wrong passwords in a row."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: defaultdict[str, int] = defaultdict(int)

    def is_locked(self, user: str) -> bool:
        """Return whether every login of this user is refused."""
        with self._lock:
            return self._wrong[user] >= MAX_WRONG_PASSWORDS

    def count(self, user: str, *, is_right: bool) -> None:
        """Count a wrong password; a right one sets the count back to zero."""
        with self._lock:
            self._wrong[user] = 0 if is_right else self._wrong[user] + 1

    def clear(self) -> None:
        """Unlock every user."""
        with self._lock:
            self._wrong.clear()
