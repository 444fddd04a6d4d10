"""When the market comes to an order's price: the first moment in one session, found on the price path."""

from typing import NamedTuple

from etna_magic_sandbox.market_hours import SECONDS_PER_MINUTE, close_of, open_of
from etna_magic_sandbox.order import Order, Terms
from etna_magic_sandbox.prices import day_bar, minute_prices, price
from etna_magic_sandbox.securities import Security


class Moment(NamedTuple):
    """A time in seconds since 1970, and the price then."""

    time: float
    price: float


def first_fill(  # noqa: PLR0911 - one for each type of order
    order: Order, day: int, start: float
) -> Moment | None:
    """Return when an order would first be filled in a day's session from a time on, and at which price."""
    terms = order.terms
    security = terms.security
    if security is None:
        return _spread_fill(order, day, start)
    if terms.time_in_force == "AtTheOpening":
        start = open_of(day)
    elif terms.time_in_force == "AtTheClose":
        start = close_of(day) - 1.0
    match terms.type:
        case "Stop":
            return _crossing(security, day, start, (terms.stop_price, terms.is_buy))
        case "StopLimit":
            triggered = _crossing(security, day, start, (terms.stop_price, terms.is_buy))
            return triggered and _limit(terms, day, triggered.time, terms.price)
        case "TrailingStop" | "TrailingStopLimit":
            triggered = _trailing(order, day, start)
            if triggered is None or terms.type == "TrailingStop":
                return triggered
            offset = _amount(terms.trailing_limit, triggered.price)
            limit = triggered.price + offset if terms.is_buy else triggered.price - offset
            return _limit(terms, day, triggered.time, limit)
    if terms.price and terms.type != "Market":
        return _limit(terms, day, start, terms.price)
    return Moment(start, price(security, start))


def is_out_of_reach(terms: Terms, day: int) -> bool:
    """Return whether a whole session is on the wrong side of a limit, without looking at its minutes."""
    security = terms.security
    if terms.type != "Limit" or security is None or security.underlying:
        return False
    bar = day_bar(security, day)
    return bar.low > terms.price if terms.is_buy else bar.high < terms.price


def best_of_session(order: Order, day: int, start: float) -> float:
    """Return the best price that a trailing order has seen by the end of a session."""
    if order.terms.security is None:
        return order.best
    prices = minute_prices(order.terms.security, day)[_minute(day, start) :]
    seen = [*prices, order.best or prices[0]]
    return min(seen) if order.terms.is_buy else max(seen)


def _limit(terms: Terms, day: int, start: float, limit: float) -> Moment | None:
    if terms.security is None:
        return None
    return _crossing(terms.security, day, start, (limit, not terms.is_buy))


def _crossing(security: Security, day: int, start: float, level: tuple[float, bool]) -> Moment | None:
    # The first moment at which the price is at a level or beyond it: above it if `rising`, else below.
    threshold, rising = level
    if not open_of(day) <= start < close_of(day):
        return None
    now = price(security, start)
    if now >= threshold if rising else now <= threshold:
        return Moment(start, now)
    prices = minute_prices(security, day)
    left, left_time = now, start
    for minute in range(_minute(day, start) + 1, len(prices)):
        right = prices[minute]
        right_time = open_of(day) + minute * SECONDS_PER_MINUTE
        if right >= threshold if rising else right <= threshold:
            share = (threshold - left) / (right - left) if right != left else 0.0
            time = left_time + share * (right_time - left_time)
            return Moment(min(time, close_of(day) - 0.001), threshold)
        left, left_time = right, right_time
    return None


def _trailing(order: Order, day: int, start: float) -> Moment | None:
    # A trailing order looks at the price once a minute.
    terms = order.terms
    if terms.security is None or not open_of(day) <= start < close_of(day):
        return None
    best = order.best or price(terms.security, start)
    prices = minute_prices(terms.security, day)
    for minute in range(_minute(day, start) + 1, len(prices) - 1):
        now = prices[minute]
        best = min(best, now) if terms.is_buy else max(best, now)
        amount = _amount(terms.trailing_stop, best)
        if now >= best + amount if terms.is_buy else now <= best - amount:
            return Moment(open_of(day) + minute * SECONDS_PER_MINUTE, now)
    return None


def _spread_fill(order: Order, day: int, start: float) -> Moment | None:
    terms = order.terms
    if not open_of(day) <= start < close_of(day):
        return None
    if terms.type == "Market":
        return Moment(start, net_price(terms, start))
    first = _minute(day, start)
    for minute in range(first, (close_of(day) - open_of(day)) // SECONDS_PER_MINUTE):
        time = max(start, open_of(day) + minute * SECONDS_PER_MINUTE)
        net = net_price(terms, time)
        # What a spread costs is its price; a sold one brings at least that.
        if net <= terms.price if terms.is_buy else net >= terms.price:
            return Moment(time, net)
    return None


def net_price(terms: Terms, time: float) -> float:
    """Return what one unit of a spread costs at a time; what its sold legs bring is taken off."""
    total = 0.0
    for leg in terms.legs:
        if leg.security:
            sign = 1 if leg.is_buy else -1
            total += sign * leg.quantity * price(leg.security, time)
    return round(total if terms.is_buy else -total, 2)


def _amount(trailing: tuple[str, float], value: float) -> float:
    kind, amount = trailing
    return value * amount / 100 if kind == "Persentage" else amount


def _minute(day: int, time: float) -> int:
    return max(0, int((time - open_of(day)) // SECONDS_PER_MINUTE))
