"""A process that is forked while a session is in use has locks and connections of its own."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from requests.adapters import HTTPAdapter

from etna_magic.session import EtnaSession
from etna_magic.transport import Failure, attempt
from tests.calls.house import FRESH, NEW, PAST_THE_END, PROBE, House, probed
from tests.calls.shell import LIMIT
from tests.helpers.server import answer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_a_child(act: Callable[[], object], expected: object) -> int:
    """Fork; return 0 if `act` returned there what was expected, and another number if not or not in time."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(LIMIT))
        came = attempt(act)
        os._exit(1 if isinstance(came, Failure) else 2 * (came != expected))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Held:
    """An answer that the first who asks gets when the test lets it go, and all others at once."""

    def __init__(self, reply: bytes) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()
        self._reply = reply

    def __call__(self, connection, _) -> None:
        """Answer, now or later."""
        is_first = not self.asked.is_set()
        self.asked.set()
        if is_first:
            self.released.wait(2 * LIMIT)
        connection.sendall(self._reply)


def test_while_another_thread_renews(house: House) -> None:
    """A child does not wait for a renewal that its parent's thread is at, and that never ends there."""
    house.clock.move(PAST_THE_END)
    house.reply = held = Held(FRESH)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(house.call)
        try:
            assert held.asked.wait(LIMIT)
            assert 0 == in_a_child(house.call, 200)
        finally:
            held.released.set()
        assert 200 == first.result(LIMIT)
    assert (2, [NEW, NEW]) == (house.log_ins, house.signed)


def test_while_another_thread_asks_about_the_token(server, session: EtnaSession) -> None:
    """Nor for a question about the token: it asks by itself."""
    held = Held(answer(200, b"{}"))
    server.play(probed(held))
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(session.get, "v1.0/x", timeout=3 * LIMIT)
        try:
            assert held.asked.wait(LIMIT)
            assert 0 == in_a_child(lambda: session.get("v1.0/y", timeout=3 * LIMIT).status_code, 401)
        finally:
            held.released.set()
        assert 401 == first.result(LIMIT).status_code
    assert 2 == [received.target for received in server.received].count(PROBE)


def test_a_users_adapter_stays(server, session: EtnaSession) -> None:
    """What a user has mounted is mounted in the child too, with no connection of the parent's."""
    heard: list[bytes] = []

    def keep_alive(connection, _) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            more = connection.recv(65536)
            if not more:
                return
            heard.append(more)

    server.play(keep_alive)
    mine = HTTPAdapter()
    session.mount("http://", mine)
    session.get("v1.0/x")
    assert 0 == in_a_child(lambda: [session.get("v1.0/x").ok, session.adapters["http://"]], [True, mine])
    assert (2, []) == (server.connections, heard)
    assert 200 == session.get("v1.0/x").status_code
    assert (2, 1) == (server.connections, len(heard))
