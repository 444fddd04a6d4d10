"""The calls on securities: equities, options and their chains, exchanges, addresses of streamers."""

import math
from functools import lru_cache

from flask import Response

from etna_magic_sandbox.call import Call
from etna_magic_sandbox.errors import RefusedError, bad_filter, conflict, invalid_request, no_such_object
from etna_magic_sandbox.listing import Condition, Getter, Paging, page_response, parse_filter
from etna_magic_sandbox.market_hours import SECONDS_PER_DAY, close_of, day_of, is_weekday
from etna_magic_sandbox.messages import format_date, json_response
from etna_magic_sandbox.prices import price
from etna_magic_sandbox.securities import KNOWN, Security, find_security, find_security_by_id, option_of
from etna_magic_sandbox.security_views import (
    EXPIRATION_TYPES,
    equity_view,
    expiration_type,
    option_view,
    series_id,
)

EXCHANGES = ("NYSE", "KNIGHT", "NSDQ", "Auto", "ARCA", "BATS", "EDGX")
TYPE_NUMBERS = {"CommonStock": 6, "MutualFund": 14, "Option": 21, "ETF": 37}
MAX_LOOKED_UP = 100
WEEKLY, REGULAR = 4, 6  # how many expirations of each kind an underlying has
STRIKES = 10  # on each side of the price

FIELDS: dict[str, Getter] = {
    "id": lambda security: security.id,
    "symbol": lambda security: security.symbol,
    "description": lambda security: security.description,
    "exchange": lambda security: security.exchange,
    "type": lambda security: security.type,
    "enabled": lambda _: True,
    "currency": lambda _: "USD",
}
OPTION_FIELDS: dict[str, Getter] = FIELDS | {
    "expirationdate": lambda security: close_of(security.expires),
    "strikeprice": lambda security: security.strike,
    "optiontype": lambda security: security.option_type,
    "underlyingassetsymbol": lambda security: security.underlying.symbol,
}
CHAIN_FIELDS: dict[str, Getter] = {"range": abs, "expiration": abs, "expirationtype": abs}


def equity(call: Call) -> Response:
    """Return an equity by its symbol, or by its ID if the path has digits alone."""
    security = _named(call.texts["symbol"])
    if security is None or security.underlying:
        return no_such_object()
    return json_response(equity_view(security))


def equities(call: Call) -> Response:
    """Return a page of the well-known equities."""
    paging = Paging.of(call.request, FIELDS, ("sortField", "desc"), by_default=False)
    found = paging.select(_known(), FIELDS)
    return page_response(call.request, paging, found, equity_view, null_links=call.state.has("null-links"))


def lookup(call: Call) -> Response:
    """Return equities whose symbol, exchange or description holds a mask."""
    query = call.request.query
    mask = query["symbol" if call.state.has("lookup-symbol") else "mask"].lower()
    count = query["count"]
    if not count.isdecimal() or len(count) > 9:
        raise RefusedError(invalid_request())
    conditions = parse_filter(query.get("filter", ""), FIELDS)
    candidates = _known()
    exact = find_security(mask)
    if exact is not None and exact.underlying is None and exact not in candidates:
        candidates = (exact, *candidates)
    found = [
        security
        for security in candidates
        if any(mask in text.lower() for text in (security.symbol, security.exchange, security.description))
        and all(_holds(condition, security) for condition in conditions)
    ]
    # The symbol that is the mask comes first, then those that begin with it.
    found.sort(
        key=lambda security: (security.symbol.lower() != mask, not security.symbol.lower().startswith(mask))
    )
    return json_response([equity_view(security) for security in found[: min(int(count), MAX_LOOKED_UP)]])


def option(call: Call) -> Response:
    """Return an option by its symbol or ID; an equity here is a conflict."""
    security = _named(call.texts["symbol"])
    if security is None:
        return no_such_object()
    return json_response(option_view(security)) if security.underlying else conflict()


def options(call: Call) -> Response:
    """Return a page of the options on Apple's share, or on what the filter names."""
    paging = Paging.of(call.request, OPTION_FIELDS, ("sortField", "desc"), by_default=False)
    named = [
        c.values[0] for c in paging.conditions if c.field == "underlyingassetsymbol" and c.operator == "="
    ]
    underlying = find_security(str(named[0])) if named else find_security("AAPL")
    chain: list[Security] = []
    if underlying is not None and not underlying.underlying:
        now = call.state.clock()
        for expires in expirations_of(day_of(now)):
            chain += chain_of(underlying, expires, now)
    found = paging.select(chain, OPTION_FIELDS)
    return page_response(call.request, paging, found, option_view, null_links=call.state.has("null-links"))


def expirations(call: Call) -> Response:
    """Return when an underlying's options expire."""
    underlying = _underlying(call.request.query["underlying"])
    standard = "Regular" if call.state.has("series-regular") else "Standard"
    now = call.state.clock()
    return json_response(
        [
            {
                "SeriesId": series_id(option_of(underlying, day, 1.0, is_put=False)),
                "SeriesType": standard,
                "ExpirationDate": format_date(close_of(day)),
                "ExpirationType": expiration_type(day),
            }
            for day in expirations_of(day_of(now))
        ]
    )


def option_chain(call: Call) -> Response:
    """Return an underlying's options by expiration, with strikes around the price."""
    underlying = _underlying(call.texts["symbol"])
    conditions = {c.field: c for c in parse_filter(call.request.query.get("filter", ""), CHAIN_FIELDS)}
    width = _width(conditions.get("range"))
    now = call.state.clock()
    shown = []
    for day in expirations_of(day_of(now)):
        if not _is_wanted(conditions, day):
            continue
        found = chain_of(underlying, day, now, width)
        shown.append(
            {
                "Expiration": format_date(close_of(day)),
                "CentralStrike": _central(underlying, now),
                "Options": [option_view(one) for one in found],
            }
        )
    return json_response({"Expirations": shown})


def exchanges(_: Call) -> Response:
    """Return the names of the exchanges to which orders can be sent."""
    return json_response(EXCHANGES)


def streamers(call: Call) -> Response:
    """Return the addresses of streamers, which this sandbox does not serve."""
    host = call.request.root.partition("://")[2]
    session = f"{call.user_id:08x}-0000-4000-8000-000000000001"
    quotes = [{"Url": f"ws://{host}/CommonStreamer/quotes", "Type": "Delayed", "SessionId": session}]
    data = [{"Url": f"ws://{host}/CommonStreamer/data", "Type": "Delayed"}]
    return json_response({"QuoteAddresses": quotes, "DataAddresses": data})


def recover_session(call: Call) -> Response:
    """Return the ID of a new streamer session."""
    kind = call.request.query["sessiontype"]
    if kind not in {"0", "1"}:
        raise RefusedError(invalid_request())
    session = f"{call.user_id:08x}-0000-4000-8000-00000000000{int(kind) + 1}"
    return json_response(session if call.state.has("recover-text") else {"Id": session})


def expirations_of(today: int) -> list[int]:
    """Return the days on which options expire: the next Fridays, and third Fridays of later months."""
    weekly: list[int] = []
    regular: list[int] = []
    day = today
    while len(weekly) < WEEKLY or len(regular) < REGULAR:
        if (day + 3) % 7 == 4 and is_weekday(day):
            if len(weekly) < WEEKLY:
                weekly.append(day)
            if expiration_type(day) == "Regular" and len(regular) < REGULAR:
                regular.append(day)
        day += 1
    return sorted({*weekly, *regular})


def chain_of(underlying: Security, expires: int, now: float, width: int = STRIKES) -> list[Security]:
    """Return the calls and puts of one expiration, by strike."""
    central = _central(underlying, now)
    step = _step(central)
    strikes = [round(central + step * number, 2) for number in range(-width, width + 1)]
    return [
        option_of(underlying, expires, strike, is_put=is_put)
        for strike in strikes
        if strike > 0
        for is_put in (False, True)
    ]


def _central(underlying: Security, now: float) -> float:
    spot = price(underlying, now // SECONDS_PER_DAY * SECONDS_PER_DAY)
    return max(_step(spot), round(spot / _step(spot)) * _step(spot))


def _step(spot: float) -> float:
    return 5.0 if spot >= 100 else 1.0 if spot >= 20 else 0.5


def _width(condition: Condition | None) -> int:
    if condition is None:
        return STRIKES
    if any(type(value) is not int for value in condition.values):
        raise RefusedError(bad_filter("A range is a whole number."))
    return min(STRIKES, max(0, condition.values[0])) if condition.operator == "=" else STRIKES


def _is_wanted(conditions: dict[str, Condition], day: int) -> bool:
    date, kind = conditions.get("expiration"), conditions.get("expirationtype")
    if date is not None:
        if not all(isinstance(value, float) for value in date.values):
            raise RefusedError(bad_filter("An expiration is a date."))
        # A day is meant, whatever the time of day.
        days = tuple(math.floor(value / SECONDS_PER_DAY) for value in date.values)
        if not Condition(date.field, date.operator, days).holds(day):
            return False
    return kind is None or kind.holds(EXPIRATION_TYPES.index(expiration_type(day)))


def _named(text: str) -> Security | None:
    return find_security_by_id(int(text)) if text.isdecimal() and len(text) < 20 else find_security(text)


def _underlying(symbol: str) -> Security:
    security = find_security(symbol)
    if security is None or security.underlying:
        raise RefusedError(no_such_object())
    return security


def _holds(condition: Condition, security: Security) -> bool:
    value = FIELDS[condition.field](security)
    if condition.field == "type" and any(isinstance(one, int) for one in condition.values):
        value = TYPE_NUMBERS.get(security.type, -1)
    return condition.holds(value)


@lru_cache(maxsize=1)
def _known() -> tuple[Security, ...]:
    return tuple(found for symbol in KNOWN if (found := find_security(symbol)))
