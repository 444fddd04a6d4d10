"""NextPageLink: absolute links of the API are followed, signed; others are not signed."""

from etna_magic.sandbox import Sandbox
from etna_magic.session import EtnaSession
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

ORDERS = "v1.0/accounts/83267/orders"


def pages(session: EtnaSession, first: str) -> list[dict]:
    """Return every page, from the first on."""
    found, link = [], first
    while link:
        response = session.get(link)
        assert 200 == response.status_code
        found.append(response.json())
        link = found[-1]["NextPageLink"]
    return found


def test_every_page(sandbox: Sandbox, trading: EtnaSession) -> None:
    """The links lead through all orders, each once, and every call is signed."""
    seen = pages(trading, f"{ORDERS}?pageSize=2")
    assert [2, 2, 1] == [len(page["Result"]) for page in seen]
    assert seen[0]["NextPageLink"].startswith(f"{sandbox.base_url}/{ORDERS}?")
    assert seen[0]["TotalCount"] == len({order["Id"] for page in seen for order in page["Result"]})
    calls = [call for call in sandbox.seen if call.path.endswith("/orders")]
    assert [True] * 3 == [{"Authorization", "Et-App-Key"} <= set(call.headers) for call in calls]


def test_back_again(sandbox: Sandbox, trading: EtnaSession) -> None:
    """PreviousPageLink leads back to what was seen before."""
    first, second, _ = pages(trading, f"{ORDERS}?pageSize=2")
    assert first["Result"] == trading.get(second["PreviousPageLink"]).json()["Result"]


def test_link_to_another_origin(server, session: EtnaSession) -> None:
    """A page that links elsewhere gets nothing of ours there."""
    with ScriptedServer(answer(200, b'{"Result":[],"NextPageLink":""}')) as elsewhere:
        link = accounts.body(Result=[], NextPageLink=f"{elsewhere.base_url}/orders?pageNumber=1")
        server.play(answer(200, link))
        assert 2 == len(pages(session, ORDERS))
        (stray,) = elsewhere.received
    assert ([], []) == (stray.values("Authorization"), stray.values("Et-App-Key"))
    assert [f"Bearer {accounts.TOKEN}"] == server.received[0].values("Authorization")
