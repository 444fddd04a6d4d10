"""The securities: a dozen that everybody knows, and one for every other short symbol."""

import re
import zlib
from dataclasses import dataclass

SYMBOL = re.compile(r"[A-Z]{1,5}")
FIRST_OTHER_ID = 1000

# symbol: id, description, exchange, type, price around which it moves (dollars)
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
    """What is traded under a symbol.

    Parameters
    ----------
    symbol, id, description, exchange, kind : str or int
        As the API shows them.
    level : float
        The price around which it moves, in dollars.
    """

    symbol: str
    id: int
    description: str
    exchange: str
    kind: str
    level: float

    @property
    def seed(self) -> int:
        """A number that is the symbol's own and the same on every machine."""
        return _seed(self.symbol)

    def described(self) -> dict[str, object]:
        """Return the security as the API shows it, without its prices."""
        return {
            "Id": self.id,
            "Symbol": self.symbol,
            "Description": self.description,
            "Exchange": self.exchange,
            "Currency": "USD",
            "Type": self.kind,
            "TickSize": 0.01,
            "Enabled": True,
            "AllowTrade": True,
            "AllowMargin": True,
            "AllowShort": self.kind == "CommonStock",
        }


def find(symbol: str) -> Security | None:
    """Return the security of a symbol in either case, or None where there is none.

    Examples
    --------
    >>> find("aapl").id, find("ZZZZ").description, find("BRK.B")
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


def find_by_id(number: int) -> Security | None:
    """Return the security that has this id, or None where there is none."""
    for symbol, (known, *_) in KNOWN.items():
        if known == number:
            return find(symbol)
    rest, symbol = number - FIRST_OTHER_ID, ""
    while rest > 0:
        rest, letter = divmod(rest, 27)
        symbol = chr(ord("A") + letter - 1) + symbol
    found = find(symbol)
    return found if found and found.id == number else None


def _seed(symbol: str) -> int:
    # Python's own hash of a text differs from run to run.
    return zlib.crc32(symbol.encode("ascii"))


def _id_of(symbol: str) -> int:
    # Letters are the digits 1 to 26 to the base 27: no two symbols share an id, and the id can be
    # read back.
    number = 0
    for letter in symbol:
        number = number * 27 + ord(letter) - ord("A") + 1
    return FIRST_OTHER_ID + number
