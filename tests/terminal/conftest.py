"""One IPython in a terminal for many tests, made as new before each."""

from collections.abc import Iterator

import pytest

from etna_magic.sandbox import Sandbox
from tests.terminal.terminal import Terminal


@pytest.fixture(scope="package")
def served() -> Iterator[Sandbox]:
    """Run one sandbox without a limit on log-ins."""
    with Sandbox(login_limit=None) as running:
        yield running


@pytest.fixture(scope="package")
def running_terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Start one IPython."""
    started = Terminal(tmp_path_factory.mktemp("home"))
    started.run("%load_ext etna_magic")
    yield started
    started.end()


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """Return the sandbox, as new."""
    served.reset()
    return served


@pytest.fixture
def terminal(running_terminal: Terminal) -> Terminal:
    """Return the terminal, with nobody logged in and nothing in the environment."""
    running_terminal.run("%etna_logout --all")
    running_terminal.run("%reset -f")
    running_terminal.run(
        "import os; [os.environ.pop(n) for n in list(os.environ) if n.startswith('ETNA_')]; None"
    )
    return running_terminal
