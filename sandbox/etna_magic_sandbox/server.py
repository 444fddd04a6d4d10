"""The HTTP server: loopback only, no output, and many requests over one connection.

It is cheroot, CherryPy's server. It keeps connections alive, reads bodies that nobody asked for, waits
for running requests when it stops, and says what goes wrong by a method that can be overridden. Of the
others, waitress is as fast, but warns through the logging of the whole process, which in a notebook
shows in some cell; Werkzeug's is for development alone, and closes each connection.
"""

import ipaddress
import os
import socket
import threading
from typing import TYPE_CHECKING

from cheroot.wsgi import Server as WsgiServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 8
BACKLOG = 128
STOP_TIMEOUT = 2  # seconds that requests have to finish when the server stops
MAX_HEAD, MAX_BODY = 65_536, 10_000_000  # bytes
IDLE_TIMEOUT = 60  # seconds that a connection may be idle
SYSTEMD = "LISTEN_PID"
POLL_INTERVAL = 0.05  # seconds between two checks whether the server has to stop


class SilentServer(WsgiServer):
    """Serves on a socket that listens already, and logs nothing.

    In a notebook's kernel a log line would appear in the output of some cell.

    Parameters
    ----------
    listener : socket.socket
        A listening socket. If cheroot bound the port itself, a failure would leave a socket open.
    app : WSGIApplication
        The application.
    """

    def __init__(self, listener: socket.socket, app: "WSGIApplication") -> None:
        self._listener = listener
        super().__init__(
            listener.getsockname()[:2],
            app,
            numthreads=THREADS,
            request_queue_size=BACKLOG,
            server_name="sandbox",
            shutdown_timeout=STOP_TIMEOUT,
            timeout=IDLE_TIMEOUT,
        )
        self.max_request_header_size = MAX_HEAD
        self.max_request_body_size = MAX_BODY
        self.expiration_interval = POLL_INTERVAL

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002, ARG002 - the base's
        """Take the socket that listens."""
        self.socket = self._listener
        return self._listener

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        """Say nothing."""


class Server:
    """A server that listens from the moment it is made.

    Parameters
    ----------
    app : WSGIApplication
        The application.
    address : str
        What to bind, on loopback.
    port : int
        The TCP port; 0 takes a free one.

    Raises
    ------
    OSError
        If the port is in use or not permitted.
    """

    def __init__(self, app: "WSGIApplication", address: str, port: int) -> None:
        listener = listen(address, port)
        self.port: int = listener.getsockname()[1]
        self._server = SilentServer(listener, app)
        self._is_prepared = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="etna-sandbox", daemon=True)
        # Below systemd cheroot would serve whatever socket the service was given, on loopback or not.
        given = os.environ.pop(SYSTEMD, None)
        try:
            self._thread.start()
            self._is_prepared.wait()
        finally:
            if given is not None:
                os.environ[SYSTEMD] = given

    def _serve(self) -> None:
        # cheroot's workers are daemons where the thread that starts them is one: no process waits for them.
        try:
            self._server.prepare()
        finally:
            self._is_prepared.set()
        self._server.serve()

    def stop(self) -> None:
        """Stop serving, close all connections, free the port, and wait until that is done."""
        self._server.stop()
        self._thread.join()


def loopback_address(host: str) -> str:
    """Return the address to bind for a host, which must be this machine's loopback.

    Parameters
    ----------
    host : str
        `localhost`, `::1` or an address in 127.0.0.0/8.

    Raises
    ------
    ValueError
        If it is any other host: the sandbox must not be reachable from other machines.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(f"The sandbox binds loopback only (127.0.0.0/8, ::1 or localhost), not {host!r}.")
    return host


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens on a port, or on a free one if `port` is 0."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # On Windows this option would let two servers share a port.
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Otherwise a small response can wait 40 ms for the acknowledgement of the one before.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener
