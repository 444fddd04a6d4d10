"""The sandbox answers as ETNA's sources say: every call, every error, and every other reading."""

import json
from collections.abc import Callable

import pytest
import requests

from etna_magic_sandbox import Sandbox
from etna_magic_sandbox.app import PREFIX, Application
from etna_magic_sandbox.routes import ROUTES
from etna_magic_sandbox.variants import VARIANTS as ALL_VARIANTS
from tests.sandbox.conftest import Client, Clock
from tests.sandbox.contract import problems
from tests.sandbox.contract_calls import ALERT, ERRORS, LIMIT, SERVED, VARIANTS, Row
from tests.sandbox.direct import Direct

OF_TOKENS = {"app-key-401", "idle-lifetime", "one-session", "same-token"}  # test_tokens.py has these


def sent(client: Client, row: Row) -> requests.Response:
    """Send a row's request, with what it needs made before."""
    token = client.token()
    orders = "v1.0/accounts/83267/orders"
    order = client.call("POST", orders, token, json=LIMIT).json()["Id"]
    alert = client.call("POST", "v1.0/users/@me/pricealerts", token, json=ALERT).json()["Id"]
    path = "v1.0/users/@me/watchlists?resultIncludeSecurities=false"
    watchlist = client.call("POST", path, token, json={"Name": "first", "Securities": [4, 13]}).json()["Id"]
    names = {"a": 83267, "order": order, "filled": 5001, "alert": alert, "watchlist": watchlist}
    path, body = row.path, json.dumps(row.body)
    for name, value in names.items():
        path, body = path.replace(f"{{{name}}}", str(value)), body.replace(f'"{{{name}}}"', str(value))
    own = token if row.user == "demo" else client.token(row.user)
    data = None if row.body is None else body
    return client.call(row.method, path, own, data=data)


def departures(response: requests.Response, row: Row) -> list[str]:
    """Return in what a response departs from a row of the contract."""
    found = [] if response.status_code == row.status else [f"status {response.status_code}, not {row.status}"]
    found += [f"header {name} is missing" for name in row.headers if name not in response.headers]
    if not response.content:
        return found + problems(b"", row.shape)
    if response.headers.get("Content-Type") != "application/json; charset=utf-8":
        found.append(f"Content-Type is {response.headers.get('Content-Type')}")
    return found + problems(response.json(), row.shape)


def name_of(row: Row) -> str:
    """Return a name for a test."""
    return f"{row.method} {row.path} {row.status} {row.user}"


@pytest.mark.parametrize("row", [*SERVED, *ERRORS], ids=name_of)
def test_contract(client: Client, row: Row) -> None:
    """Status, headers and body of an answer are the documented ones."""
    response = sent(client, row)
    assert [] == departures(response, row), response.text[:500]


@pytest.mark.parametrize("row", VARIANTS, ids=name_of)
def test_variants(client: Client, clock: Clock, row: Row) -> None:
    """With a variant the other reading is followed, and without it that row fails."""
    with Sandbox(clock=clock, variants=row.variants) as client.sandbox:
        response = sent(client, row)
        assert [] == departures(response, row), response.text[:500]
    with Sandbox(clock=clock) as client.sandbox:
        assert departures(sent(client, row), row)


def test_every_variant_is_tested() -> None:
    """Each variant has a row, or a test of tokens."""
    assert {variant.name for variant in ALL_VARIANTS} - OF_TOKENS == {
        name for row in VARIANTS for name in row.variants
    }


def test_unknown_variant() -> None:
    """A variant that does not exist is an error that lists those there are."""
    with pytest.raises(ValueError, match="app-key-401"):
        Sandbox(variants=("app-key",))


def test_every_call_is_tested() -> None:
    """Each call that is served has a row of the contract."""
    rules = Application(Direct(0.0).state).url_map.bind("127.0.0.1")
    tested = set()
    for row in SERVED:
        endpoint, _ = rules.match(f"{PREFIX}/{row.path.partition('?')[0]}", row.method)
        tested.add(tuple(endpoint.split()[:2]))
    assert {(route.method, route.path) for route in ROUTES} - tested == {
        ("POST", "/token"),  # test_token_responses.py has this
        ("POST", "/logout"),  # test_tokens.py
    }


def changed(text: str, new: object) -> Callable[[str], str]:
    """Return what replaces a piece of a body, which must be there."""

    def change(body: str) -> str:
        assert text in body
        return body.replace(text, str(new), 1)

    return change


# Each departure: which row, and what is done to the answer.
DEPARTURES: dict[str, tuple[str, Callable[[requests.Response], object]]] = {}


def departure(path: str) -> Callable[[Callable[[requests.Response], object]], None]:
    """Register a function that spoils the answer to a path."""
    return lambda spoil: DEPARTURES.update({spoil.__name__: (path, spoil)})


def rewrite(response: requests.Response, change: Callable[[str], str]) -> None:
    """Change the text of an answer's body."""
    response._content = change(response.text).encode()


@departure("v1.0/equities/AAPL")
def an_invented_member(response: requests.Response) -> None:
    """Add a quote to an equity, as the sandbox once had."""
    rewrite(response, changed('"TickSize"', '"Bid":1.5,"TickSize"'))


@departure("v1.0/accounts/{a}/orders/{order}")
def another_spelling(response: requests.Response) -> None:
    """Write a small letter in place of a capital."""
    rewrite(response, changed('"TimeInForce"', '"TimeInforce"'))


@departure("v1.0/accounts/{a}/orders/{order}")
def a_missing_member(response: requests.Response) -> None:
    """Rename a member, so that it is missing."""
    rewrite(response, changed('"LeavesQuantity"', '"Comment"'))


@departure("v1.0/accounts/{a}/orders/{filled}")
def a_status_with_a_space(response: requests.Response) -> None:
    """Write E's prose in the place of the wire's value."""
    rewrite(response, changed('"Status":"Filled"', '"Status":"Partially Filled"'))


@departure("v1.0/accounts/{a}/positions?pageNumber=0&pageSize=5&sortField=Id&desc=true")
def a_number_as_text(response: requests.Response) -> None:
    """Put a quantity in quotes."""
    rewrite(response, changed('"Quantity":40', '"Quantity":"40"'))


@departure("v1.0/users/@me/info")
def seven_decimals_with_zeros(response: requests.Response) -> None:
    """Leave zeros at the end of a date."""
    rewrite(response, changed("37.6205663Z", "37.6205660Z"))


@departure("v1.0/users/@me/pricealerts/{alert}")
def a_date_in_place_of_seconds(response: requests.Response) -> None:
    """Write a date where epoch seconds stand."""
    rewrite(response, changed('"CreatedDate":1750000000', '"CreatedDate":"2025-06-15T15:06:40Z"'))


@departure("v1.0/users/@me/pricealerts?pageNumber=0&pageSize=5&sortBy=Id&isDesc=true")
def no_page(response: requests.Response) -> None:
    """Send a bare array where a page is documented."""
    rewrite(response, lambda text: json.dumps(json.loads(text)["Result"]))


@departure("v1.0/accounts/@me/info")
def another_status(response: requests.Response) -> None:
    """Send a 404 in place of the 400."""
    response.status_code = 404


@departure("v1.0/accounts/{a}/orders/{filled}")
def another_type_of_content(response: requests.Response) -> None:
    """Say HTML in place of JSON."""
    response.headers["Content-Type"] = "text/html"


@departure("v1.0/users/@me/balance-info")
def capitals(response: requests.Response) -> None:
    """Capitalize a balance: they are the one object in camel case."""
    rewrite(response, changed('"netCash"', '"NetCash"'))


@pytest.mark.parametrize("name", DEPARTURES)
def test_departures_are_caught(client: Client, name: str) -> None:
    """The contract finds each deliberate departure in an answer that was right before."""
    path, spoil = DEPARTURES[name]
    row = next(row for row in (*SERVED, *ERRORS) if row.path == path and row.method == "GET")
    response = sent(client, row)
    assert [] == departures(response, row)
    spoil(response)
    assert departures(response, row), f"{name} was not noticed"


def test_there_are_ten_departures() -> None:
    """Ten at least."""
    assert len(DEPARTURES) >= 10
