"""Whatever a client sends, the answer is a documented one, and the books stay as they are or in order."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etna_magic_sandbox.messages import format_date, parse_date
from tests.sandbox.contract_calls import (
    ALERT,
    CANDLES,
    COMPARISON,
    OCO,
    OTOCO,
    SMALLEST,
    SORTED,
    SORTED_BY,
    SPREAD,
)
from tests.sandbox.direct import ACCOUNT, Direct

MONDAY = 1_750_086_000.0  # 16 June 2025, 15:00 UTC
ME = "/api/v1.0/users/@me"
FULL = SMALLEST | {
    "Price": 1,
    "StopPrice": 1,
    "TimeInforce": "Day",
    "ExpireDate": "2025-06-20",
    "ExecInst": "None",
    "TrailingStopAmount": 1,
    "TrailingStopAmountType": "Absolute",
    "ExtendedHours": "REG",
    "Legs": [],
    "ExecutionInstructions": {"PerTradeCommission": "1"},
    "ValidationsToBypass": 0,
    "Comment": "x",
}
ORDERED = "/api/v1.0/accounts/83267"  # demo's first account, which has orders and positions
# Each list that can be filtered, and by what.
FILTERED = {
    f"{ORDERED}/orders?pageNumber=0&pageSize=99&": [
        *("Id", "Date", "Status", "Symbol", "Quantity", "Price", "SecurityId", "Side", "ExecutedQuantity"),
    ],
    f"{ORDERED}/positions?{SORTED}&": ["Id", "Symbol", "Quantity", "CreateDate", "SecurityId"],
    f"{ORDERED}/transactions?{SORTED_BY}&": ["Id", "Date", "Value", "Type", "SecurityId"],
    f"{ME}/pricealerts?{SORTED_BY}&": ["Id", "State", "Symbol", "CreatedDate", "Argument", "ExpirationDate"],
    f"/api/v1.0/equities?{SORTED}&": ["Id", "Symbol", "Type", "Enabled", "Exchange"],
    "/api/v1.0/equities/lookup?mask=a&count=9&": ["Id", "Symbol", "Type", "Enabled", "Exchange"],
    f"/api/v1.0/options?{SORTED}&": [
        *("Id", "Symbol", "StrikePrice", "ExpirationDate", "OptionType", "UnderlyingAssetSymbol"),
    ],
    "/api/v1.0/options/optionChain/AAPL?": ["ExpirationType", "Range", "Expiration"],
}
LISTS = [path.replace(ORDERED, ACCOUNT) for path in FILTERED if "pageNumber" in path and "1.0/o" not in path]
CALLS = {
    "place": ("POST", f"{ACCOUNT}/orders", FULL),
    "cancel one": ("POST", f"{ACCOUNT}/orders", OCO),
    "trigger": ("POST", f"{ACCOUNT}/orders", OTOCO),
    "spread": ("POST", f"{ACCOUNT}/orders", SPREAD),
    "preview": ("POST", f"{ACCOUNT}/preview/orders", FULL),
    "preview of a spread": ("POST", f"{ACCOUNT}/preview/orders", SPREAD),
    "replace": ("PUT", f"{ACCOUNT}/orders/5006", {**FULL, "Id": 5006, "Legs": []}),
    "candles": ("PUT", "/api/v1.0/history/symbols", CANDLES),
    "compare": ("PUT", "/api/v1.0/history/compare", COMPARISON),
    "alert": ("POST", f"{ME}/pricealerts", ALERT),
    "watchlist": ("POST", f"{ME}/watchlists?resultIncludeSecurities=true", {"Name": "a", "Securities": [4]}),
    "settings": ("PUT", f"{ME}/settings/trading", {"Instruments": {"Stocks": {"Quantity": 1}}}),
}
DATES = [
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59-14:00",
]
NUMBERS = ["inf", "-inf", "nan", "1e307", "-1e307", "1e-307", "9" * 5000]
texts = st.text(max_size=8) | st.text(
    st.characters(), max_size=3
)  # the second with halves of surrogate pairs
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(
        ["AAPL", "Market", "Limit", "TrailingStop", "Sell", "GoodTillDate", "0001-01-01", 1e308, 0]
    )
    | st.sampled_from(DATES + NUMBERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)


@st.composite
def changed(draw: Any, body: dict[str, Any]) -> dict[str, Any]:
    """Draw a body in which a few members have become anything."""
    found = dict(body)
    for name in draw(st.lists(st.sampled_from(sorted(body) or ["Id"]), min_size=1, max_size=3)):
        inner = found.get(name)
        if isinstance(inner, dict) and inner and draw(st.booleans()):
            found[name] = draw(changed(inner))
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict) and draw(st.booleans()):
            found[name] = [draw(changed(inner[0])), *inner[1:]]
        else:
            found[name] = draw(values)
    return found


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_any_body(name: str, data: st.DataObject) -> None:
    """No body makes the sandbox itself fail, then or when orders are worked."""
    method, path, body = CALLS[name]
    direct = Direct(MONDAY)
    direct.place_order(Price=1.0)  # order 5006
    status, _ = direct.call(method, path, data.draw(changed(body)))
    assert status in {200, 409, 422, 500}
    _read_all(direct)
    for seconds in (0.5, 60.0, 86_400.0):
        direct.now += seconds
        assert direct.get("/orders?pageNumber=0&pageSize=9")["TotalCount"] >= 1
    direct.get("/info")
    _read_all(direct)


def _read_all(direct: Direct) -> None:
    """Read every list, in which whatever was kept is written back."""
    for path in (*LISTS, f"{ME}/watchlists?includeSecurities=true", f"{ME}/settings/trading"):
        assert 200 == direct.call("GET", path)[0]


HALF = {
    "client ID": ("place", {"ClientId": "\ud800"}),
    "comment": ("place", {"Comment": "\udfff"}),
    "name of an instruction": ("place", {"ExecutionInstructions": {"\ud800": "1"}}),
    "watchlist": ("watchlist", {"Name": "\ud800"}),
    "exchange": ("settings", {"Instruments": {"Stocks": {"ExchangeType": "\ud800"}}}),
}


@pytest.mark.parametrize(("name", "change"), HALF.values(), ids=HALF)
def test_half_of_a_pair(name: str, change: dict[str, Any]) -> None:
    """Text that cannot be encoded is refused as no JSON is, and is kept nowhere."""
    direct = Direct(MONDAY)
    method, path, body = CALLS[name]
    assert (409 if name == "watchlist" else 500) == direct.call(method, path, body | change)[0]
    _read_all(direct)


@pytest.mark.parametrize("date", DATES)
def test_ends_of_the_dates(date: str) -> None:
    """A date outside of the years 1 to 9999 in UTC is none; one at their ends is written back."""
    direct = Direct(MONDAY)
    order = FULL | {"TimeInforce": "GoodTillDate", "ExpireDate": date}
    assert direct.call("POST", f"{ACCOUNT}/orders", order)[0] in {200, 422}
    _read_all(direct)
    found = parse_date(date)
    assert (found is None) == (date in DATES[1:])
    assert found is None or format_date(found) == date


@pytest.mark.parametrize(
    "raw",
    [b"[" * 200_000, b'{"a":' * 200_000, b"\xff", b"", b"9" * 5000],
    ids=["lists", "objects", "no text", "nothing", "digits"],
)
@pytest.mark.parametrize("name", CALLS)
def test_no_json(name: str, raw: bytes) -> None:
    """What cannot be read is refused, however deep it is."""
    method, path, _ = CALLS[name]
    assert (409 if name == "watchlist" else 500) == Direct(MONDAY).call(method, path, raw)[0]


@pytest.mark.parametrize("path", FILTERED)
@pytest.mark.parametrize("digits", [4000, 5000])
def test_long_number(path: str, digits: int) -> None:
    """A number of more digits than Python reads is a filter that cannot be read."""
    field = FILTERED[path][0]
    status, body = Direct(MONDAY).call("GET", f"{path}filter={field}%20=%20{'9' * digits}")
    assert (status, "MessageDetail" in body) == ((200, False) if digits == 4000 else (400, True))


@pytest.mark.parametrize("path", FILTERED)
@pytest.mark.parametrize("digits", [300, 400])
def test_long_fraction(path: str, digits: int) -> None:
    """A fraction that no float can hold is a filter that cannot be read; it is not infinite."""
    fields = ["Expiration"] if "optionChain" in path else FILTERED[path][:1]
    status, _ = Direct(MONDAY).call("GET", f"{path}filter={fields[0]}%20=%20{'9' * digits}.5")
    assert (200 if digits == 300 else 400) == status


@pytest.mark.parametrize("condition", ["= 'x'", "= 1.5", "= true", "in ('x')", "= %232025-06-20%23"])
def test_range_of_a_chain(condition: str) -> None:
    """A range that is no whole number is a filter that cannot be read."""
    path = "/api/v1.0/options/optionChain/AAPL?filter=Range%20"
    direct = Direct(MONDAY)
    assert (200, 400) == (direct.call("GET", path + "=%201")[0], direct.call("GET", path + condition)[0])


_values = st.sampled_from(
    ["'x'", "''", "0", "-1", "1.5", "true", "9" * 4400, "9" * 400 + ".5", *(f"#{date}#" for date in DATES)]
)
_conditions = (
    st.builds("{} {}".format, st.sampled_from(["=", "<", ">=", "contains", "startsWith"]), _values)
    | st.builds("in ({}, {})".format, _values, _values)
    | st.builds("between {} and {}".format, _values, _values)
)


@pytest.mark.parametrize("path", FILTERED)
@given(data=st.data())
def test_any_filter(path: str, data: st.DataObject) -> None:
    """No filter of a list makes the sandbox itself fail."""
    fields = st.sampled_from(FILTERED[path])
    joined = " and ".join(data.draw(st.lists(st.builds("{} {}".format, fields, _conditions), max_size=2)))
    assert Direct(MONDAY).call("GET", f"{path}filter={quote(joined)}")[0] in {200, 400}


@pytest.mark.parametrize(
    "path", [f"{ACCOUNT}/orders?pageNumber=0&pageSize=9&filter=", "/api/v1.0/equities/lookup?count=9&mask="]
)
@given(text=st.text(alphabet="'#()<>=, aISymbolnd0159-%&", max_size=30))
def test_any_query(path: str, text: str) -> None:
    """No text in a query makes the sandbox itself fail."""
    assert Direct(MONDAY).call("GET", path + text)[0] in {200, 400}


@given(text=st.text(max_size=20).filter(lambda text: "/" not in text))
def test_any_path(text: str) -> None:
    """No text in a path makes the sandbox itself fail."""
    direct = Direct(MONDAY)
    for path in ("equities/{}", "options/{}", "options/optionChain/{}", "accounts/{}/info", "users/{}/info"):
        assert direct.call("GET", "/api/v1.0/" + path.format(text))[0] in {200, 400, 401, 404, 409, 500}
    assert direct.call("GET", f"{ACCOUNT}/positions/{text}")[0] in {200, 404, 500}
