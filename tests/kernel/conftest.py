"""One kernel for many tests, made as new before each, and a sandbox in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel_reset import RESET
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser


@pytest.fixture(scope="package")
def served() -> Iterator[Sandbox]:
    """Run one sandbox without a limit on log-ins."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """Return the sandbox, as new."""
    served.reset()
    return served


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
def seat(kernel: Kernel, sandbox: Sandbox) -> NotebookUser:
    """Return a user's seat: the kernel, and credentials for the sandbox."""
    return NotebookUser(kernel, sandbox)
