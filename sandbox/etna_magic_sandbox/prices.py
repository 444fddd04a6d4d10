"""The prices: made once, from the symbol and the day, and the same wherever they are shown.

A day's open, high, low and close are computed from fractal noise: value noises with a quarter of the
period and half the amplitude of the one before, which looks like a random walk and needs no earlier
price. Within a day one path leads from minute to minute, from the open to the close, and touches the
day's high and low. Candles of every period, quotes, previews, fills and positions read this path.
"""

import math
from array import array
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from etna_magic_sandbox.market_hours import (
    AFTER,
    BEFORE,
    PARTS,
    SECONDS_PER_DAY,
    SECONDS_PER_MINUTE,
    SESSION,
    SESSION_MINUTES,
    close_of,
    day_of,
    is_weekday,
    previous_weekday,
)
from etna_magic_sandbox.securities import Security

MASK_64_BIT = (1 << 64) - 1
DAY_OCTAVES = tuple((512.0 / 4**step, 0.3 / 2**step) for step in range(6))  # period in days, amplitude
VOLATILITY = 0.35  # per year, of options
MINUTES_PER_YEAR = 365.0 * 1440.0


class DayBar(NamedTuple):
    """A day's session: prices in dollars, volume in shares."""

    open: float
    high: float
    low: float
    close: float
    volume: int


class Quote(NamedTuple):
    """What is bid, asked and was paid last, in dollars."""

    bid: float
    ask: float
    last: float


def random_fraction(seed: int, index: int) -> float:
    """Return a number in [0, 1) that looks random and depends on the arguments only."""
    mixed = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03) & MASK_64_BIT
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64_BIT
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK_64_BIT
    return (mixed ^ (mixed >> 31)) / (1 << 64)


# Noise from -1 to 1: each stretch of a path reads a part of it.
_WIGGLES = tuple(2.0 * random_fraction(1, index) - 1.0 for index in range(8192))


@lru_cache(maxsize=1 << 13)
def day_bar(security: Security, day: int) -> DayBar:
    """Return an equity's session on a weekday, given in days since 1970."""
    seed = security.seed
    close = _close(security, day)
    before = _close(security, previous_weekday(day))
    gap, up, down, traded = (random_fraction(seed + step, day) for step in range(1, 5))
    opened = max(0.01, round(before * (1 + 0.006 * (gap - 0.5)), 2))
    high = round(max(opened, close) * (1 + 0.001 + 0.009 * up), 2)
    low = max(0.01, round(min(opened, close) * (1 - 0.001 - 0.009 * down), 2))
    volume = int((1000 + seed % 50_000) * SESSION_MINUTES * (0.5 + traded))
    return DayBar(opened, high, low, close, volume)


def minute_prices(security: Security, day: int, part: int = SESSION) -> "array[float]":
    """Return the prices at the ends of the minutes of a weekday's part, from its beginning on.

    The session's begin with the day's open and end with its close.
    """
    if security.underlying:
        return _option_minutes(security, day, part)
    return _session_minutes(security, day) if part == SESSION else _extended_minutes(security, day, part)


def price(security: Security, time: float) -> float:
    """Return the last price at a time in seconds since 1970, in dollars and whole cents."""
    day = day_of(time)
    second = time - day * SECONDS_PER_DAY
    if not is_weekday(day) or second < PARTS[BEFORE][0]:
        return minute_prices(security, previous_weekday(day), AFTER)[-1]
    part = next(part for part, (_, end) in enumerate(PARTS) if second < end)
    prices = minute_prices(security, day, part)
    elapsed = (second - PARTS[part][0]) / SECONDS_PER_MINUTE
    minute = int(elapsed)
    return round(prices[minute] + (prices[minute + 1] - prices[minute]) * (elapsed - minute), 2)


def quote(security: Security, time: float) -> Quote:
    """Return what is bid, asked and was paid last, at a time in seconds since 1970."""
    last = price(security, time)
    spread = 0.01 * (1 + int(3 * random_fraction(security.seed, int(time) // SECONDS_PER_MINUTE)))
    return Quote(max(0.0, round(last - spread, 2)), round(last + spread, 2), last)


def volume_between(security: Security, day: int, part: int, minutes: tuple[int, int]) -> int:
    """Return the shares traded between two minutes of a part of a day; more near open and close."""
    first, last = minutes
    if part != SESSION:
        return (last - first) * (1 + (security.seed + day) % 97)
    volume = day_bar(security, day).volume
    return int(volume * _share(last)) - int(volume * _share(first))


def _share(minute: int) -> float:
    share = minute / SESSION_MINUTES
    return 0.7 * share + 1.2 * ((share - 0.5) ** 3 + 0.125)


def previous_close(security: Security, time: float) -> float:
    """Return the close of the last session that ended before today's."""
    day = previous_weekday(day_of(time))
    return minute_prices(security, day)[-1] if security.underlying else _close(security, day)


@lru_cache(maxsize=3072)
def _session_minutes(security: Security, day: int) -> "array[float]":
    bar = day_bar(security, day)
    seed = security.seed + (5 << 32)
    noon = SESSION_MINUTES // 2
    peak = 1 + int(random_fraction(seed, day * 3) * (noon - 2))
    trough = noon + 1 + int(random_fraction(seed, day * 3 + 1) * (noon - 2))
    if random_fraction(seed, day * 3 + 2) < 0.5:
        peak, trough = trough, peak
    knots = sorted([(0, bar.open), (peak, bar.high), (trough, bar.low), (SESSION_MINUTES, bar.close)])
    prices = [bar.open]
    for (start, left), (end, right) in pairwise(knots):
        prices += _walk((left, right), end - start, (seed + start + 1, day))
    low, high = bar.low, bar.high
    return array("d", [low if price < low else min(price, high) for price in prices])


@lru_cache(maxsize=1024)
def _extended_minutes(security: Security, day: int, part: int) -> "array[float]":
    bar = day_bar(security, day)
    before = _close(security, previous_weekday(day))
    left, right = (before, bar.open) if part == BEFORE else (bar.close, bar.close)
    start, end = PARTS[part]
    seeds = (security.seed + (6 << 32) + part, day)
    return array("d", [left, *_walk((left, right), (end - start) // SECONDS_PER_MINUTE, seeds)])


def _walk(between: tuple[float, float], minutes: int, seeds: tuple[int, int]) -> list[float]:
    # The minutes after a price, up to another one that is reached exactly.
    left, right = between
    noise, step = left * 0.0012, (right - left) / minutes
    first = int(random_fraction(*seeds) * len(_WIGGLES) / 2)
    found = [
        round(left + step * minute + noise * wiggle, 2)
        for minute, wiggle in enumerate(_WIGGLES[first : first + minutes - 1], 1)
    ]
    if left < 1.0:
        found = [max(0.01, price) for price in found]
    found.append(right)
    return found


@lru_cache(maxsize=512)
def _option_minutes(security: Security, day: int, part: int) -> "array[float]":
    underlying = security.underlying
    if underlying is None:
        raise ValueError(security.symbol)
    begins = day * SECONDS_PER_DAY + PARTS[part][0]
    left = (close_of(security.expires) - begins) / SECONDS_PER_MINUTE
    prices = array("d")
    for minute, spot in enumerate(minute_prices(underlying, day, part)):
        years = max(0.0, left - minute) / MINUTES_PER_YEAR
        prices.append(max(0.01, round(option_value(security, spot, years), 2)))
    return prices


def option_value(security: Security, spot: float, years: float) -> float:
    """Return what an option is worth: by Black and Scholes, at a fixed volatility and no interest."""
    sign = -1.0 if security.option_type == "Put" else 1.0
    deviation = VOLATILITY * math.sqrt(years)
    if deviation <= 0:
        return max(0.0, sign * (spot - security.strike))
    first = math.log(spot / security.strike) / deviation + deviation / 2
    return sign * (spot * _normal(sign * first) - security.strike * _normal(sign * (first - deviation)))


def _normal(value: float) -> float:
    return 0.5 * (1.0 + math.erf(value / math.sqrt(2.0)))


@lru_cache(maxsize=1 << 13)
def _close(security: Security, day: int) -> float:
    total, seed = 0.0, security.seed
    for period, amplitude in DAY_OCTAVES:
        seed += 1 << 32
        position = day / period
        index = int(position)
        value, change = _noise_segment(seed, index)
        total += amplitude * (value + change * (position - index))
    return max(0.01, round(security.base_price * math.exp(total), 2))


@lru_cache(maxsize=1 << 14)
def _noise_segment(seed: int, index: int) -> tuple[float, float]:
    # The value of a noise at one of its points, and its change up to the next point.
    left, right = random_fraction(seed, index), random_fraction(seed, index + 1)
    return 2.0 * left - 1.0, 2.0 * (right - left)
