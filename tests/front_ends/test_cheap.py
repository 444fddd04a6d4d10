"""The front ends that the tests' own venv has; the others are run by ``make frontends``."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.front_ends.programs import CHEAP, Program
from tests.front_ends.scenarios import MISSING, PROMPT, SCENARIOS, TOGETHER, WARN, Scenario
from tests.helpers.required import lacks


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run one sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


def _runs(program: Program) -> list[tuple[Scenario, str]]:
    """Return the fewest runs that show all that the table says, and what has to be seen in each."""
    _, *expected = program.expected
    if program.goes_on:
        return [(MISSING, expected[0]), (TOGETHER, " / ".join(expected[1:]))]
    # With a stale token it has logged in, too.
    return list(zip(SCENARIOS[1:], expected, strict=True))


RUNS = [(program, *run) for program in CHEAP for run in _runs(program)]


@pytest.mark.parametrize(
    ("program", "scenario", "expected"), RUNS, ids=[f"{run[0].title}-{run[1].title}" for run in RUNS]
)
def test_front_ends(
    program: Program, scenario: Scenario, expected: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Each gets what the table says, and no login is sent but where it logs in."""
    if importlib.util.find_spec(program.packages[0].replace("-", "_").replace("ipython", "IPython")) is None:
        lacks(f"no {program.packages[0]}")
    before = sandbox.token_requests
    assert expected == program.drive(Path(sys.executable), tmp_path, scenario, sandbox)
    logins = expected.count(PROMPT) + (scenario in {WARN, TOGETHER})
    assert logins == sandbox.token_requests - before
