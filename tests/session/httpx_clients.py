"""Both clients of httpx behind one face, so that one test is one for both."""

import asyncio
from typing import Any, Self

import httpx

from etna_magic.session import EtnaSession


class BothKinds:
    """A client whose calls are made by calling, or by awaiting in a loop of their own.

    Parameters
    ----------
    session
        Whose client it is.
    is_async
        Which kind.
    options
        As for `httpx_client`.
    """

    def __init__(self, session: EtnaSession, *, is_async: bool, **options: Any) -> None:
        self.is_async = is_async
        make = session.httpx_async_client if is_async else session.httpx_client
        self.client: Any = make(**options)
        self._loop = asyncio.new_event_loop() if is_async else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.client.aclose() if self.is_async else self.client.close())
        if self._loop is not None:
            self._loop.close()

    def run(self, made: Any) -> Any:
        """Return what a call has returned, awaited where that is needed."""
        return made if self._loop is None else self._loop.run_until_complete(made)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Make a call."""
        response: httpx.Response = self.run(self.client.request(method, url, **options))
        return response

    def get(self, url: str, **options: Any) -> httpx.Response:
        """Read."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        """Make a call that is no read."""
        return self.request("POST", url, **options)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send what was built."""
        response: httpx.Response = self.run(self.client.send(request, **options))
        return response
