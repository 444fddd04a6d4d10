"""Hooks of a user's: they read on, send again and raise as they like, and see no secret."""

from collections.abc import Callable

import pytest
import requests
from requests.auth import HTTPDigestAuth

from etna_magic import TokenExpiredError
from etna_magic.session import EtnaSession
from tests.helpers import accounts
from tests.helpers.leaks import caught
from tests.helpers.server import answer
from tests.helpers.waiting import LIMIT
from tests.session.renewing_login import DENIED, NEW, OLD, PROBE, RenewingLogin, new_token_only

OK = answer(200, b"{}")
CHALLENGE = ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')


def raises(response: requests.Response, **_) -> None:
    """Raise for a status that is no success."""
    response.raise_for_status()


def again(response: requests.Response, **kwargs) -> requests.Response:
    """Send once more, by the connection that the answer came by."""
    return response.connection.send(response.request, **kwargs)


@pytest.mark.parametrize("where", ["call", "session", "prepared"])
def test_a_hook_sees_a_placeholder(server, session: EtnaSession, where: str) -> None:
    """What a hook is handed shows whose request it is and no secret, before and after a redirect."""
    server.play(answer(302, b"", ("Location", "/api/v1.0/y")), OK)
    seen: list[tuple[str, bool]] = []

    def look(response: requests.Response, **_) -> None:
        headers = response.request.headers
        seen.append((headers["Authorization"], "Et-App-Key" in headers))

    hooks = {"response": look}
    if where == "session":
        session.hooks["response"].append(look)
        session.get("v1.0/x")
    elif where == "call":
        session.get("v1.0/x", hooks=hooks)
    else:
        session.send(session.prepare_request(requests.Request("GET", "v1.0/x", hooks=hooks)))
    assert [(f"••• alice at {server.base_url}", False)] * 2 == seen
    assert [[OLD], [OLD]] == [received.values("Authorization") for received in server.received]


def test_hooks_run_each_time(session: EtnaSession) -> None:
    """A prepared request keeps its user's hooks, however often it is sent."""
    seen: list[int] = []
    hooks = {"response": lambda response, **_: seen.append(response.status_code)}
    prepared = session.prepare_request(requests.Request("GET", "v1.0/x", hooks=hooks))
    for _ in range(3):
        session.send(prepared)
    assert [200, 200, 200] == seen


def test_the_body_is_there(server, session: EtnaSession) -> None:
    """A hook may read the body, as with requests."""
    server.play(answer(200, b"[1]"))
    seen: list[object] = []
    session.get("v1.0/x", hooks={"response": lambda response, **_: seen.append(response.json())})
    assert [[1]] == seen


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hook_that_sends_again(server, session: EtnaSession, method: str) -> None:
    """What a hook sends again is signed as the first one was, and shows a placeholder again."""
    response = session.request(method, "v1.0/x", hooks={"response": again})
    assert (200, f"••• alice at {server.base_url}") == (
        response.status_code, response.request.headers["Authorization"],
    )  # fmt: skip
    assert [([OLD], [accounts.APP_KEY])] * 2 == [
        (received.values("Authorization"), received.values("Et-App-Key")) for received in server.received
    ]


def test_a_hook_that_sends_again_past_the_end(renewing: RenewingLogin) -> None:
    """It is signed with the token of that time."""
    renewing.call_reply = new_token_only()
    assert 200 == renewing.session.get("v1.0/x", hooks={"response": again}).status_code
    assert [OLD, OLD, NEW, NEW] == renewing.signed


def test_digest_elsewhere(session: EtnaSession, other) -> None:
    """The digest authentication of requests works at another server, which gets nothing of ours."""
    other.play(answer(401, b"", CHALLENGE), OK)
    assert 200 == session.get(f"{other.base_url}/x", auth=HTTPDigestAuth("u", "p")).status_code
    first, second = other.received
    assert ([], "Digest") == (first.values("Authorization"), second.values("Authorization")[0].split()[0])
    assert [[], []] == [received.values("Et-App-Key") for received in other.received]


def test_digest_at_home(server, session: EtnaSession) -> None:
    """At home it replaces the token, as any other auth does."""
    server.play(answer(401, b"", CHALLENGE), OK)
    assert 200 == session.get("v1.0/x", auth=HTTPDigestAuth("u", "p")).status_code
    assert [[], ["Digest"]] == [
        [value.split()[0] for value in received.values("Authorization")] for received in server.received
    ]


@pytest.mark.parametrize("where", ["call", "session"])
def test_a_hook_raises_what_it_likes(server, session: EtnaSession, where: str) -> None:
    """raise_for_status in a hook is the HTTPError of requests, with its response."""
    server.play(answer(422, b"{}"))
    if where == "session":
        session.hooks["response"].append(raises)
    with pytest.raises(requests.HTTPError) as error:
        session.post("orders", hooks={"response": raises} if where == "call" else None)
    assert (422, f"••• alice at {server.base_url}") == (
        error.value.response.status_code, error.value.request.headers["Authorization"],
    )  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hook_does_not_hide_that_the_token_has_ended(server, session: EtnaSession, method: str) -> None:
    """A 401 that a hook would raise for is asked about as any other, before the hook sees it."""
    session.hooks["response"].append(raises)
    server.play(DENIED)
    assert TokenExpiredError is type(caught(lambda: session.request(method, "orders")))


def test_a_hook_of_a_refused_read(renewing: RenewingLogin) -> None:
    """A read that was sent again with a fresh token is what the hook sees."""
    renewing.call_reply = new_token_only()
    assert 200 == renewing.session.get("v1.0/x", hooks={"response": raises}).status_code
    assert (1, [OLD, OLD, NEW]) == (renewing.login_count, renewing.signed)


class Wrapped:
    """An answer in a wrapper that nothing can refer to weakly."""

    __slots__ = ("_response",)

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def __getattr__(self, name: str) -> object:
        return getattr(self._response, name)


def test_a_hook_that_wraps(server, session: EtnaSession) -> None:
    """An order whose hook returns something else than a response is handed over as that."""
    server.play(answer(201))
    response = session.post("orders", hooks={"response": lambda response, **_: Wrapped(response)})
    assert (Wrapped, 201, 1) == (type(response), response.status_code, len(server.received))


def dies_after_the_order(connection, received) -> None:
    """Accept an order, refuse to show it, and accept the old token for nothing else."""
    has_ended = received.method != "POST" and received.values("Authorization") == [OLD]
    is_refused = has_ended or (received.method == "GET" and received.target != PROBE)
    connection.sendall(DENIED if is_refused else OK)


READERS: dict[str, Callable] = {
    "session": lambda renewing, _: renewing.session.get("v1.0/orders/7"),
    "requests": lambda renewing, token: requests.get(
        f"{renewing.server.base_url}/v1.0/orders/7", auth=token, timeout=LIMIT
    ),
}


@pytest.mark.parametrize("is_raised", [False, True], ids=["returns", "raises"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_an_order_whose_hook_reads(renewing: RenewingLogin, read, is_raised: bool) -> None:  # noqa: FBT001 - a table's column
    """An order is sent once, though its hook hands over the 401 of something else with a dead token."""
    renewing.call_reply, token = dies_after_the_order, renewing.session.token

    def look(_: requests.Response, **__) -> requests.Response:
        seen = read(renewing, token)
        if is_raised:
            seen.raise_for_status()
        return seen

    try:
        response = renewing.session.post("v1.0/orders", hooks={"response": look})
    except requests.HTTPError as error:
        response = error.response
    assert (401, "GET") == (response.status_code, response.request.method)
    assert 1 == sum(received.target == "/api/v1.0/orders" for received in renewing.server.received)
