"""Which calls are sent again, and when: reads, a few times; anything else never."""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, ProtocolError

from etna_magic.retry_after import seconds_of

if TYPE_CHECKING:
    from typing import Self

READS = ("GET", "HEAD", "OPTIONS")
LONGEST_WAIT = 30.0
# So many threads may share a session, and one more asks whether a token is still good.
POOL = 33


class ReadRetry(Retry):
    """Sends reads again on 429, 502, 503, 504 and broken connections, and nothing else on anything.

    ``urllib3`` by itself would send an order again after a TLS connection broke off, since it
    counts that neither as a failed connect nor as a failed read.

    Examples
    --------
    >>> ReadRetry.for_reads().is_retry("POST", 503)
    False
    """

    @classmethod
    def for_reads(cls) -> Self:
        """Return the rules of a session: three more tries, with a pause that grows."""
        return cls(
            total=3,
            backoff_factor=0.3,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=READS,
            raise_on_status=False,
        )

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        """Count a try; for anything but a read, or for a bad certificate, that was the last one."""
        certain = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in getattr(error, "args", ()))
        if (method or "").upper() in READS and not certain:
            return super().increment(method, url, response, error, _pool, _stacktrace)
        # What requests itself does without any retries, so that its exceptions are the same.
        Retry(0, read=False).increment(method, url, response, error, _pool, _stacktrace)
        return self

    def parse_retry_after(self, retry_after: str) -> float:
        """Return the seconds that the server wants, up to the longest wait; none if it does not say."""
        return min(seconds_of(retry_after, math.inf) or 0.0, LONGEST_WAIT)


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
            if stream or request.method not in READS:
                return response
            broken = _read(response)
            if broken is None:
                return response
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
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
        return error
    return None
