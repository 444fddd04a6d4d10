"""Servers that hang up, flood and lie, while somebody logs in."""

import gzip
import socket
import time
import zlib

import pytest

from etna_magic import ConnectionFailedError, EtnaError, RateLimitedError, UnexpectedResponseError
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in
from tests.helpers.server import Answer, Received, ScriptedServer, answer
from tests.login_flow.answers import SUCCESS
from tests.login_flow.slow_servers import HEAD, Endless

#: What none of these may take, with room for a busy machine.
LIMIT = 5.0


def _error(reply: Answer | Endless, *, read: bool = True) -> EtnaError:
    with ScriptedServer(read=read) as server:
        server.play(reply.at(server) if isinstance(reply, Endless) else reply, SUCCESS)
        began = time.monotonic()
        error = caught(lambda: log_in(accounts.credentials(server.base_url), timeout=2 * LIMIT))
        took = time.monotonic() - began
    assert (1, True) == (server.connections, took < LIMIT)
    assert (1, True) == (len(str(error).splitlines()), len(str(error)) <= 400)
    assert [] == leaks(error, accounts.SECRETS)
    return error


def _reset(connection: socket.socket, _: Received) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


BROKEN: dict[str, Answer] = {
    "closed": lambda connection, _: connection.close(),
    "reset": _reset,
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a status line": b"HTTP/1.",
    "status that is none": b"HTTP/1.1 abc OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "half a body": HEAD + b"Content-Length: 9999\r\n\r\n" + accounts.SUCCESS,
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + accounts.SUCCESS,
    "chunk size that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + accounts.SUCCESS,
    "no gzip": answer(200, accounts.SUCCESS, ("Content-Encoding", "gzip")),
    "damaged deflate": answer(
        200, zlib.compress(accounts.SUCCESS)[:-2] + b"xx", ("Content-Encoding", "deflate")
    ),
    "200 headers": HEAD + b"X: y\r\n" * 200 + b"\r\n",
    "header of 100,000 bytes": HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_broken(reply: Answer) -> None:
    """What breaks off or is no HTTP is a failed connection, in one line and with no secret."""
    assert ConnectionFailedError is type(_error(reply))


def test_closed_before_reading() -> None:
    """A server that hangs up before it reads is a failed connection."""
    assert ConnectionFailedError is type(_error(_reset, read=False))


def test_nobody_listens() -> None:
    """A port where nobody listens is said to be one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = caught(lambda: log_in(accounts.credentials(f"http://127.0.0.1:{port}")))
    assert (ConnectionFailedError, True) == (type(error), "nothing listens there" in str(error))
    assert [] == leaks(error, accounts.SECRETS)


ENDLESS_HEADS = {
    "header": Endless(HEAD + b"X: ", b"y" * 65536),
    "headers": Endless(HEAD, b"X: y\r\n" * 1000),
    "status line": Endless(b"HTTP/1.1 200 ", b"y" * 65536),
    "chunk size": Endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
}


@pytest.mark.parametrize("reply", ENDLESS_HEADS.values(), ids=ENDLESS_HEADS)
def test_endless_heads(reply: Endless) -> None:
    """A head without an end is given up by its length."""
    assert ConnectionFailedError is type(_error(reply))


ENDLESS_BODIES = {
    "unknown length": Endless(HEAD + b"\r\n", b" " * 65536),
    "10 GB": Endless(HEAD + b"Content-Length: 10000000000\r\n\r\n", b" " * 65536),
    "chunks": Endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
}


@pytest.mark.parametrize("reply", ENDLESS_BODIES.values(), ids=ENDLESS_BODIES)
def test_endless_bodies(reply: Endless) -> None:
    """A body without an end is given up by its length."""
    error = _error(reply)
    assert (UnexpectedResponseError, True) == (type(error), "longer than 128,000 bytes" in str(error))


def test_limit_with_an_endless_body() -> None:
    """The status of an answer whose body is too long still counts."""
    error = _error(Endless(b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\n\r\n", b" " * 65536))
    assert (RateLimitedError, 7) == (type(error), error.retry_after)


@pytest.mark.parametrize("location", ["/x", "http://[::1/"], ids=["readable", "not readable"])
def test_redirect_with_an_endless_body(location: str) -> None:
    """So does a redirect, whose body is read no further than any."""
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()
    error = _error(Endless(head, b" " * 65536))
    assert (UnexpectedResponseError, True) == (type(error), "redirects" in str(error))


@pytest.mark.parametrize("levels", [1, 2])
def test_gzip_bomb(levels: int) -> None:
    """A small body that unfolds to 50 MB is given up by its length."""
    body = b" " * 50_000_000 + accounts.SUCCESS
    for _ in range(levels):
        body = gzip.compress(body, 1)
    reply = answer(200, body, ("Content-Encoding", ", ".join(["gzip"] * levels)))
    assert UnexpectedResponseError is type(_error(reply))


def test_half_a_gzip() -> None:
    """A compressed body that breaks off says nothing."""
    body = gzip.compress(accounts.SUCCESS)[:-20]
    assert UnexpectedResponseError is type(_error(answer(200, body, ("Content-Encoding", "gzip"))))


def test_gzip_of_honest_size() -> None:
    """An honest answer may be compressed."""
    body = gzip.compress(accounts.SUCCESS)
    with ScriptedServer(answer(200, body, ("Content-Encoding", "gzip"))) as server:
        assert accounts.TOKEN == log_in(accounts.credentials(server.base_url)).get_secret_value()
