"""Servers that answer badly, break off, or say nothing."""

import os
import re
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


def leave_tls(connection: socket.socket, _: Received) -> None:
    """Go on without TLS on a connection that has begun with it."""
    with socket.socket(fileno=os.dup(connection.fileno())) as plain:
        plain.sendall(b"HTTP/1.1 500 Plain\r\n\r\n" * 3)


@dataclass(frozen=True)
class Fault:
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
    **{str(status): Fault(answer(status, b"{}"), status) for status in (429, 502, 503, 504)},
    "429, Retry-After": Fault(answer(429, b"{}", ("Retry-After", "1")), 429),
    "503, Retry-After": Fault(answer(503, b"{}", ("Retry-After", "1")), 503),
}
CUTS = {
    "cut before reading": Fault(hang_up, read=False),
    "reset before reading": Fault(reset, read=False),
    "cut after reading": Fault(hang_up),
    "reset after reading": Fault(reset),
    "half a status line": Fault(b"HTTP/1."),
    "no HTTP": Fault(b"SSH-2.0-OpenSSH_9.2\r\n"),
}
#: The head came, and not the whole body.
HALVES = {
    "half a body": Fault(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "half a chunk": Fault(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
}
# http.client takes the end of the connection for the end of the head, and so does requests.
LENIENT = {"half a head": Fault(b"HTTP/1.1 200 OK\r\nContent-Le", 200)}
SILENCE = {"time-out": Fault(None)}
# Over TLS only; urllib3 counts it neither as a failed connect nor as a failed read.
UNCLEAR = {"no TLS": Fault(leave_tls)}
ORDER = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}


def order(session: EtnaSession, method: str = "POST") -> int | None:
    """Send an order; return the status of its answer, or None where none came and the error says so."""
    try:
        return session.request(method, "v1.0/accounts/1/orders", json=ORDER).status_code
    except ConnectionFailedError as error:
        # A reset may come while the connection is being made.
        assert re.search(f"The {method} was (sent once|not sent)", str(error))  # noqa: PT017 - see above
        return None
