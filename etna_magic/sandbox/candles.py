"""Candles: what a security did in a minute, an hour, a day, a week or a month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from etna_magic.sandbox.market import SECONDS_A_DAY, fraction, price
from etna_magic.sandbox.moments import whole_seconds
from etna_magic.sandbox.securities import Security

MINUTE = 60
# Times of day in seconds, in UTC the year round: the sandbox's exchange knows no summer time and
# no holidays.
OPENS, CLOSES = 14 * 3600 + 1800, 21 * 3600
EARLY, LATE = 9 * 3600, 24 * 3600

MINUTES_OF = {"1m": 1, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60, "4h": 240}
PERIODS = (*MINUTES_OF, "1D", "1W", "1M")
MOST = 5000
LOOKS = 6  # how often a price is looked at to find a candle's high and low


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle: its time in seconds since 1970, prices in dollars, volume in shares."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    is_market: bool = True

    def shown(self) -> dict[str, object]:
        """Return the candle as the API shows it."""
        return {
            "Time": self.time,
            "DateTime": whole_seconds(self.time),
            "Open": self.open,
            "High": self.high,
            "Low": self.low,
            "Close": self.close,
            "Volume": self.volume,
            "IsMarket": self.is_market,
        }


@dataclass(frozen=True, slots=True)
class Span:
    """Which candles are wanted: a period and a range, both ends in seconds since 1970."""

    period: str
    start: int
    end: int
    extended: bool = False

    def newest_first(self, security: Security) -> Iterator[Candle]:
        """Yield the candles from the last to the first, each made only when it is wanted."""
        days = range(self.end // SECONDS_A_DAY, self.start // SECONDS_A_DAY - 32, -1)
        trading = (day * SECONDS_A_DAY for day in days if _is_weekday(day))
        made: Iterator[Candle]
        if self.period in MINUTES_OF:
            made = (candle for day in trading for candle in self._of_day(security, day))
        elif self.period == "1D":
            made = (_day(security, day) for day in trading)
        else:
            made = self._merged(security, trading)
        for candle in made:
            if candle.time < self.start:
                return
            yield candle

    def _of_day(self, security: Security, day: int) -> Iterator[Candle]:
        step = MINUTES_OF[self.period] * MINUTE
        first, last = (EARLY, LATE) if self.extended else (OPENS, CLOSES)
        for offset in reversed(range(first // step * step, last, step)):
            market = offset < CLOSES and offset + step > OPENS
            begin, finish = offset, offset + step
            if market:
                begin, finish = max(begin, OPENS), min(finish, CLOSES)
            if day + offset <= self.end:
                yield _candle(security, day + offset, (day + begin, day + finish), market=market)

    def _merged(self, security: Security, trading: Iterator[int]) -> Iterator[Candle]:
        group: list[int] = []
        begin = None
        for day in trading:
            other = _beginning(self.period, day)
            if group and other != begin:
                yield _merge(_beginning(self.period, group[0]), [_day(security, d) for d in group])
                group = []
            begin = other
            group.append(day)
        # The oldest group is left out: it may be cut by the end of the range.


def candles(security: Security, span: Span, count: int = -1) -> list[Candle]:
    """Return the candles of a span, oldest first.

    Parameters
    ----------
    security : Security
        Whose candles.
    span : Span
        Which period and range.
    count : int, optional
        How many of the last are wanted; -1 for all. More than 5,000 are never given.
    """
    wanted = MOST if count < 0 else min(count, MOST)
    return list(islice(span.newest_first(security), wanted))[::-1]


def _is_weekday(day: int) -> bool:
    # 1 January 1970 was a Thursday; 0 is a Monday.
    return (day + 3) % 7 < 5


def _beginning(period: str, day: int) -> int:
    moment = datetime.fromtimestamp(day, UTC)
    back = moment.weekday() if period == "1W" else moment.day - 1
    return day - back * SECONDS_A_DAY


def _day(security: Security, day: int) -> Candle:
    return _candle(security, day, (day + OPENS, day + CLOSES), market=True)


def _candle(security: Security, time: int, within: tuple[int, int], *, market: bool) -> Candle:
    begin, finish = within
    seen = [price(security, begin + (finish - begin) * look / LOOKS) for look in range(LOOKS + 1)]
    a_minute = 1000 + security.seed % 50_000 if market else 1 + security.seed % 500
    # Many trade at the open and at the close, few around noon.
    middle = ((begin + finish) / 2 % SECONDS_A_DAY - OPENS) / (CLOSES - OPENS)
    busy = 0.6 + 3.0 * (middle - 0.5) ** 2
    chance = 0.5 + fraction(security.seed, time)
    volume = int(a_minute * (finish - begin) / MINUTE * busy * chance)
    return Candle(time, seen[0], max(seen), min(seen), seen[-1], volume, market)


def _merge(time: int, newest_first: Sequence[Candle]) -> Candle:
    return Candle(
        time,
        newest_first[-1].open,
        max(candle.high for candle in newest_first),
        min(candle.low for candle in newest_first),
        newest_first[0].close,
        sum(candle.volume for candle in newest_first),
    )
