"""The watcher warns before and after cells, and lets every cell run."""

import logging
from types import SimpleNamespace

import pytest

from etna_magic.logins import LoginRegistry
from etna_magic.notebook.watcher import Watcher
from tests.notebook.tokens import MovedClock, token

HOUR = 3600.0


class Misbehaving(LoginRegistry):
    """Logins that cannot be looked at."""

    def live(self):
        """Raise, with a secret in the text."""
        raise ValueError("Hunter2-typed")


def cell(code: str = "6 * 7", cell_id: str | None = "a") -> SimpleNamespace:
    """Return what IPython says of a cell that begins."""
    return SimpleNamespace(raw_cell=code, cell_id=cell_id, store_history=True)


class Watched:
    """A login that is 24 hours long, watched by a clock that is moved."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.registry = LoginRegistry({})
        self.login = self.registry.put("etna", token(self.clock), None)
        self.watcher = Watcher(self.registry, str, self.clock)

    def run(self, hours: float = 0.0, info: SimpleNamespace | None = None) -> None:
        """Run a cell that takes so many hours."""
        info = info or cell()
        self.watcher.pre_run_cell(info)
        self.clock.now += hours * HOUR
        self.watcher.post_run_cell(SimpleNamespace(info=info))


@pytest.fixture
def watched() -> Watched:
    """Return a fresh login and its watcher."""
    return Watched()


def test_it_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Before and after a cell it returns, and logs one line that names the kind of error alone."""
    caplog.set_level(logging.WARNING, "etna_magic")
    registry = Misbehaving({})
    watcher = Watcher(registry, str)
    registry.touch()
    line = "etna_magic could not look at the tokens (ValueError)."
    info = cell()
    watcher.pre_run_cell(info)
    assert [line] == [record.getMessage() for record in caplog.records]
    watcher.post_run_cell(SimpleNamespace(info=info))
    assert [(logging.WARNING, line)] * 2 == [(r.levelno, r.getMessage()) for r in caplog.records]


def test_without_a_login_it_looks_at_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """While nobody has logged in, nothing is looked at and nothing is imported for it."""
    watcher = Watcher(Misbehaving({}), str)
    watcher.pre_run_cell(cell())
    assert [] == caplog.records


def test_a_fresh_token_says_nothing(watched: Watched, shown: list[str]) -> None:
    """Many cells with a fresh token show nothing."""
    for _ in range(20):
        watched.run(hours=1)
    assert [] == shown


def test_a_fresh_token_is_looked_at_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long nothing can change is worked out once, and again after a change of the logins."""
    looks: list[int] = []
    live = watched.registry.live
    monkeypatch.setattr(watched.registry, "live", lambda: looks.append(1) or live())
    watched.run()
    before = len(looks)
    watched.run()
    assert before == len(looks) > 0
    watched.registry.touch()
    watched.run()
    assert before < len(looks)


@pytest.mark.parametrize("clock", ["wall", "forward"])
def test_either_clock_ends_the_rest(watched: Watched, shown: list[str], clock, monkeypatch) -> None:
    """A clock that was set back, or that stood still while a laptop slept, does not hide a stale token."""
    watched.run()
    late = watched.clock.now + 25 * HOUR
    monkeypatch.setattr(MovedClock, clock, lambda _: late)
    watched.run()
    assert 1 == len(shown)


def test_a_token_that_expires_while_a_cell_runs(watched: Watched, shown: list[str]) -> None:
    """That cell's end says so, once; the next cell begins with the usual line."""
    watched.run(hours=25)
    assert (1, True) == (len(shown), "while this cell ran" in shown[0])
    watched.run()
    assert (2, True) == (len(shown), "expired at" in shown[1])


def test_a_cell_within_a_cell(watched: Watched, shown: list[str]) -> None:
    """A cell that another cell runs is a part of it: one line, as the outer one begins."""
    watched.clock.now += 25 * HOUR
    outer, inner = cell(), cell("pass", None)
    watched.watcher.pre_run_cell(outer)
    watched.watcher.pre_run_cell(inner)
    watched.watcher.post_run_cell(SimpleNamespace(info=inner))
    watched.watcher.post_run_cell(SimpleNamespace(info=outer))
    assert 1 == len(shown)


@pytest.mark.parametrize("result", [None, SimpleNamespace(info=cell())])
def test_a_cell_that_is_cancelled_or_interrupted(watched: Watched, shown: list[str], result) -> None:
    """It brings no result, or one with a new info; the token that expired meanwhile is reported."""
    watched.watcher.pre_run_cell(cell())
    watched.clock.now += 25 * HOUR
    watched.watcher.post_run_cell(result)
    assert 1 == len(shown)


def test_the_end_of_a_cell_that_began_before_it(watched: Watched, shown: list[str]) -> None:
    """The cell that loads the extension ends with our hook, and did not begin with it."""
    watched.clock.now += 25 * HOUR
    watched.watcher.post_run_cell(SimpleNamespace(info=cell()))
    assert [] == shown
