"""The calls on the past: candles of one security, and the comparison of several."""

from flask import Response

from etna_magic_sandbox.body import Body
from etna_magic_sandbox.call import Call
from etna_magic_sandbox.candles import EARLIEST, PERIODS, CandleRange, candles_of
from etna_magic_sandbox.errors import RefusedError, conflict, server_error
from etna_magic_sandbox.messages import json_response, json_text
from etna_magic_sandbox.securities import Security, find_security

INTERVALS = range(-13, 1)
COMPARE_TEXTS = ("TDY", "1D", "5D", "1M", "3M", "6M", "YTD", "1Y", "3Y", "5Y", "ALL")
MEMBERS = ("StartDate", "EndDate", "CandlesCount", "Period", "Interval", "IncludeNonMarketData")


def history(call: Call) -> Response:
    """Return candles, oldest first; indicators are never computed."""
    body = Body.of(call.request, "historyParams")
    settings = body.nested("SecurityHistorySettings")
    given = body.nested("Security")
    if given is None or settings is None or not isinstance(body.raw("IndicatorsHistorySettings"), list):
        raise RefusedError(server_error())
    security = _security(given)
    requested, count = _range(call, settings)
    body.check()
    found = candles_of(security, requested, count)
    if not found:
        return conflict()  # no data
    candles = ",".join([candle.as_json() for candle in found])
    return json_text(f'{{"SecurityHistory":[[{candles}]],"IndicatorsHistory":[]}}')


def compare(call: Call) -> Response:
    """Return how several securities have moved, in percent of their first close."""
    body = Body.of(call.request, "compareParams")
    settings = body.nested("SecuritiesHistorySettings")
    given = body.list_of("Securities")
    if settings is None or not given:
        raise RefusedError(server_error())
    securities = [_security(one) for one in given]
    requested, count = _range(call, settings, is_text=call.state.has("compare-text"))
    body.check()
    shown = []
    for security in securities:
        found = candles_of(security, requested, count)
        first = found[0].close if found else 0.0
        shown.append(
            [
                {
                    "Volume": candle.volume,
                    "Time": candle.time,
                    "Difference": round(100 * (candle.close / first - 1), 4),
                    "Price": candle.close,
                }
                for candle in found
            ]
        )
    return json_response({"SecurityHistory": shown}) if any(shown) else conflict()


def _security(body: Body) -> Security:
    security = find_security(body.text("Symbol"))
    if security is None:
        raise RefusedError(server_error())
    return security


def _range(call: Call, settings: Body, *, is_text: bool = False) -> tuple[CandleRange, int]:
    # ETNA's server fails where a member is missing, and says so by a 500.
    if not all(settings.has(name) for name in MEMBERS):
        raise RefusedError(server_error())
    now = call.state.clock()
    start = max(EARLIEST, settings.integer("StartDate"))
    end = settings.integer("EndDate")
    count = settings.integer("CandlesCount", least=-1)
    period = settings.choice("Period", PERIODS)
    if is_text:
        settings.choice("Interval", COMPARE_TEXTS)
    elif settings.integer("Interval") not in INTERVALS:
        settings.problem("Interval")
    if count == 0:
        settings.problem("CandlesCount")
    extended = settings.is_true("IncludeNonMarketData")
    # There are no candles of the future.
    return CandleRange(period or PERIODS[0], start, min(end, int(now)), now, extended), count
