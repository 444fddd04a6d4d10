"""Servers that hang up, fall silent, drip, flood and lie, while somebody logs in."""

import gzip
import socket
import time
import zlib
from collections.abc import Callable

import pytest

from etna_magic import ConnectionFailedError, EtnaError, LoginFlow, RateLimitedError, UnexpectedResponseError
from tests.helpers import accounts
from tests.helpers.server import Received, ScriptedServer, answer
from tests.helpers.leaks import caught, leaks

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TIMEOUT = 0.5
#: What a limit of TIMEOUT may take at the most, with room for a busy machine.
PATIENCE = 3.0

Reply = bytes | Callable[[socket.socket, Received], None]


def _drip(first: bytes, drop: bytes) -> Reply:
    """Send something, then a little of more every 0.1 s, as long as anybody listens."""

    def reply(connection: socket.socket, _: Received) -> None:
        connection.sendall(first)
        until = time.monotonic() + PATIENCE + 1
        while time.monotonic() < until:
            time.sleep(0.1)  # the server's pace is what is tested
            connection.sendall(drop)

    return reply


def _flood(first: bytes, flood: bytes) -> Reply:
    """Send something, then more and more as fast as it is taken."""

    def reply(connection: socket.socket, _: Received) -> None:
        connection.sendall(first)
        until = time.monotonic() + PATIENCE + 1
        while time.monotonic() < until:
            connection.sendall(flood)

    return reply


def _bomb(levels: int) -> bytes:
    body = b" " * 50_000_000 + accounts.SUCCESS
    for _ in range(levels):
        body = gzip.compress(body)
    return answer(200, body, ("Content-Encoding", ", ".join(["gzip"] * levels)))


def _error(reply: Reply, timeout: float = TIMEOUT, *, read: bool = True) -> EtnaError:
    with ScriptedServer(reply, answer(200, accounts.SUCCESS), read=read) as server:
        began = time.monotonic()
        error = caught(LoginFlow(accounts.credentials(server.base_url), timeout=timeout).start)
        took = time.monotonic() - began
    assert (1, True) == (server.connections, took < PATIENCE)
    assert (1, True) == (len(str(error).splitlines()), len(str(error)) <= 400)
    assert [] == leaks(error, accounts.SECRETS)
    return error


def _reset(connection: socket.socket, _: Received) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


BROKEN: dict[str, Reply] = {
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
def test_broken(reply: Reply) -> None:
    """What breaks off or is no HTTP is a failed connection, in one line and with no secret."""
    assert ConnectionFailedError is type(_error(reply, timeout=PATIENCE))


def test_closed_before_reading() -> None:
    """A server that hangs up before it reads is a failed connection."""
    assert ConnectionFailedError is type(_error(_reset, timeout=PATIENCE, read=False))


def test_nobody_listens() -> None:
    """A port where nobody listens is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = caught(LoginFlow(accounts.credentials(f"http://127.0.0.1:{port}"), timeout=5).start)
    assert (ConnectionFailedError, True) == (type(error), "nothing listens there" in str(error))
    assert [] == leaks(error, accounts.SECRETS)


def test_never_answers() -> None:
    """A server that never answers is given up after the time-out."""
    with ScriptedServer(b"") as server:
        server.play(server.stay_silent)
        error = caught(LoginFlow(accounts.credentials(server.base_url), timeout=TIMEOUT).start)
    assert (ConnectionFailedError, True) == (type(error), "too long" in str(error))
    assert [] == leaks(error, accounts.SECRETS)


DRIPS = {
    "body of known length": _drip(HEAD + b"Content-Length: 60000\r\n\r\n", b" "),
    "body of unknown length": _drip(HEAD + b"\r\n", b" "),
    "chunks": _drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk size": _drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "status line": _drip(b"", b"H"),
    "header": _drip(HEAD + b"X: ", b"y"),
    "headers": _drip(HEAD, b"X: y\r\n"),
    "100 Continue": _drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("reply", DRIPS.values(), ids=DRIPS)
def test_drips(reply: Reply) -> None:
    """A server that sends a byte now and then is given up by the total time limit."""
    assert ConnectionFailedError is type(_error(reply))


FLOODS = {
    "body of unknown length": _flood(HEAD + b"\r\n", b" " * 65536),
    "body of 10 GB": _flood(HEAD + b"Content-Length: 10000000000\r\n\r\n", b" " * 65536),
    "chunks": _flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
}


@pytest.mark.parametrize("reply", FLOODS.values(), ids=FLOODS)
def test_floods(reply: Reply) -> None:
    """A body without an end is given up by its length."""
    error = _error(reply, timeout=PATIENCE)
    assert (UnexpectedResponseError, True) == (type(error), "longer than 64,000 bytes" in str(error))


ENDLESS_HEADS = {
    "header": _flood(HEAD + b"X: ", b"y" * 65536),
    "headers": _flood(HEAD, b"X: y\r\n" * 1000),
    "status line": _flood(b"HTTP/1.1 200 ", b"y" * 65536),
    "100 Continue": _flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "chunk size": _flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
}


@pytest.mark.parametrize("reply", ENDLESS_HEADS.values(), ids=ENDLESS_HEADS)
def test_endless_heads(reply: Reply) -> None:
    """A head without an end is given up too."""
    assert ConnectionFailedError is type(_error(reply))


@pytest.mark.parametrize("levels", [1, 2])
def test_gzip_bomb(levels: int) -> None:
    """A small body that unfolds to 50 MB is given up by its length."""
    assert UnexpectedResponseError is type(_error(_bomb(levels), timeout=PATIENCE))


def test_half_a_gzip() -> None:
    """A compressed body that breaks off says nothing."""
    body = gzip.compress(accounts.SUCCESS)[:-20]
    error = _error(answer(200, body, ("Content-Encoding", "gzip")), timeout=PATIENCE)
    assert UnexpectedResponseError is type(error)


def test_gzip_of_honest_size() -> None:
    """An honest answer may be compressed."""
    body = gzip.compress(accounts.SUCCESS)
    with ScriptedServer(answer(200, body, ("Content-Encoding", "gzip"))) as server:
        assert accounts.TOKEN == LoginFlow(accounts.credentials(server.base_url), timeout=5).start().value


def test_limit_is_told_though_its_body_drips() -> None:
    """The status of an answer whose body is too long still counts."""
    reply = _flood(b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\n\r\n", b" " * 65536)
    error = _error(reply, timeout=PATIENCE)
    assert (RateLimitedError, 7) == (type(error), error.retry_after)
