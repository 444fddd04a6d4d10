"""What a session sends by: it reads an answer to its end, and a read again that breaks off."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, ProtocolError

from etna_magic.retries import READS, ReadRetry

# So many threads may share a session, and one more asks whether a token is still good.
POOL = 33


class ReadingAdapter(HTTPAdapter):
    """Sends a read again, too, if its answer breaks off in the middle.

    ``urllib3`` counts a try as done when the head is there; ``requests`` then reads the body alone.
    """

    def __init__(self) -> None:
        super().__init__(pool_maxsize=POOL, max_retries=ReadRetry.for_reads())

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - as in requests
        *args: Any,
        **kwargs: Any,
    ) -> requests.Response:
        """Send a request; parameters and what it raises as for ``requests``."""
        retries = self.max_retries
        while True:
            response = super().send(request, stream, *args, **kwargs)
            broken = None if stream else _read(response)
            if broken is None:
                return response
            if request.method not in READS:
                raise broken
            try:
                # By the same rules as a connection that broke before the head.
                retries = retries.increment(request.method, request.url, error=ProtocolError("in the body"))
            except MaxRetryError:
                raise broken from None
            retries.sleep()


def _read(response: requests.Response) -> requests.RequestException | None:
    """Read a body, and return why that did not work."""
    try:
        response.content  # noqa: B018 - reading it keeps it
    except requests.RequestException as error:
        return error
    return None
