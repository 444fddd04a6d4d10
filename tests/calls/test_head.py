"""How long an answer took is how long its head took, as with requests."""

import threading
from types import SimpleNamespace

import pytest

from etna_magic import reading_adapter
from etna_magic.session import EtnaSession
from tests.calls.shell import LIMIT


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_elapsed(server, session: EtnaSession, monkeypatch, method: str) -> None:
    """The clock is read when the head is there; only then does the server send the body."""
    readings, read = iter([5.0, 7.0]), threading.Event()

    def read_clock() -> float:
        seconds = next(readings)
        if seconds == 7.0:
            read.set()
        return seconds

    def body_later(connection, _) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        connection.sendall(b"{}" if read.wait(LIMIT) else b"")

    monkeypatch.setattr(reading_adapter, "time", SimpleNamespace(perf_counter=read_clock))
    server.play(body_later)
    response = session.request(method, "v1.0/x")
    assert (b"{}", 2.0) == (response.content, response.elapsed.total_seconds())
