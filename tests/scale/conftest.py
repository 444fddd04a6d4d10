"""A sandbox, and an IPython that is logged in there and renews."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic.sandbox import Sandbox
from tests.calls.shell import know, shell
from tests.helpers import environment


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.clear_environment(monkeypatch)
    for name in ("HOME", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.fixture
def ip(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return an IPython that can log in at the sandbox by its environment."""
    know(monkeypatch, sandbox, ETNA_BASE_URL=sandbox.base_url)
    with shell() as made:
        yield made
