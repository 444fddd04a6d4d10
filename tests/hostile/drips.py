"""A server that sends a byte now and then, and a proxy that lets one through."""

import contextlib
import select
import socket
import threading
import time

from tests.helpers.server import Answer, Received

LIMIT = 10.0  # seconds for which it goes on, if nobody hangs up


class Drip:
    """An answer that begins and never comes to its end.

    Parameters
    ----------
    first, drop : bytes
        What it says at once, and what again and again.
    """

    def __init__(self, first: bytes, drop: bytes) -> None:
        #: Is set when the other side has hung up, and not when this one had enough.
        self.hung_up = threading.Event()
        self._first = first
        self._drop = drop

    def __call__(self, connection: socket.socket, _: Received) -> None:
        """Send it."""
        until = time.monotonic() + LIMIT
        try:
            connection.sendall(self._first)
            while time.monotonic() < until:
                connection.sendall(self._drop)
                time.sleep(0.05)  # the server's pace is what is tested
        except OSError:
            self.hung_up.set()


def tunnel_to(port: int) -> Answer:
    """Return the answer of a proxy that connects whoever asks to a port of this machine."""

    def connect(connection: socket.socket, _: Received) -> None:
        with socket.create_connection(("127.0.0.1", port)) as there, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            other_end = {connection: there, there: connection}
            while True:
                # One thread for both directions: TLS is not to be read and written by two at once.
                for one in select.select(list(other_end), [], [], 2 * LIMIT)[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    other_end[one].sendall(data)

    return connect
