"""The one request of a logout, and what a server may answer to it: the token is dead, or may live on."""

import http.client
import socket
from pathlib import Path

import pytest
import requests

from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts, environment
from tests.helpers.server import Answer, ScriptedServer, answer
from tests.login_flow.slow_servers import HEAD, Endless

PAGE = ("Content-Type", "text/html; charset=utf-8")


def _log_out(server: ScriptedServer, reply: Answer) -> str:
    """Log out at a server that answers so; return why the token may live on."""
    return log_out_on_server(accounts.token(server.play(reply).base_url), 5.0)


def test_bytes_that_are_sent(server) -> None:
    """A logout is one POST without a body, with token and app key byte for byte."""
    _log_out(server, answer(204))
    (request,) = server.received
    assert ("POST", "/api/logout", b"") == (request.method, request.target, request.body)
    assert [f"Bearer {accounts.TOKEN}"] == request.values("Authorization")
    assert [accounts.APP_KEY] == request.values("Et-App-Key")
    assert ([], []) == (request.values("Username"), request.values("Password"))


DEAD = {
    "JSON": answer(200, b'{"State":"Succeeded"}', ("Content-Type", "application/json")),
    "nothing": answer(200),
    "no content": answer(204),
    "dead already": answer(401, b'{"Message":"Authorization has been denied for this request."}'),
}


@pytest.mark.parametrize("reply", DEAD.values(), ids=DEAD)
def test_dead(server, reply: bytes) -> None:
    """An answer of the API says that the token is dead."""
    assert ("", 1) == (_log_out(server, reply), len(server.received))


ALIVE = {
    "page": (answer(200, b"<html></html>", PAGE), "(status 200 with a web page)"),
    "login page": (answer(401, b"<html></html>", PAGE), "(status 401 with a web page)"),
    "none": (answer(404, b"{}"), "(status 404)"),
    "redirect": (answer(302, b"", ("Location", "/web")), "(status 302)"),
    "redirect to nowhere": (answer(302, b"", ("Location", "http://[::1/")), "(status 302)"),
    "trouble": (answer(500, b"{}"), "(status 500)"),
    "limit": (answer(429, b"", ("Retry-After", "0")), "(status 429)"),
}


@pytest.mark.parametrize(("reply", "why"), ALIVE.values(), ids=ALIVE)
def test_may_live_on(server, reply: bytes, why: str) -> None:
    """A web page, a redirect or a refusal ended no token, and nothing is sent a second time."""
    assert f"this server does not end tokens {why}" == _log_out(server, reply)
    assert 1 == len(server.received)


def test_server_that_hangs_up(server) -> None:
    """A server that breaks off is said not to have been asked, once."""
    assert "the server could not be asked: the connection broke off" == _log_out(
        server, lambda connection, _: connection.close()
    )
    assert 1 == len(server.received)


def test_nobody_listens() -> None:
    """So is one that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    token = accounts.token(f"http://127.0.0.1:{port}/api")
    assert "the server could not be asked: nothing listens there" == log_out_on_server(token, 5.0)


def test_endless_body() -> None:
    """The status counts, though its body has no end."""
    with ScriptedServer() as server:
        assert "" == _log_out(server, Endless(HEAD + b"\r\n", b" " * 65536).at(server))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(server, status: int) -> None:
    """No other server sees the token."""
    with ScriptedServer(answer(204)) as other:
        reply = answer(status, b"", ("Location", f"{other.base_url}/logout"))
        assert f"this server does not end tokens (status {status})" == _log_out(server, reply)
    assert (1, 0) == (len(server.received), other.connections)


def test_netrc_is_not_asked(server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc does not take the token's place."""
    environment.write_netrc(monkeypatch, tmp_path)
    _log_out(server, answer(204))
    assert [f"Bearer {accounts.TOKEN}"] == server.received[0].values("Authorization")


def test_no_proxy_on_loopback(server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy sees nothing of a logout on loopback."""
    with ScriptedServer(answer(204)) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        assert ("", 0) == (_log_out(server, answer(204)), proxy.connections)


def test_nothing_is_printed(server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """http.client prints every header where it is to debug; it prints none of a logout."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    _log_out(server, answer(204))
    assert ("", "") == capsys.readouterr()
    requests.get(server.base_url, headers={"X": "printed"}, timeout=5)
    assert "X: printed" in capsys.readouterr().out


def test_token_without_its_secret(server) -> None:
    """A token that has ended has nothing left to be sent."""
    token = accounts.token(server.play(answer(204)).base_url)
    token.end("was logged out")
    assert "was logged out" in log_out_on_server(token, 5.0)
    assert [] == server.received
