"""One POST without a body: sent once, followed nowhere, over in time, its connection closed."""

from __future__ import annotations

import contextlib
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import default_headers

from etna_magic.deadline import ended_after
from etna_magic.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Signs = Callable[[requests.PreparedRequest], requests.PreparedRequest]


@contextlib.contextmanager
def posted(
    url: str, headers: Mapping[str, str], *, timeout: float, auth: Signs | None = None
) -> Iterator[requests.Response]:
    """Send a POST without a body, once, and hand over the answer as it begins.

    No session of ``requests`` is in the way: nothing follows a redirect, keeps a cookie, or asks
    ``.netrc`` for somebody else's password.

    Parameters
    ----------
    url : str
        Where to.
    headers : mapping of str to str
        What is sent beside the headers of ``requests``.
    timeout : float
        Seconds after which the answer has been read inside, or is given up.
    auth : callable or None, optional
        Adds its headers to the request, as a `Token` does.

    Yields
    ------
    requests.Response
        The answer; its body is not read.

    Raises
    ------
    requests.exceptions.RequestException
        With the request and all its headers in it: for :func:`etna_magic.transport.attempt` only.
    """
    wire = _taken()
    request = requests.Request("POST", url, {**default_headers(), **headers}, auth=auth).prepare()
    try:
        with ended_after(timeout, wire.shut_down):
            response = wire.send(request, timeout=timeout, **_settings(url))
            with response:
                yield response
    finally:
        wire.hang_up()
    # One that met trouble is not used again.
    _idle.append(wire)


def _settings(url: str) -> Mapping[str, Any]:
    # A proxy on the way to loopback would read a password, and could not find the place. Behind a
    # company's proxy https needs the environment's proxy and certificates.
    origin = Origin.of(url)
    if origin.scheme == "http":
        return {"stream": True, "verify": True}  # loopback only
    proxies = {"no_proxy": origin.host} if origin.is_loopback else {}
    with requests.Session() as session:
        return session.merge_environment_settings(url, proxies, True, None, None)  # noqa: FBT003


class _Wire(HTTPAdapter):
    """Sends as always, one request at a time, and remembers what is connected for it."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self._connections: list[Any] = []
        # Handles of their own on the connected sockets: TLS takes a socket over and cannot be shut
        # down from outside without a moment in which what is sent goes out in clear.
        self._ends: list[socket.socket] = []

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if not isinstance(pool.ConnectionCls, partial):
            pool.ConnectionCls = partial(self._recorded, pool.ConnectionCls)
        return pool

    def _recorded(self, make: Any, **settings: Any) -> Any:
        connection = make(**settings)
        connect = connection._new_conn  # noqa: SLF001 - below TLS and a proxy's CONNECT, which may drip

        def connect_and_remember() -> socket.socket:
            one: socket.socket = connect()
            self._connections.append(connection)
            self._ends.append(one.dup())
            return one

        connection._new_conn = connect_and_remember  # noqa: SLF001
        return connection

    def shut_down(self) -> None:
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close what is connected; the next request connects anew."""
        for one in (*self._connections, *self._ends):
            one.close()
        self._connections.clear()
        self._ends.clear()


# To make one, with its pools, takes a good part of what a log-in may take.
_idle: list[_Wire] = []


def _taken() -> _Wire:
    with contextlib.suppress(IndexError):  # another thread may have been faster
        return _idle.pop()
    return _Wire()
