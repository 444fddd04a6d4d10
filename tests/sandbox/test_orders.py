"""Orders over HTTP: pages, filters, placing, replacing, cancelling."""

from urllib.parse import quote

import pytest

ORDERS = "v1.0/accounts/83267/orders"
FIRST_PAGE = f"{ORDERS}?pageNumber=0&pageSize=50"
ORDER = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 1.8}


@pytest.fixture
def token(client):
    """Return a token of demo's."""
    return client.token()


@pytest.fixture
def listed(client, token):
    """Return a function that gives the IDs of a filtered list, and checks how many it says there are."""

    def ask(text="", **query):
        rest = "".join(f"&{name}={value}" for name, value in query.items())
        page = client.call("GET", f"{FIRST_PAGE}&filter={quote(text)}{rest}", token).json()
        assert len(page["Result"]) == page["TotalCount"]
        return [order["Id"] for order in page["Result"]]

    return ask


def test_initial_orders(client, token):
    """The user demo has filled and open orders at the start, the newest first."""
    page = client.call("GET", FIRST_PAGE, token).json()
    assert ("", "", 5) == tuple(page.values())[1:]
    assert ["New", "New", "Filled", "Filled", "Filled"] == [o["Status"] for o in page["Result"]]


def test_pages(client, token):
    """Absolute links lead through all pages and back, and keep the query."""
    path, ids = f"{ORDERS}?pageNumber=0&pageSize=2&sortField=Id&desc=true", []
    while path:
        page = client.call("GET", path, token).json()
        ids += [order["Id"] for order in page["Result"]]
        path = page["NextPageLink"].removeprefix(client.sandbox.base_url + "/")
    assert [5005, 5004, 5003, 5002, 5001] == ids
    previous = f"{client.sandbox.base_url}/{ORDERS}?pageNumber=1&pageSize=2&sortField=Id&desc=true"
    assert previous == page["PreviousPageLink"]


@pytest.mark.parametrize(
    "query", ["pageNumber=-1&pageSize=1", "pageNumber=x&pageSize=1", "pageNumber=0&pageSize=0"]
)
def test_bad_pages(client, token, query):
    """An invalid page is refused."""
    assert 400 == client.call("GET", f"{ORDERS}?{query}", token).status_code


def test_large_pages(client, token):
    """No source says what a larger page than the largest is: it is taken for the largest."""
    assert 5 == client.call("GET", f"{ORDERS}?pageNumber=0&pageSize=101", token).json()["TotalCount"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Status in (0,1,10)", [5005, 5004]),
        ("Status = 2", [5003, 5002, 5001]),
        ("SecurityId = 4", [5004, 5001]),
        ("SecurityId in (4, 5) and Status = 2", [5002, 5001]),
        ("CreateDate > #2024-01-03T00:00:00#", [5005, 5004, 5003, 5002]),
        ("CreateDate between #2024-01-03T00:00:00# and #2024-01-04T00:00:00Z#", [5002]),
        ("CreateDate >= #2025-01-01# and SecurityId = 15", [5005]),
        ("Symbol startsWith 'A'", [5004, 5001]),
        ("Symbol contains 'S' and Quantity < 10", [5005]),
        ("Side = 'sell'", [5004]),
        ("Status in (4, 8)", []),
    ],
)
def test_filters(listed, text, expected):
    """Filters choose by number, text and date, alone and together."""
    assert expected == listed(text)


@pytest.mark.parametrize(
    "text",
    ["Status", "Status in ()", "Status = 2 or Status = 1", "Wish = 1", "Date = #soon#", "Status = 2 and"],
)
def test_bad_filters(client, token, text):
    """A filter that cannot be read is refused; `or` is in no source."""
    assert 400 == client.call("GET", f"{FIRST_PAGE}&filter={quote(text)}", token).status_code


def test_sorting(listed, client, token):
    """Orders are sorted as asked; upwards where only the field is named."""
    assert [5001, 5002, 5003, 5004, 5005] == listed(sortField="Id")
    assert [5005, 5004, 5003, 5002, 5001] == listed(sortField="CreateDate", desc="true")
    assert [5003, 5001, 5002, 5004, 5005] == listed(sortField="Quantity", desc="true")
    assert [5001, 5002, 5003] == listed("Status = 2", sortField="Date", desc="false")
    assert 400 == client.call("GET", f"{FIRST_PAGE}&sortField=Wish", token).status_code


def test_place(client, token):
    """An order is pending in the response to its placement, and new in the list."""
    placed = client.call("POST", ORDERS, token, json=ORDER)
    assert (200, "PendingNew") == (placed.status_code, placed.json()["Status"])
    expected = {
        "Id": 5006,
        "SecurityId": 4,
        "Quantity": 10,
        "Price": 1.8,
        "Side": "Buy",
        "Type": "Limit",
        "TimeInForce": "Day",
        "ExecutedQuantity": 0,
        "LeavesQuantity": 0,
        "RequestStatus": "RequireValidation",
        "Target": "New",
        "AccountId": 83_267,
        "UserId": 644,
        "CreateDate": "2025-06-15T15:06:40Z",
        "ExpireDate": "2025-06-16T21:00:00Z",
    }
    assert expected == {name: placed.json()[name] for name in expected}
    newest = client.call("GET", FIRST_PAGE, token).json()["Result"][0]
    assert ("New", 10, 5006) == (newest["Status"], newest["LeavesQuantity"], newest["Id"])
    assert newest == client.call("GET", f"{ORDERS}/5006", token).json()


@pytest.mark.parametrize("spelling", ["TimeInforce", "TimeInForce", "timeinforce"])
def test_time_in_force(client, token, spelling):
    """What a place request spells TimeInforce is kept, and shown as TimeInForce."""
    body = ORDER | {spelling: "GoodTillCancel"}
    placed = client.call("POST", ORDERS, token, json=body).json()
    assert ("GoodTillCancel", "0001-01-01T00:00:00Z") == (placed["TimeInForce"], placed["ExpireDate"])


def test_sent_twice_is_placed_twice(client, token):
    """An order sent twice becomes two orders."""
    ids = {client.call("POST", ORDERS, token, json=ORDER).json()["Id"] for _ in range(2)}
    assert {5006, 5007} == ids
    assert 7 == client.call("GET", FIRST_PAGE, token).json()["TotalCount"]


LEG = ORDER | {"Side": "Sell"}
OCO = {"Symbol": "", "Type": "OneCancelOther"}


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (ORDER | {"Symbol": None}, "Symbol"),
        (ORDER | {"Type": "Wish"}, "Type"),
        (ORDER | {"Side": 1}, "Side"),
        (ORDER | {"Quantity": "10"}, "Quantity"),
        (ORDER | {"Quantity": True}, "Quantity"),
        (ORDER | {"TimeInforce": "Sometime"}, "TimeInforce"),
        (ORDER | {"ExpireDate": "soon"}, "ExpireDate"),
        (ORDER | {"ExtendedHours": "NIGHT"}, "ExtendedHours"),
        (ORDER | {"TrailingStopAmountType": "Percentage"}, "TrailingStopAmountType"),
        (ORDER | {"ExecutionInstructions": {"PerTradeCommission": "much"}}, "ExecutionInstructions"),
        (OCO | {"Legs": [LEG]}, "Legs"),
        (OCO | {"Legs": [LEG | {"Type": "Market"}] * 2}, "Legs"),
        (OCO | {"Type": "OneTriggerOther", "Legs": [LEG | {"Type": "Market"}, LEG]}, "Legs"),
        (OCO | {"Legs": [LEG, LEG | {"Side": "Hold"}]}, "Legs[1].Side"),
    ],
)
def test_bad_orders(client, token, body, member):
    """An invalid order is refused, with the member that is wrong, and not placed."""
    response = client.call("POST", ORDERS, token, json=body)
    assert (422, [f"placeParams.{member}"]) == (response.status_code, list(response.json()["ModelState"]))
    assert 5 == client.call("GET", FIRST_PAGE, token).json()["TotalCount"]


@pytest.mark.parametrize("body", [ORDER | {"Symbol": "TOOLONG"}, [], None])
def test_unusable_orders(client, token, body):
    """A symbol or body that cannot be used makes ETNA's server fail."""
    assert 500 == client.call("POST", ORDERS, token, json=body).status_code


def test_cancel(client, token):
    """An open order can be cancelled once; the response has no body."""
    response = client.call("DELETE", f"{ORDERS}/5004", token)
    assert (204, b"") == (response.status_code, response.content)
    cancelled = client.call("GET", f"{ORDERS}/5004", token).json()
    assert ("Canceled", 0, "Cancel") == tuple(
        cancelled[name] for name in ("Status", "LeavesQuantity", "Target")
    )
    again = client.call("DELETE", f"{ORDERS}/5004", token)
    assert (409, b"") == (again.status_code, again.content)


def test_cannot_cancel(client, token):
    """A filled order cannot be cancelled; unknown orders and those of other accounts are not found."""
    assert 409 == client.call("DELETE", f"{ORDERS}/5001", token).status_code
    assert 404 == client.call("DELETE", f"{ORDERS}/9999", token).status_code
    assert 404 == client.call("DELETE", ORDERS.replace("7", "8") + "/5004", token).status_code


def test_replace(client, token):
    """A replacement is another order; the old one is Replaced, and cannot be replaced again."""
    change = {"Id": 5005, "Quantity": 7, "Price": 2.5, "TimeInForce": "Day"}
    replaced = client.call("PUT", f"{ORDERS}/5005", token, json=change).json()
    assert (5006, 7, 2.5, "Day", "SPY") == tuple(
        replaced[name] for name in ("Id", "Quantity", "Price", "TimeInForce", "Symbol")
    )
    assert ("PendingNew", 5005) == (replaced["Status"], replaced["ParentRequestId"])
    assert "Replaced" == client.call("GET", f"{ORDERS}/5005", token).json()["Status"]
    assert "New" == client.call("GET", f"{ORDERS}/5006", token).json()["Status"]
    assert 409 == client.call("PUT", f"{ORDERS}/5005", token, json=change).status_code


def test_preview_of_a_replacement(client, token):
    """A preview of a replacement names the order, and changes nothing."""
    change = {"Id": 5005, "Quantity": 7, "Price": 2.5}
    path = "v1.0/accounts/83267/preview/orders/5005"
    preview = client.call("PUT", path, token, json=change).json()
    assert (5005, 17.5, True) == (preview["OrderId"], preview["Cost"], preview["IsSuccessful"])
    assert "New" == client.call("GET", f"{ORDERS}/5005", token).json()["Status"]
