"""Candles of every period, all read from the same prices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from etna_magic_sandbox.market_hours import (
    PARTS,
    SECONDS_PER_DAY,
    SECONDS_PER_MINUTE,
    SESSION,
    is_weekday,
    open_of,
)
from etna_magic_sandbox.messages import format_date
from etna_magic_sandbox.prices import day_bar, minute_prices, price, volume_between
from etna_magic_sandbox.securities import Security

EARLIEST = 315_532_800  # 1 January 1980; there are no older candles
MINUTES_OF_PERIOD = {
    "1m": 1,
    "2m": 2,
    "3m": 3,
    "5m": 5,
    "10m": 10,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
}
MONTHS_OF_PERIOD = {"1M": 1, "3M": 3, "6M": 6, "1Y": 12}
PERIODS = (*MINUTES_OF_PERIOD, "1D", "1W", *MONTHS_OF_PERIOD)
MAX_CANDLES = 5000


class Candle(NamedTuple):
    """One candle: its time in seconds since 1970, prices in dollars, volume in shares."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    is_market: bool = True

    def as_json(self) -> str:
        """Return the candle as the API shows it."""
        return (
            f'{{"ValuationLevels":[],"IsMarket":{"true" if self.is_market else "false"},'
            f'"Volume":{self.volume},"OpenInterest":0,"Time":{self.time},'
            f'"DateTime":"{format_date(self.time)}","Open":{self.open},"High":{self.high},'
            f'"Low":{self.low},"Close":{self.close}}}'
        )


@dataclass(frozen=True, slots=True)
class CandleRange:
    """A period and a range of time, both ends in seconds since 1970.

    With `is_extended` it includes the candles outside market hours. A candle that is being formed at
    `now` ends there.
    """

    period: str
    start: int
    end: int
    now: float
    is_extended: bool = False

    def newest_first(self, security: Security) -> Iterator[Candle]:
        """Yield a security's candles from the last to the first, each computed on demand."""
        candles: Iterator[Candle]
        days = self._days()
        if self.period in MINUTES_OF_PERIOD:
            candles = (candle for day in days for candle in self._intraday(security, day))
        elif self.period == "1D":
            candles = (candle for day in days if (candle := self._daily(security, day)))
        else:
            candles = self._merged(security, days)
        for candle in candles:
            if candle.time < self.start:
                return
            if candle.time <= self.end:
                yield candle

    def _days(self) -> Iterator[int]:
        # A year more, so that the period in which the range starts is complete; newest first.
        last = min(self.end, int(self.now)) // SECONDS_PER_DAY
        if self.period in {"1W", *MONTHS_OF_PERIOD}:
            # The period that holds the end is shown whole, as far as it has come.
            last = min(last + 366, int(self.now) // SECONDS_PER_DAY)
        first = self.start // SECONDS_PER_DAY - 367
        return (day for day in range(last, first, -1) if is_weekday(day))

    def _intraday(self, security: Security, day: int) -> Iterator[Candle]:
        step = MINUTES_OF_PERIOD[self.period] * SECONDS_PER_MINUTE
        for part in reversed(range(len(PARTS))) if self.is_extended else (SESSION,):
            opens, closes = PARTS[part]
            # A candle begins at a whole multiple of its period. One that has minutes of the session
            # has no others.
            for slot in reversed(range(opens // step * step, closes, step)):
                begins, ends = max(slot, opens), min(slot + step, closes)
                session_opens, session_closes = PARTS[SESSION]
                has_session = slot < session_closes and slot + step > session_opens
                if part == SESSION or not has_session:
                    candle = part_candle(security, day, (begins, ends), self.now)
                    if candle:
                        yield candle._replace(time=day * SECONDS_PER_DAY + slot)

    def _daily(self, security: Security, day: int) -> Candle | None:
        return daily_candle(security, day, self.now)

    def _merged(self, security: Security, days: Iterator[int]) -> Iterator[Candle]:
        group: list[Candle] = []
        group_start = None
        for day in days:
            start = period_start(self.period, day)
            if group and group_start is not None and start != group_start:
                yield merge(group_start * SECONDS_PER_DAY, group)
                group = []
            group_start = start
            if candle := self._daily(security, day):
                group.append(candle)
        # The oldest group is left out: the end of the range may have cut it.


def candles_of(security: Security, requested: CandleRange, count: int = -1) -> list[Candle]:
    """Return candles, oldest first.

    Parameters
    ----------
    security : Security
        Whose candles.
    requested : CandleRange
        Which period and range.
    count : int, optional
        How many of the last ones to return; -1 for all. There are never more than 5,000.
    """
    limit = MAX_CANDLES if count < 0 else min(count, MAX_CANDLES)
    return list(islice(requested.newest_first(security), limit))[::-1]


def daily_candle(security: Security, day: int, now: float) -> Candle | None:
    """Return a session as a candle, as far as it has come; None before it opens."""
    midnight = day * SECONDS_PER_DAY
    if now < open_of(day):
        return None
    if security.underlying or now < (day + 1) * SECONDS_PER_DAY:
        candle = part_candle(security, day, PARTS[SESSION], now)
        return candle and candle._replace(time=midnight)
    return Candle(midnight, *day_bar(security, day))


def part_candle(security: Security, day: int, between: tuple[int, int], now: float) -> Candle | None:
    """Return a candle from one second of a day to another within one of its parts, as far as it has come.

    Parameters
    ----------
    security : Security
        Whose candle.
    day : int
        A weekday, in days since 1970.
    between : tuple of int
        When it begins and ends, in seconds since midnight; whole minutes.
    now : float
        There are no prices later than this, in seconds since 1970.
    """
    begins, ends = between
    part = next(part for part, (_, closes) in enumerate(PARTS) if begins < closes)
    second = now - day * SECONDS_PER_DAY
    if second < begins:
        return None
    first = (begins - PARTS[part][0]) // SECONDS_PER_MINUTE
    last = (min(ends, int(second)) - PARTS[part][0]) // SECONDS_PER_MINUTE
    prices = minute_prices(security, day, part)[first : last + 1].tolist()
    volume = volume_between(security.underlying or security, day, part, (first, last))
    if second < ends:  # it is being formed
        prices.append(price(security, now))
    time = day * SECONDS_PER_DAY + begins
    return Candle(time, prices[0], max(prices), min(prices), prices[-1], volume, part == SESSION)


def merge(time: int, newest_first: Sequence[Candle]) -> Candle:
    """Return one candle for many, which are given newest first."""
    return Candle(
        time,
        newest_first[-1].open,
        max(candle.high for candle in newest_first),
        min(candle.low for candle in newest_first),
        newest_first[0].close,
        sum(candle.volume for candle in newest_first),
        newest_first[0].is_market,
    )


def period_start(period: str, day: int) -> int:
    """Return the day on which the week, month or longer period of a day begins."""
    date = datetime.fromtimestamp(day * SECONDS_PER_DAY, UTC)
    if period == "1W":
        return day - date.weekday()
    months = MONTHS_OF_PERIOD[period]
    first = date.replace(month=(date.month - 1) // months * months + 1, day=1)
    return int(first.timestamp()) // SECONDS_PER_DAY
