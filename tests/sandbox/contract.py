"""What the sources say of ETNA's answers: the members of each object, and their types.

A shape is a dict of members; a `?` at the end of a name marks a member that may be missing. The type of
a member is a word (`s` text, `i` integer, `n` number, `b` boolean, `d` date, `es` epoch seconds), a tuple
of the texts that are allowed, a list with the shape of its items, or a shape. `Map` is an object with any
names. The letters of sources are those of ETNA_ENDPOINTS.md: E, S, P, G, and its section.
"""

import re
from typing import Any, NamedTuple

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z")


class Map(NamedTuple):
    """An object whose names are open, and the type of its values."""

    values: Any


class Literal(NamedTuple):
    """Exactly this."""

    value: Any


class Page(NamedTuple):
    """ETNA's paging object around items of a shape."""

    item: Any


EMPTY = Literal(b"")  # no body

SALUTATIONS = ("NoSalutation", "Mr", "Mrs", "Ms", "Dr", "Sir", "Madam")
SUFFIXES = ("NoSuffix", "Jr", "Sr", "Second", "Third", "Fourth")
SIDES = ("Buy", "Sell", "SellShort", "BuyToCover")
STATUSES = (
    *("New", "PartiallyFilled", "Filled", "DoneForDay", "Canceled", "Replaced", "PendingCancel", "Stopped"),
    *("Rejected", "Suspended", "PendingNew", "Calculated", "Expired", "AcceptedForBidding", "PendingReplace"),
    *("Error", "Held"),
)
ORDER_TYPES = (
    *("Market", "Limit", "Stop", "StopLimit", "Pegged", "TrailingStop", "TrailingStopLimit"),
    *("OneCancelOther", "OneTriggerOther", "OneTriggerOneCancelOther", "External"),
)
TIMES_IN_FORCE = (
    *("Day", "GoodTillCancel", "AtTheOpening", "ImmediateOrCancel", "FillOrKill", "GoodTillCrossing"),
    *("GoodTillDate", "GoodTillTime", "AtTheClose", "GoodTillCancelPlus", "GoodTillDatePlus"),
)
EXEC_INST = ("None", "CashAmountOrder", "FullLiquidation", "DoNotIncrease", "DoNotReduce", "AllOrNone")
EXPIRATION_TYPES = ("Regular", "Quarterly", "Weekly", "Flex", "Undefined", "Mini", "NonStandard")

# E,S,P,G 4
USER = {
    **dict.fromkeys(("FirstName", "MiddleName", "LastName", "Login", "Email"), "s"),
    "UserId": "i",
    "AddedDate": "d",
    "Salutation": SALUTATIONS,
    "Suffix": SUFFIXES,
    "Role?": "i",
    "DateOfBirth?": "d",
}
# E,S,G 4
ACCOUNT = {
    "Id": "i",
    "ClearingAccount": "s",
    "AccessType": ("Full", "ReadOnly", "ClosePositionsOnly", "Owner"),
    "MarginType": ("Empty", "Cash", "Margin", "DayTrader", "MarginIra"),
    "OwnerType": "s",
    "Enabled": "b",
    "ClearingFirm": "s",
    "IsAverageAccount": "b",
    "Owners": [USER],
    "Currency?": "s",
    "Alias?": "s",
}
# E 5: 28 keys, in camel case
BALANCES = dict.fromkeys(
    (
        *("cash", "netCash", "excess", "changeAbsolute"),
        *("changePercent", "equityTotal", "pendingOrdersCount", "netLiquidity"),
        *("stockLongMarketValue", "stockShortMarketValue", "optionLongMarketValue", "optionShortMarketValue"),
        *("forexLongMarketValue", "forexShortMarketValue", "dayTrades", "stockBuyingPower"),
        *("optionBuyingPower", "forexBuyingPower", "dayTradingBuyingPower", "pendingCash"),
        *("maintenanceMargin", "optionMaintenanceMargin", "openPL", "openPLDay"),
        *("openPLPercent", "closePL", "marketValue", "totalPL"),
    ),
    "n",
)
_SHOW = ("Show", "DoNotShow", "ShowIfAnError")
_INSTRUMENT = {
    **dict.fromkeys(("OrderType", "DurationType", "ExchangeType"), "s"),
    "Quantity": "i",
    "AON": "b",
    "ExtendedHoursType?": "s",
}
# E,S 4
SETTINGS = {
    "Instruments": {"Stocks": _INSTRUMENT, "Options": {**_INSTRUMENT, "Spreads": "i"}, "Forex": _INSTRUMENT},
    **dict.fromkeys(
        (
            *("QuantityStepIncrementMultiplier", "PriceStepIncrementMultiplier"),
            *("MaxStocksQuantity", "MaxOptionsQuantity"),
        ),
        "i",
    ),
    **dict.fromkeys(
        (
            *("SkipVerifyOrder", "SkipVerifyCancelOrder", "SkipVerifyClosingPosition"),
            *("SkipVerifyOrderReplace", "SkipPlaceOrderStatus", "SkipCancelOrderStatus"),
            *("SkipClosingPositionStatus", "SkipOrderReplaceStatus"),
        ),
        _SHOW,
    ),
    "DoNotCloseTradePopupOnOrderPlacement?": "b",
}
# E,S 5
POSITION = {
    **dict.fromkeys(("Id", "AccountId", "SecurityId"), "i"),
    **dict.fromkeys(("Symbol", "Name", "CompanyName", "SecurityCurrency", "SecurityType"), "s"),
    **dict.fromkeys(("CreateDate", "ModifyDate"), "d"),
    **dict.fromkeys(
        (
            *("ContractSize", "CostBasis", "DailyCostBasis", "Quantity", "RealizedProfitLoss"),
            *("AverageOpenPrice", "AverageClosePrice", "StopLossPrice", "TakeProfitPrice"),
            *("DailyCloseProfitLoss", "ExcessChanges", "DayQuantity", "MarketValueEOD"),
        ),
        "n",
    ),
}
# E 5, S adds the optional ones
TRANSACTION = {
    **dict.fromkeys(("Id", "SecurityId", "OrderStateId", "AccountId"), "i"),
    "Date": "d",
    **dict.fromkeys(("Value", "Quantity", "LeavesQuantity"), "n"),
    "Type": (
        *("Undefined", "Commission", "OrderExecution", "OptionExpiration", "Payment"),
        *("ManualManipulation", "Clearing", "Rpl"),
    ),
    "IsDayTrade": "b",
    **dict.fromkeys(("Description?", "Symbol?", "Code?", "MarginType?"), "s"),
    "SettlementDate?": "d",
    "Price?": "n",
    "OrderId?": "i",
}
# E,S 6
ORDER: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("Id", "SecurityId", "AccountId", "UserId", "RequestId", "StateId", "ParentId"),
            *("ValidationsToBypass", "ParentRequestId"),
        ),
        "i",
    ),
    **dict.fromkeys(
        (
            *("Quantity", "Price", "StopPrice", "ExecutedQuantity", "LastPrice", "LastQuantity"),
            *("LeavesQuantity", "AveragePrice", "TrailingStopAmount", "TrailingLimitAmount"),
        ),
        "n",
    ),
    **dict.fromkeys(
        ("Date", "TransactionDate", "SettDate", "ExpireDate", "CreateDate", "SettlementDate"), "d"
    ),
    "ClientId": "s",
    "Side": SIDES,
    "Status": STATUSES,
    "ExecutionStatus": STATUSES,
    "Type": ORDER_TYPES,
    "InitialType": ORDER_TYPES,
    "RequestStatus": ("RequireValidation", "Validated", "Rejected", "Executing", "Complete", "Error"),
    "Target": (
        *("Ignore", "New", "Modify", "Cancel", "Execution", "Status", "CancelReject", "Reject"),
        *("Error", "All"),
    ),
    "TransType": ("New", "Cancel", "Correct", "Status"),
    "TimeInForce": TIMES_IN_FORCE,
    "ExecInst": EXEC_INST,
    "TrailingStopAmountType": ("Absolute", "Persentage"),
    "TrailingLimitAmountType": ("Absolute", "Persentage"),
    "IsExternal": "b",
    "ExecutionInstructions": Map("s"),
    **dict.fromkeys(
        (
            *("Symbol?", "Description?", "Comment?", "CounterPartyOrderId?", "Exchange?", "ExecutionVenue?"),
            *("ExecBrocker?", "ExecId?", "ExtendedHours?", "ParentClientId?", "OrigClientId?", "Token?"),
            "LastMarket?",
        ),
        "s",
    ),
}
ORDER["Legs"] = [ORDER]
# E 7: the documented place for a quote
QUOTE = {
    **dict.fromkeys(("Ask", "Bid", "Last", "Volume", "OpenInterest"), "n"),
    "Symbol?": "s",
    "SecurityId?": "i",
    "Timestamp?": "d",
}
# E,S 6
PREVIEW = {
    "IsSuccessful": "b",
    **dict.fromkeys(("Commission", "Cost", "NetCost", "TotalCost", "MarginChange"), "n"),
    "Commissions": Map("n"),
    "Quotes": [QUOTE],
    "ErrorDescription?": "s",
    "ErrorDescriptionText?": "s",
    "ErrorDescriptionArgs?": ["s"],
    "OrderId?": "i",
}
_SECURITY = {
    **dict.fromkeys(("Id", "Precision", "VolumePrecision"), "i"),
    **dict.fromkeys(("Symbol", "Description", "Currency", "Type"), "s"),
    **dict.fromkeys(("AddedDate", "ModifyDate"), "d"),
    "TickSize": "n",
}
_FLAGS = dict.fromkeys(("Enabled", "AllowTrade", "AllowMargin", "AllowShort"), "b")
_OPTION = {
    "OptionType": ("Call", "Put", "Undefined"),
    "ExpirationType": EXPIRATION_TYPES,
    "ExpirationDate": "d",
    "StrikePrice": "n",
    "SeriesId": "i",
    "ContractSize": "n",
}
# E,S,G 7: and no quote, in any source
EQUITY = {**_SECURITY, **_FLAGS, "Exchange": "s", "ContractSize?": "n", "Industry?": "s"}
# E,S 7
OPTION = {**_SECURITY, **_FLAGS, **_OPTION, "UnderlyingAssetSymbol": "s", "Exchange?": "s", "Name?": "s"}
# E 7, D10
EXPIRATION = {
    "SeriesId": "i",
    "SeriesType": ("Standard", "NonStandard", "Binary", "Flex", "Undefined"),
    "ExpirationDate": "d",
    "ExpirationType": EXPIRATION_TYPES,
}
# E,S 7
CHAIN = {"Expirations": [{"Expiration": "d", "CentralStrike": "n", "Options": [OPTION]}]}
# E,S 8
CANDLE = {
    "ValuationLevels": ["n"],
    "IsMarket": "b",
    "OpenInterest": "i",
    "Time": "es",
    "DateTime": "d",
    **dict.fromkeys(("Volume", "Open", "High", "Low", "Close"), "n"),
}
HISTORY = {"SecurityHistory": [[CANDLE]], "IndicatorsHistory": [[{"Date": "es", "Values": ["n"]}]]}
# E 8, D15
COMPARISON = {"SecurityHistory": [[{"Volume": "n", "Time": "es", "Difference": "n", "Price": "n"}]]}
# E,S 9
ALERT = {
    "Id": "i",
    "State": ("New", "Expired", "Completed", "Stopped"),
    "CreatedDate": "es",
    "Operator": ("GTEQ", "LTEQ"),
    "SecurityId": "i",
    "Symbol?": "s",
    "Field": ("Ask", "Bid", "Last"),
    "Argument": "n",
    "ExpirationDate": "es",
}
# E,S 9
WATCHLIST = {
    "Id": "i",
    "Name": "s",
    "Description?": "s",
    "Type": ("UserList", "SystemList", "Snapshot"),
    "CreateDate": "d",
    "ModifyDate": "d",
    "Source?": "s",
    "ReadOnly": "b",
}
WATCHED = {**_SECURITY, **_OPTION, "Exchange?": "s", "Source": "i", "ParentId": "i", "MarginRate": "n"}
FULL_WATCHLIST = {**WATCHLIST, "SecurityList": [WATCHED]}
# E,S,P,G 10
_ADDRESS = {"Url": "s", "Type": "s"}
STREAMERS = {"QuoteAddresses": [{**_ADDRESS, "SessionId": "s"}], "DataAddresses": [_ADDRESS]}

_TYPES: dict[str, tuple[type, ...]] = {"s": (str,), "i": (int,), "es": (int,), "n": (int, float)}


def problems(  # noqa: PLR0911 - one for each kind of shape
    value: Any, shape: Any, where: str = "body"
) -> list[str]:
    """Return in what a value departs from a shape; a member that no source has is one, too."""
    if isinstance(shape, Literal):
        return [] if value == shape.value else [f"{where} is {value!r}, not {shape.value!r}"]
    if isinstance(shape, Page):
        links = {"NextPageLink": "s", "PreviousPageLink": "s", "TotalCount": "i"}
        return problems(value, {"Result": [shape.item], **links}, where)
    if isinstance(shape, str):
        return _problems_of_type(value, shape, where)
    if isinstance(shape, tuple) and not isinstance(shape, Map):
        return [] if value in shape else [f"{where} is {value!r}, none of {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{where} is no array"]
        return [
            found
            for number, item in enumerate(value)
            for found in problems(item, shape[0], f"{where}[{number}]")
        ]
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    if isinstance(shape, Map):
        return [
            found for name, one in value.items() for found in problems(one, shape.values, f"{where}.{name}")
        ]
    return _problems_of_object(value, shape, where)


def _problems_of_object(value: dict[str, Any], shape: dict[str, Any], where: str) -> list[str]:
    known = {name.removesuffix("?"): kind for name, kind in shape.items()}
    required = {name for name in shape if not name.endswith("?")}
    found = [f"{where}.{name} is missing" for name in sorted(required - set(value))]
    found += [f"{where}.{name} is in no source" for name in sorted(set(value) - set(known))]
    for name in value.keys() & known.keys():
        found += problems(value[name], known[name], f"{where}.{name}")
    return found


def _problems_of_type(value: Any, kind: str, where: str) -> list[str]:
    if kind == "b":
        is_right = isinstance(value, bool)
    elif kind == "d":
        is_right = isinstance(value, str) and bool(DATE.fullmatch(value))
    else:
        is_right = isinstance(value, _TYPES[kind]) and not isinstance(value, bool)
        # A time in milliseconds or ticks is no time in seconds.
        is_right = is_right and (kind != "es" or 0 <= value < 10_000_000_000)
    return [] if is_right else [f"{where} is {value!r}, not {kind}"]
