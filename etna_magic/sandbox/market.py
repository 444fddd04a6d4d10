"""The calls on the market: securities with their quotes, and candles."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, Response

from etna_magic.sandbox.messages import (
    RequestBody,
    error_response,
    format_candle_date,
    json_response,
    refuse,
)
from etna_magic.sandbox.securities import (
    SECONDS_PER_DAY,
    Security,
    find_security,
    price,
    quote,
    random_fraction,
)

SECONDS_PER_MINUTE = 60
# Times of day in seconds, in UTC all year: the sandbox's exchange has neither daylight saving time
# nor holidays.
MARKET_OPEN, MARKET_CLOSE = 14 * 3600 + 1800, 21 * 3600
EXTENDED_OPEN, EXTENDED_CLOSE = 9 * 3600, 24 * 3600

EARLIEST = 315_532_800  # 1 January 1980; there are no older candles
MINUTES_OF_PERIOD = {"1m": 1, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60, "4h": 240}
PERIODS = (*MINUTES_OF_PERIOD, "1D", "1W", "1M")
MAX_CANDLES = 5000
SAMPLES = 6  # high and low of a candle are those of this many steps, both ends included


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

    def as_json(self) -> dict[str, object]:
        """Return the candle as the API shows it."""
        return {
            "Time": self.time,
            "DateTime": format_candle_date(self.time),
            "Open": self.open,
            "High": self.high,
            "Low": self.low,
            "Close": self.close,
            "Volume": self.volume,
            "IsMarket": self.is_market,
        }


@dataclass(frozen=True, slots=True)
class CandleRange:
    """A period and a range of time, both ends in seconds since 1970.

    With `is_extended` it includes the candles outside market hours.
    """

    period: str
    start: int
    end: int
    is_extended: bool = False

    def newest_first(self, security: Security) -> Iterator[Candle]:
        """Yield a security's candles from the last to the first, each computed on demand."""
        # 32 days more, so that the month or week in which the range starts is complete.
        days = range(self.end // SECONDS_PER_DAY, self.start // SECONDS_PER_DAY - 32, -1)
        midnights = (day * SECONDS_PER_DAY for day in days if _is_weekday(day))
        candles: Iterator[Candle]
        if self.period in MINUTES_OF_PERIOD:
            candles = (candle for midnight in midnights for candle in self._intraday(security, midnight))
        elif self.period == "1D":
            candles = (_daily(security, midnight) for midnight in midnights)
        else:
            candles = self._merged(security, midnights)
        for candle in candles:
            if candle.time < self.start:
                return
            yield candle

    def _intraday(self, security: Security, midnight: int) -> Iterator[Candle]:
        step = MINUTES_OF_PERIOD[self.period] * SECONDS_PER_MINUTE
        first, last = (EXTENDED_OPEN, EXTENDED_CLOSE) if self.is_extended else (MARKET_OPEN, MARKET_CLOSE)
        for offset in reversed(range(first // step * step, last, step)):
            is_market = offset < MARKET_CLOSE and offset + step > MARKET_OPEN
            start, end = offset, offset + step
            if is_market:
                start, end = max(start, MARKET_OPEN), min(end, MARKET_CLOSE)
            if midnight + offset <= self.end:
                yield _candle(
                    security, midnight + offset, (midnight + start, midnight + end), is_market=is_market
                )

    def _merged(self, security: Security, midnights: Iterator[int]) -> Iterator[Candle]:
        group: list[int] = []
        group_start = None
        for midnight in midnights:
            start = _period_start(self.period, midnight)
            if group and start != group_start:
                yield _merge(_period_start(self.period, group[0]), [_daily(security, day) for day in group])
                group = []
            group_start = start
            group.append(midnight)
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


def _is_weekday(day: int) -> bool:
    # Day 0, 1 January 1970, was a Thursday; the result of the modulo is 0 on Mondays.
    return (day + 3) % 7 < 5


def _period_start(period: str, midnight: int) -> int:
    date = datetime.fromtimestamp(midnight, UTC)
    days_before = date.weekday() if period == "1W" else date.day - 1
    return midnight - days_before * SECONDS_PER_DAY


def _daily(security: Security, midnight: int) -> Candle:
    return _candle(security, midnight, (midnight + MARKET_OPEN, midnight + MARKET_CLOSE), is_market=True)


def _candle(security: Security, time: int, between: tuple[int, int], *, is_market: bool) -> Candle:
    start, end = between
    prices = [price(security, start + (end - start) * sample / SAMPLES) for sample in range(SAMPLES + 1)]
    per_minute = 1000 + security.seed % 50_000 if is_market else 1 + security.seed % 500
    # There is more trading near open and close than at midday.
    time_of_day = ((start + end) / 2 % SECONDS_PER_DAY - MARKET_OPEN) / (MARKET_CLOSE - MARKET_OPEN)
    activity = 0.6 + 3.0 * (time_of_day - 0.5) ** 2
    variation = 0.5 + random_fraction(security.seed, time)
    volume = int(per_minute * (end - start) / SECONDS_PER_MINUTE * activity * variation)
    return Candle(time, prices[0], max(prices), min(prices), prices[-1], volume, is_market)


def _merge(time: int, newest_first: Sequence[Candle]) -> Candle:
    return Candle(
        time,
        newest_first[-1].open,
        max(candle.high for candle in newest_first),
        min(candle.low for candle in newest_first),
        newest_first[0].close,
        sum(candle.volume for candle in newest_first),
    )


class MarketCalls:
    """The calls, as views of the Flask application.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes of these calls."""
        blueprint.add_url_rule("/v1.0/equities/<symbol>", view_func=self.equity)
        blueprint.add_url_rule("/v1.0/history/symbols", view_func=self.history, methods=["PUT"])

    def equity(self, symbol: str) -> Response:
        """Return a security with its quote."""
        security = find_security(symbol)
        if security is None:
            return _unknown_symbol(symbol)
        return json_response(security.as_json() | quote(security, self._clock()))

    def history(self) -> Response:
        """Return candles, oldest first; indicators are never computed."""
        body = RequestBody.of_current_request()
        symbol = body.nested("Security").text("Symbol")
        settings = body.nested("SecurityHistorySettings")
        security = find_security(symbol)
        if security is None:
            return _unknown_symbol(symbol)
        count = settings.number("CandlesCount", -1)
        if not isinstance(count, int) or (count < 1 and count != -1):
            refuse("The field CandlesCount must be -1 or a whole number above zero.")
        candles = candles_of(security, self._candle_range(settings), count)
        history = [candle.as_json() for candle in candles]
        return json_response({"SecurityHistory": [history], "IndicatorsHistory": []})

    def _candle_range(self, settings: RequestBody) -> CandleRange:
        now = int(self._clock())
        start = max(EARLIEST, int(settings.number("StartDate", EARLIEST)))
        end = int(settings.number("EndDate", now))
        if start > end:
            refuse("StartDate must not be later than EndDate.")
        period = settings.choice("Period", PERIODS)
        # There are no candles of the future.
        return CandleRange(period, start, min(end, now), settings.is_true("IncludeNonMarketData"))


def _unknown_symbol(symbol: str) -> Response:
    return error_response(f"Security '{symbol}' is not found.", 404)
