"""The front ends that the tests' own venv has; the others are run by ``make frontends``."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.front_ends.programs import CHEAP, Program
from tests.front_ends.scenarios import SCENARIOS
from tests.helpers.required import lacks


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run one sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=[scenario.title for scenario in SCENARIOS])
@pytest.mark.parametrize("program", CHEAP, ids=[program.title for program in CHEAP])
def test_front_ends(program: Program, number: int, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each gets what the table says, and no login is sent but where it logs in."""
    if importlib.util.find_spec(program.packages[0].replace("-", "_").replace("ipython", "IPython")) is None:
        lacks(f"no {program.packages[0]}")
    seen = program.drive(Path(sys.executable), tmp_path, SCENARIOS[number], sandbox)
    assert program.expected[number] == seen
