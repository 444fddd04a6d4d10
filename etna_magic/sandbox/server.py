"""The HTTP server: loopback only, no output, and many requests over one connection."""

import io
import ipaddress
import os
import socket
import threading
from typing import TYPE_CHECKING

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Request = socket.socket | tuple[bytes, socket.socket]

MAX_BODY = 1_000_000  # bytes
CLOSE_TIMEOUT = 2.0  # seconds that requests have to finish when the server stops


class Handler(WSGIRequestHandler):
    """Answers the requests of one connection.

    Werkzeug closes the connection after each response, which would make a client's connection pool
    useless. So this handler reads every body to its end, sends the whole response at once, and
    keeps the connection.
    """

    protocol_version = "HTTP/1.1"
    # Otherwise a small response can wait 40 ms for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def make_environ(self) -> "WSGIEnvironment":
        """Return the WSGI environment with the body read, or let the connection close."""
        environ = super().make_environ()
        length = self.headers.get("Content-Length", "0")
        is_small = length.isdecimal() and int(length) <= MAX_BODY
        if "Transfer-Encoding" in self.headers or not is_small:
            # The unread body would be taken for the next request.
            self.close_connection = True
        else:
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(length)))
        return environ

    def run_wsgi(self) -> None:
        """Call the application and send its response."""
        try:
            environ = self.make_environ()
        except ValueError:
            self.send_error(400, "The request's address cannot be read")
            return
        response = Response.from_app(self.server.app, environ, buffered=True)
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.get_data())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing. The base class would parse the URL, which may be malformed."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Log nothing: in a notebook's kernel a log line would appear in the output of some cell."""


class Server(ThreadedWSGIServer):
    """A threaded server that can close the connections of its clients.

    Parameters
    ----------
    app : WSGIApplication
        The application.
    listener : socket.socket
        A listening socket. If Werkzeug bound the port itself, it would exit the process when the
        port is in use.
    """

    def __init__(self, app: "WSGIApplication", listener: socket.socket) -> None:
        self._changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, Handler, fd=listener.fileno())

    def process_request(self, request: Request, client_address: object) -> None:
        """Remember the connection before its thread starts."""
        if isinstance(request, socket.socket):
            with self._changed:
                self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Request) -> None:
        """Forget the connection when its thread has finished."""
        super().shutdown_request(request)
        if isinstance(request, socket.socket):
            with self._changed:
                self._connections.discard(request)
                self._changed.notify_all()

    def close_connections(self) -> None:
        """Close all connections: idle ones would still be served after the server has stopped."""
        with self._changed:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    continue  # the client has closed it already
            self._changed.wait_for(lambda: not self._connections, CLOSE_TIMEOUT)


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
        listener.bind((address, port))
        listener.listen(128)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener
