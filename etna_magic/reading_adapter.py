"""What a session sends by: it reads an answer to its end, and a read again that breaks off."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError, UnrewindableBodyError
from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

from etna_magic.retries import READS, ReadRetry, can_be_repeated, reads_only, rewind

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
        self._rules: Retry = reads_only(rules)

    @contextlib.contextmanager
    def once(self) -> Iterator[None]:
        """Let this thread send what it sends inside one time only."""
        self._of_thread.is_once = True
        try:
            yield
        finally:
            self._of_thread.is_once = False

    @contextlib.contextmanager
    def _left(self, retries: Retry) -> Iterator[None]:
        # A body that is a generator may make calls of its own by the same adapter.
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
        is_once = getattr(self._of_thread, "is_once", False) or not can_be_repeated(request)
        left, began = _NEVER if is_once else self._rules, time.perf_counter()
        while True:
            with self._left(left):
                response = super().send(request, stream, *args, **kwargs)
            # Before the body is read, as users of requests expect of it.
            vars(response)["until_head"] = timedelta(seconds=time.perf_counter() - began)
            broken = None if stream else _read(response)
            if broken is None:
                return response
            if request.method not in READS or _is_final(broken):
                raise broken
            left = _counted(response.raw.retries or left, request, broken)
            left.sleep()


def _is_final(error: requests.RequestException) -> bool:
    late = any(isinstance(cause, ReadTimeoutError) for cause in error.args)
    return late or isinstance(error, ContentDecodingError)


def _counted(left: Retry, request: requests.PreparedRequest, broken: requests.RequestException) -> Retry:
    """Count a try by the same rules as a connection that broke before the head, out of one purse."""
    with contextlib.suppress(MaxRetryError, UnrewindableBodyError):
        left = left.increment(request.method, request.url, error=ProtocolError("in the body"))
        rewind(request)
        return left
    raise broken


def _read(response: requests.Response) -> requests.RequestException | None:
    """Read a body, and return why that did not work."""
    try:
        response.content  # noqa: B018 - reading it keeps it
    except requests.RequestException as error:
        return error
    return None
