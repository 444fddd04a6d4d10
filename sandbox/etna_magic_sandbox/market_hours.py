"""When the sandbox's exchange is open: weekdays, 14:30 to 21:00 UTC all year, without holidays."""

SECONDS_PER_DAY = 86_400
SECONDS_PER_MINUTE = 60
MARKET_OPEN, MARKET_CLOSE = 14 * 3600 + 1800, 21 * 3600  # seconds since midnight, UTC
EXTENDED_OPEN, EXTENDED_CLOSE = 9 * 3600, 24 * 3600
# The parts of a day in which there are prices: before the session, the session, after it.
BEFORE, SESSION, AFTER = range(3)
PARTS = ((EXTENDED_OPEN, MARKET_OPEN), (MARKET_OPEN, MARKET_CLOSE), (MARKET_CLOSE, EXTENDED_CLOSE))
SESSION_MINUTES = (MARKET_CLOSE - MARKET_OPEN) // SECONDS_PER_MINUTE


def is_weekday(day: int) -> bool:
    """Return whether a day since 1970 is a weekday.

    Examples
    --------
    >>> is_weekday(0), is_weekday(2)  # a Thursday, a Saturday
    (True, False)
    """
    return (day + 3) % 7 < 5


def day_of(time: float) -> int:
    """Return the number of the day since 1970."""
    return int(time // SECONDS_PER_DAY)


def next_weekday(day: int) -> int:
    """Return the first weekday after a day."""
    day += 1
    while not is_weekday(day):
        day += 1
    return day


def previous_weekday(day: int) -> int:
    """Return the last weekday before a day."""
    day -= 1
    while not is_weekday(day):
        day -= 1
    return day


def open_of(day: int) -> int:
    """Return when a day's session opens, in seconds since 1970."""
    return day * SECONDS_PER_DAY + MARKET_OPEN


def close_of(day: int) -> int:
    """Return when a day's session closes, in seconds since 1970."""
    return day * SECONDS_PER_DAY + MARKET_CLOSE


def is_open(time: float) -> bool:
    """Return whether there is a session at a time."""
    day = day_of(time)
    return is_weekday(day) and open_of(day) <= time < close_of(day)


def session_day(time: float) -> int:
    """Return the day of the session that is open at a time, or of the next one."""
    day = day_of(time)
    return day if is_weekday(day) and time < close_of(day) else next_weekday(day)
