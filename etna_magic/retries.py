"""Which calls are sent again, and when: reads, a few times; anything else never."""

from __future__ import annotations

import math
import ssl
from typing import TYPE_CHECKING, Any

from urllib3 import Retry

from etna_magic.retry_after import seconds_of

if TYPE_CHECKING:
    from typing import Self

READS = ("GET", "HEAD", "OPTIONS")
LONGEST_WAIT = 30.0


class ReadRetry(Retry):
    """Sends reads again on 429, 502, 503, 504 and broken connections, and nothing else on anything.

    ``urllib3`` by itself would send an order again after a TLS connection broke off, since it
    counts that neither as a failed connect nor as a failed read.

    Examples
    --------
    >>> ReadRetry.for_reads().is_retry("POST", 503)
    False
    """

    # urllib3 has 413 here too, and would wait for a body to become smaller.
    RETRY_AFTER_STATUS_CODES = frozenset({429, 503})

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
