"""Whatever a client sends, the answer is a documented one, and the books stay as they are or in order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.contract_calls import ALERT, CANDLES, COMPARISON, OCO, OTOCO, SMALLEST, SPREAD
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
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["AAPL", "Market", "Limit", "TrailingStop", "Sell", "GoodTillDate", "0001-01-01", 1e308, 0]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
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
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_body(name: str, data: st.DataObject) -> None:
    """No body makes the sandbox itself fail, then or when orders are worked."""
    method, path, body = CALLS[name]
    direct = Direct(MONDAY)
    direct.place_order(Price=1.0)  # order 5006
    status, _ = direct.call(method, path, data.draw(changed(body)))
    assert status in {200, 409, 422, 500}
    for seconds in (0.5, 60.0, 86_400.0):
        direct.now += seconds
        assert direct.get("/orders?pageNumber=0&pageSize=9")["TotalCount"] >= 1
    direct.get("/info")


@pytest.mark.parametrize(
    "path", [f"{ACCOUNT}/orders?pageNumber=0&pageSize=9&filter=", "/api/v1.0/equities/lookup?count=9&mask="]
)
@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="'#()<>=, aISymbolnd0159-%&", max_size=30))
def test_any_query(path: str, text: str) -> None:
    """No text in a query makes the sandbox itself fail."""
    assert Direct(MONDAY).call("GET", path + text)[0] in {200, 400}


@given(text=st.text(max_size=20).filter(lambda text: "/" not in text))
@settings(max_examples=100, deadline=None)
def test_any_path(text: str) -> None:
    """No text in a path makes the sandbox itself fail."""
    direct = Direct(MONDAY)
    for path in ("equities/{}", "options/{}", "options/optionChain/{}", "accounts/{}/info", "users/{}/info"):
        assert direct.call("GET", "/api/v1.0/" + path.format(text))[0] in {200, 400, 401, 404, 409, 500}
    assert direct.call("GET", f"{ACCOUNT}/positions/{text}")[0] in {200, 404, 500}
