"""The tokens that the sandbox gave out, and which of them are still good."""

import base64
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

# How long a person may take between two steps of a log-in, in seconds. ETNA names no figure.
INTERIM_LIFETIME = 300.0


@dataclass(frozen=True, slots=True)
class Pass:
    """Whose token it is and until when it is good (seconds since 1970)."""

    user: str
    until: float


@dataclass(frozen=True, slots=True)
class Interim:
    """A log-in that waits for its next step, and how often that step went wrong."""

    user: str
    step: str
    until: float
    wrong: int = 0


def random_token() -> str:
    """Return base64 text as ETNA's tokens are: with `+` or `/`, and with `=` at its end."""
    while True:
        size = 3 * (28 + secrets.randbelow(120)) + 1 + secrets.randbelow(2)
        text = base64.b64encode(secrets.token_bytes(size)).decode("ascii")
        if "+" in text or "/" in text:
            return text


class Tokens:
    """Issues tokens, knows whose they are, and ends them.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    lifetime : float
        How long a token lives, in seconds from its making. A change holds for later tokens.
    """

    def __init__(self, clock: Callable[[], float], lifetime: float) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._passes: dict[str, Pass] = {}
        self._interims: dict[str, Interim] = {}

    def issue(self, user: str) -> str:
        """Return a fresh token; earlier ones of the same user live on."""
        token = random_token()
        with self._lock:
            self._passes[token] = Pass(user, self._clock() + self.lifetime)
        return token

    def owner(self, token: str) -> str | None:
        """Return whose token it is, or None if it is unknown, ended or expired."""
        with self._lock:
            found = self._passes.get(token)
            return found.user if found and self._clock() < found.until else None

    def ask(self, user: str, step: str, wrong: int = 0) -> str:
        """Return an interim token that is good for the next step of a log-in only."""
        token = random_token()
        with self._lock:
            until = self._clock() + INTERIM_LIFETIME
            self._interims[token] = Interim(user, step, until, wrong)
        return token

    def interim(self, token: str, user: str) -> Interim | None:
        """Return the waiting log-in of this user behind an interim token, if there is one."""
        with self._lock:
            found = self._interims.get(token)
            good = found and found.user == user and self._clock() < found.until
            return found if good else None

    def end(self, token: str) -> None:
        """End a token of either kind at once."""
        with self._lock:
            self._passes.pop(token, None)
            self._interims.pop(token, None)

    def end_all(self) -> None:
        """End every token of either kind."""
        with self._lock:
            self._passes.clear()
            self._interims.clear()
