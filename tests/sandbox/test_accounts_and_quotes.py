"""Users, accounts, positions, securities and price alerts."""

import pytest

from etna_magic.sandbox import Sandbox

DENIED = {"Message": "Authorization has been denied for this request."}
ALERT = {
    "State": "New",
    "Operator": "GTEQ",
    "SecurityId": 4,
    "Field": "Bid",
    "Argument": 200,
    "ExpirationDate": 1_550_674_384,
}


@pytest.fixture
def get(client):
    """Return a function that reads a path as demo and returns the parsed body."""
    token = client.token()
    return lambda path: client.call("GET", path, token).json()


def test_info(get):
    """The user's details have the documented format, with seven decimals in the date."""
    info = get("v1.0/users/@me/info")
    assert ["UserId", "FirstName", "LastName", "Login", "Email", "AddedDate"] == list(info)
    assert (644, "demo") == (info["UserId"], info["Login"])
    assert "2019-01-14T12:27:37.6205663Z" == info["AddedDate"]


def test_accounts(get):
    """Each user has two accounts."""
    accounts = get("v1.0/users/@me/accounts")
    assert [83_267, 83_268] == [account["Id"] for account in accounts]
    assert ("83267", True) == (accounts[0]["ClearingAccount"], accounts[0]["Enabled"])


def test_positions_in_both_shapes(get):
    """Positions come as an array or wrapped, and agree with the filled orders."""
    positions = get("v1.0/accounts/83267/positions")
    assert [("AAPL", 40), ("MSFT", 15), ("KO", 100)] == [
        (position["Symbol"], position["Quantity"]) for position in positions
    ]
    assert {"Result": positions} == get("v1.0/accounts/83267/positions?wrapped=1")
    assert [] == get("v1.0/accounts/83268/positions")


@pytest.mark.parametrize("account", [83_269, 1])
@pytest.mark.parametrize("resource", ["positions", "orders"])
def test_accounts_of_others(client, account, resource):
    """Another user's account gets the same response as an invalid token, and so does an unknown account."""
    response = client.call("GET", f"v1.0/accounts/{account}/{resource}", client.token())
    assert (401, DENIED) == (response.status_code, response.json())


def test_equity(get):
    """A security comes with its quote, in upper or lower case."""
    apple = get("v1.0/equities/aapl")
    expected = {"Id": 4, "Symbol": "AAPL", "Description": "Apple Inc.", "Exchange": "XNAS"}
    assert expected == {name: apple[name] for name in expected}
    assert ("USD", "CommonStock", 0.01) == (apple["Currency"], apple["Type"], apple["TickSize"])
    assert 0 < apple["Bid"] < apple["Last"] < apple["Ask"]


def test_prices_are_reproducible(get, clock, client):
    """Prices depend only on the symbol and the time."""
    apple = get("v1.0/equities/AAPL")
    with Sandbox(clock=clock) as client.sandbox:
        other = client.call("GET", "v1.0/equities/AAPL", client.token()).json()
    assert apple == other


def test_many_symbols(get):
    """Hundreds of symbols work, each with its own ID."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    symbols = [a + b for a in letters for b in letters][:500]
    found = [get(f"v1.0/equities/{symbol}") for symbol in symbols]
    assert symbols == [security["Symbol"] for security in found]
    assert 500 == len({security["Id"] for security in found})
    assert min(security["Last"] for security in found) > 1.0


@pytest.mark.parametrize("symbol", ["TOOLONG", "BRK.B", "123", "%C3%84"])
def test_unknown_symbols(client, symbol):
    """An invalid symbol is not found."""
    response = client.call("GET", f"v1.0/equities/{symbol}", client.token())
    assert (404, ["Message"]) == (response.status_code, list(response.json()))


def test_price_alerts(client):
    """An alert can be added, listed by its owner only, and removed once."""
    token, other, path = client.token(), client.token("lockout"), "v1.0/users/@me/pricealerts"
    added = client.call("POST", path, token, json=ALERT).json()
    expected = {"Id": 301, **ALERT, "CreatedDate": "2025-06-15T15:06:40.0000000Z"}
    assert expected == added
    assert [added] == client.call("GET", path, token).json()
    assert [] == client.call("GET", path, other).json()
    assert 404 == client.call("DELETE", f"{path}/301", other).status_code
    assert 204 == client.call("DELETE", f"{path}/301", token).status_code
    assert 404 == client.call("DELETE", f"{path}/301", token).status_code


@pytest.mark.parametrize(
    "change",
    [
        {"Operator": "NEAR"},
        {"SecurityId": 1},
        {"SecurityId": "4"},
        {"Field": None},
        {"Argument": True},
        {"Argument": -1},
        {"ExpirationDate": "soon"},
    ],
)
def test_bad_alerts(client, change):
    """An invalid alert is refused with a message."""
    token = client.token()
    response = client.call("POST", "v1.0/users/@me/pricealerts", token, json=ALERT | change)
    assert (400, ["Message"]) == (response.status_code, list(response.json()))
