"""A real HTTP server on loopback that answers as a test says, and records what it received."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Received:
    """One request, its head as it came over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return every value of a header, in latin-1."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


Answer = bytes | Callable[[socket.socket, Received], None]


def answer(status: int, body: bytes = b"", *headers: tuple[str, str]) -> bytes:
    """Return the bytes of an answer that ends its connection."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class ScriptedServer:
    """Gives its answers in turn, the last one for ever after.

    An answer is the bytes to send, or a callable that is handed the connection and the request.
    """

    def __init__(
        self, *answers: Answer, tls: ssl.SSLContext | None = None, read: bool = True, host: str = "127.0.0.1"
    ) -> None:
        self.answers = list(answers)
        self.received: list[Received] = []
        #: How many connections were made, whether or not a request came over them.
        self.connections = 0
        #: Is set when the test is over, so that a silent answer ends.
        self.over = threading.Event()
        self._read = read
        self._tls = tls
        self._lock = threading.Lock()
        self._listener = (_IPv6Listener if ":" in host else _Listener)((host, 0), self._serve)
        self.port: int = self._listener.server_address[1]
        self.host = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.base_url = f"{'https' if tls else 'http'}://{self.host}/api"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.002,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def play(self, *answers: Answer) -> Self:
        """Begin again with these answers, as if nothing had been asked."""
        with self._lock:
            self.answers, self.received, self.connections = list(answers), [], 0
        return self

    def stay_silent(self, connection: socket.socket, _: Received) -> None:
        """Never answer; the connection stays open until the test is over."""
        self.over.wait(60)

    def _serve(self, plain: socket.socket) -> None:
        connection = plain
        try:
            with self._lock:
                self.connections += 1
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
            received = _read(connection) if self._read else Received("", "", (), b"")
            if received is None:
                return
            with self._lock:
                self.received.append(received)
                say = self.answers[min(len(self.received), len(self.answers)) - 1]
            if callable(say):
                say(connection, received)
            else:
                connection.sendall(say)
        except OSError:
            pass  # the client went away first, as it should from some of these
        finally:
            connection.close()


def _read(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more or more.startswith(b"\x16"):  # nothing, or TLS where none is spoken
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = tuple((name, value.removeprefix(" ")) for name, _, value in (x.partition(":") for x in lines))
    length = sum(int(value) for name, value in headers if name.lower() == "content-length")
    while len(body) < length:
        body += connection.recv(65536)
    return Received(method, target, headers, body)


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        super().__init__(address, socketserver.BaseRequestHandler)

    def finish_request(self, request: socket.socket, client_address: object) -> None:
        """Serve one connection."""
        self._serve(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that breaks off is what is tested."""


class _IPv6Listener(_Listener):
    address_family = socket.AF_INET6
