"""What a session sends, and what it does when no answer comes."""

import socket
import time
from pathlib import Path

import pytest
import requests

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.leaks import caught, leaks

METHODS = ["get", "head", "options", "post", "put", "patch", "delete"]
WRITES = ["post", "put", "patch", "delete"]


@pytest.mark.parametrize("method", METHODS)
def test_both_headers(server, session: EtnaSession, method: str) -> None:
    """Every method carries the token byte for byte, and the app key."""
    getattr(session, method)("v1.0/x")
    (request,) = server.received
    assert (method.upper(), "/api/v1.0/x") == (request.method, request.target)
    assert [f"Bearer {accounts.TOKEN}"] == request.values("Authorization")
    assert [accounts.APP_KEY] == request.values("Et-App-Key")


@pytest.mark.parametrize(
    ("path", "more", "target"),
    [
        pytest.param("v1.0/x", {}, "/api/v1.0/x", id="path"),
        pytest.param("/v1.0/x", {}, "/api/v1.0/x", id="slash in front"),
        pytest.param("v1.0/x/", {}, "/api/v1.0/x/", id="slash at its end"),
        pytest.param("", {}, "/api/", id="nothing"),
        pytest.param("v1.0/x?a=1&b=2", {}, "/api/v1.0/x?a=1&b=2", id="query"),
        pytest.param("v1.0/x", {"params": {"a": 1}}, "/api/v1.0/x?a=1", id="params"),
        pytest.param("v1.0/x?a=1", {"params": {"b": "c d"}}, "/api/v1.0/x?a=1&b=c+d", id="query and params"),
        pytest.param("v1.0/x?to=http://a/b", {}, "/api/v1.0/x?to=http://a/b", id="URL in the query"),
        pytest.param("v1.0/users/@me/info", {}, "/api/v1.0/users/@me/info", id="at sign"),
        pytest.param("v1.0/équities/BRK B", {}, "/api/v1.0/%C3%A9quities/BRK%20B", id="odd letters"),
        pytest.param("v1.0/a:b", {}, "/api/v1.0/a:b", id="colon"),
        pytest.param("v1.0/x#part", {}, "/api/v1.0/x", id="fragment"),
    ],
)
def test_paths(server, session: EtnaSession, path: str, more: dict, target: str) -> None:
    """A path is joined to the base URL, whose own path stays."""
    session.get(path, **more)
    assert target == server.received[0].target


def test_all_that_requests_takes(server, session: EtnaSession) -> None:
    """Headers, JSON and cookies of the caller travel along."""
    session.post("v1.0/orders", json={"Symbol": "AAPL"}, headers={"X-Mine": "1"}, cookies={"a": "b"})
    (request,) = server.received
    assert (b'{"Symbol": "AAPL"}', ["1"], ["a=b"]) == (
        request.body, request.values("X-Mine"), request.values("Cookie"),
    )  # fmt: skip


def test_netrc_replaces_nothing(server, session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc does not replace the token."""
    traps.write_netrc(monkeypatch, tmp_path)
    session.get("v1.0/x")
    assert [f"Bearer {accounts.TOKEN}"] == server.received[0].values("Authorization")


def test_no_proxy_on_loopback(server, session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy sees nothing of a call on loopback."""
    with ScriptedServer(answer(200)) as proxy:
        traps.set_proxy(monkeypatch, f"http://{proxy.host}")
        session.get("v1.0/x")
    assert (1, 0) == (server.connections, proxy.connections)


@pytest.mark.parametrize("status", [200, 202, 204, 400, 401, 403, 404, 409, 500])
def test_answers_are_returned(server, session: EtnaSession, status: int) -> None:
    """An answer is returned as it is, whatever its status; a fresh token's 401 as well."""
    server.play(answer(status, b"" if status == 204 else b"[1]"), answer(200, b"{}"))
    assert status == session.post("v1.0/x").status_code


TIMEOUTS = {"of the session": {}, "None": {"timeout": None}, "of the call": {"timeout": 0.2}}


@pytest.mark.parametrize(
    ("method", "more"),
    [("get", {}), *(("post", more) for more in TIMEOUTS.values())],
    ids=["read", *(f"write, {name}" for name in TIMEOUTS)],
)
def test_time_out(server, session: EtnaSession, method: str, more: dict) -> None:
    """Every call ends, also where it asks for no time-out, and whoever catches Timeout goes on doing so."""
    server.play(server.stay_silent)
    session.timeout = 0.2 if more.get("timeout") is None else 60.0
    began = time.monotonic()
    error = caught(lambda: getattr(session, method)("v1.0/x", **more))
    assert time.monotonic() - began < 10
    assert (True, True) == (
        isinstance(error, ConnectionFailedError), isinstance(error, requests.RequestException),
    )  # fmt: skip
    if method == "post":
        assert (True, 1) == (isinstance(error, requests.Timeout), len(server.received))
    assert [] == leaks(error, accounts.SECRETS, deep=False)


def test_time_out_of_a_prepared_request(server, session: EtnaSession) -> None:
    """A request that was prepared by hand has a time-out too."""
    server.play(server.stay_silent)
    session.timeout = 0.2
    request = session.prepare_request(requests.Request("POST", "v1.0/x"))
    assert isinstance(caught(lambda: session.send(request)), requests.Timeout)


BROKEN = {
    "closed": lambda connection, _: connection.close(),
    "half a head": b"HTTP/1.",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    "no gzip": answer(200, b"{}", ("Content-Encoding", "gzip")),
    "redirect in a circle": answer(307, b"", ("Location", "/api/v1.0/x")),
    "redirect to no URL": answer(307, b"", ("Location", "http://[::1/")),
    "redirect to other letters": answer(307, b"", ("Location", "http://\x9bhost/")),
}


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        pytest.param(method, reply, id=f"{method}, {name}")
        for name, reply in BROKEN.items()
        # One read stands for all: each waits between its tries.
        for method in ["get", *WRITES]
    ],
)
def test_broken(server, session: EtnaSession, method: str, reply: object) -> None:
    """What breaks off is an error of ours, in one line and without a secret; a write is sent once."""
    server.play(reply)
    if method in WRITES and reply in [BROKEN[name] for name in BROKEN if name.startswith("redirect")]:
        # Not followed at all: it would be sent a second time.
        assert 307 == getattr(session, method)("v1.0/x").status_code
        assert 1 == len(server.received)
        return
    error = caught(lambda: getattr(session, method)("v1.0/x", allow_redirects=True))
    assert (ConnectionFailedError, 1) == (_ours(error), len(str(error).splitlines()))
    assert (True, []) == (len(str(error)) <= 400, leaks(error, accounts.SECRETS, deep=False))
    if method in WRITES:
        assert "sent once" in str(error)
        assert 1 == len(server.received)


def _ours(error: Exception) -> type:
    return next(kind for kind in type(error).__mro__ if kind.__module__ == "etna_magic.exceptions")


@pytest.mark.parametrize("method", ["get", "post"])
def test_broken_connection_of_requests(server, session: EtnaSession, method: str) -> None:
    """Whoever catches the ConnectionError of `requests` catches ours."""
    server.play(BROKEN["closed"])
    with pytest.raises(requests.ConnectionError):
        getattr(session, method)("v1.0/x")


def test_nobody_listens(session: EtnaSession) -> None:
    """A port where nobody listens is told as such, with the server's name and no path."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    session.bind(accounts.token(f"http://127.0.0.1:{port}"))
    error = caught(lambda: session.post("v1.0/x?key=private"))
    assert (True, False) == (f"http://127.0.0.1:{port}" in str(error), "private" in str(error))
    assert isinstance(error, requests.ConnectionError)


def test_failed_call_leaves_no_header_in_its_frames(server, session: EtnaSession) -> None:
    """Not even the prepared request in the traceback's frames holds the token."""
    server.play(BROKEN["closed"])
    error = caught(lambda: session.post("v1.0/x"))
    assert [] == leaks(error, accounts.SECRETS, deep=True)
