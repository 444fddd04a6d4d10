"""Securities, options and quotes as the API shows them."""

from functools import lru_cache

from etna_magic_sandbox.market_hours import SECONDS_PER_DAY, close_of, day_of
from etna_magic_sandbox.messages import format_date
from etna_magic_sandbox.prices import Quote, volume_between
from etna_magic_sandbox.securities import ADDED, MODIFIED, Security

# As in the filters of an option chain.
EXPIRATION_TYPES = ("Regular", "Quarterly", "Weekly", "Flex", "Undefined", "Mini", "NonStandard")


def equity_view(security: Security) -> dict[str, object]:
    """Return an equity, or what an option has in common with one."""
    is_option = security.underlying is not None
    shown: dict[str, object] = {
        "Id": security.id,
        "Symbol": security.symbol,
        "Description": security.description,
        "Exchange": security.exchange,
        "Currency": "USD",
        "AddedDate": format_date(ADDED),
        "ModifyDate": format_date(MODIFIED),
        "Type": security.type,
        "Precision": 2,
        "VolumePrecision": 0,
        "TickSize": 0.01,
        "Enabled": True,
        "AllowTrade": security.type != "MutualFund",
        "AllowMargin": not is_option,
        "AllowShort": security.type == "CommonStock",
    }
    if is_option:
        del shown["Exchange"]
    return shown


def option_view(security: Security) -> dict[str, object]:
    """Return an option."""
    return equity_view(security) | {
        "OptionType": security.option_type,
        "ExpirationType": expiration_type(security.expires),
        "ExpirationDate": format_date(close_of(security.expires)),
        "StrikePrice": security.strike,
        "SeriesId": series_id(security),
        "UnderlyingAssetSymbol": security.underlying.symbol if security.underlying else "",
        "ContractSize": security.multiplier,
    }


def watched_security(security: Security) -> dict[str, object]:
    """Return a security as a watchlist shows it."""
    shown = equity_view(security)
    for name in ("Enabled", "AllowTrade", "AllowMargin", "AllowShort"):
        del shown[name]
    is_option = security.underlying is not None
    return shown | {
        "Source": 0,
        "ParentId": security.underlying.id if security.underlying else -1,
        "OptionType": security.option_type or "Undefined",
        "ExpirationType": expiration_type(security.expires) if is_option else "Undefined",
        "ExpirationDate": format_date(close_of(security.expires) if is_option else None),
        "StrikePrice": security.strike,
        "SeriesId": series_id(security) if is_option else -1,
        "ContractSize": security.multiplier,
        "MarginRate": 0,
    }


def quote_view(security: Security, quote: Quote, now: float) -> dict[str, object]:
    """Return a quote as a preview shows it."""
    day, second = day_of(now), int(now) % SECONDS_PER_DAY
    volume = traded_today(security, day, second // 60)
    return {"Ask": quote.ask, "Bid": quote.bid, "Last": quote.last, "Volume": volume, "OpenInterest": 0}


@lru_cache(maxsize=1024)
def traded_today(security: Security, day: int, minute: int) -> int:
    """Return how many shares a session has seen by a minute of the day."""
    done = min(390, max(0, minute - 870))
    return volume_between(security.underlying or security, day, 1, (0, done))


def series_id(security: Security) -> int:
    """Return the ID that the options of one underlying and one expiration share."""
    return (security.underlying.id if security.underlying else 0) * 100_000 + security.expires


def expiration_type(day: int) -> str:
    """Return `Regular` for a third Friday of a month, else `Weekly`."""
    date = format_date(day * SECONDS_PER_DAY)
    return "Regular" if 15 <= int(date[8:10]) <= 21 else "Weekly"
