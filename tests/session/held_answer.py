"""An answer that comes when the test lets it, and what happens in the meantime."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.helpers.server import Received
from tests.helpers.waiting import LIMIT, wait_until
from tests.session.renewing_login import OK

_T = TypeVar("_T")


class HeldAnswer:
    """An answer that is given when the test releases it.

    Parameters
    ----------
    reply
        What is sent then.
    begin
        What is sent at once.
    others
        What everybody gets at once but the first who asks; None holds all of them.
    """

    def __init__(self, reply: bytes = OK, *, begin: bytes = b"", others: bytes | None = None) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()
        self._reply, self._begin, self._others = reply, begin, others
        self._is_in_time: list[bool] = []
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket, _: Received) -> None:
        """Answer, now or later."""
        with self._lock:
            is_first = not self.asked.is_set()
            self.asked.set()
        if is_first or self._others is None:
            connection.sendall(self._begin)
            self._is_in_time.append(self.released.wait(2 * LIMIT))
            connection.sendall(self._reply)
        else:
            connection.sendall(self._others)

    def release(self) -> None:
        """Release it; the test fails if the server had given up waiting for that."""
        self.released.set()
        wait_until(lambda: self._is_in_time)
        assert [True] == self._is_in_time

    def during(self, call: Callable[[], _T], act: Callable[[], object]) -> _T:
        """Begin a call, do something while its answer is held, and return what the call returns."""
        with ThreadPoolExecutor(1) as thread:
            begun = thread.submit(call)
            try:
                assert self.asked.wait(LIMIT)
                act()
            finally:
                self.released.set()
            return begun.result(LIMIT)
