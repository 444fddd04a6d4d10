"""An order that was answered by a redirect: what goes wrong behind it does not call for the order again."""

import pytest
import requests

from etna_magic import ConnectionFailedError, TokenExpiredError
from tests.calls.breaks import HALVES, hang_up
from tests.calls.house import DENIED, NEW, OLD, PROBE, House, say
from tests.helpers import accounts
from tests.helpers.server import Answer, answer
from tests.helpers.leaks import caught, leaks

FATE = "The POST itself was answered, by a redirect: look whether it was carried out."
SEEN_AT, NOWHERE = "/api/v1.0/orders/7", "http://127.0.0.1:99999/x"


def redirect(location: str) -> bytes:
    """Return an answer that leads somewhere else."""
    return answer(303, b"", ("Location", location))


def behind(location: str, there: Answer = b"") -> Answer:
    """Return what leads to a place, and what that place and the probe answer."""
    known = {PROBE: DENIED, SEEN_AT: there}
    return lambda connection, received: say(
        known.get(received.target, redirect(location)), connection, received
    )


WRONG = {
    "refused": (TokenExpiredError, behind(SEEN_AT, DENIED)),
    "broken off": (requests.ConnectionError, behind(SEEN_AT, hang_up)),
    "half a body": (requests.RequestException, behind(SEEN_AT, HALVES["half a body"].reply)),
    "circle": (requests.TooManyRedirects, behind(SEEN_AT, redirect(SEEN_AT))),
    "no port": (requests.exceptions.InvalidURL, behind(NOWHERE)),
    "no host": (requests.exceptions.InvalidURL, behind("http://[::1/x")),
    "no port, later": (requests.exceptions.InvalidURL, behind(SEEN_AT, redirect(NOWHERE))),
}
by_wrong = pytest.mark.parametrize(("kind", "calls"), WRONG.values(), ids=WRONG)


@pytest.mark.parametrize("renews", [True, False], ids=["auto-renew", "none"])
@by_wrong
def test_says_that_the_order_was_answered(house: House, pauses, kind, calls, renews: bool) -> None:  # noqa: FBT001 - a table's column
    """Whatever goes wrong behind the redirect, the order was seen once and nobody is told to repeat it."""
    house.calls = calls
    if not renews:
        house.session.renewal = None
    error = caught(lambda: house.session.post("v1.0/orders", json={"Quantity": 100}))
    assert (True, True) == (isinstance(error, kind), FATE in str(error))
    assert [] == [text for text in ("repeat", "not sent again", "sent once") if text in str(error)]
    assert 1 == [received.target for received in house.server.received].count("/api/v1.0/orders")
    assert [] == leaks(error, accounts.SECRETS, deep=False)


@by_wrong
def test_a_read_has_no_fate(house: House, pauses, kind, calls) -> None:
    """The same error of a read says nothing of an order."""
    house.session.renewal = None
    house.calls = calls
    error = caught(lambda: house.session.get("v1.0/x"))
    assert (True, False) == (isinstance(error, kind), "carried out" in str(error))


def test_the_fresh_token_is_there(house: House) -> None:
    """With auto-renew the error says that there is a fresh token, and the next order goes with it."""
    house.calls = behind(SEEN_AT, DENIED)
    error = caught(lambda: house.session.post("v1.0/orders"))
    assert (TokenExpiredError, True, 1) == (type(error), "a fresh token" in str(error), house.log_ins)
    house.calls = answer(200, b"{}")
    assert (200, [OLD, OLD, OLD, NEW]) == (house.session.post("v1.0/orders").status_code, house.signed)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_names_the_method_that_was_sent(house: House, pauses, method: str) -> None:
    """It is the first method that counts, and not the one that a redirect has made of it."""
    house.calls = behind(SEEN_AT, hang_up)
    error = caught(lambda: house.session.request(method, "v1.0/orders"))
    assert (True, True) == (
        isinstance(error, ConnectionFailedError),
        FATE.replace("POST", method) in str(error),
    )


def test_an_order_without_a_redirect(house: House) -> None:
    """An order that breaks off itself was sent once, and no redirect is told of."""
    house.calls = hang_up
    told = str(caught(lambda: house.session.post("v1.0/orders")))
    assert (True, False) == ("It was sent once and not again" in told, "redirect" in told)
