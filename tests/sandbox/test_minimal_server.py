"""The small server of the tutorials' test keeps to the contract, and sends no optional member."""

from typing import Any

import pytest
import requests

from tests.helpers import minimal_server
from tests.helpers.minimal_server import MinimalServer
from tests.sandbox import contract
from tests.sandbox.contract import Map, Page, problems
from tests.sandbox.contract_calls import ALERT, CANDLES, LIMIT, SMALLEST, SORTED, SORTED_BY

ORDER_PATH = "v1.0/accounts/83267/orders"
CALLS = [
    ("GET", "v1.0/users/@me/info", None, contract.USER),
    ("GET", "v1.0/users/@me/accounts", None, [contract.ACCOUNT]),
    ("GET", f"v1.0/accounts/83267/positions?{SORTED}", None, Page(contract.POSITION)),
    ("GET", f"{ORDER_PATH}?pageNumber=0&pageSize=2", None, Page(contract.ORDER)),
    ("POST", ORDER_PATH, LIMIT, contract.ORDER),
    ("GET", f"{ORDER_PATH}/5001", None, contract.ORDER),
    ("POST", "v1.0/accounts/83267/preview/orders", SMALLEST, contract.PREVIEW),
    ("GET", "v1.0/equities/AAPL", None, contract.EQUITY),
    ("PUT", "v1.0/history/symbols", CANDLES, contract.HISTORY),
    ("POST", "v1.0/users/@me/pricealerts", ALERT, contract.ALERT),
    ("GET", f"v1.0/users/@me/pricealerts?{SORTED_BY}", None, Page(contract.ALERT)),
]


def minimal(shape: Any) -> Any:
    """Return a shape without the members that may be missing; an order keeps its symbol."""
    if isinstance(shape, Page):
        return Page(minimal(shape.item))
    if isinstance(shape, list):
        return [minimal(shape[0])]
    if not isinstance(shape, dict) or isinstance(shape, Map):
        return shape
    found = {
        name: minimal(kind) if name != "Legs" else kind for name, kind in shape.items() if name[-1] != "?"
    }
    if "Legs" in found:  # E's samples: the number 0 where it is unset, D7
        found |= {"Symbol": "s", "ExecInst": (0, *contract.EXEC_INST)}
    return found


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1]}")
def test_it_sends_the_minimum(call: tuple[str, str, Any, Any]) -> None:
    """Each answer has the members that all sources share, and no more."""
    method, path, body, shape = call
    with MinimalServer() as server, requests.Session() as session:
        headers = {"Et-App-Key": server.app_key, "Username": "demo"}
        headers["Password"] = server.password_of("demo")
        token = session.post(f"{server.base_url}/token", headers=headers, timeout=10).json()["Token"]
        own = {"Et-App-Key": minimal_server.APP_KEY, "Authorization": f"Bearer {token}"}
        response = session.request(method, f"{server.base_url}/{path}", headers=own, json=body, timeout=10)
    assert 200 == response.status_code
    assert [] == problems(response.json(), minimal(shape))
