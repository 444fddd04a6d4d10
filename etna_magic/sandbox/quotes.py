"""The calls on the market: what a security is and costs, and how it got there."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from etna_magic.sandbox import fields
from etna_magic.sandbox.answers import answer, complaint
from etna_magic.sandbox.candles import PERIODS, Span, candles
from etna_magic.sandbox.gate import body
from etna_magic.sandbox.market import quote
from etna_magic.sandbox.securities import find

EARLIEST = 315_532_800  # 1 January 1980: what the sandbox's exchange remembers


class MarketCalls:
    """The calls, each a view of the application.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def add_to(self, calls: Blueprint) -> None:
        """Add the routes of these calls."""
        calls.add_url_rule("/v1.0/equities/<symbol>", view_func=self.equity)
        calls.add_url_rule("/v1.0/history/symbols", view_func=self.history, methods=["PUT"])

    def equity(self, symbol: str) -> Response:
        """Return a security with its quote."""
        security = find(symbol)
        if security is None:
            return _unknown(symbol)
        return answer(security.described() | quote(security, self._clock()))

    def history(self) -> Response:
        """Return candles, oldest first; indicators are never computed."""
        sent = body()
        symbol = fields.text(fields.mapping(sent, "Security"), "Symbol")
        settings = fields.mapping(sent, "SecurityHistorySettings")
        security = find(symbol)
        if security is None:
            return _unknown(symbol)
        count = fields.number(settings, "CandlesCount", -1)
        if not isinstance(count, int) or (count < 1 and count != -1):
            fields.refuse("The field CandlesCount must be -1 or a whole number above zero.")
        made = candles(security, self._span(settings), count)
        shown = [candle.shown() for candle in made]
        return answer({"SecurityHistory": [shown], "IndicatorsHistory": []})

    def _span(self, settings: Mapping[str, Any]) -> Span:
        now = int(self._clock())
        start = max(EARLIEST, int(fields.number(settings, "StartDate", EARLIEST)))
        end = int(fields.number(settings, "EndDate", now))
        if start > end:
            fields.refuse("StartDate must not be later than EndDate.")
        period = fields.choice(settings, "Period", PERIODS)
        extended = settings.get("IncludeNonMarketData") is True
        # What has not happened yet has no candles.
        return Span(period, start, min(end, now), extended)


def _unknown(symbol: str) -> Response:
    return complaint(f"Security '{symbol}' is not found.", 404)
