"""The one request of a log-in: what goes over the wire, and what never does."""

from pathlib import Path

import pytest
import requests

from etna_magic import ConnectionFailedError, EtnaError, LoginFlow, Secret, UnexpectedResponseError
from tests.helpers import accounts, environment
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.leaks import caught

SUCCESS = answer(200, accounts.SUCCESS)
# What requests, urllib3 and http.client add to any request.
OF_THE_LIBRARIES = {"host", "user-agent", "accept-encoding", "connection"}


def _log_in(server: ScriptedServer, **changes) -> object:
    return LoginFlow(accounts.credentials(server.base_url, **changes), timeout=5).start()


def test_bytes_on_the_wire() -> None:
    """A log-in is one POST without a body, with the documented headers byte for byte."""
    with ScriptedServer(SUCCESS) as server:
        token = _log_in(server)
    (request,) = server.received
    sent = {name: value for name, value in request.headers if name.lower() not in OF_THE_LIBRARIES}
    assert ("POST", "/api/token", b"") == (request.method, request.target, request.body)
    assert {
        "Et-App-Key": accounts.APP_KEY,
        "Username": accounts.USERNAME,
        "Password": accounts.PASSWORD,
        "Accept": "application/json",
        "Content-Length": "0",
    } == sent
    assert accounts.TOKEN == token.value


def test_no_header_is_sent_twice() -> None:
    """Every header is there once, in whatever case."""
    with ScriptedServer(SUCCESS) as server:
        _log_in(server)
    names = [name.lower() for name, _ in server.received[0].headers]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("character", [chr(c) for c in (*range(33, 127), *range(161, 256))], ids=ascii)
def test_every_character_of_a_password(character: str, busy_server: ScriptedServer) -> None:
    """Every character of latin-1 that is no control arrives as itself, blanks inside included."""
    password = f"{character} {character}"
    _log_in(busy_server, password=Secret(password))
    assert [password] == busy_server.received[-1].values("Password")


@pytest.fixture(scope="module")
def busy_server():
    """Run one server for many log-ins."""
    with ScriptedServer(SUCCESS) as server:
        yield server


@pytest.mark.parametrize("end", ["", "/", "//", "/token", "/token/", " ", "\n"], ids=repr)
def test_ends_of_a_base_url(end: str, busy_server: ScriptedServer) -> None:
    """However the base URL ends, the same path is asked."""
    token = LoginFlow(accounts.credentials(busy_server.base_url + end), timeout=5).start()
    assert ("/api/token", busy_server.base_url) == (busy_server.received[-1].target, token.base_url)


@pytest.mark.parametrize("end", ["", "/", "/token"], ids=repr)
def test_base_url_without_a_path(end: str, busy_server: ScriptedServer) -> None:
    """A host alone is a base URL."""
    LoginFlow(accounts.credentials(f"http://{busy_server.host}{end}"), timeout=5).start()
    assert "/token" == busy_server.received[-1].target


def test_netrc_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc goes nowhere."""
    traps.write_netrc(monkeypatch, tmp_path)
    with ScriptedServer(SUCCESS) as server:
        requests.get(server.base_url, timeout=5)
        _log_in(server)
    trap, ours = server.received
    assert [1, 0] == [len(trap.values("Authorization")), len(ours.values("Authorization"))]


def test_no_proxy_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy sees nothing of a log-in on loopback."""
    with ScriptedServer(SUCCESS) as server, ScriptedServer(SUCCESS) as proxy:
        traps.set_proxy(monkeypatch, f"http://{proxy.host}")
        requests.get(server.base_url, timeout=5)
        assert (0, 1) == (server.connections, proxy.connections)
        _log_in(server)
        assert (1, 1) == (server.connections, proxy.connections)


def test_https_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company's proxy https asks for a tunnel, and the proxy sees no header of ours."""
    with ScriptedServer(answer(403)) as proxy:
        traps.set_proxy(monkeypatch, f"http://{proxy.host}")
        error = caught(LoginFlow(accounts.credentials("https://api.example.com"), timeout=5).start)
    (request,) = proxy.received
    assert ("CONNECT", "api.example.com:443") == (request.method, request.target)
    assert [] == [value for name in ("Et-App-Key", "Username", "Password") for value in request.values(name)]
    assert ConnectionFailedError is type(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://localhost:{port}/x", "//127.0.0.1:{port}/x", "/elsewhere"])
def test_redirect_is_not_followed(status: int, to: str) -> None:
    """A redirect ends the log-in: it is not followed, to another server or to the same."""
    with ScriptedServer(SUCCESS) as other:
        location = to.format(port=other.port)
        with ScriptedServer(answer(status, b"", ("Location", location)), SUCCESS) as server:
            error = caught(lambda: _log_in(server))
    assert (UnexpectedResponseError, 1, 0) == (type(error), len(server.received), other.connections)
    assert "redirects" in str(error)


def _break(connection, _) -> None:
    connection.close()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(answer(500, b"{}"), UnexpectedResponseError, id="500"),
        pytest.param(answer(502, b"<html>"), UnexpectedResponseError, id="502"),
        pytest.param(answer(503, b"", ("Retry-After", "0")), UnexpectedResponseError, id="503"),
        pytest.param(answer(401, b"", ("WWW-Authenticate", "Basic")), UnexpectedResponseError, id="401"),
        pytest.param(answer(407, b"", ("Proxy-Authenticate", "Basic")), UnexpectedResponseError, id="407"),
        pytest.param(answer(408), UnexpectedResponseError, id="408"),
        pytest.param(_break, ConnectionFailedError, id="broken connection"),
        pytest.param(b"HTTP/1.", ConnectionFailedError, id="broken head"),
        pytest.param(answer(200, accounts.SUCCESS)[:-9], ConnectionFailedError, id="broken body"),
    ],
)
def test_never_a_second_try(reply, expected: type[EtnaError]) -> None:
    """Whatever goes wrong, one log-in is one request, even if the next would succeed."""
    with ScriptedServer(reply, SUCCESS) as server:
        error = caught(lambda: _log_in(server))
    assert (expected, 1, 1) == (type(error), len(server.received), server.connections)
    assert [] == [secret for secret in accounts.SECRETS if secret in str(error)]


def test_lifetime_runs_from_the_sending() -> None:
    """The token ages from the moment the request was sent and not from the answer."""
    clock = accounts.ManualClock()

    def late(connection, _) -> None:
        clock.move(40)
        connection.sendall(SUCCESS)

    with ScriptedServer(late) as server:
        token = LoginFlow(accounts.credentials(server.base_url), timeout=5, clock=clock).start()
    assert 1_750_000_000.0 == token.issued_at.timestamp()
    assert 24 * 3600 - 40 == token.remaining.total_seconds()
