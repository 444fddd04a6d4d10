"""An environment in which nothing of this machine's user takes part, a server, and its certificates."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.helpers import environment
from tests.helpers.certificates import Certificates
from tests.helpers.server import ScriptedServer
from tests.login_flow.answers import outcome as outcome_at

LONG_AGO, EXPIRED, FAR = "20200101000000Z", "20200102000000Z", "20491231000000Z"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedServer]:
    """Run one server for many logins."""
    with ScriptedServer(b"") as running:
        yield running


@pytest.fixture(scope="session")
def outcome(server: ScriptedServer) -> Callable[..., object]:
    """Return a function that logs in at a server with this answer, and returns what comes of it."""
    return partial(outcome_at, server)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate authority."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def contexts(certificates: Certificates) -> dict:
    """Make one server context of each kind; None speaks no TLS at all."""
    return {
        "good": certificates.signed("good", "here", LONG_AGO, FAR),
        "expired": certificates.signed("expired", "here", LONG_AGO, EXPIRED),
        "other name": certificates.signed("other", "elsewhere", LONG_AGO, FAR),
        "self-signed": certificates.self_signed(),
        "no TLS": None,
    }


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority, by the variable that `requests` reads."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
