"""A session that is logged in at a server of our own, in an environment that is nobody's."""

from collections.abc import Iterator

import pytest

from etna_magic.namespace import Logins
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment
from tests.helpers.server import ScriptedServer, answer


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that answers every request with an empty object."""
    with ScriptedServer(answer(200, b"{}")) as running:
        yield running


@pytest.fixture
def clock() -> accounts.ManualClock:
    """Return a clock that stands still."""
    return accounts.ManualClock()


@pytest.fixture
def session(server: ScriptedServer, clock: accounts.ManualClock) -> Iterator[EtnaSession]:
    """Return the session of a log-in as %etna_login stores it."""
    token = accounts.token(server.base_url, clock)
    with Logins({}).store("etna", token, None, 5.0).session as made:
        yield made
