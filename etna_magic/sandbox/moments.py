"""Times as the API writes them."""

from datetime import UTC, datetime


def seven_decimals(seconds: float) -> str:
    """Return a time in seconds since 1970 as ETNA writes dates, with seven decimals.

    Examples
    --------
    >>> seven_decimals(1547468857.5)
    '2019-01-14T12:27:37.5000000Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def whole_seconds(seconds: float) -> str:
    """Return a time in seconds since 1970 as a candle's `DateTime`.

    Examples
    --------
    >>> whole_seconds(1542801600)
    '2018-11-21T12:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
