"""The HTTP server: loopback only, no output, and many requests over one connection.

It is cheroot, CherryPy's server. It keeps connections alive, reads bodies that nobody asked for, waits
for running requests when it stops, and says what goes wrong by a method that can be overridden. Of the
others, waitress is as fast, but warns through the logging of the whole process, which in a notebook
shows in some cell; Werkzeug's is for development alone, and closes each connection.
"""

import ipaddress
import threading
from typing import TYPE_CHECKING

from cheroot.wsgi import Server as WsgiServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 8
BACKLOG = 128
STOP_TIMEOUT = 2  # seconds that requests have to finish when the server stops
MAX_HEAD, MAX_BODY = 65_536, 10_000_000  # bytes
IDLE_TIMEOUT = 120  # seconds that a connection may be idle
POLL_INTERVAL = 0.05  # seconds between two checks whether the server has to stop


class SilentServer(WsgiServer):
    """Logs nothing: in a notebook's kernel a line would appear in the output of some cell."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        """Say nothing; the names are the base's."""


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
        self._server = SilentServer(
            (address, port),
            app,
            numthreads=THREADS,
            request_queue_size=BACKLOG,
            server_name="sandbox",
            shutdown_timeout=STOP_TIMEOUT,
            timeout=IDLE_TIMEOUT,
        )
        self._server.max_request_header_size = MAX_HEAD
        self._server.max_request_body_size = MAX_BODY
        self._server.expiration_interval = POLL_INTERVAL
        self._server.prepare()
        self.port: int = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name="etna-sandbox", daemon=True)
        self._thread.start()

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
