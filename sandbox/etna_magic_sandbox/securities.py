"""The securities: well-known companies, one for every other short symbol, and options on all of them."""

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from etna_magic_sandbox.market_hours import SECONDS_PER_DAY

SYMBOL = re.compile(r"[A-Z]{1,5}")
OPTION_SYMBOL = re.compile(r"([A-Z]{1,5}) *(\d{6})([CP])(\d{8})")
FIRST_OTHER_ID = 1000
# Above all that five letters give. An option's ID has its underlying, expiration, strike and type in it.
FIRST_OPTION_ID = 1 << 31
ADDED, MODIFIED = 1_547_468_857.620566, 1_552_501_902.670001

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
    "VFIAX": (17, "Vanguard 500 Index Fund Admiral Shares", "XNAS", "MutualFund", 500.0),
}
KNOWN_BY_ID = {known[0]: symbol for symbol, known in KNOWN.items()}


@dataclass(frozen=True, slots=True)
class Security:
    """A security.

    Parameters
    ----------
    symbol, id, description, exchange, type : str or int
        As the API shows them.
    base_price : float
        The price around which its price moves, in dollars; 0 for an option.
    underlying : Security or None, optional
        What an option is on; None for an equity.
    option_type : str, optional
        `Call` or `Put`, for an option.
    expires : int, optional
        An option's day of expiration, in days since 1970.
    strike : float, optional
        An option's strike price in dollars.
    """

    symbol: str
    id: int
    description: str
    exchange: str
    type: str
    base_price: float
    underlying: "Security | None" = None
    option_type: str = ""
    expires: int = 0
    strike: float = 0.0

    @property
    def seed(self) -> int:
        """A number that depends on the symbol only, the same on every machine."""
        return _seed(self.symbol)

    @property
    def multiplier(self) -> int:
        """How many of the underlying one contract is about; 1 for an equity."""
        return 100 if self.underlying else 1


@lru_cache(maxsize=1 << 11)
def find_security(symbol: str) -> Security | None:
    """Return the security of a symbol in upper or lower case, or None if there is none.

    Examples
    --------
    >>> find_security("aapl").id, find_security("ZZZZ").description, find_security("BRK.B")
    (4, 'Sandbox Security ZZZZ', None)
    >>> find_security("AAPL  260618C00200000").strike
    200.0
    """
    symbol = symbol.upper().strip()
    if symbol in KNOWN:
        return Security(symbol, *KNOWN[symbol])
    if match := OPTION_SYMBOL.fullmatch(symbol):
        return _find_option(*match.groups())
    if not SYMBOL.fullmatch(symbol):
        return None
    seed = _seed(symbol)
    exchange = ("XNAS", "XNYS")[seed % 2]
    name = f"Sandbox Security {symbol}"
    return Security(symbol, _id_of(symbol), name, exchange, "CommonStock", 8.0 + seed % 392)


def find_security_by_id(security_id: int) -> Security | None:
    """Return the security with this ID, or None if there is none."""
    if security_id >= FIRST_OPTION_ID:
        rest, is_put = divmod(security_id - FIRST_OPTION_ID, 2)
        rest, strike = divmod(rest, 100_000)
        underlying_id, expires = divmod(rest, 100_000)
        underlying = find_security_by_id(underlying_id) if underlying_id < FIRST_OPTION_ID else None
        known = underlying is not None and strike > 0
        return (
            option_of(underlying, expires, strike / 10, is_put=bool(is_put)) if known and underlying else None
        )
    if security_id in KNOWN_BY_ID:
        return find_security(KNOWN_BY_ID[security_id])
    rest, symbol = security_id - FIRST_OTHER_ID, ""
    while rest > 0:
        rest, letter = divmod(rest, 27)
        symbol = chr(ord("A") + letter - 1) + symbol
    found = find_security(symbol)
    return found if found and found.id == security_id else None


def option_of(underlying: Security, expires: int, strike: float, *, is_put: bool) -> Security:
    """Return the option on a security that expires on a day since 1970."""
    date = datetime.fromtimestamp(expires * SECONDS_PER_DAY, UTC)
    letter, kind = ("P", "Put") if is_put else ("C", "Call")
    symbol = f"{underlying.symbol:<6}{date:%y%m%d}{letter}{round(strike * 1000):08d}"
    security_id = ((underlying.id * 100_000 + expires) * 100_000 + round(strike * 10)) * 2 + is_put
    return Security(
        symbol,
        FIRST_OPTION_ID + security_id,
        f"{underlying.symbol} {date:%d %b %Y} {strike:g} {kind}",
        "",
        "Option",
        0.0,
        underlying,
        kind,
        expires,
        strike,
    )


def _find_option(root: str, date: str, letter: str, strike: str) -> Security | None:
    underlying = find_security(root)
    try:
        midnight = datetime.strptime(date, "%y%m%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    # Strikes in whole dimes, up to what an ID holds.
    if underlying is None or int(strike) % 100 or not 0 < int(strike) < 10_000_000:
        return None
    return option_of(underlying, int(midnight) // SECONDS_PER_DAY, int(strike) / 1000, is_put=letter == "P")


def _seed(symbol: str) -> int:
    # Python's own hash of a string differs from run to run.
    return zlib.crc32(symbol.encode("ascii"))


def _id_of(symbol: str) -> int:
    # Base 27 with the letters as digits 1 to 26: the IDs are unique and can be converted back.
    number = 0
    for letter in symbol:
        number = number * 27 + ord(letter) - ord("A") + 1
    return FIRST_OTHER_ID + number
