"""An environment in which nothing of this machine's user takes part."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.conversation.rows import outcome as outcome_at
from tests.helpers import environment
from tests.helpers.server import ScriptedServer


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedServer]:
    """Run one server for many log-ins."""
    with ScriptedServer(b"") as running:
        yield running


@pytest.fixture(scope="session")
def outcome(server: ScriptedServer) -> Callable[..., object]:
    """Return a function that logs in at a server with this answer, and returns what comes of it."""
    return partial(outcome_at, server)
