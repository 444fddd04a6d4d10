"""How long an answer took is how long its head took, as with requests."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests.models

from etna_magic.session import EtnaSession
from tests.calls.shell import LIMIT, wait_until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Held:
    """An answer whose body comes when the test lets it go."""

    def __init__(self) -> None:
        #: When the request was there.
        self.arrived = 0.0
        self.released = threading.Event()

    def __call__(self, connection, _) -> None:
        """Send the head, wait, and send the body."""
        self.arrived = time.perf_counter()
        connection.sendall(HEAD)
        assert self.released.wait(LIMIT)
        connection.sendall(b"{}")


def reads_a_body(thread: int) -> bool:
    """Say whether a thread is within the body of an answer, and so has its head."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if (frame.f_code.co_filename, frame.f_code.co_name) == (requests.models.__file__, "content"):
            return True
        frame = frame.f_back
    return False


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_elapsed(server, session: EtnaSession, method: str) -> None:
    """The body is let go when the head has been read, and counts for nothing."""
    held, caller = Held(), []
    server.play(held)

    def call():
        caller.extend((threading.get_ident(), time.perf_counter()))
        return session.request(method, "v1.0/x")

    with ThreadPoolExecutor(1) as thread:
        answered = thread.submit(call)
        wait_until(lambda: caller and reads_a_body(caller[0]))
        head_is_there = time.perf_counter()
        # For as long as the request was on its way, so that this much cannot be what makes the difference.
        wait_until(lambda: time.perf_counter() - head_is_there >= held.arrived - caller[1])
        released = time.perf_counter()
        held.released.set()
        response = answered.result(LIMIT)
    assert b"{}" == response.content
    assert 0 < response.elapsed.total_seconds() <= released - held.arrived
