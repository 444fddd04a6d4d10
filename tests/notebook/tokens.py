"""Tokens that age by a clock that a test moves."""

from datetime import timedelta

from etna_magic.secret import Secret
from etna_magic.support import Clock
from etna_magic.token import Token

START = 1_000_000_000.0


class MovedClock(Clock):
    """A clock that a test moves."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = START

    def wall(self) -> float:
        """Return the seconds that the test has set."""
        return self.now

    forward = wall


def token(
    clock: Clock | None = None,
    hours: float = 24.0,
    username: str = "demo",
    *,
    text: str = "dG9rZW4=",
    base_url: str = "https://api.example.com",
) -> Token:
    """Return a token that was issued just now."""
    clock = clock or MovedClock()
    return Token(
        Secret(text),
        app_key=Secret("a2V5"),
        username=username,
        base_url=base_url,
        lifetime=timedelta(hours=hours),
        issued=(clock.wall(), clock.forward()),
        clock=clock,
    )
