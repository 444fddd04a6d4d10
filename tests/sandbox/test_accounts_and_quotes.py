"""Users, accounts, positions, transactions, securities and price alerts: what the shapes do not say."""

import pytest

from etna_magic_sandbox import Sandbox

DENIED = {"Message": "Authorization has been denied for this request."}
PAGE = "?pageNumber=0&pageSize=50&sortField=Id&desc=false"
TRANSACTIONS = "v1.0/accounts/83267/transactions/?pageNumber=0&pageSize=50&sortBy=Id&isDesc=false"
ALERTS = "v1.0/users/@me/pricealerts"
ALERT_PAGE = ALERTS + "?pageNumber=0&pageSize=50&sortBy=Id&isDesc=false"
ALERT = {
    "State": "New",
    "Operator": "GTEQ",
    "SecurityId": 4,
    "Field": "Bid",
    "Argument": 200,
    "ExpirationDate": 1_750_000_060,
}


@pytest.fixture
def get(client):
    """Return a function that reads a path as demo and returns the parsed body."""
    token = client.token()
    return lambda path: client.call("GET", path, token).json()


def test_info(get):
    """The user's details say who it is, and carry ETNA's seven decimals."""
    info = get("v1.0/users/@me/info")
    assert (644, "demo", "") == (info["UserId"], info["Login"], info["MiddleName"])
    assert "2019-01-14T12:27:37.6205663Z" == info["AddedDate"]
    assert info == get("v1.0/users/644/info") == get("v1.0/users/@me/info/")


def test_accounts(get):
    """Each user has two accounts, of which it is the owner."""
    accounts = get("v1.0/users/@me/accounts")
    assert [83_267, 83_268] == [account["Id"] for account in accounts]
    assert ("83267", True) == (accounts[0]["ClearingAccount"], accounts[0]["Enabled"])
    assert ["demo"] == [owner["Login"] for owner in accounts[0]["Owners"]]


def test_positions(get):
    """Positions agree with the filled orders; the second account has none."""
    positions = get(f"v1.0/accounts/83267/positions{PAGE}")["Result"]
    held = {position["Symbol"]: position["Quantity"] for position in positions}
    assert {"AAPL": 40, "MSFT": 15, "KO": 100} == held
    filled = get("v1.0/accounts/83267/orders/5001")
    apple = next(position for position in positions if position["Symbol"] == "AAPL")
    assert filled["AveragePrice"] == apple["AverageOpenPrice"]
    assert round(40 * filled["AveragePrice"], 2) == apple["CostBasis"]
    assert [apple] == get("v1.0/accounts/83267/positions/AAPL")
    assert [] == get("v1.0/accounts/83267/positions/IBM")
    assert 0 == get(f"v1.0/accounts/83268/positions{PAGE}")["TotalCount"]


def test_cash_follows_the_transactions(get):
    """Cash is the sum of the transactions, and equity is cash and market value."""
    booked = get(TRANSACTIONS)["Result"]
    assert ["Payment", "OrderExecution", "OrderExecution", "OrderExecution"] == [
        one["Type"] for one in booked
    ]
    assert [-1, 4, 5, 13] == [one["SecurityId"] for one in booked]
    info = get("v1.0/accounts/83267/info")
    assert info["cash"] == round(sum(one["Value"] for one in booked), 2)
    assert info["equityTotal"] == round(info["cash"] + info["marketValue"], 2)
    assert info["stockLongMarketValue"] == info["marketValue"]
    assert 2 == info["pendingOrdersCount"]
    both = get("v1.0/users/@me/balance-info")
    assert both["cash"] == round(info["cash"] + get("v1.0/accounts/83268/info")["cash"], 2)


@pytest.mark.parametrize("account", [83_269, 1])
@pytest.mark.parametrize("resource", ["positions", "orders"])
def test_accounts_of_others(client, account, resource):
    """Another user's account gets the same response as an invalid token, and so does an unknown account."""
    response = client.call("GET", f"v1.0/accounts/{account}/{resource}{PAGE}", client.token())
    assert (401, DENIED) == (response.status_code, response.json())


def test_equity(get):
    """An equity is found in upper and lower case and by its ID, and has no quote."""
    apple = get("v1.0/equities/aapl")
    expected = {"Id": 4, "Symbol": "AAPL", "Description": "Apple Inc.", "Exchange": "XNAS", "TickSize": 0.01}
    assert expected == {name: apple[name] for name in expected}
    assert apple == get("v1.0/equities/4")
    assert not {"Bid", "Ask", "Last"} & set(apple)


def test_quote(get, client):
    """A preview has the quote, and its last price is the close of the candle that is being formed."""
    order = {"Symbol": "AAPL", "Type": "Market", "Side": "Buy", "Quantity": 10}
    path = "v1.0/accounts/83267/preview/orders"
    preview = client.call("POST", path, client.token(), json=order).json()
    (quote,) = preview["Quotes"]
    assert 0 < quote["Bid"] < quote["Last"] < quote["Ask"]
    assert round(10 * quote["Ask"], 2) == preview["Cost"]
    assert True is preview["IsSuccessful"]
    assert {order["Id"] for order in get("v1.0/accounts/83267/orders?pageNumber=0&pageSize=9")["Result"]} == {
        *range(5001, 5006)
    }


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"Type": "Limit"}, "LimitPriceUndefined"),
        ({"Type": "Stop"}, "QuotePriceIsInvalid"),
        ({"Side": "Sell", "Quantity": 1000}, "InsufficientShares"),
        ({"Quantity": 10_000_000}, "DayTradingBuyingPowerExceeded"),
        ({"Symbol": "NOSUCHONE"}, "SymbolNotFound"),
    ],
)
def test_previews_that_fail(client, change, error):
    """A preview says why an order would be rejected."""
    order = {"Symbol": "AAPL", "Type": "Market", "Side": "Buy", "Quantity": 10} | change
    preview = client.call("POST", "v1.0/accounts/83267/preview/orders", client.token(), json=order).json()
    assert (False, error) == (preview["IsSuccessful"], preview["ErrorDescription"])


def test_prices_are_reproducible(client, clock):
    """Prices depend only on the symbol and the time."""
    order = {"Symbol": "ZYX", "Type": "Market", "Side": "Buy", "Quantity": 1}
    path = "v1.0/accounts/83267/preview/orders"
    first = client.call("POST", path, client.token(), json=order).json()
    with Sandbox(clock=clock) as client.sandbox:
        assert first == client.call("POST", path, client.token(), json=order).json()


def test_many_symbols(client):
    """Hundreds of symbols work, each with its own ID, by which it is found again."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    symbols = [a + b for a in letters for b in letters][:500]
    with Sandbox(call_limits=False) as client.sandbox:
        token = client.token()
        found = [client.call("GET", f"v1.0/equities/{symbol}", token).json() for symbol in symbols]
        again = client.call("GET", f"v1.0/equities/{found[77]['Id']}", token).json()
    assert symbols == [security["Symbol"] for security in found]
    assert 500 == len({security["Id"] for security in found})
    assert found[77] == again


@pytest.mark.parametrize("symbol", ["TOOLONG", "BRK.B", "123", "%C3%84"])
def test_unknown_symbols(client, symbol):
    """An invalid symbol is not found."""
    assert 404 == client.call("GET", f"v1.0/equities/{symbol}", client.token()).status_code


def test_lookup(get):
    """A mask is looked for in symbol, exchange and description; the symbol itself comes first."""
    assert "AAPL" == get("v1.0/equities/lookup?mask=apple%20inc&count=3")[0]["Symbol"]
    assert "KO" == get("v1.0/equities/lookup?mask=ko&count=3")[0]["Symbol"]
    assert 2 == len(get("v1.0/equities/lookup?mask=XN&count=2"))
    fund = get("v1.0/equities/lookup?mask=5&count=9&filter=Type%3D'MutualFund'")
    assert ["VFIAX"] == [security["Symbol"] for security in fund]


def test_options(get):
    """A chain's options are found by symbol and by ID, and each expiration has calls and puts."""
    expirations = get("v1.0/options/expirations?underlying=AAPL")
    chain = get("v1.0/options/optionChain/AAPL?filter=Range%20%3D%203")["Expirations"]
    assert [one["ExpirationDate"] for one in expirations] == [one["Expiration"] for one in chain]
    options = chain[0]["Options"]
    assert {"Call": 7, "Put": 7} == {
        kind: sum(option["OptionType"] == kind for option in options) for kind in ("Call", "Put")
    }
    assert (
        options[0] == get(f"v1.0/options/{options[0]['Symbol']}") == get(f"v1.0/options/{options[0]['Id']}")
    )
    assert {expirations[0]["SeriesId"]} == {option["SeriesId"] for option in options}
    date = expirations[2]["ExpirationDate"][:10]
    only = get(f"v1.0/options/optionChain/AAPL?filter=Expiration%20%3D%20%23{date}%23")["Expirations"]
    assert [expirations[2]["ExpirationDate"]] == [one["Expiration"] for one in only]


def test_price_alerts(client, clock):
    """An alert can be added, listed by its owner only, changed, and removed once; its date ends it."""
    token, other = client.token(), client.token("lockout")
    added = client.call("POST", ALERTS, token, json=ALERT).json()
    assert {"Id": 301, **ALERT, "CreatedDate": 1_750_000_000, "Symbol": "AAPL"} == added
    assert [added] == client.call("GET", ALERT_PAGE, token).json()["Result"]
    assert [] == client.call("GET", ALERT_PAGE, other).json()["Result"]
    assert 404 == client.call("GET", f"{ALERTS}/301", other).status_code
    changed = client.call("PUT", f"{ALERTS}/301", token, json=ALERT | {"Argument": 201}).json()
    assert added | {"Argument": 201} == changed
    clock.advance(60)
    assert "Expired" == client.call("GET", f"{ALERTS}/301", token).json()["State"]
    assert 409 == client.call("DELETE", f"{ALERTS}/301", other).status_code
    assert 204 == client.call("DELETE", f"{ALERTS}/301", token).status_code
    assert 409 == client.call("DELETE", f"{ALERTS}/301", token).status_code


@pytest.mark.parametrize(
    "change",
    [
        {"Operator": "NEAR"},
        {"SecurityId": 1},
        {"SecurityId": "4"},
        {"Field": "Volume"},
        {"Argument": True},
        {"Argument": -1},
        {"ExpirationDate": "soon"},
    ],
)
def test_bad_alerts(client, change):
    """An invalid alert is refused, with the member that is wrong."""
    response = client.call("POST", ALERTS, client.token(), json=ALERT | change)
    (name,) = change
    assert (422, [f"priceAlert.{name}"]) == (response.status_code, list(response.json()["ModelState"]))


def test_settings_are_kept(client):
    """Trading settings that were changed are read again; a wrong value is refused."""
    token, path = client.token(), "v1.0/users/@me/settings/trading"
    changed = client.call("PUT", path, token, json={"Instruments": {"Stocks": {"Quantity": 7}}}).json()
    assert 7 == changed["Instruments"]["Stocks"]["Quantity"]
    assert changed == client.call("GET", path, token).json()
    assert 422 == client.call("PUT", path, token, json={"SkipVerifyOrder": "Never"}).status_code


def test_all_settings_are_kept(client):
    """Every documented member of the settings that is put is in the answer, and read again."""
    token, path = client.token(), "v1.0/users/@me/settings/trading"
    sent = client.call("GET", path, token).json()
    sent["DoNotCloseTradePopupOnOrderPlacement"] = True
    sent["Instruments"]["Forex"]["ExtendedHoursType"] = "PRE"
    sent["Instruments"]["Options"]["Spreads"] = 3
    assert sent == client.call("PUT", path, token, json=sent).json()
    assert sent == client.call("GET", path, token).json()
    client.call("PUT", path, token, json={"Instruments": {"Options": {"Quantity": 2}}})
    sent["Instruments"]["Options"]["Quantity"] = 2
    assert sent == client.call("GET", path, token).json()


@pytest.mark.parametrize("name", ["positions/top?count=5", "positions/groups", "positions/top/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_calls_that_are_not_served(client, method, name):
    """What ETNA has and the sandbox has not is an unknown path, and no symbol."""
    unknown = client.call(method, "v1.0/nowhere", client.token())
    found = client.call(method, f"v1.0/accounts/83267/{name}", client.token())
    url = f"{client.sandbox.base_url}/v1.0/"
    assert (404, unknown.text.replace(f"{url}nowhere", f"{url}accounts/83267/{name}")) == (
        found.status_code,
        found.text,
    )


def test_watchlists(client):
    """A watchlist takes securities in and gives them out, by symbol and by ID."""
    token, path = client.token(), "v1.0/users/@me/watchlists"
    query = {"params": {"resultIncludeSecurities": "true"}}
    made = client.call("POST", path, token, json={"Name": "tech"}, **query).json()
    one = f"{path}/{made['Id']}/securities"
    client.call("PUT", one, token, json={"Symbol": "MSFT"})
    both = client.call("PUT", f"{one}/4", token).json()["SecurityList"]
    assert ["MSFT", "AAPL"] == [security["Symbol"] for security in both]
    assert 409 == client.call("PUT", f"{one}/4", token).status_code
    left = client.call("DELETE", one, token, json={"Symbol": "MSFT"}).json()["SecurityList"]
    assert ["AAPL"] == [security["Symbol"] for security in left]
    renamed = client.call("PUT", f"{path}/{made['Id']}/name", token, params={"name": "fruit"}).json()
    assert {"m_Item1": made["Id"], "m_Item2": "fruit"} == renamed
