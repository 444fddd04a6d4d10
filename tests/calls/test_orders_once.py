"""An order is placed once, whatever a redirect, a renewal or a fork makes of the call."""

from __future__ import annotations

import os

import pytest
import requests

from etna_magic.exceptions import TokenExpiredError
from etna_magic.renewal import Renewal
from etna_magic.session import EtnaSession
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

OK = answer(200, b"{}")
REFUSED = answer(401, b'{"Message":"Authorization has been denied for this request."}')


@pytest.fixture
def server():
    """Run a server that answers by its script."""
    with ScriptedServer(OK) as running:
        yield running


@pytest.fixture
def session(server):
    """Return a session that is logged in there."""
    with EtnaSession("etna", 5.0) as made:
        made.bind(accounts.token(server.base_url))
        yield made


def methods(server: ScriptedServer) -> list[str]:
    """Return the methods of what the server has received."""
    return [request.method for request in server.received]


def test_a_redirected_order_is_not_repeated_after_a_renewal(server, session) -> None:
    """A POST that became a GET and was refused there is not sent again with the fresh token."""
    session.renewal = Renewal(lambda: session.bind(accounts.token(server.base_url)), lambda: session.token)
    server.play(answer(303, b"", ("Location", "/api/orders/7")), REFUSED, REFUSED, OK)
    with pytest.raises(TokenExpiredError, match="look whether it was carried out"):
        session.post("orders")
    assert ["POST", "GET", "GET"] == methods(server)


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_order_follows_no_redirect_that_would_send_it_again(server, session, method, status) -> None:
    """The redirect itself is returned, and the order was seen once."""
    server.play(answer(status, b"", ("Location", "/api/orders")))
    assert status == session.request(method, "orders").status_code
    assert [method] == methods(server)


def test_an_order_follows_what_makes_a_read_of_it(server, session) -> None:
    """303 says where the order is to be seen, and that is read."""
    server.play(answer(303, b"", ("Location", "/api/orders/7")), OK)
    assert 200 == session.post("orders").status_code
    assert ["POST", "GET"] == methods(server)


def test_a_hook_of_the_users_raises_what_it_likes(server, session) -> None:
    """raise_for_status in a hook is the HTTPError of requests, with its response."""
    session.hooks["response"].append(lambda response, *_, **__: response.raise_for_status())
    server.play(answer(422, b"{}"))
    with pytest.raises(requests.HTTPError) as caught:
        session.post("orders")
    assert 422 == caught.value.response.status_code
    assert "***" == caught.value.request.headers["Authorization"]


def test_a_hook_does_not_hide_that_the_token_is_over(server, session) -> None:
    """A 401 that a hook raises for is weighed as any other."""
    session.hooks["response"].append(lambda response, *_, **__: response.raise_for_status())
    server.play(REFUSED, REFUSED)
    with pytest.raises(TokenExpiredError):
        session.get("orders")


def test_our_headers_set_by_hand_stay_at_home(server, session) -> None:
    """What a user has put on the session from `.headers` goes to no other server."""
    session.headers.update(session.token.headers)
    with ScriptedServer(OK) as other:
        session.get(f"{other.base_url}/x")
        assert [([], [])] == [(r.values("Authorization"), r.values("Et-App-Key")) for r in other.received]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_a_connection_of_its_own(server, session) -> None:
    """A child that was forked does not read the answer to its parent's question."""
    session.get("orders")
    before = session.adapters["http://"]
    child = os.fork()
    if child == 0:
        session.get("orders")
        os._exit(0 if session.adapters["http://"] is not before else 1)
    assert (child, 0) == os.waitpid(child, 0)
    assert 2 == len(server.received)
    assert session.adapters["http://"] is before


def test_no_other_status_is_waited_for(server, session) -> None:
    """A 413 with Retry-After is returned at once."""
    server.play(answer(413, b"", ("Retry-After", "0")))
    assert 413 == session.get("orders").status_code
    assert ["GET"] == methods(server)
