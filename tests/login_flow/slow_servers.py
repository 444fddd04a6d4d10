"""Servers that never come to an end, a proxy in front of one, and addresses where nobody accepts."""

import contextlib
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from tests.helpers.server import Answer, Received, ScriptedServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# The head of a TLS record, and in it that of a ServerHello, of 16 kB.
HELLO = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03"


@dataclass(frozen=True)
class Endless:
    """An answer that begins and goes on until its server ends: a drip with a pause, a flood without.

    Parameters
    ----------
    first, more : bytes
        What it says at once, and what again and again.
    pause : float, optional
        Seconds in between.
    """

    first: bytes
    more: bytes
    pause: float = 0.0

    def at(self, server: ScriptedServer) -> Answer:
        """Return it as the answer of a server."""

        def reply(connection: socket.socket, _: Received) -> None:
            connection.sendall(self.first)
            while not server.over.wait(self.pause):  # the server's pace is what is tested
                connection.sendall(self.more)

        return reply


def drip(first: bytes, drop: bytes) -> Endless:
    """Return an answer of which a little comes now and then."""
    return Endless(first, drop, 0.05)


def tunnel_to(port: int) -> Answer:
    """Return the answer of a proxy that connects whoever asks to a port of this machine."""

    def connect(connection: socket.socket, _: Received) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            other_end = {connection: server, server: connection}
            while True:
                # One thread for both directions: TLS is not to be read and written by two at once.
                for one in select.select(list(other_end), [], [], 20)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    other_end[one].sendall(data)

    return connect


@contextlib.contextmanager
def nobody_accepts() -> Iterator[int]:
    """Listen on a port whose queue is full, so that a connect to it hangs; yield the port."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port: int = listener.getsockname()[1]
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", port))
        yield port
