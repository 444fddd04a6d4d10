"""A token of alice's that ages by a clock which a test moves."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from etna_magic.secret import Secret
from etna_magic.support import Clock
from etna_magic.token import Token

HOUR = timedelta(hours=1)


class ManualClock(Clock):
    """Changes only when a test moves it; it begins at 2026-11-25 13:03:22 UTC."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 1_795_611_802.0

    def wall(self) -> float:
        """Return the seconds of the wall clock."""
        return self.seconds

    def forward(self) -> float:
        """Return the seconds of the clock that is never set back."""
        return self.seconds


def make_token(clock: Clock, username: str = "alice", base_url: str = "https://api.example.com") -> Token:
    """Return a token that lasts for an hour from now on."""
    return Token(
        Secret("VG9rZW4="),
        app_key=Secret("S2V5"),
        username=username,
        base_url=base_url,
        lifetime=HOUR,
        issued=(clock.wall(), clock.forward()),
        clock=clock,
    )


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that a test moves."""
    return ManualClock()


@pytest.fixture
def token(clock: ManualClock) -> Token:
    """Return a token that lasts for an hour."""
    return make_token(clock)


@pytest.fixture
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
