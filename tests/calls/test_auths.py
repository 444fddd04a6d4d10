"""auth= of a call or a session: the log-in's own token is marked as ever, and nothing else is weighed."""

import pytest
import requests

from etna_magic import TokenExpiredError
from etna_magic.session import EtnaSession
from tests.calls.breaks import hang_up
from tests.calls.house import DENIED, NEW, OLD, PAST_THE_END, House
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks

MARKS = ("***", "***")


def ours(request: requests.PreparedRequest) -> tuple[str | None, str | None]:
    """Return what a request shows of our headers."""
    return request.headers.get("Authorization"), request.headers.get("Et-App-Key")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_own_token_marks(server, session: EtnaSession, method: str) -> None:
    """auth=etna_token on the session signs, and hook and answer see marks."""
    seen: list[tuple] = []
    hooks = {"response": lambda response, **_: seen.append(ours(response.request))}
    response = session.request(method, "v1.0/x", auth=session.token, hooks=hooks)
    assert ([MARKS], MARKS) == (seen, ours(response.request))
    (received,) = server.received
    assert ([OLD], [accounts.APP_KEY]) == (received.values("Authorization"), received.values("Et-App-Key"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("way", ["call", "prepared"])
def test_own_token_that_fails_shows_nothing(server, session, pauses, method: str, way: str) -> None:
    """When such a call breaks off, no frame and no attribute holds a header."""
    server.play(hang_up)
    request = requests.Request(method, "v1.0/x", auth=session.token)
    acts = {
        "call": lambda: session.request(method, "v1.0/x", auth=session.token),
        "prepared": lambda: session.send(session.prepare_request(request)),
    }
    error = caught(acts[way])
    assert (True, []) == (isinstance(error, requests.ConnectionError), leaks(error, accounts.SECRETS))
    assert session.token is request.auth


def test_own_token_renews(house: House) -> None:
    """A call with auth=etna_token past the end goes with a fresh token."""
    house.clock.move(PAST_THE_END)
    assert 200 == house.session.get("v1.0/x", auth=house.session.token).status_code
    assert (1, [NEW]) == (house.log_ins, house.signed)


def test_own_token_is_weighed(server, session: EtnaSession) -> None:
    """A 401 of such a call is asked about as that of any other."""
    server.play(DENIED)
    assert TokenExpiredError is type(caught(lambda: session.get("v1.0/x", auth=session.token)))


UNSIGNED = {
    "none": ({"auth": None}, {}, []),
    "password": ({"auth": ("u", "p")}, {}, ["Basic dTpw"]),
    "password of the call": ({}, {"auth": ("u", "p")}, ["Basic dTpw"]),
}


@pytest.mark.parametrize("renewing", [{}, {"renewal": None}], ids=["auto-renew", "none"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("unsigned", UNSIGNED.values(), ids=UNSIGNED)
def test_a_401_of_an_unsigned_call(house: House, unsigned: tuple, renewing: dict, method: str) -> None:
    """The refusal of a call that no token has signed is returned, and says nothing of the token."""
    house.calls, before = DENIED, house.session.token
    settings, more, sent = unsigned
    vars(house.session).update(settings | renewing)
    response = house.session.request(method, "v1.0/x", **more)
    assert (401, sent, 0) == (response.status_code, house.signed, house.log_ins)
    assert (["/api/v1.0/x"], "") == ([one.target for one in house.server.received], before.ended)
    assert before is house.session.token
