"""One request with an end: whatever the server sends, and however slowly, it is over in time."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator


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
        done, late = threading.Event(), threading.Event()

        def watch() -> None:
            if not done.wait(seconds):
                late.set()
                # Again and again, because it may still be about to connect.
                while not done.wait(0.05):
                    self._adapter.shut_down()

        threading.Thread(target=watch, name="etna_magic-deadline", daemon=True).start()
        try:
            yield
        except Exception:
            if late.is_set():
                raise requests.exceptions.ReadTimeout from None
            raise
        finally:
            done.set()
        if late.is_set():
            raise requests.exceptions.ReadTimeout


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
