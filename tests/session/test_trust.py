"""`trust = 'system'`: the operating system's certificates, for every request of ours and for nothing else."""

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from etna_magic import EtnaError, EtnaSession
from etna_magic.login_flow import log_out_on_server
from etna_magic.session import ask_servers
from etna_magic.support.http import QuietAdapter
from tests.helpers import accounts, environment
from tests.helpers.certificates import Certificates
from tests.helpers.leaks import caught
from tests.helpers.logins import log_in, session_of
from tests.helpers.server import Received, ScriptedServer, answer
from tests.helpers.waiting import LIMIT
from tests.login_flow.answers import SUCCESS

LONG_AGO, FUTURE = "20200101000000Z", "20491231000000Z"
REFUSED_TOKEN = answer(401, b"{}")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate authority."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def good(certificates: Certificates) -> ssl.SSLContext:
    """Make a good certificate."""
    return certificates.signed("good", "here", LONG_AGO, FUTURE)


@pytest.fixture
def server(good: ssl.SSLContext) -> Iterator[ScriptedServer]:
    """Run a server that logs everybody in, with a certificate of an authority of its own."""
    with ScriptedServer(SUCCESS, tls=good) as running:
        yield running


@pytest.fixture
def system(certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the operating system trust that authority; nothing is said to `requests` of it."""
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))


def session_at(server: ScriptedServer, trust: str = "system") -> EtnaSession:
    """Return a session with a token for a server."""
    session = session_of(accounts.token(server.base_url))
    session.trust = trust
    return session


ACTS = {
    "login": lambda server, trust: log_in(accounts.credentials(server.base_url), trust=trust).username,
    "logout": lambda server, trust: log_out_on_server(accounts.token(server.base_url), 5.0, trust) == "",
    "read": lambda server, trust: session_at(server, trust).get("v1.0/x").status_code,
    "order": lambda server, trust: session_at(server, trust).post("v1.0/x").status_code,
    "question": lambda server, trust: _ask(session_at(server, trust)),
}


def _ask(session: EtnaSession) -> str:
    (found,) = ask_servers([(session, session.token)], 5.0)
    assert found.said == "accepted", found.reason
    return found.said


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_system(server: ScriptedServer, system: None, act) -> None:
    """Login, logout, calls and the question whether a token is accepted use what the system trusts."""
    assert act(server, "system")
    assert 1 == len(server.received)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_certifi(server: ScriptedServer, system: None, act) -> None:
    """Without it they trust what `requests` trusts, whatever the system says."""
    try:
        failed = not act(server, "certifi")
    except (EtnaError, AssertionError) as error:
        failed = "certificate" in str(error)
    assert (True, []) == (failed, server.received)


def test_the_check_after_a_401(good: ssl.SSLContext, system: None) -> None:
    """The question that a 401 leads to goes the same way."""
    with ScriptedServer(REFUSED_TOKEN, answer(200, b"{}"), tls=good) as server:
        assert 401 == session_at(server).get("v1.0/x").status_code
        assert ["/api/v1.0/x", "/api/v1.0/users/@me/info"] == [one.target for one in server.received]


@pytest.mark.parametrize("act", ["login", "read"])
def test_what_the_system_does_not_trust(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, act
) -> None:
    """A file of the environment and the certificates of `certifi` count for nothing then."""
    other = Certificates(tmp_path_factory.mktemp("other")).authority
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    error = caught(lambda: ACTS[act](server, "system"))
    assert "the issuer of its TLS certificate is not trusted by this system, so ask who looks" in str(error)
    assert [] == server.received


def test_a_file_of_the_environment(
    server: ScriptedServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path_factory
) -> None:
    """REQUESTS_CA_BUNDLE is left aside, and what the system trusts is asked alone."""
    other = Certificates(tmp_path_factory.mktemp("other")).authority
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    for act in ("login", "read"):
        assert "not trusted by this system" in str(caught(lambda act=act: ACTS[act](server, "system")))


def test_a_file_that_a_user_names(
    server: ScriptedServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path_factory
) -> None:
    """`verify=` of the session or of a call is what the user says, and holds."""
    other = Certificates(tmp_path_factory.mktemp("other")).authority
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with session_at(server) as session:
        assert 200 == session.get("v1.0/x", verify=str(certificates.authority)).status_code
        session.verify = str(certificates.authority)
        assert 200 == session.get("v1.0/x").status_code


def test_verify_false_changes_no_other_call(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory
) -> None:
    """A call that a user does not want verified leaves the context of the others as it is."""
    other = Certificates(tmp_path_factory.mktemp("other")).authority
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with session_at(server) as session:
        with pytest.warns(Warning, match="Unverified HTTPS request"):
            assert 200 == session.get("v1.0/x", verify=False).status_code
        assert "not trusted by this system" in str(caught(lambda: session.get("v1.0/x")))


def test_an_adapter_of_a_users_own(server: ScriptedServer, system: None) -> None:
    """What a user has mounted sends as before: it is the same object, and trusts what it trusted."""
    with session_at(server, "certifi") as session:
        own = HTTPAdapter()
        session.mount("https://", own)
        session.trust = "system"
        assert own is session.get_adapter("https://api.example.com").adapter
        assert "certificate" in str(caught(lambda: session.get("v1.0/x")))


def test_the_rules_of_retries_stay(server: ScriptedServer, system: None) -> None:
    """What was set on the session's own adapter is not lost when its trust changes."""
    with session_at(server, "certifi") as session:
        rules = session.get_adapter(server.base_url).max_retries.new(total=1)
        session.get_adapter(server.base_url).max_retries = rules
        session.trust = "system"
        assert rules is session.get_adapter(server.base_url).max_retries


def test_nothing_else_changes(server: ScriptedServer, system: None) -> None:
    """A request that is not ours trusts what it trusted: nothing is put into `ssl`."""
    before = ssl.SSLContext
    with session_at(server) as session:
        session.get("v1.0/x")
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(server.base_url, timeout=5)
    assert before is ssl.SSLContext


def test_a_worker(server: ScriptedServer, system: None) -> None:
    """A session for workers trusts as the one that it came from."""
    with session_at(server) as session, session.for_workers() as worker:
        assert ("system", 200) == (worker.trust, worker.get("v1.0/x").status_code)


def test_a_copy_of_an_adapter() -> None:
    """A copy, as pickle makes one, trusts as well."""
    made = QuietAdapter(trust="system")
    made.__setstate__(made.__getstate__())
    host, options = made.build_connection_pool_key_attributes(
        requests.Request("GET", "https://api.example.com").prepare(), verify=True
    )
    assert ("api.example.com", "truststore") == (
        host["host"], type(options["ssl_context"]).__module__.split(".")[0],
    )  # fmt: skip


def relay_to(server: ScriptedServer) -> Callable[[socket.socket, Received], None]:
    """Return what a proxy does after a CONNECT: it hands on what comes, in both directions."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def relay(connection: socket.socket, _: Received) -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as far:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(far, connection), daemon=True)
            back.start()
            pump(connection, far)
            back.join(LIMIT)

    return relay


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_by_a_proxy(good: ssl.SSLContext, server: ScriptedServer, system: None, scheme: str) -> None:
    """A call through a proxy is verified in the same way, and so is a proxy that speaks TLS itself."""
    tls = good if scheme == "https" else None
    with ScriptedServer(relay_to(server), tls=tls) as proxy, session_at(server) as session:
        session.trust_env = False
        session.proxies = {"https": f"{scheme}://{proxy.host}"}
        assert 200 == session.get("v1.0/x").status_code
        assert (["CONNECT"], 1) == ([one.method for one in proxy.received], len(server.received))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra, wherever it is asked for."""
    monkeypatch.setitem(sys.modules, "truststore", None)
    session = EtnaSession("etna")
    with pytest.raises(EtnaError, match=r"needs its extra: run pip install 'etna-magic\[system-trust\]'"):
        session.trust = "system"
    assert "certifi" == session.trust
    error = caught(lambda: log_in(accounts.credentials("https://127.0.0.1:9/api"), trust="system"))
    assert "etna-magic[system-trust]" in str(error)


@pytest.mark.parametrize("client", ["httpx_client", "httpx_async_client"])
def test_httpx(server: ScriptedServer, system: None, client: str) -> None:
    """The clients of httpx trust as the session does."""
    import asyncio  # noqa: PLC0415 - for one of the two

    with session_at(server) as session:
        if client == "httpx_client":
            with session.httpx_client() as made:
                status = made.get("v1.0/x").status_code
        else:

            async def get() -> int:
                async with session.httpx_async_client() as made:
                    return (await made.get("v1.0/x")).status_code

            status = asyncio.run(get())
    assert 200 == status
