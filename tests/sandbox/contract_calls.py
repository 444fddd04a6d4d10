"""The contract: each served call and each documented error, with the source of the row.

Paths have these names in braces: `{a}` demo's first account, `{order}` an open order of it, `{filled}` a
filled one, `{alert}` a price alert and `{watchlist}` a watchlist of demo's.
"""

from typing import Any, NamedTuple

from tests.sandbox import contract
from tests.sandbox.contract import EMPTY, Literal, Page


class Row(NamedTuple):
    """One request and what it must be answered with.

    Parameters
    ----------
    method, path : str
        The request, after the base URL.
    status : int
        The documented status.
    shape : object
        The documented body.
    source : str
        Who documents it.
    body : object, optional
        The JSON to send.
    user : str, optional
        Who sends it.
    headers : tuple of str, optional
        Headers that the answer must have.
    variants : tuple of str, optional
        The variants of the sandbox that the row is about.
    """

    method: str
    path: str
    status: int
    shape: Any
    source: str
    body: Any = None
    user: str = "demo"
    headers: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()


SORTED = "pageNumber=0&pageSize=5&sortField=Id&desc=true"
SORTED_BY = "pageNumber=0&pageSize=5&sortBy=Id&isDesc=true"
SMALLEST = {"Symbol": "AAPL", "Type": "Market", "Side": "Buy", "Quantity": 1}
LIMIT = {**SMALLEST, "Type": "Limit", "Price": 1.5}
OPTION = "AAPL  260618C00200000"
ALERT = {
    "State": "New",
    "Operator": "GTEQ",
    "SecurityId": 4,
    "Field": "Bid",
    "Argument": 200,
    "ExpirationDate": 1_850_674_384,
}
SETTINGS = {
    "StartDate": 1_542_776_400,
    "EndDate": 1_550_764_844,
    "CandlesCount": -1,
    "Period": "4h",
    "Interval": -7,
    "IncludeNonMarketData": False,
}
CANDLES = {
    "Security": {"Symbol": "AAPL"},
    "SecurityHistorySettings": SETTINGS,
    "IndicatorsHistorySettings": [],
}
COMPARISON = {"Securities": [{"Symbol": "AAPL"}, {"Symbol": "KO"}], "SecuritiesHistorySettings": SETTINGS}
LEG = {"Symbol": "AAPL", "Type": "Limit", "Side": "Sell", "Quantity": 5, "Price": 900}
OCO = {
    "Symbol": "",
    "Type": "OneCancelOther",
    "Side": "Sell",
    "Quantity": 5,
    "Legs": [LEG, {"Symbol": "AAPL", "Type": "Stop", "Side": "Sell", "Quantity": 5, "StopPrice": 1.5}],
}
OTO = {**OCO, "Type": "OneTriggerOther", "Legs": [{**LIMIT, "Quantity": 5}, LEG]}
OTOCO = {**OCO, "Type": "OneTriggerOneCancelOther", "Legs": [{**LIMIT, "Quantity": 5}, *OCO["Legs"]]}
SPREAD = {
    "Symbol": "",
    "Type": "Market",
    "Side": "Buy",
    "Quantity": 1,
    "Legs": [
        {"Symbol": OPTION, "Side": "Buy", "Quantity": 1},
        {"Symbol": "AAPL  260618C00210000", "Side": "Sell", "Quantity": 1},
    ],
}

SERVED: tuple[Row, ...] = (
    Row("GET", "v1.0/users/@me/info", 200, contract.USER, "E,S,P,G 4"),
    Row("GET", "v1.0/users/@me/accounts", 200, [contract.ACCOUNT], "E,S,G 4"),
    Row("GET", "v1.0/users/@me/balance-info", 200, contract.BALANCES, "E,S 4"),
    Row("GET", "v1.0/users/@me/settings/trading", 200, contract.SETTINGS, "E,S,G 4"),
    Row("PUT", "v1.0/users/@me/settings/trading", 200, contract.SETTINGS, "E,S 4", {"MaxStocksQuantity": 7}),
    Row("GET", "v1.0/users/@me/exchanges", 200, ["s"], "E,G 4"),
    Row("GET", "v1.0/accounts/{a}/info", 200, contract.BALANCES, "E,S,G 5"),
    Row("GET", "v1.0/accounts/{a}/positions?" + SORTED, 200, Page(contract.POSITION), "E,S,G 5, D3"),
    Row("GET", "v1.0/accounts/{a}/positions/AAPL", 200, [contract.POSITION], "E,S 5"),
    Row("GET", "v1.0/accounts/{a}/transactions?" + SORTED_BY, 200, Page(contract.TRANSACTION), "E,S 5"),
    Row("GET", "v1.0/accounts/{a}/orders?pageNumber=0&pageSize=3", 200, Page(contract.ORDER), "E,S,G 6"),
    Row(
        "GET",
        "v1.0/accounts/{a}/orders?pageNumber=0&pageSize=3&filter=Status%20in%20(0,1,10)",
        200,
        Page(contract.ORDER),
        "E 6",
    ),
    Row("GET", "v1.0/accounts/{a}/orders/{order}", 200, contract.ORDER, "E,S,G 6"),
    Row("GET", "v1.0/accounts/{a}/orders/{filled}", 200, contract.ORDER, "E,S,G 6"),
    Row("POST", "v1.0/accounts/{a}/orders", 200, contract.ORDER, "E,S,P,G 6", SMALLEST),
    Row("POST", "v1.0/accounts/{a}/syncorders", 200, contract.ORDER, "E,S 6", SMALLEST),
    Row("POST", "v1.0/accounts/{a}/orders", 200, contract.ORDER, "E,S 6", OCO),
    Row("POST", "v1.0/accounts/{a}/orders", 200, contract.ORDER, "E,S 6", OTO),
    Row("POST", "v1.0/accounts/{a}/orders", 200, contract.ORDER, "E,S,P 6", OTOCO),
    Row("POST", "v1.0/accounts/{a}/orders", 200, contract.ORDER, "E 6", SPREAD),
    Row(
        "PUT",
        "v1.0/accounts/{a}/orders/{order}",
        200,
        contract.ORDER,
        "E,S 6",
        {"Id": "{order}", "Quantity": 2, "Price": 1.25},
    ),
    Row("DELETE", "v1.0/accounts/{a}/orders/{order}", 204, EMPTY, "E 6"),
    Row("POST", "v1.0/accounts/{a}/preview/orders", 200, contract.PREVIEW, "E,S 6", SMALLEST),
    Row(
        "PUT",
        "v1.0/accounts/{a}/preview/orders/{order}",
        200,
        contract.PREVIEW,
        "E,S 6",
        {"Id": "{order}", "Quantity": 2, "Price": 1.25},
    ),
    Row("GET", "v1.0/equities?" + SORTED, 200, Page(contract.EQUITY), "E,S 7"),
    Row("GET", "v1.0/equities/lookup?mask=app&count=5", 200, [contract.EQUITY], "E,S 7, D5"),
    Row("GET", "v1.0/equities/AAPL", 200, contract.EQUITY, "E,S,G 7"),
    Row("GET", "v1.0/equities/4", 200, contract.EQUITY, "E,S 7"),
    Row("GET", "v1.0/options?" + SORTED, 200, Page(contract.OPTION), "E,S 7"),
    Row("GET", "v1.0/options/expirations?underlying=AAPL", 200, [contract.EXPIRATION], "E 7, D10"),
    Row("GET", "v1.0/options/optionChain/AAPL?filter=Range%20%3D%202", 200, contract.CHAIN, "E,S 7"),
    Row("GET", "v1.0/options/" + OPTION, 200, contract.OPTION, "E,S 7"),
    Row("PUT", "v1.0/history/symbols", 200, contract.HISTORY, "E,S,P 8", CANDLES),
    Row("PUT", "v1.0/history/compare", 200, contract.COMPARISON, "E 8, D15", COMPARISON),
    Row("GET", "v1.0/users/@me/pricealerts?" + SORTED_BY, 200, Page(contract.ALERT), "E,S 9"),
    Row("POST", "v1.0/users/@me/pricealerts", 200, contract.ALERT, "E,S 9", ALERT),
    Row("GET", "v1.0/users/@me/pricealerts/{alert}", 200, contract.ALERT, "E,S 9"),
    Row("PUT", "v1.0/users/@me/pricealerts/{alert}", 200, contract.ALERT, "E,S 9", ALERT),
    Row("DELETE", "v1.0/users/@me/pricealerts/{alert}", 204, EMPTY, "E,S 9"),
    Row("GET", "v1.0/users/@me/watchlists?includeSecurities=false", 200, [contract.WATCHLIST], "E,S 9"),
    Row("GET", "v1.0/users/@me/watchlists/?includeSecurities=true", 200, [contract.FULL_WATCHLIST], "E,S 9"),
    Row(
        "POST",
        "v1.0/users/@me/watchlists?resultIncludeSecurities=true",
        200,
        contract.FULL_WATCHLIST,
        "E,S 9",
        {"Name": "mine", "Securities": [4, 13]},
    ),
    Row(
        "GET",
        "v1.0/users/@me/watchlists/{watchlist}?includeSecurities=true",
        200,
        contract.FULL_WATCHLIST,
        "E,S 9",
    ),
    Row("DELETE", "v1.0/users/@me/watchlists/{watchlist}", 204, EMPTY, "E,S 9"),
    Row(
        "PUT",
        "v1.0/users/@me/watchlists/{watchlist}/name?name=other",
        200,
        {"m_Item1": "i", "m_Item2": "s"},
        "E,S 9",
    ),
    Row(
        "PUT",
        "v1.0/users/@me/watchlists/{watchlist}/securities",
        200,
        contract.FULL_WATCHLIST,
        "E,S 9",
        {"Symbol": "IBM"},
    ),
    Row(
        "DELETE",
        "v1.0/users/@me/watchlists/{watchlist}/securities",
        200,
        contract.FULL_WATCHLIST,
        "E,S 9",
        {"Symbol": "AAPL"},
    ),
    Row("PUT", "v1.0/users/@me/watchlists/{watchlist}/securities/11", 200, contract.FULL_WATCHLIST, "E,S 9"),
    Row(
        "DELETE", "v1.0/users/@me/watchlists/{watchlist}/securities/4", 200, contract.FULL_WATCHLIST, "E,S 9"
    ),
    Row("GET", "v1.0/streamers", 200, contract.STREAMERS, "E,S,P,G 10"),
    Row("PUT", "v1.0/streamers/session/recover?sessionType=1", 200, {"Id": "s"}, "E,G 10, D8"),
)

KEY_UNKNOWN = Literal({"error": "Application key is not defined or does not exist"})
DENIED = Literal({"Message": "Authorization has been denied for this request."})
INVALID = Literal({"Message": "The request is invalid."})
BROKEN = Literal(
    {"message": "An error occurred while processing your request", "error": "Unexpected server error"}
)
NO_RESOURCE = {"Message": "s"}
NO_VERSION = {"Error": {"Code": ("UnsupportedApiVersion",), "Message": "s"}}
VALIDATION = {
    "Message": ("Validation error occured while processing entity",),
    "ModelState": contract.Map(["s"]),
}
NO_USER = Literal(
    {
        "Model": None,
        "Errors": ["Value cannot be null.\r\nParameter name: user"],
        "StatusCode": 500,
        "IsSucceed": False,
    }
)
NO_LAYOUT = Literal(
    {"Model": None, "Errors": ["User or user layout is not found"], "StatusCode": 400, "IsSucceed": False}
)
TOO_MANY = {"error": "s"}
ANY = "v1.0/users/@me/accounts"
ORDERS = "v1.0/accounts/{a}/orders"

ERRORS: tuple[Row, ...] = (
    Row("GET", "v1.0/accounts/644/info", 500, BROKEN, "E 2: a user's ID as account"),
    Row("GET", "v1.0/accounts/83269/info", 401, DENIED, "E,P 2: another user's account"),
    Row("GET", "v1.0/users/645/accounts", 401, DENIED, "E,P 2: another user"),
    Row("GET", "v1.0/accounts/@me/info", 400, INVALID, "E 2: text where the path wants an ID"),
    Row("GET", ORDERS + "/first", 400, INVALID, "E 2: the same"),
    Row("PUT", "v1.0/users/@me/watchlists/{watchlist}/securities/AAPL", 400, INVALID, "E 9: a ticker"),
    Row("GET", "v1.0/users/1/info", 500, NO_USER, "E 2: no such user"),
    Row("GET", "v1.0/users/1/settings/trading", 400, NO_LAYOUT, "E 2: no such user"),
    Row("GET", "v1.0/nowhere", 404, NO_RESOURCE, "E 2: no such resource"),
    Row("GET", ORDERS, 404, NO_RESOURCE, "D11, E 2: a query that is missing"),
    Row("GET", "v1.0/accounts/{a}/positions?pageNumber=0&pageSize=5", 404, NO_RESOURCE, "D11, E 2: the same"),
    Row("GET", "v1.0/equities?pageNumber=0", 404, NO_RESOURCE, "E 2: the same"),
    Row("GET", "v1.0/options?pageNumber=0", 404, NO_RESOURCE, "E 2: the same"),
    Row("GET", "v1.0/options/expirations", 404, NO_RESOURCE, "E 2: the same"),
    Row("GET", "v1.0/users/@me/watchlists", 404, NO_RESOURCE, "E 2: the same"),
    Row("GET", "v1.0/users/@me/pricealerts", 404, NO_VERSION, "E 2: the same, other body"),
    Row("GET", "v1.0/accounts/{a}/transactions", 404, NO_VERSION, "E 2: the same, other body"),
    Row("PATCH", ANY, 405, NO_VERSION, "Inf. 2: a wrong method"),
    Row(
        "GET",
        ORDERS + "?pageNumber=0&pageSize=5&filter=Status",
        400,
        {"Message": "s", "MessageDetail": "s"},
        "E,S 1",
    ),
    Row("GET", ORDERS + "/1", 404, EMPTY, "Inf.: no such order"),
    Row("DELETE", ORDERS + "/{filled}", 409, EMPTY, "S,P 6: a filled order is cancelled"),
    Row("PUT", ORDERS + "/{filled}", 409, EMPTY, "E,S 6", {"Id": "{filled}", "Quantity": 90, "Price": 2}),
    Row("POST", ORDERS, 422, VALIDATION, "S 2", {**SMALLEST, "Type": "Stop Limit"}),
    Row("POST", ORDERS, 422, VALIDATION, "S 6, D6", {**SMALLEST, "TimeInforce": "GTC"}),
    Row("POST", ORDERS, 422, VALIDATION, "S 6", {**SMALLEST, "Quantity": -1}),
    Row("PUT", ORDERS + "/{order}", 422, VALIDATION, "S 6", {"Quantity": 2}),
    Row("POST", ORDERS, 500, BROKEN, "E 2: an unusable body", ["an array"]),
    Row("POST", ORDERS, 500, BROKEN, "E 2: an unusable symbol", {**SMALLEST, "Symbol": "NOSUCHONE"}),
    Row("GET", "v1.0/accounts/{a}/positions/4", 500, BROKEN, "E 5: an ID in place of the ticker"),
    Row("GET", "v1.0/equities/NOSUCHONE", 404, EMPTY, "E,S 7"),
    Row("GET", "v1.0/options/AAPL", 409, EMPTY, "E 7: an equity as option"),
    Row("PUT", "v1.0/history/symbols", 500, BROKEN, "E 8: a member missing", {"Security": {"Symbol": "KO"}}),
    Row(
        "PUT",
        "v1.0/history/symbols",
        409,
        EMPTY,
        "S 8: no data",
        {**CANDLES, "SecurityHistorySettings": {**SETTINGS, "StartDate": 5, "EndDate": 6}},
    ),
    Row("POST", "v1.0/users/@me/pricealerts", 409, EMPTY, "E 9: a member missing", {"State": "New"}),
    Row("DELETE", "v1.0/users/@me/pricealerts/1", 409, EMPTY, "E,S 9"),
    Row("PUT", "v1.0/users/@me/pricealerts/1", 409, EMPTY, "E,S 9", ALERT),
    Row(
        "POST", "v1.0/users/@me/watchlists?resultIncludeSecurities=true", 409, EMPTY, "E,S 9: no object", [1]
    ),
    Row("GET", "v1.0/users/@me/watchlists/1?includeSecurities=true", 409, EMPTY, "E,S 9"),
    Row(
        "POST",
        "v1.0/users/@me/watchlists?resultIncludeSecurities=true",
        409,
        EMPTY,
        "E,S 9: the name is taken",
        {"Name": "first"},
    ),
    # One user for each error.
    Row("GET", ANY, 400, INVALID, "E 2", user="call-400"),
    Row("GET", ANY, 401, DENIED, "E,P 2", user="call-401"),
    Row("GET", ANY, 401, KEY_UNKNOWN, "P 2, D1", user="call-401-key"),
    Row("GET", ANY, 403, EMPTY, "S 2", user="call-403"),
    Row("GET", ANY, 403, KEY_UNKNOWN, "E,S 2, D1", user="call-403-key"),
    Row("GET", ANY, 404, NO_RESOURCE, "E 2", user="call-404"),
    Row("GET", ANY, 404, NO_VERSION, "E 2", user="call-404-version"),
    Row("GET", ANY, 409, EMPTY, "E,S 2", user="call-409"),
    Row("GET", ANY, 422, VALIDATION, "S 2", user="call-422"),
    Row("GET", ANY, 429, TOO_MANY, "P 2", user="call-429", headers=("Retry-After",)),
    Row("GET", ANY, 500, BROKEN, "E 2", user="call-500"),
    Row("GET", ANY, 500, NO_USER, "E 2", user="call-500-model"),
    Row("GET", "v1.0/users/@me/info", 200, contract.USER, "so that a client can log in", user="call-500"),
)

NO_LINKS = {"Result": [contract.POSITION], "NextPageLink": Literal(None), "PreviousPageLink": Literal(None)}
REGULAR = {**contract.EXPIRATION, "SeriesType": contract.EXPIRATION_TYPES}
ZERO = {**contract.ORDER, "ExecInst": Literal(0)}
ZERO["Legs"] = [ZERO]
VARIANTS: tuple[Row, ...] = (
    Row(
        "GET",
        "v1.0/accounts/{a}/positions?" + SORTED,
        200,
        [contract.POSITION],
        "E sample, D3",
        variants=("positions-array",),
    ),
    Row(
        "GET",
        "v1.0/accounts/{a}/positions?" + SORTED,
        200,
        {**NO_LINKS, "TotalCount": "i"},
        "P, D4",
        variants=("null-links",),
    ),
    Row(
        "GET",
        "v1.0/equities/lookup?symbol=A&count=3",
        200,
        [contract.EQUITY],
        "P, D5",
        variants=("lookup-symbol",),
    ),
    Row(
        "POST",
        ORDERS,
        200,
        contract.ORDER,
        "P, D6",
        {**LIMIT, "TimeInForce": "GTC"},
        variants=("short-names",),
    ),
    Row("GET", ORDERS + "/{order}", 200, ZERO, "E samples, D7", variants=("exec-inst-0",)),
    Row("PUT", "v1.0/streamers/session/recover?sessionType=0", 200, "s", "S, D8", variants=("recover-text",)),
    Row(
        "GET",
        "v1.0/options/expirations?underlying=KO",
        200,
        [REGULAR],
        "S, D10",
        variants=("series-regular",),
    ),
    Row("GET", ORDERS, 200, Page(contract.ORDER), "P, D11", variants=("optional-query",)),
    Row(
        "POST",
        ORDERS,
        200,
        contract.PREVIEW,
        "E and P, D12",
        {**LIMIT, "Price": 0},
        variants=("place-preview",),
    ),
    Row(
        "POST",
        ORDERS,
        422,
        VALIDATION,
        "P, D13",
        {**SMALLEST, "TimeInforce": "GoodTillCancel"},
        variants=("market-day-only",),
    ),
    Row(
        "PUT",
        "v1.0/history/compare",
        200,
        contract.COMPARISON,
        "E, D15",
        {**COMPARISON, "SecuritiesHistorySettings": {**SETTINGS, "Interval": "3M"}},
        variants=("compare-text",),
    ),
    Row("DELETE", ORDERS + "/{order}", 200, contract.ORDER, "S 6", variants=("cancel-200",)),
    Row(
        "GET",
        ORDERS + "/{order}",
        200,
        contract.ORDER,
        "P 2",
        headers=("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
        variants=("limits-always",),
    ),
    Row(
        "GET",
        "v1.0/equities/AAPL",
        200,
        contract.EQUITY,
        "P 2",
        headers=("X-Deprecated",),
        variants=("deprecated",),
    ),
)
