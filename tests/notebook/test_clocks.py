"""What happens to clocks in a working day: a token that has expired never looks fresh."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest

from etna_magic import Token, TokenState
from etna_magic.logins import LoginRegistry
from etna_magic.notebook.watcher import Watcher
from tests.helpers import accounts

HOUR = 3600.0
FRESH, EXPIRING, STALE = TokenState.FRESH, TokenState.EXPIRING, TokenState.STALE
CELL = SimpleNamespace(raw_cell="6 * 7", store_history=True, cell_id=None)


class Day:
    """A login of 24 hours on clocks that a test moves, and what the watcher says of it.

    Parameters
    ----------
    shown
        Collects what is shown.
    wall
        When the day begins.
    """

    def __init__(self, shown: list[str], wall: float = 1_750_000_000.0) -> None:
        self.clock = accounts.ManualClock()
        self.clock.wall_now = wall
        registry = LoginRegistry({})
        self.token: Token = accounts.token("http://127.0.0.1:9/api", self.clock)
        registry.put("etna", self.token, None)
        self._shown = shown
        self._watcher = Watcher(registry, str, self.clock)
        assert "" == self.said()

    @property
    def now(self) -> tuple[TokenState, float]:
        """The token's state, and how many hours it has left."""
        return self.token.state, self.token.remaining / timedelta(hours=1)

    def said(self, during=lambda: None) -> str:
        """Run a cell; return the one line that the watcher shows, or nothing."""
        self._shown.clear()
        self._watcher.pre_run_cell(CELL)
        during()
        self._watcher.post_run_cell(None)
        (line,) = self._shown or [""]
        return line


@pytest.fixture
def day(shown) -> Day:
    """Return a day that has just begun."""
    return Day(shown)


def test_a_day_goes_by(day: Day):
    """Nothing for most of the day, one line a quarter of an hour before its end, then one in every cell."""
    day.clock.move(23 * HOUR)
    assert (FRESH, "") == (day.token.state, day.said())
    day.clock.move(0.8 * HOUR)
    assert EXPIRING is day.token.state
    assert ["etna: the token ends in 12 min", ""] == [day.said().partition(",")[0], day.said()]
    day.clock.move(0.2 * HOUR)
    assert STALE is day.token.state
    assert [True, True] == [day.said().startswith("etna: the token expired at") for _ in range(2)]


def test_a_suspended_laptop(day: Day):
    """A laptop that sleeps over night: the forward clock has not moved, and the token has expired."""
    day.clock.move(HOUR)
    assert "" == day.said()
    day.clock.wall_now += 30 * HOUR
    said = day.said()
    assert ((STALE, -7.0), True) == (day.now, said.startswith("etna: the token expired at"))
    assert "7 h ago" in said


def test_a_short_nap(day: Day):
    """A laptop that slept for a while: what is left is what the wall clock says."""
    day.clock.wall_now += 23.9 * HOUR
    assert (EXPIRING, pytest.approx(0.1)) == day.now
    assert day.said().startswith("etna: the token ends in")


@pytest.mark.parametrize("back", [1.0, 12.0, 48.0, 365 * 24.0])
def test_the_wall_clock_is_set_back(day: Day, back):
    """Setting the clock back makes no token younger: the forward clock knows better."""
    day.clock.move(2 * HOUR)
    day.clock.wall_now -= back * HOUR
    assert ((FRESH, 22.0), "") == (day.now, day.said())
    day.clock.move(22 * HOUR)
    assert ((STALE, 0.0), True) == (day.now, day.said().startswith("etna: the token expired at"))


def test_the_wall_clock_is_set_back_after_its_end(day: Day):
    """A token that had expired stays so."""
    day.clock.move(25 * HOUR)
    assert "" != day.said()
    day.clock.wall_now -= 20 * HOUR
    assert ((STALE, -1.0), True) == (day.now, day.said() != "")


def test_the_wall_clock_is_set_forward(day: Day):
    """That makes a token older at once, as a sleep would; set back again, it has done no harm."""
    day.clock.wall_now += 25 * HOUR
    assert ((STALE, -1.0), True) == (day.now, "1 h ago" in day.said())
    day.clock.wall_now -= 25 * HOUR
    assert ((FRESH, 24.0), "") == (day.now, day.said())


@pytest.mark.parametrize(("wall", "forward"), [(25, 0), (-5, 25)], ids=["suspended", "set back"])
def test_while_a_cell_runs(day: Day, wall, forward):
    """A sleep in the middle of a cell, or a clock that is set back there, hides no end: its end says so."""

    def night() -> None:
        day.clock.wall_now += wall * HOUR
        day.clock.forward_now += forward * HOUR

    assert day.said(night).startswith("etna: the token expired while this cell ran, at")
    assert day.said().startswith("etna: the token expired at")


@pytest.fixture
def zone(monkeypatch):
    """Return what moves this machine to another time zone, and bring it back after the test."""

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_a_flight(day: Day, zone):
    """Another time zone changes how the end is written, and neither when it is nor what is left."""
    zone("Europe/Berlin")
    day.clock.move(23.9 * HOUR)
    here, left, end = day.token.describe(), day.token.remaining, day.token.expires_at
    zone("America/New_York")
    there = day.token.describe()
    assert (left, end, EXPIRING) == (day.token.remaining, day.token.expires_at, day.token.state)
    assert (True, True) == (here.endswith(" CEST"), there.endswith(" EDT"))
    assert " EDT. To log in again" in day.said()


@pytest.mark.parametrize(
    ("noon", "until"),
    [
        (1_743_246_000, "2025-03-30 13:00:00 CEST"),  # 29 March 2025, 12:00 CET: the clocks go forward
        (1_761_386_400, "2025-10-26 11:00:00 CET"),  # 25 October 2025, 12:00 CEST: they go back
    ],
)
def test_a_change_of_daylight_saving(shown, zone, noon, until):
    """A day with 23 or 25 hours on the wall has 24 for a token."""
    zone("Europe/Berlin")
    day = Day(shown, noon)
    assert day.token.describe().endswith(f"until {until}")
    day.clock.move(23.5 * HOUR)
    assert ((FRESH, 0.5), "") == (day.now, day.said())
    day.clock.move(0.5 * HOUR)
    assert ((STALE, 0.0), True) == (day.now, f"expired at {until}" in day.said())
