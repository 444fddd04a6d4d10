"""A session that is logged in at a server of our own, in an environment that is nobody's."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from etna_magic import EtnaSession, Token
from tests.helpers import accounts, environment
from tests.helpers.certificates import Certificates
from tests.helpers.logins import session_of
from tests.helpers.server import ScriptedServer, answer


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.clear_environment(monkeypatch)
    for name in ("HOME", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that answers every request with an empty object."""
    with ScriptedServer(answer(200, b"{}")) as running:
        yield running


@pytest.fixture
def token(server: ScriptedServer) -> Token:
    """Return a token of that server."""
    return accounts.token(server.base_url)


@pytest.fixture
def session(token: Token) -> Iterator[EtnaSession]:
    """Return the session of a login."""
    with session_of(token) as made:
        yield made


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate authority."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def context(certificates: Certificates) -> ssl.SSLContext:
    """Return a server's context with a good certificate."""
    return certificates.signed("good", "here", "20200101000000Z", "20491231000000Z")


@pytest.fixture
def tls_server(
    certificates: Certificates, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedServer]:
    """Run a server that speaks TLS, which the environment trusts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    with ScriptedServer(answer(200, b"{}"), tls=context) as running:
        yield running
