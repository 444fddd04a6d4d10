"""The securities and their prices: well-known companies, and one for every other short symbol.

Prices are not stored. The price of a symbol at any time is computed, and it is always the same: a
base price times the exponential of fractal noise. The noise is a sum of value noises; each has a
quarter of the period and half the amplitude of the one before, from a year and a half down to
minutes. That looks like a random walk, but needs no earlier prices.
"""

import math
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

SYMBOL = re.compile(r"[A-Z]{1,5}")
FIRST_OTHER_ID = 1000

SECONDS_PER_DAY = 86_400
MASK_64_BIT = (1 << 64) - 1

# Of each noise: period in seconds, amplitude as a share of the price.
OCTAVES = tuple((512.0 * SECONDS_PER_DAY / 4**step, 0.3 / 2**step) for step in range(10))

# Of each symbol: ID, description, exchange, type, base price in dollars.
KNOWN: dict[str, tuple[int, str, str, str, float]] = {
    "AAPL": (4, "Apple Inc.", "XNAS", "CommonStock", 190.0),
    "MSFT": (5, "Microsoft Corporation", "XNAS", "CommonStock", 410.0),
    "AMZN": (6, "Amazon.com, Inc.", "XNAS", "CommonStock", 180.0),
    "GOOG": (7, "Alphabet Inc. Class C", "XNAS", "CommonStock", 165.0),
    "META": (8, "Meta Platforms, Inc.", "XNAS", "CommonStock", 480.0),
    "NVDA": (9, "NVIDIA Corporation", "XNAS", "CommonStock", 120.0),
    "TSLA": (10, "Tesla, Inc.", "XNAS", "CommonStock", 220.0),
    "IBM": (11, "International Business Machines Corporation", "XNYS", "CommonStock", 185.0),
    "JPM": (12, "JPMorgan Chase & Co.", "XNYS", "CommonStock", 200.0),
    "KO": (13, "The Coca-Cola Company", "XNYS", "CommonStock", 62.0),
    "DIS": (14, "The Walt Disney Company", "XNYS", "CommonStock", 100.0),
    "SPY": (15, "SPDR S&P 500 ETF Trust", "ARCX", "ETF", 540.0),
    "QQQ": (16, "Invesco QQQ Trust", "XNAS", "ETF", 470.0),
}


@dataclass(frozen=True, slots=True)
class Security:
    """A security.

    Parameters
    ----------
    symbol, id, description, exchange, security_type : str or int
        As the API shows them.
    base_price : float
        The price around which its price moves, in dollars.
    """

    symbol: str
    id: int
    description: str
    exchange: str
    security_type: str
    base_price: float

    @property
    def seed(self) -> int:
        """A number that depends on the symbol only, the same on every machine."""
        return _seed(self.symbol)

    def as_json(self) -> dict[str, object]:
        """Return the security as the API shows it, without its quote."""
        return {
            "Id": self.id,
            "Symbol": self.symbol,
            "Description": self.description,
            "Exchange": self.exchange,
            "Currency": "USD",
            "Type": self.security_type,
            "TickSize": 0.01,
            "Enabled": True,
            "AllowTrade": True,
            "AllowMargin": True,
            "AllowShort": self.security_type == "CommonStock",
        }


def find_security(symbol: str) -> Security | None:
    """Return the security of a symbol in upper or lower case, or None if there is none.

    Examples
    --------
    >>> find_security("aapl").id, find_security("ZZZZ").description, find_security("BRK.B")
    (4, 'Sandbox Security ZZZZ', None)
    """
    symbol = symbol.upper()
    if symbol in KNOWN:
        return Security(symbol, *KNOWN[symbol])
    if not SYMBOL.fullmatch(symbol):
        return None
    seed = _seed(symbol)
    exchange = ("XNAS", "XNYS")[seed % 2]
    name = f"Sandbox Security {symbol}"
    return Security(symbol, _id_of(symbol), name, exchange, "CommonStock", 8.0 + seed % 392)


def find_security_by_id(security_id: int) -> Security | None:
    """Return the security with this ID, or None if there is none."""
    for symbol, (known_id, *_) in KNOWN.items():
        if known_id == security_id:
            return find_security(symbol)
    rest, symbol = security_id - FIRST_OTHER_ID, ""
    while rest > 0:
        rest, letter = divmod(rest, 27)
        symbol = chr(ord("A") + letter - 1) + symbol
    found = find_security(symbol)
    return found if found and found.id == security_id else None


def random_fraction(seed: int, index: int) -> float:
    """Return a number in [0, 1) that looks random and depends on the arguments only."""
    mixed = (seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03) & MASK_64_BIT
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = ((mixed ^ (mixed >> shift)) * factor) & MASK_64_BIT
    return (mixed ^ (mixed >> 31)) / (1 << 64)


def price(security: Security, time: float) -> float:
    """Return the price of a security, in dollars and whole cents.

    Parameters
    ----------
    security : Security
        Whose price.
    time : float
        When, in seconds since 1970.
    """
    total, seed = 0.0, security.seed
    for period, amplitude in OCTAVES:
        seed += 1 << 32
        position = time / period
        index = int(position)
        value, change = _noise_segment(seed, index)
        total += amplitude * (value + change * (position - index))
    return max(0.01, round(security.base_price * math.exp(total), 2))


def quote(security: Security, time: float) -> dict[str, object]:
    """Return bid, ask and last price at a time in seconds since 1970, as the API shows them."""
    time = math.floor(time)
    last = price(security, time)
    spread = round(0.01 * (1 + int(3 * random_fraction(security.seed, time))), 2)
    bid = max(0.0, round(last - spread, 2))
    return {
        "Bid": bid,
        "Ask": round(last + spread, 2),
        "Last": last,
        "BidSize": 100 * (1 + int(9 * random_fraction(security.seed + 1, time))),
        "AskSize": 100 * (1 + int(9 * random_fraction(security.seed + 2, time))),
        "QuoteTime": time,
    }


@lru_cache(maxsize=1 << 17)
def _noise_segment(seed: int, index: int) -> tuple[float, float]:
    # The value of a noise at one of its points, and its change up to the next point.
    left, right = random_fraction(seed, index), random_fraction(seed, index + 1)
    return 2.0 * left - 1.0, 2.0 * (right - left)


def _seed(symbol: str) -> int:
    # Python's own hash of a string differs from run to run.
    return zlib.crc32(symbol.encode("ascii"))


def _id_of(symbol: str) -> int:
    # Base 27 with the letters as digits 1 to 26: the IDs are unique and can be converted back.
    number = 0
    for letter in symbol:
        number = number * 27 + ord(letter) - ord("A") + 1
    return FIRST_OTHER_ID + number
