"""The HTTP server: loopback only, silent, quick, and one connection for many requests."""

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

BIGGEST_BODY = 1_000_000  # bytes
GOODBYE = 2.0  # seconds that open requests have to end when the server stops


class Handler(WSGIRequestHandler):
    """Answers the requests of one connection.

    Werkzeug closes the connection after each answer. A client's connection pool would be of no
    use then, so this handler reads every body to its end, writes the whole answer, and goes on.
    """

    protocol_version = "HTTP/1.1"
    # Without this a small answer can wait 40 ms for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def make_environ(self) -> "WSGIEnvironment":
        """Return the WSGI environment with the body read, or the connection marked to close."""
        environ = super().make_environ()
        length = self.headers.get("Content-Length", "0")
        small = length.isdecimal() and int(length) <= BIGGEST_BODY
        if "Transfer-Encoding" in self.headers or not small:
            # What is left unread would be taken for the next request.
            self.close_connection = True
        else:
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(length)))
        return environ

    def run_wsgi(self) -> None:
        """Let the application answer, and send what it says."""
        try:
            environ = self.make_environ()
        except ValueError:
            self.send_error(400, "The request's address cannot be read")
            return
        answer = Response.from_app(self.server.app, environ, buffered=True)
        self.send_response(answer.status_code)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.get_data())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing, and do not even parse the address for it: it may be malformed."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: in a notebook's kernel a log line would land in some cell's output."""


class Server(ThreadedWSGIServer):
    """A threaded server that can hang up on its clients.

    Parameters
    ----------
    app : WSGIApplication
        The application.
    bound : socket.socket
        A listening socket. Werkzeug would end the program if it had to bind a port in use itself.
    """

    def __init__(self, app: "WSGIApplication", bound: socket.socket) -> None:
        self._change = threading.Condition()
        self._open: set[socket.socket] = set()
        host, port = bound.getsockname()[:2]
        super().__init__(host, port, app, Handler, fd=bound.fileno())

    def process_request(self, request: Request, client_address: object) -> None:
        """Remember the connection before a thread takes it."""
        if isinstance(request, socket.socket):
            with self._change:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Request) -> None:
        """Forget the connection after its thread is through with it."""
        super().shutdown_request(request)
        if isinstance(request, socket.socket):
            with self._change:
                self._open.discard(request)
                self._change.notify_all()

    def hang_up(self) -> None:
        """Close all connections: an idle one would go on being served after the server ended."""
        with self._change:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    continue  # the client was quicker
            self._change.wait_for(lambda: not self._open, GOODBYE)


def check_loopback(host: str) -> str:
    """Return the address to bind for a host, which must be this machine's loopback.

    Parameters
    ----------
    host : str
        `localhost`, `::1` or an address in 127.0.0.0/8.

    Raises
    ------
    ValueError
        If it is anything else: others could reach the sandbox there.
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
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # On Windows this option would let two servers share a port.
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(128)
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound
