"""Orders: paging, placing, cancelling."""

import pytest

ORDERS = "v1.0/accounts/83267/orders"
ORDER = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}


def test_initial_orders(client):
    """The user demo has filled and open orders at the start."""
    listed = client.call("GET", ORDERS, client.token()).json()
    assert ["Result", "NextPageLink", "PreviousPageLink", "TotalCount"] == list(listed)
    assert ("", "", 5) == tuple(listed.values())[1:]
    assert ["New", "New", "Filled", "Filled", "Filled"] == [o["Status"] for o in listed["Result"]]


def test_pages(client):
    """Absolute links lead through all pages and back."""
    token, path, ids = client.token(), f"{ORDERS}?pageSize=2&sort=x", []
    while path:
        page = client.call("GET", path, token).json()
        ids += [order["Id"] for order in page["Result"]]
        path = page["NextPageLink"].removeprefix(client.sandbox.base_url + "/")
    assert [5005, 5004, 5003, 5002, 5001] == ids
    previous = f"{client.sandbox.base_url}/{ORDERS}?pageSize=2&sort=x&pageNumber=1"
    assert previous == page["PreviousPageLink"]


@pytest.mark.parametrize(
    "query", ["pageNumber=-1", "pageNumber=x", "pageSize=0", "pageSize=101", "pageSize="]
)
def test_bad_pages(client, query):
    """An invalid page is refused."""
    assert 400 == client.call("GET", f"{ORDERS}?{query}", client.token()).status_code


def test_place(client):
    """An order is pending in the response to its placement, and new in the list."""
    token = client.token()
    placed = client.call("POST", ORDERS, token, json=ORDER)
    assert (200, "PendingNew") == (placed.status_code, placed.json()["Status"])
    expected = {
        "Id": 5006,
        "SecurityId": 4,
        "Quantity": 10,
        "Price": 180,
        "Side": "Buy",
        "Type": "Limit",
        "TimeInForce": "Day",
        "ExecutedQuantity": 0,
        "AccountId": 83_267,
        "UserId": 644,
        "CreateDate": "2025-06-15T15:06:40.0000000Z",
    }
    assert expected == {name: placed.json()[name] for name in expected}
    newest = client.call("GET", ORDERS, token).json()["Result"][0]
    assert placed.json() | {"Status": "New"} == newest


def test_sent_twice_is_placed_twice(client):
    """An order sent twice becomes two orders."""
    token = client.token()
    ids = {client.call("POST", ORDERS, token, json=ORDER).json()["Id"] for _ in range(2)}
    assert {5006, 5007} == ids
    assert 7 == client.call("GET", ORDERS, token).json()["TotalCount"]


@pytest.mark.parametrize(
    "body",
    [
        ORDER | {"Symbol": "TOOLONG"},
        ORDER | {"Symbol": None},
        ORDER | {"Type": "Wish"},
        ORDER | {"Side": 1},
        ORDER | {"Quantity": 0},
        ORDER | {"Quantity": "10"},
        ORDER | {"Quantity": True},
        ORDER | {"Price": None},
        ORDER | {"Type": "StopLimit"},
        ORDER | {"TimeInForce": "Sometime"},
        {},
        [],
        None,
    ],
)
def test_bad_orders(client, body):
    """An invalid order is refused with a message, and not placed."""
    token = client.token()
    response = client.call("POST", ORDERS, token, json=body)
    assert (400, ["Message"]) == (response.status_code, list(response.json()))
    assert 5 == client.call("GET", ORDERS, token).json()["TotalCount"]


def test_cancel(client):
    """An open order can be cancelled once; the response has no body."""
    token = client.token()
    response = client.call("DELETE", f"{ORDERS}/5004", token)
    assert (204, b"") == (response.status_code, response.content)
    again = client.call("DELETE", f"{ORDERS}/5004", token)
    assert (400, ["Message"]) == (again.status_code, list(again.json()))
    assert 5 == client.call("GET", ORDERS, token).json()["TotalCount"]


def test_cannot_cancel(client):
    """A filled order cannot be cancelled; unknown orders and those of other accounts are not found."""
    token = client.token()
    filled = client.call("DELETE", f"{ORDERS}/5001", token)
    assert (400, ["Message"]) == (filled.status_code, list(filled.json()))
    assert 404 == client.call("DELETE", f"{ORDERS}/9999", token).status_code
    assert 404 == client.call("DELETE", ORDERS.replace("7", "8") + "/5004", token).status_code
