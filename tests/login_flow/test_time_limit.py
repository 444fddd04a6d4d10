"""The time limit bounds all of a request: the name, the connection, TLS, a proxy, the head and the body."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etna_magic import ConnectionFailedError
from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in
from tests.helpers.server import ScriptedServer
from tests.login_flow.answers import CODE, SUCCESS, advance, asks_for, conversation_at
from tests.login_flow.slow_servers import HEAD, HELLO, Endless, drip, nobody_accepts, tunnel_to

ELSEWHERE = "https://api.example.com/api"
TIMEOUT = 0.5
#: What a limit of TIMEOUT may take at the most, with room for a busy machine.
PATIENCE = 3.0

ROOT = Path(__file__).resolve().parents[2]


def _in_time(act: Callable[[], object]) -> object:
    began = time.monotonic()
    result = act()
    assert time.monotonic() - began < PATIENCE
    return result


def _late(base_url: str) -> str:
    """Log in where that takes too long; return what the error says."""
    error = _in_time(lambda: caught(lambda: log_in(accounts.credentials(base_url), timeout=TIMEOUT)))
    assert (ConnectionFailedError, 1) == (type(error), len(str(error).splitlines()))
    assert [] == leaks(error, accounts.SECRETS)
    return str(error)


@pytest.fixture
def slow_server() -> Iterator[ScriptedServer]:
    """Run a server."""
    with ScriptedServer() as running:
        yield running


DRIPS = {
    "body of known length": drip(HEAD + b"Content-Length: 60000\r\n\r\n", b" "),
    "body of unknown length": drip(HEAD + b"\r\n", b" "),
    "chunks": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk size": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "status line": drip(b"", b"H"),
    "header": drip(HEAD + b"X: ", b"y"),
    "headers": drip(HEAD, b"X: y\r\n"),
    "100 Continue": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue as fast as possible": Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "redirect": drip(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b" "),
}


@pytest.mark.parametrize("reply", DRIPS.values(), ids=DRIPS)
def test_drips(slow_server: ScriptedServer, reply: Endless) -> None:
    """A server that sends a little now and then is given up."""
    slow_server.play(reply.at(slow_server))
    assert "too long" in _late(slow_server.base_url)
    assert 1 == slow_server.connections


def test_silence(slow_server: ScriptedServer) -> None:
    """A server that never answers is given up."""
    slow_server.play(slow_server.stay_silent)
    assert "too long" in _late(slow_server.base_url)


def test_later_step(slow_server: ScriptedServer) -> None:
    """So is one that answers the first step and drips at the second: the answer may be given again."""
    drips = DRIPS["header"].at(slow_server)
    steps = conversation_at(slow_server, asks_for("VerificationCode"), drips, SUCCESS, timeout=TIMEOUT)
    advance(steps)
    again = _in_time(lambda: advance(steps, accounts.CODE))
    assert (CODE, ConnectionFailedError) == (again.kind, type(again.failure))
    assert accounts.TOKEN == advance(steps, accounts.CODE).get_secret_value()


def test_logins_after_some_that_were_given_up(slow_server: ScriptedServer) -> None:
    """A login goes through while earlier ones still wait for their server."""
    drips = DRIPS["header"].at(slow_server)
    slow_server.play(drips, drips, drips, SUCCESS)
    for _ in range(3):
        _late(slow_server.base_url)
    for _ in range(3):
        assert accounts.TOKEN == log_in(accounts.credentials(slow_server.base_url)).get_secret_value()


PROGRAM = """
import sys
from etna_magic import ConnectionFailedError
from tests.helpers import accounts
from tests.helpers.logins import log_in

try:
    log_in(accounts.credentials(sys.argv[1]), timeout=0.5)
except ConnectionFailedError:
    print("given up")
"""


def test_program_ends(slow_server: ScriptedServer) -> None:
    """A request that was given up does not hold up the end of a program."""
    slow_server.play(DRIPS["header"].at(slow_server))
    command = [sys.executable, "-c", PROGRAM, slow_server.base_url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (0, "given up\n", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("reply", [DRIPS["header"], DRIPS["chunks"]], ids=["head", "body"])
def test_logout(slow_server: ScriptedServer, reply: Endless) -> None:
    """A logout at a server that drips is given up, too."""
    token = accounts.token(slow_server.play(reply.at(slow_server)).base_url)
    assert "the server could not be asked: it took too long to answer" == _in_time(
        lambda: log_out_on_server(token, TIMEOUT)
    )


# Before there is a connection


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let no name be found before an event is set, as it is after the test."""
    found, ask = threading.Event(), socket.getaddrinfo

    def wait(host: object, *args: object, **kwargs: object) -> list:
        if host == "api.example.com":
            found.wait(60)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield found
    found.set()


def test_slow_resolver(resolver: threading.Event) -> None:
    """A name whose look-up hangs."""
    assert "too long" in _late(ELSEWHERE)


def test_name_that_is_not_known(resolver: threading.Event) -> None:
    """A name that is not found is said to be unknown."""
    resolver.set()
    assert "its name is not known" in _late(ELSEWHERE)


def test_connect_that_hangs() -> None:
    """A server that accepts no connection."""
    with nobody_accepts() as port:
        _late(f"http://127.0.0.1:{port}/api")


def test_many_addresses_that_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with twenty addresses of which none accepts: requests gives each of them its time."""
    with nobody_accepts() as port:
        one = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [one] * 20)
        assert "too long" in _late(f"http://localhost:{port}/api")


# TLS and proxies


@pytest.mark.parametrize("reply", [drip(HELLO, b"a"), drip(b"", b"")], ids=["drips", "is silent"])
def test_handshake(reply: Endless) -> None:
    """A TLS handshake that does not come to its end."""
    with ScriptedServer(read=False) as server:
        server.play(reply.at(server))
        _late(server.base_url.replace("http:", "https:"))


def test_answer_within_tls(trusted, contexts: dict) -> None:
    """An answer by TLS that drips."""
    with ScriptedServer(tls=contexts["good"]) as server:
        server.play(DRIPS["header"].at(server))
        assert "too long" in _late(server.base_url)


def test_answer_of_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy whose answer to CONNECT does not come to its end, and which gets no secret."""
    with ScriptedServer() as proxy:
        proxy.play(DRIPS["header"].at(proxy))
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        _late(ELSEWHERE)
    assert ["CONNECT"] == [received.method for received in proxy.received]
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(proxy.received)]


def test_handshake_of_a_proxy(trusted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is itself reached by TLS, and drips its part of that."""
    with ScriptedServer(read=False) as proxy:
        proxy.play(drip(HELLO, b"a").at(proxy))
        environment.set_proxy(monkeypatch, f"https://{proxy.host}")
        _late(ELSEWHERE)


@pytest.mark.parametrize("secure", [False, True], ids=["TLS", "TLS in TLS"])
def test_behind_a_proxy(trusted, contexts: dict, monkeypatch, secure: bool) -> None:  # noqa: FBT001 - a column
    """A server behind a proxy that drips its answer, by one TLS or by one within another."""
    with ScriptedServer(tls=contexts["other name"]) as server:
        server.play(DRIPS["header"].at(server))
        tunnel = tunnel_to(server.port)
        with ScriptedServer(tunnel, tls=contexts["good"] if secure else None) as proxy:
            environment.set_proxy(monkeypatch, f"{'https' if secure else 'http'}://{proxy.host}")
            assert "too long" in _late(ELSEWHERE)
    assert ["POST"] == [received.method for received in server.received]
