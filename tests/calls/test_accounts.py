"""A call belongs to the account that it was begun for, whoever logs in under the same name meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from etna_magic import NotLoggedInError, Secret, Token
from tests.calls.house import DENIED, FRESH, NEW, OLD, PAST_THE_END, House
from tests.calls.shell import LIMIT
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught, leaks

BOB = "Bearer Qm9iLVNFQ1JFVA=="
OK = answer(200, b"{}")
COOKIE = ("Set-Cookie", "sid=ALICE; Path=/")

by_renewal = pytest.mark.parametrize("renews", [True, False], ids=["auto-renew", "none"])


class Held:
    """An answer that the test lets go."""

    def __init__(self, reply: bytes) -> None:
        self.asked, self.released = threading.Event(), threading.Event()
        self._reply = reply

    def __call__(self, connection, _) -> None:
        """Wait, and answer."""
        self.asked.set()
        assert self.released.wait(LIMIT)
        connection.sendall(self._reply)


def token_of(house: House, username: str, value: str) -> Token:
    """Return another token of the same server."""
    made = accounts.token(house.server.base_url, house.clock)
    made.username, made._value = username, Secret(value.removeprefix("Bearer "))
    return made


def log_in_as(house: House, username: str, value: str) -> None:
    """Log in under the name that stands in the notebook."""
    house.logins.store("etna", token_of(house, username, value), None, LIMIT)


def meanwhile(held: Held, act: Callable, then: Callable) -> requests.Response:
    """Begin a call, do something while its answer is held, and return what comes of the call."""
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(act)
        try:
            assert held.asked.wait(LIMIT)
            then()
        finally:
            held.released.set()
        return call.result(LIMIT)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_while_a_renewal_is_waited_for(house: House, method: str) -> None:
    """A call that waited for a renewal is not sent for the user who has logged in by then."""
    house.clock.move(PAST_THE_END)
    house.reply = held = Held(FRESH)
    error = caught(
        lambda: meanwhile(
            held,
            lambda: house.session.request(method, "v1.0/accounts/ALICE-1/orders"),
            lambda: log_in_as(house, "bob", BOB),
        )
    )
    assert (NotLoggedInError, 1, []) == (type(error), house.log_ins, house.signed)
    assert [True, True] == [name in str(error) for name in ("begun as alice", "the session is of bob at ")]
    assert [] == leaks(error, [*accounts.SECRETS, BOB, NEW])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("stream", [False, True])
def test_prepared_for_somebody_else(house: House, method: str, stream: bool) -> None:  # noqa: FBT001 - a table's column
    """What was prepared for one user is not sent when another is logged in, and is when they are back."""
    request = house.session.prepare_request(requests.Request(method, "v1.0/accounts/ALICE-1/orders"))
    log_in_as(house, "bob", BOB)
    error = caught(lambda: house.session.send(request, stream=stream))
    assert (NotLoggedInError, []) == (type(error), house.server.received)
    assert [True, True] == [name in str(error) for name in ("begun as alice", "the session is of bob at ")]
    log_in_as(house, accounts.USERNAME, NEW)
    assert (200, [NEW]) == (house.session.send(request).status_code, house.signed)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirected_to_somebody_else(house: House, method: str) -> None:
    """The second step of a call is not sent for a user who has logged in since the first, which may count."""
    house.calls = held = Held(answer(303, b"", ("Location", "/api/v1.0/y"), COOKIE))
    error = caught(
        lambda: meanwhile(
            held, lambda: house.session.request(method, "v1.0/x"), lambda: log_in_as(house, "bob", BOB)
        )
    )
    assert (NotLoggedInError, [OLD], []) == (type(error), house.signed, list(house.session.cookies))
    told = "The POST itself was answered, by a redirect: look whether it was carried out."
    assert (method == "POST") is (told in str(error))


@by_renewal
def test_a_refused_read_is_not_repeated_for_somebody_else(house: House, renews: bool) -> None:  # noqa: FBT001 - a table's column
    """A 401 of a call of Alice's is returned, and nothing is sent with Bob's token for it."""
    if not renews:
        house.session.renewal = None
    house.calls = held = Held(DENIED)
    response = meanwhile(held, lambda: house.session.get("v1.0/x"), lambda: log_in_as(house, "bob", BOB))
    assert (401, [OLD], "") == (response.status_code, house.signed, house.session.token.ended)


@by_renewal
def test_a_refused_read_goes_on_for_the_same_user(house: House, renews: bool) -> None:  # noqa: FBT001 - a table's column
    """A 401 of a token that the same user has replaced meanwhile is followed by a read with the new one."""
    if not renews:
        house.session.renewal = None
    held = Held(DENIED)
    house.calls = lambda connection, received: (
        held(connection, received) if received.values("Authorization") == [OLD] else connection.sendall(OK)
    )
    response = meanwhile(
        held, lambda: house.session.get("v1.0/x"), lambda: log_in_as(house, accounts.USERNAME, NEW)
    )
    assert (200, [OLD, NEW]) == (response.status_code, house.signed)


@pytest.mark.parametrize(
    ("username", "value", "sent"), [("bob", BOB, []), (accounts.USERNAME, NEW, ["sid=ALICE"])]
)
def test_a_late_answer_sets_no_cookie(house: House, username: str, value: str, sent: list[str]) -> None:
    """What a late answer of Alice's sets is for Alice."""
    house.calls = held = Held(answer(200, b"{}", COOKIE))
    response = meanwhile(held, lambda: house.session.get("v1.0/x"), lambda: log_in_as(house, username, value))
    house.calls = OK
    house.session.get("v1.0/x")
    assert (200, [OLD, value]) == (response.status_code, house.signed)
    assert sent == house.server.received[-1].values("Cookie")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_prepared_call_and_a_log_in_elsewhere(house: House, method: str) -> None:
    """What was prepared for one base URL is not sent, not even unsigned, once the log-in is at another."""
    request = house.session.prepare_request(requests.Request(method, "v1.0/orders"))
    elsewhere = house.server.base_url.replace("/api", "/demo")
    house.logins.store("etna", accounts.token(elsewhere, house.clock), None, LIMIT)
    error = caught(lambda: house.session.send(request))
    places = [f"alice at {place}" in str(error) for place in (house.server.base_url, elsewhere)]
    assert (NotLoggedInError, [True, True]) == (type(error), places)
    assert [] == house.server.received
