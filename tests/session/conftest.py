"""A session that is logged in at a server of our own, pauses that are noted and not waited for."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import urllib3.util.retry
from IPython.core.interactiveshell import InteractiveShell

from etna_magic.sandbox import Sandbox
from etna_magic.session import REFUSALS, EtnaSession, call_outcome
from tests.helpers import accounts, environment, logins
from tests.helpers.certificates import Certificates
from tests.helpers.ipython import set_credentials, shell
from tests.helpers.server import ScriptedServer, answer
from tests.session.renewing_login import RenewingLogin


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.clear_environment(monkeypatch)
    for name in ("HOME", "IPYTHONDIR", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    # What other tests had refused: a port may come again.
    monkeypatch.setattr(REFUSALS, "shared", None)
    monkeypatch.setattr(REFUSALS, "_noted", {})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that answers every request with an empty object."""
    with ScriptedServer(answer(200, b"{}")) as running:
        yield running


@pytest.fixture
def clock() -> accounts.ManualClock:
    """Return a clock that runs when a test moves it."""
    return accounts.ManualClock()


@pytest.fixture
def session(server: ScriptedServer, clock: accounts.ManualClock) -> Iterator[EtnaSession]:
    """Return the session of a login as %etna_login stores it."""
    with logins.session_of(accounts.token(server.base_url, clock)) as made:
        yield made


@pytest.fixture
def renewing(server: ScriptedServer, clock: accounts.ManualClock) -> Iterator[RenewingLogin]:
    """Return a login that renews itself, and whose token has just been issued."""
    made = RenewingLogin(server, clock)
    with made.session:
        yield made


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """Run a server that is none of the broker's, at another port of the same host."""
    with ScriptedServer(answer(200, b"{}")) as running:
        yield running


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate authority."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def context(certificates: Certificates) -> ssl.SSLContext:
    """Return a server's context with a good certificate."""
    return certificates.signed("good", "here", "20200101000000Z", "20491231000000Z")


@pytest.fixture
def tls(
    certificates: Certificates, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext:
    """Return that context, and have the environment trust it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    return context


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list of the seconds that would have been waited between two tries."""
    noted: list[float] = []
    for module in (urllib3.util.retry, call_outcome):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=noted.append, time=time.time))
    return noted


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.fixture
def trading(sandbox: Sandbox) -> Iterator[EtnaSession]:
    """Return a session that is logged in at the sandbox."""
    with logins.session_of(logins.log_in_at(sandbox), timeout=10.0) as made:
        yield made


@pytest.fixture
def ip(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return an IPython that can log in at the sandbox by what is in its environment."""
    set_credentials(monkeypatch, sandbox, ETNA_BASE_URL=sandbox.base_url)
    with shell() as made:
        yield made
