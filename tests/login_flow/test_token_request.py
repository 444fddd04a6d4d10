"""The one request of a login: what is sent, what never is, and what is left of it afterwards."""

import gc
import http.client
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from etna_magic import ConnectionFailedError, EtnaError, Secret, Token, UnexpectedResponseError
from etna_magic.login_flow import conversation, log_out_on_server
from etna_magic.support.safe_call import Failure, safe_call
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught
from tests.helpers.logins import log_in
from tests.helpers.server import Answer, ScriptedServer, answer
from tests.login_flow.answers import SUCCESS, advance, asks_for

# What requests, urllib3 and http.client add to any request.
OF_THE_LIBRARIES = {"host", "user-agent", "accept-encoding", "connection"}


def _log_in(server: ScriptedServer, **changes) -> Token:
    return log_in(accounts.credentials(server.base_url, **changes))


def test_bytes_that_are_sent() -> None:
    """A login is one POST without a body, with the documented headers byte for byte."""
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
    assert accounts.TOKEN == token.get_secret_value()


def test_no_header_is_sent_twice() -> None:
    """Every header is there once, in whatever case."""
    with ScriptedServer(SUCCESS) as server:
        _log_in(server)
    names = [name.lower() for name, _ in server.received[0].headers]
    assert sorted(set(names)) == sorted(names)


@pytest.fixture(scope="module")
def busy_server():
    """Run one server for many logins."""
    with ScriptedServer(SUCCESS) as server:
        yield server


@pytest.mark.parametrize("character", [chr(c) for c in (*range(33, 127), *range(161, 256))], ids=ascii)
def test_every_character_of_a_password(character: str, busy_server: ScriptedServer) -> None:
    """Every character of latin-1 that is no control arrives as itself, blanks inside included."""
    password = f"{character} {character}"
    _log_in(busy_server, password=Secret(password))
    assert [password] == busy_server.received[-1].values("Password")


@pytest.mark.parametrize("end", ["", "/", "//", "/token", "/token/", " ", "\n"], ids=repr)
def test_ends_of_a_base_url(end: str, busy_server: ScriptedServer) -> None:
    """However the base URL ends, the same path is asked."""
    token = log_in(accounts.credentials(busy_server.base_url + end))
    assert ("/api/token", busy_server.base_url) == (busy_server.received[-1].target, token.base_url)


@pytest.mark.parametrize("end", ["", "/", "/token"], ids=repr)
def test_base_url_without_a_path(end: str, busy_server: ScriptedServer) -> None:
    """A host alone is a base URL."""
    log_in(accounts.credentials(f"http://{busy_server.host}{end}"))
    assert "/token" == busy_server.received[-1].target


def test_lifetime_runs_from_the_sending() -> None:
    """The token ages from the time when the last request was sent, and not from the answer."""
    clock = accounts.ManualClock()

    def late(reply: bytes) -> Answer:
        def answer_late(connection, _) -> None:
            clock.move(40)
            connection.sendall(reply)

        return answer_late

    with ScriptedServer(late(asks_for("VerificationCode")), late(SUCCESS), late(SUCCESS)) as server:
        after_code = log_in(accounts.credentials(server.base_url), [accounts.CODE], clock=clock)
        at_once = log_in(accounts.credentials(server.base_url), clock=clock)
    assert [1_750_000_040.0, 1_750_000_080.0] == [
        token.issued_at.timestamp() for token in (after_code, at_once)
    ]
    assert 24 * 3600 - 40 == at_once.remaining.total_seconds()


def test_lifetime_runs_from_the_last_step(server) -> None:
    """After a challenge it is the request with the answer to it that counts, however long that took."""
    clock, asked = accounts.ManualClock(), asks_for("VerificationCode")
    steps = conversation(accounts.credentials(server.play(asked, SUCCESS).base_url), {}, clock=clock)
    advance(steps)
    clock.move(60)
    token = advance(steps, accounts.CODE)
    assert (1_750_000_060.0, 24 * 3600) == (token.issued_at.timestamp(), token.remaining.total_seconds())


def test_what_a_failure_says() -> None:
    """A server that cannot be asked is named by its origin, with the reason and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    error = caught(lambda: log_in(accounts.credentials(f"http://{host}/api")))
    assert (
        f"http://{host} could not be asked for a token: nothing listens there. "
        "Check the network and the base URL."
    ) == str(error)


class BlockedError(Exception):
    """What a user's own guard of the network raises."""


ACTS = {
    "login": lambda: log_in(accounts.credentials("http://127.0.0.1:9/api")),
    "logout": lambda: log_out_on_server(accounts.token("http://127.0.0.1:9/api"), 5.0),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_guard_of_the_network(monkeypatch: pytest.MonkeyPatch, act) -> None:
    """An exception of a user's own code comes out as it is."""

    def guard(*_: object, **__: object) -> None:
        raise BlockedError("not here")

    monkeypatch.setattr(socket, "getaddrinfo", guard)
    with pytest.raises(BlockedError, match="not here"):
        act()


# What the environment may not change


def test_netrc_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc goes nowhere."""
    environment.write_netrc(monkeypatch, tmp_path)
    with ScriptedServer(SUCCESS) as server:
        requests.get(server.base_url, timeout=5)
        _log_in(server)
    trap, ours = server.received
    assert [1, 0] == [len(trap.values("Authorization")), len(ours.values("Authorization"))]


def test_no_proxy_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy sees nothing of a login on loopback."""
    with ScriptedServer(SUCCESS) as server, ScriptedServer(SUCCESS) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        requests.get(server.base_url, timeout=5)
        assert (0, 1) == (server.connections, proxy.connections)
        _log_in(server)
        assert (1, 1) == (server.connections, proxy.connections)


def test_https_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company's proxy https asks for a tunnel, and the proxy sees no header of ours."""
    with ScriptedServer(answer(403)) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        error = caught(lambda: log_in(accounts.credentials("https://api.example.com")))
    (request,) = proxy.received
    assert ("CONNECT", "api.example.com:443") == (request.method, request.target)
    assert [] == [value for name in ("Et-App-Key", "Username", "Password") for value in request.values(name)]
    assert (ConnectionFailedError, True) == (type(error), "the proxy" in str(error))


def test_nothing_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """http.client prints every header where it is to debug; it prints none of a login."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with ScriptedServer(SUCCESS) as server:
        requests.get(server.base_url, headers={"X": "printed"}, timeout=5)
        assert "X: printed" in capsys.readouterr().out
        _log_in(server)
    assert ("", "") == capsys.readouterr()


# One request, and no second


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to", ["http://localhost:{port}/x", "//127.0.0.1:{port}/x", "https://127.0.0.1:{port}/x", "/api/token"]
)
def test_redirect_is_not_followed(status: int, to: str) -> None:
    """A redirect ends the login: it is not followed, to another server or to the same."""
    with ScriptedServer(SUCCESS) as other:
        location = to.format(port=other.port)
        with ScriptedServer(answer(status, b"", ("Location", location)), SUCCESS) as server:
            error = caught(lambda: _log_in(server))
    assert (UnexpectedResponseError, 1, 0) == (type(error), len(server.received), other.connections)
    assert "redirects" in str(error)


def _hang_up(connection, _) -> None:
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
        pytest.param(_hang_up, ConnectionFailedError, id="broken connection"),
        pytest.param(b"HTTP/1.", ConnectionFailedError, id="broken head"),
        pytest.param(SUCCESS[:-9], ConnectionFailedError, id="broken body"),
    ],
)
def test_never_a_second_try(reply, expected: type[EtnaError]) -> None:
    """Whatever goes wrong, one login is one request, even if the next would succeed."""
    with ScriptedServer(reply, SUCCESS) as server:
        error = caught(lambda: _log_in(server))
        assert (expected, 1, 1) == (type(error), len(server.received), server.connections)
        assert accounts.TOKEN == _log_in(server).get_secret_value()
    assert [] == [secret for secret in accounts.SECRETS if secret in str(error)]


# What is left of it


def _kept_alive(connection, _) -> None:
    """Answer, and leave the connection open for more."""
    length = len(accounts.SUCCESS)
    head = f"HTTP/1.1 200 OK\r\nSet-Cookie: who=somebody; Path=/\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + accounts.SUCCESS)
    connection.settimeout(10)
    connection.recv(1)  # returns when the client hangs up


def test_each_login_connects_for_itself() -> None:
    """A connection that a server keeps open is closed, and no cookie of it is sent with a later login."""
    with ScriptedServer(_kept_alive) as server:
        for _ in range(3):
            _log_in(server)
    assert 3 == server.connections
    assert [[], [], []] == [request.values("Cookie") for request in server.received]


def test_nothing_of_a_request_is_kept() -> None:
    """No request, response, session or secret of a login lives on when its token is gone."""
    with ScriptedServer(_kept_alive) as server:
        _log_in(server)
        before, until = _held(), time.monotonic() + 10
        _log_in(server)
        # The thread that has sent it may have something to let go yet.
        while left := [one for one in _held() if not any(one is other for other in before)]:
            assert time.monotonic() < until, left


def _held() -> list[object]:
    """Return whatever there is of what a request is made of."""
    gc.collect()
    kinds = (
        Secret,
        requests.Request,
        requests.PreparedRequest,
        requests.Response,
        requests.Session,
        http.client.HTTPConnection,
    )
    return [one for one in gc.get_objects() if issubclass(type(one), kinds)]


def test_many_at_once() -> None:
    """Logins of many threads share nothing: each gets the token that was sent to it."""
    lock, numbers = threading.Lock(), iter(range(1000))

    def numbered(connection, received) -> None:
        with lock:
            number = next(numbers)
        user = received.values("Username")[0]
        body = f'{{"State":"Succeeded","Token":"{user}-{number}"}}'
        connection.sendall(answer(200, body.encode()))

    users = [f"user{n}" for n in range(64)]
    with ScriptedServer(numbered) as server, ThreadPoolExecutor(8) as pool:
        values = [
            token.get_secret_value() for token in pool.map(lambda user: _log_in(server, username=user), users)
        ]
    assert (64, users) == (len(set(values)), [value.split("-")[0] for value in values])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_after_a_fork() -> None:
    """A process that was forked logs in over a connection of its own."""
    with ScriptedServer(SUCCESS) as server:
        _log_in(server)
        child = os.fork()
        if child == 0:
            done = safe_call(lambda: _log_in(server))
            os._exit(1 if isinstance(done, Failure) else 0)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert (2, 2) == (server.connections, len(server.received))
