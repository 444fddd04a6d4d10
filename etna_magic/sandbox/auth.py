"""Who may make a call: application key, tokens, rate limits, lock-outs, ownership of accounts."""

import base64
import math
import secrets
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from flask import Response, abort, g, request

from etna_magic.sandbox.messages import too_many_requests, unauthorized, unknown_app_key
from etna_magic.sandbox.users import APP_KEY, account_ids

# The time between two steps of a login, in seconds. ETNA's documentation gives no figure.
INTERIM_LIFETIME = 300.0

LIMIT_PERIOD = 60.0  # seconds
MAX_WRONG_PASSWORDS = 5

# The limits of ETNA's REST documentation per minute and token, by the name of the Flask endpoint.
CALL_LIMITS = {
    "list_orders": ("order queries", 120),
    "place_order": ("order changes", 50),
    "cancel_order": ("order changes", 50),
    "history": ("history calls", 60),
}


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """Whose token it is, and when it expires (seconds since 1970)."""

    user: str
    expires_at: float


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
    """

    def __init__(self, clock: Callable[[], float], lifetime: float) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, IssuedToken] = {}
        self._pending: dict[str, PendingLogin] = {}

    def issue(self, user: str) -> str:
        """Return a new token; earlier tokens of the same user stay valid."""
        token = random_token()
        with self._lock:
            self._issued[token] = IssuedToken(user, self._clock() + self.lifetime)
        return token

    def user_of(self, token: str) -> str | None:
        """Return whose token it is, or None if it is unknown, revoked or expired."""
        with self._lock:
            found = self._issued.get(token)
            return found.user if found and self._clock() < found.expires_at else None

    def issue_interim(self, user: str, step: str, failures: int = 0) -> str:
        """Return an interim token, which is valid for the next step of a login only."""
        token = random_token()
        with self._lock:
            expires_at = self._clock() + INTERIM_LIFETIME
            self._pending[token] = PendingLogin(user, step, expires_at, failures)
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

    def check(self, key: Hashable, limit: int) -> Response | None:
        """Count a request; return a 429 if it is one too many.

        A refused request is not counted: otherwise a client that keeps asking would never be
        allowed again.
        """
        with self._lock:
            now, times = self._clock(), self._times[key]
            while times and times[0] + LIMIT_PERIOD <= now:
                times.popleft()
            if len(times) < limit:
                times.append(now)
                return None
            return too_many_requests(max(1, math.ceil(times[0] + LIMIT_PERIOD - now)))

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._times.clear()


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


class CallAuth:
    """Checks every call except `/token` and `/logout` before it runs.

    Parameters
    ----------
    tokens : TokenStore
        The tokens that are valid.
    limiter : RateLimiter or None
        Counts the calls; None switches their limits off.
    """

    def __init__(self, tokens: TokenStore, limiter: RateLimiter | None) -> None:
        self._tokens = tokens
        self._limiter = limiter

    def check(self) -> Response | None:
        """Return the refusal of the current request, or None if the call may run."""
        if not has_app_key():
            return unknown_app_key()
        user = self._tokens.user_of(bearer_token())
        if user is None:
            return unauthorized()
        g.user = user
        return self._check_limit()

    def _check_limit(self) -> Response | None:
        call = (request.endpoint or "").rpartition(".")[2]
        if self._limiter is None or call not in CALL_LIMITS:
            return None
        group, limit = CALL_LIMITS[call]
        return self._limiter.check((group, bearer_token()), limit)


def has_app_key() -> bool:
    """Return whether the current request has the right application key."""
    return request.headers.get("Et-App-Key") == APP_KEY


def bearer_token() -> str:
    """Return the token in the current request's `Authorization` header, or an empty string."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def current_user() -> str:
    """Return the name of the user whose token the current call has."""
    return str(g.user)


def check_account(account: int) -> None:
    """Refuse a call on another user's account with a 401, as the API does."""
    if account not in account_ids(current_user()):
        abort(unauthorized())
