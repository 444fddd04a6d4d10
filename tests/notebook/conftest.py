"""An IPython in this process with the magics registered, and what is shown in it."""

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from etna_magic import display
from etna_magic.notebook.magics import EtnaMagics
from tests.helpers import environment


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
