"""Servers that answer badly, break off, or say nothing."""

import os
import socket
from dataclasses import dataclass

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.helpers.server import Answer, Received, answer


def hang_up(connection: socket.socket, _: Received) -> None:
    """Close the connection, the polite way."""
    connection.close()


def reset(connection: socket.socket, _: Received) -> None:
    """Close the connection, the rude way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def speak_plainly(connection: socket.socket, _: Received) -> None:
    """Go on without TLS on a connection that has begun with it."""
    with socket.socket(fileno=os.dup(connection.fileno())) as plain:
        plain.sendall(b"HTTP/1.1 500 Plain\r\n\r\n" * 3)


@dataclass(frozen=True)
class Break:
    """A way in which a server fails.

    Parameters
    ----------
    reply
        What it says; None is nothing at all, until the client gives up.
    status
        The status that a client gets; None where it gets no answer.
    read
        Whether it reads the request first.
    """

    reply: Answer | None
    status: int | None = None
    read: bool = True


REFUSALS = {
    **{str(status): Break(answer(status, b"{}"), status) for status in (429, 502, 503, 504)},
    "429, Retry-After": Break(answer(429, b"{}", ("Retry-After", "1")), 429),
    "503, Retry-After": Break(answer(503, b"{}", ("Retry-After", "1")), 503),
}
CUTS = {
    "cut before reading": Break(hang_up, read=False),
    "reset before reading": Break(reset, read=False),
    "cut after reading": Break(hang_up),
    "reset after reading": Break(reset),
    "half a status line": Break(b"HTTP/1."),
    "no HTTP": Break(b"SSH-2.0-OpenSSH_9.2\r\n"),
}
HALVES = {
    "half a body": Break(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "half a chunk": Break(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
}
# http.client takes the end of the connection for the end of the head, and so does requests.
LENIENT = {"half a head": Break(b"HTTP/1.1 200 OK\r\nContent-Le", 200)}
SILENCE = {"time-out": Break(None)}
# Over TLS only; urllib3 counts it neither as a failed connect nor as a failed read.
UNCLEAR = {"no TLS": Break(speak_plainly)}
ORDER = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}


def come_of(session: EtnaSession, method: str) -> int | None:
    """Return the status of an order's answer, or None for a failed connection that says it was sent once."""
    try:
        return session.request(method, "v1.0/accounts/1/orders", json=ORDER).status_code
    except ConnectionFailedError as error:
        assert "sent once and not again" in str(error)  # noqa: PT017 - the answer is looked at as well
        return None
