"""Prices that nobody stored: every moment of every symbol has one, and always the same.

A price is the level of its security times a sum of noises, from swings of a year and a half down
to flickers of minutes, each half as strong as the one before and four times as fast. Seen from
afar that is how a random walk looks; unlike a walk, any moment can be asked for without the
moments before it.
"""

import math
from functools import lru_cache

from etna_magic.sandbox.securities import Security

SECONDS_A_DAY = 86_400
MASK = (1 << 64) - 1

# period in seconds, strength as a share of the price
OCTAVES = tuple((512.0 * SECONDS_A_DAY / 4**step, 0.3 / 2**step) for step in range(10))


def fraction(seed: int, index: int) -> float:
    """Return a number in [0, 1) that looks random and depends on nothing but its arguments."""
    mixed = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03) & MASK
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = ((mixed ^ (mixed >> shift)) * factor) & MASK
    return (mixed ^ (mixed >> 31)) / (1 << 64)


@lru_cache(maxsize=1 << 17)
def _slope(seed: int, index: int) -> tuple[float, float]:
    # Where a noise stands at one of its corners, and how far it moves until the next.
    left, right = fraction(seed, index), fraction(seed, index + 1)
    return 2.0 * left - 1.0, 2.0 * (right - left)


def price(security: Security, moment: float) -> float:
    """Return the price of a security, in dollars and whole cents.

    Parameters
    ----------
    security : Security
        What is priced.
    moment : float
        When, in seconds since 1970.
    """
    total, seed = 0.0, security.seed
    for period, strength in OCTAVES:
        seed += 1 << 32
        corners = moment / period
        index = int(corners)
        height, rise = _slope(seed, index)
        total += strength * (height + rise * (corners - index))
    return max(0.01, round(security.level * math.exp(total), 2))


def quote(security: Security, moment: float) -> dict[str, object]:
    """Return what the market offers at a moment (seconds since 1970): bid, ask and last."""
    moment = math.floor(moment)
    last = price(security, moment)
    spread = round(0.01 * (1 + int(3 * fraction(security.seed, moment))), 2)
    bid = max(0.0, round(last - spread, 2))
    return {
        "Bid": bid,
        "Ask": round(last + spread, 2),
        "Last": last,
        "BidSize": 100 * (1 + int(9 * fraction(security.seed + 1, moment))),
        "AskSize": 100 * (1 + int(9 * fraction(security.seed + 2, moment))),
        "QuoteTime": moment,
    }
