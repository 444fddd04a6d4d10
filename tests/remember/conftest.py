"""One kernel for many tests, each with a folder of state of its own, and a sandbox in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel import Kernel
from tests.remember.desk import NO_KEYRING, Desk, sandbox_for_tests


@pytest.fixture(scope="package")
def served() -> Iterator[Sandbox]:
    """Run one sandbox."""
    with sandbox_for_tests() as running:
        yield running


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """Return the sandbox, as new."""
    served.reset()
    return served


@pytest.fixture(scope="package")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Start one kernel."""
    with Kernel(tmp_path_factory.mktemp("home"), **NO_KEYRING) as started:
        yield started


@pytest.fixture
def desk(kernel: Kernel, sandbox: Sandbox, tmp_path: Path) -> Desk:
    """Return a user's desk, with nothing on it."""
    return Desk(kernel, sandbox, tmp_path)
