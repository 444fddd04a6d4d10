"""An IPython in this process, and a kernel in one of its own; one of each for many tests, as new for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from etna_magic import display
from etna_magic.notebook.magics import EtnaMagics
from etna_magic.sandbox import Sandbox
from tests.helpers import accounts, environment
from tests.helpers.kernel import Kernel
from tests.helpers.kernel_reset import RESET
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import ScriptedServer, answer


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def bare() -> Iterator[InteractiveShell]:
    """Run an IPython without history, in which nothing is registered."""
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


@pytest.fixture
def magics(bare: InteractiveShell) -> Iterator[EtnaMagics]:
    """Register the magics."""
    made = EtnaMagics(bare)
    made.register()
    yield made
    made.unregister()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the text of what is shown."""
    texts: list[str] = []
    monkeypatch.setattr(display, "show", lambda bundle: texts.append(bundle["text/plain"]))
    return texts


@pytest.fixture(scope="package")
def running_sandbox() -> Iterator[Sandbox]:
    """Run one sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Return the sandbox, as new."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that logs everybody in."""
    with ScriptedServer(answer(200, accounts.SUCCESS)) as running:
        yield running


@pytest.fixture(scope="package")
def running_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Start one kernel."""
    with Kernel(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def kernel(running_kernel: Kernel, tmp_path: Path) -> Kernel:
    """Return the kernel with the extension loaded, and nothing else in it."""
    running_kernel.do(RESET % str(tmp_path))
    return running_kernel


@pytest.fixture
def new_kernel(tmp_path: Path) -> Iterator[Kernel]:
    """Start a kernel that has not seen the extension."""
    with Kernel(tmp_path / "home") as started:
        yield started


@pytest.fixture
def user(kernel: Kernel, sandbox: Sandbox) -> NotebookUser:
    """Return a user of the kernel, with credentials for the sandbox."""
    return NotebookUser(kernel, sandbox)
