"""What happens to clocks in a working day: a token that is over never looks fresh."""

import ast
import time
from datetime import timedelta

import pytest

from etna_magic import Token, TokenState
from etna_magic.namespace import Login, Logins
from etna_magic.watcher import Watcher
from tests.helpers.accounts import ManualClock, token

HOUR = 3600.0
FRESH, EXPIRING, STALE = TokenState.FRESH, TokenState.EXPIRING, TokenState.STALE


class Cell:
    """What IPython tells its hooks of a cell."""

    raw_cell = "6 * 7"
    store_history = True
    cell_id = None


class Day:
    """A log-in of 24 hours on clocks that a test moves, and what the watcher says of it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.clock = ManualClock()
        self._capsys = capsys
        logins = Logins({})
        self.login: Login = logins.store("etna", token("http://127.0.0.1:9/api", self.clock), None, 5.0)
        self._watcher = Watcher(logins, lambda: "always", str, self.clock)
        assert "" == self.said()

    @property
    def token(self) -> Token:
        """The token."""
        assert self.login.token is not None
        return self.login.token

    @property
    def hours_left(self) -> float:
        """How many hours the token says it has left."""
        return self.token.remaining / timedelta(hours=1)

    def said(self, during=lambda: None) -> str:
        """Run a cell; return the one line that the watcher shows, or nothing."""
        self._watcher.pre_run_cell(Cell)
        during()
        self._watcher.post_run_cell(None)
        shown = self._capsys.readouterr().out.splitlines()
        assert 1 >= len(shown), shown
        return ast.literal_eval(shown[0])["text/plain"] if shown else ""


@pytest.fixture
def day(capsys) -> Day:
    """Return a token's first moment."""
    return Day(capsys)


def test_a_day_goes_by(day: Day):
    """Nothing for most of the day, one line a quarter of an hour before its end, then every cell is told."""
    day.clock.move(23 * HOUR)
    assert (FRESH, "") == (day.token.state, day.said())
    day.clock.move(0.8 * HOUR)
    assert EXPIRING is day.token.state
    assert ["etna: the token ends in 12 min", ""] == [day.said().partition(",")[0], day.said()]
    day.clock.move(0.2 * HOUR)
    assert STALE is day.token.state
    assert [True, True] == [day.said().startswith("etna: the token expired at") for _ in range(2)]


def test_a_suspended_laptop(day: Day):
    """A laptop that sleeps over night: the forward clock has stood still, and the token is over."""
    day.clock.move(HOUR)
    assert "" == day.said()
    day.clock.wall_now += 30 * HOUR
    assert (STALE, -7.0) == (day.token.state, day.hours_left)
    assert day.said().startswith("etna: the token expired at")
    assert "7 h ago" in day.said()


def test_a_short_nap(day: Day):
    """A laptop that slept for a while: what is left is what the wall says."""
    day.clock.wall_now += 23.9 * HOUR
    assert (EXPIRING, "etna: the token ends in") == (day.token.state, day.said()[:23])
    assert pytest.approx(0.1) == day.hours_left


@pytest.mark.parametrize("back", [1.0, 12.0, 48.0, 365 * 24.0])
def test_the_wall_clock_is_set_back(day: Day, back):
    """Setting the clock back makes no token younger: the forward clock knows better."""
    day.clock.move(2 * HOUR)
    day.clock.wall_now -= back * HOUR
    assert (FRESH, 22.0, "") == (day.token.state, day.hours_left, day.said())
    day.clock.move(22 * HOUR)
    assert (STALE, 0.0) == (day.token.state, day.hours_left)
    assert day.said().startswith("etna: the token expired at")


def test_the_wall_clock_is_set_back_after_its_end(day: Day):
    """A token that was over stays so."""
    day.clock.move(25 * HOUR)
    assert day.said() != ""
    day.clock.wall_now -= 20 * HOUR
    assert (STALE, -1.0, True) == (day.token.state, day.hours_left, day.said() != "")


def test_the_wall_clock_is_set_forward(day: Day):
    """Setting the clock forward makes a token older at once: it might as well have been a sleep."""
    day.clock.wall_now += 25 * HOUR
    assert (STALE, -1.0) == (day.token.state, day.hours_left)
    assert "1 h ago" in day.said()


def test_it_is_set_forward_and_back_again(day: Day):
    """A clock that was wrong for a moment does no harm for longer than that."""
    day.clock.wall_now += 25 * HOUR
    assert day.said() != ""
    day.clock.wall_now -= 25 * HOUR
    assert (FRESH, 24.0, "") == (day.token.state, day.hours_left, day.said())


def test_set_back_while_a_cell_runs(day: Day):
    """A clock that is set back in a long cell hides no end: the line comes when the cell is over."""

    def night() -> None:
        day.clock.move(25 * HOUR)
        day.clock.wall_now -= 30 * HOUR

    assert day.said(night).startswith("etna: the token expired while this cell ran, at")
    assert day.said().startswith("etna: the token expired at")


def test_suspended_while_a_cell_runs(day: Day):
    """A sleep in the middle of a cell is told at its end."""

    def night() -> None:
        day.clock.wall_now += 25 * HOUR

    assert day.said(night).startswith("etna: the token expired while this cell ran, at")


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
def test_a_change_of_daylight_saving(capsys, zone, noon, until, monkeypatch):
    """A day with 23 or 25 hours on the wall has 24 for a token."""
    zone("Europe/Berlin")
    monkeypatch.setattr(ManualClock, "__init__", lambda self: _at(self, noon))
    day = Day(capsys)
    assert day.token.describe().endswith(f"until {until}")
    day.clock.move(23.5 * HOUR)
    assert (FRESH, 0.5, "") == (day.token.state, day.hours_left, day.said())
    day.clock.move(0.5 * HOUR)
    assert (STALE, 0.0) == (day.token.state, day.hours_left)
    assert f"expired at {until}" in day.said()


def _at(clock: ManualClock, wall: float) -> None:
    clock.wall_now, clock.forward_now = float(wall), 5_000.0


def test_the_real_clocks_are_both_asked():
    """A token that nobody handed a clock to ages by this machine's."""
    real = token("http://127.0.0.1:9/api", lifetime=timedelta(hours=2))
    assert timedelta(hours=2) - timedelta(minutes=1) < real.remaining <= timedelta(hours=2)
