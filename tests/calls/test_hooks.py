"""Hooks of a user's: they read on, send again and raise as they like, and see marks for our headers."""

import pytest
import requests
from requests.auth import HTTPDigestAuth

from tests.calls.house import DENIED, NEW, OLD, PROBE, House
from tests.calls.shell import LIMIT
from tests.helpers import accounts
from tests.helpers.server import answer

MASKED = {"Authorization": "***", "Et-App-Key": "***"}
CHALLENGE = ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')


def ours(headers) -> dict[str, str]:
    """Return our two headers of what a hook saw."""
    return {name: value for name, value in headers.items() if name in MASKED}


def dies_after_the_order(connection, received) -> None:
    """Take an order, refuse to show it, and take the old token for nothing else."""
    is_over = received.method != "POST" and received.values("Authorization") == [OLD]
    is_refused = is_over or (received.method == "GET" and received.target != PROBE)
    connection.sendall(DENIED if is_refused else answer(200, b"{}"))


READERS = {
    "session": lambda house, _: house.session.get("v1.0/orders/7"),
    "requests": lambda house, token: requests.get(
        f"{house.server.base_url}/v1.0/orders/7", auth=token, timeout=LIMIT
    ),
}


@pytest.mark.parametrize("raises", [False, True], ids=["returns", "raises"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_an_order_whose_hook_reads(house: House, read, raises: bool) -> None:  # noqa: FBT001 - a table's column
    """An order is sent once, though its hook hands over the 401 of something else with a dead token."""
    house.calls, token = dies_after_the_order, house.session.token

    def look(_: requests.Response, **__) -> requests.Response:
        seen = read(house, token)
        if raises:
            seen.raise_for_status()
        return seen

    try:
        response = house.session.post("v1.0/orders", hooks={"response": look})
    except requests.HTTPError as error:
        response = error.response
    assert (401, "GET") == (response.status_code, response.request.method)
    assert 1 == sum(received.target == "/api/v1.0/orders" for received in house.server.received)


def test_digest_elsewhere(session, other) -> None:
    """The digest authentication of requests works at another server, which gets nothing of ours."""
    other.play(answer(401, b"", CHALLENGE), answer(200, b"{}"))
    assert 200 == session.get(f"{other.base_url}/x", auth=HTTPDigestAuth("u", "p")).status_code
    first, second = other.received
    assert ([], "Digest") == (first.values("Authorization"), second.values("Authorization")[0].split()[0])
    assert [[], []] == [received.values("Et-App-Key") for received in other.received]


def test_a_hook_that_sends_again(server, session) -> None:
    """What a hook sends again by the answer's own connection is signed as the first one was."""

    def again(response: requests.Response, **kwargs) -> requests.Response:
        return response.connection.send(response.request, **kwargs)

    assert 200 == session.get("v1.0/x", hooks={"response": again}).status_code
    assert [[OLD], [OLD]] == [received.values("Authorization") for received in server.received]
    assert [[accounts.APP_KEY]] * 2 == [received.values("Et-App-Key") for received in server.received]


def test_hooks_run_each_time(server, session) -> None:
    """A prepared request keeps its user's hooks, however often it is sent."""
    seen: list[int] = []
    request = requests.Request(
        "GET", "v1.0/x", hooks={"response": lambda response, **_: seen.append(response.status_code)}
    )
    prepared = session.prepare_request(request)
    for _ in range(3):
        session.send(prepared)
    assert [200, 200, 200] == seen


@pytest.mark.parametrize("place", ["call", "session"])
def test_a_hook_sees_marks(server, session, place: str) -> None:
    """What a hook is handed shows no secret, before and after a redirect."""
    server.play(answer(302, b"", ("Location", "/api/v1.0/y")), answer(200, b"{}"))
    seen: list[dict[str, str]] = []

    def look(response: requests.Response, **_) -> None:
        seen.append(ours(response.request.headers))

    if place == "session":
        session.hooks["response"].append(look)
    session.get("v1.0/x", hooks={"response": look} if place == "call" else None)
    assert [MASKED, MASKED] == seen
    assert [[OLD], [OLD]] == [received.values("Authorization") for received in server.received]


def test_a_hook_of_a_refused_read(house: House) -> None:
    """A read that a hook raises for is sent again with a fresh token all the same."""
    house.calls = lambda connection, received: connection.sendall(
        answer(200, b"{}") if received.values("Authorization") == [NEW] else DENIED
    )
    raises = {"response": lambda response, **_: response.raise_for_status()}
    assert 200 == house.session.get("v1.0/x", hooks=raises).status_code
    assert (1, [OLD, OLD, NEW]) == (house.log_ins, house.signed)
