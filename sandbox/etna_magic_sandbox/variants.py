"""The other readings: where ETNA's sources disagree, or installations differ, a variant picks one.

Without a variant the sandbox follows the reading that the API description bears out.
"""

from typing import NamedTuple


class Variant(NamedTuple):
    """A way in which a server may differ.

    Parameters
    ----------
    name : str
        The name on the command line, and in `Sandbox(variants=…)`.
    shows : str
        What is different.
    source : str
        Who says so: E (ETNA's documentation), S (a broker's API description), P (a broker's pages),
        G (a client that has run against a live server), or the row of disagreements.
    """

    name: str
    shows: str
    source: str


VARIANTS: tuple[Variant, ...] = (
    Variant("app-key-401", "An unknown application key gets a 401 instead of a 403.", "P, D1"),
    Variant("idle-lifetime", "A token's life is counted from its last use.", "P, D2"),
    Variant("positions-array", "Positions are a bare array, and no page.", "E sample, D3"),
    Variant("null-links", "Links between pages are relative, and null where there is no page.", "P, D4"),
    Variant("lookup-symbol", "The lookup of equities wants `symbol` instead of `mask`.", "P, D5"),
    Variant("short-names", "GTC, IOC, FOK and GTD are times in force too.", "P, D6"),
    Variant("exec-inst-0", "ExecInst is the number 0 where it is unset.", "E samples, D7"),
    Variant("recover-text", "A recovered streamer session is a bare text.", "S, D8"),
    Variant("series-regular", "An option's SeriesType is Regular instead of Standard.", "S, D10"),
    Variant("optional-query", "Pages may be asked for without a query: 0, 10, newest first.", "P, D11"),
    Variant("place-preview", "A limit order without a price gets a preview's body.", "E and P, D12"),
    Variant("market-day-only", "A market order with GoodTillCancel is refused with a 422.", "P, D13"),
    Variant("compare-text", "The comparison of candles wants a text as Interval: TDY to ALL.", "E, D15"),
    Variant("cancel-200", "A cancelled order is answered with a 200 and the order.", "S"),
    Variant("limits-always", "X-RateLimit-* stand on every answer, and not only near a limit.", "Inf."),
    Variant("deprecated", "The calls on equities carry X-Deprecated, with the date of their end.", "P"),
    Variant("one-session", "A login ends the user's other tokens.", "Inf."),
    Variant("same-token", "A login hands out the user's token again as long as it is valid.", "Inf."),
)

VARIANT_NAMES = frozenset(variant.name for variant in VARIANTS)


def checked_variants(names: tuple[str, ...]) -> frozenset[str]:
    """Return the names as a set.

    Raises
    ------
    ValueError
        If there is no such variant; the message lists those there are.

    Examples
    --------
    >>> sorted(checked_variants(("one-session",)))
    ['one-session']
    """
    for name in names:
        if name not in VARIANT_NAMES:
            raise ValueError(f"No variant is called {name!r}; there are {', '.join(sorted(VARIANT_NAMES))}.")
    return frozenset(names)
