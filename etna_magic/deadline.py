"""One request with an end: whatever the server sends, and however slowly, it is over in time."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

# How often a request that is late has its sockets shut down: it may still be about to connect.
_AGAIN = 0.05


class OneRequest(requests.Session):
    """A session for a single request that is not sent on.

    The time-outs of ``requests`` begin anew with each byte. Here the sockets are shut down when
    the time is over, so that a server that drips cannot hold the log-in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._adapter = _RecordingAdapter()
        self.mount("https://", self._adapter)
        self.mount("http://", self._adapter)
        self.is_late = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect; ``requests`` would prepare the next request even if told not to follow."""

    @contextlib.contextmanager
    def ended_after(self, seconds: float) -> Iterator[None]:
        """Shut the connection down if what is done inside takes longer.

        Raises
        ------
        requests.exceptions.ReadTimeout
            If it did.
        """
        _reaper.add(self, time.monotonic() + seconds)
        try:
            yield
        except Exception:
            if self.is_late:
                raise requests.exceptions.ReadTimeout from None
            raise
        finally:
            _reaper.remove(self)
        if self.is_late:
            raise requests.exceptions.ReadTimeout

    def end(self) -> None:
        """Shut down what is connected by now."""
        self.is_late = True
        self._adapter.shut_down()


class _RecordingAdapter(HTTPAdapter):
    """Sends as always, and remembers its sockets."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self._sockets: list[socket.socket] = []

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        make = pool.ConnectionCls
        pool.ConnectionCls = lambda **settings: self._recorded(make(**settings))
        return pool

    def _recorded(self, connection: Any) -> Any:
        connect = connection.connect

        def connect_and_remember() -> None:
            connect()
            # http.client forgets a socket whose end is the answer's end, and goes on reading.
            self._sockets.append(connection.sock)

        connection.connect = connect_and_remember
        return connection

    def shut_down(self) -> None:
        for one in list(self._sockets):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                one.shutdown(socket.SHUT_RDWR)


class _Reaper:
    """One thread that ends every request that is late; a thread for each would cost each log-in."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[OneRequest, float] = {}
        self._thread: threading.Thread | None = None
        self._wakes_at = math.inf

    def add(self, request: OneRequest, moment: float) -> None:
        with self._changed:
            self._due[request] = moment
            # Not alive: the first time, and in a process that was forked.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="etna_magic-deadline", daemon=True)
                self._thread.start()
            elif moment < self._wakes_at:
                self._changed.notify()

    def remove(self, request: OneRequest) -> None:
        # The thread is left to wake at a moment that has lost its meaning: to wake it costs more.
        with self._changed:
            self._due.pop(request, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for request in [request for request, moment in self._due.items() if moment <= now]:
                    request.end()
                    self._due[request] = now + _AGAIN
                self._wakes_at = min(self._due.values(), default=math.inf)
                self._changed.wait(None if self._wakes_at == math.inf else self._wakes_at - now)


_reaper = _Reaper()
if hasattr(os, "register_at_fork"):
    # The lock may have been held in that moment, and the thread is not there.
    os.register_at_fork(after_in_child=_reaper.begin_anew)
