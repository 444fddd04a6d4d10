"""What a ``Retry-After`` header says."""

from __future__ import annotations

import time
from datetime import UTC
from email.utils import parsedate_to_datetime

# Nobody waits longer for a log-in; what says more says nothing.
LONGEST = 86_400.0


def seconds_of(header: str, longest: float = LONGEST) -> float | None:
    """Return the seconds to wait that a header says, as a number or as a date.

    Parameters
    ----------
    header : str
        The header's text, or nothing.
    longest : float, optional
        What says more says nothing; a day.

    Returns
    -------
    float or None
        Seconds from now; nothing where it does not say, or what it says is more than that.

    Examples
    --------
    >>> seconds_of("5")
    5.0
    >>> seconds_of("soon") is None
    True
    """
    text = header.strip()
    if text.isascii() and text.isdecimal():
        # Cut, since Python refuses to read a number of thousands of digits.
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
            # A date without a zone is in GMT, by RFC 9110.
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = max(0.0, aware.timestamp() - time.time())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return seconds if seconds <= longest else None
