"""What a session sends by: it reads an answer to its end, and a read again that breaks off."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from etna_magic.retries import READS, ReadRetry, can_be_repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import Retry

# So many threads may share a session, and one more asks whether a token is still good.
POOL = 33
_NEVER = ReadRetry(0, read=False)


class ReadingAdapter(HTTPAdapter):
    """Sends a read again, too, if its answer breaks off in the middle.

    ``urllib3`` counts a try as done when the head is there; ``requests`` then reads the body alone.
    """

    def __init__(self) -> None:
        self._of_thread = threading.local()
        super().__init__(pool_maxsize=POOL, max_retries=ReadRetry.for_reads())

    @property
    def max_retries(self) -> Retry:
        """The tries that are left to the call of this thread."""
        left: Retry | None = getattr(self._of_thread, "left", None)
        return left or self._rules

    @max_retries.setter
    def max_retries(self, rules: Retry) -> None:
        self._rules = rules

    @contextlib.contextmanager
    def once(self) -> Iterator[None]:
        """Let this thread send what it sends inside one time only."""
        with self._left(_NEVER):
            yield

    @contextlib.contextmanager
    def _left(self, retries: Retry) -> Iterator[None]:
        before = getattr(self._of_thread, "left", None)
        self._of_thread.left = retries
        try:
            yield
        finally:
            self._of_thread.left = before

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - as in requests
        *args: Any,
        **kwargs: Any,
    ) -> requests.Response:
        """Send a request; parameters and what it raises as for ``requests``."""
        left = self.max_retries if can_be_repeated(request) else _NEVER
        while True:
            with self._left(left):
                response = super().send(request, stream, *args, **kwargs)
            broken = None if stream else _read(response)
            if broken is None:
                return response
            if request.method not in READS or isinstance(broken.args[0], ReadTimeoutError):
                raise broken
            try:
                # By the same rules as a connection that broke before the head, and out of one purse.
                left = (response.raw.retries or left).increment(
                    request.method, request.url, error=ProtocolError("in the body")
                )
            except MaxRetryError:
                raise broken from None
            left.sleep()


def _read(response: requests.Response) -> requests.RequestException | None:
    """Read a body, and return why that did not work."""
    try:
        response.content  # noqa: B018 - reading it keeps it
    except requests.RequestException as error:
        return error
    return None
