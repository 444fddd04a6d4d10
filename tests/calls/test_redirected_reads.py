"""Reads that are redirected: where they are signed, what a Location may be, and what is sent again."""

import pytest
import requests

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.calls.house import DENIED, NEW, OLD, PAST_THE_END, House, say
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.leaks import caught

OK = answer(200, b"{}")
SIGNED, UNSIGNED = ([OLD], [accounts.APP_KEY]), ([], [])
MARKS = {"Authorization": "***", "Et-App-Key": "***"}


def redirect(location: str) -> bytes:
    """Return an answer that leads somewhere else."""
    return answer(302, b"", ("Location", location))


def heard(server: ScriptedServer) -> list[tuple[list[str], list[str]]]:
    """Return our headers as a server has received them."""
    return [(received.values("Authorization"), received.values("Et-App-Key")) for received in server.received]


def test_home_and_home(server, session: EtnaSession) -> None:
    """A step within the own server is signed, each time."""
    server.play(redirect("/api/v1.0/y"), redirect(f"{server.base_url}/z"), OK)
    assert 200 == session.get("v1.0/x").status_code
    assert [SIGNED] * 3 == heard(server)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_home_away_and_home(server, session: EtnaSession, other, status: int) -> None:
    """What another server sends back home is its own wish, and is not signed."""
    server.play(redirect(f"{other.base_url}/x"), OK)
    other.play(answer(status, b"", ("Location", f"{server.base_url}/v1.0/logout")))
    assert 200 == session.get("v1.0/x").status_code
    assert ([SIGNED, UNSIGNED], [UNSIGNED]) == (heard(server), heard(other))


def test_home_away_home_and_home(server, session: EtnaSession, other) -> None:
    """Nor is a step that follows it within the own server."""
    server.play(redirect(f"{other.base_url}/x"), redirect("/api/v1.0/logout"), OK)
    other.play(redirect(f"{server.base_url}/y"))
    assert 200 == session.get("v1.0/x").status_code
    assert ([SIGNED, UNSIGNED, UNSIGNED], [UNSIGNED]) == (heard(server), heard(other))


def test_away_and_home(server, session: EtnaSession, other) -> None:
    """A call that began elsewhere is not signed at home."""
    other.play(redirect(f"{server.base_url}/v1.0/logout"))
    assert 200 == session.get(f"{other.base_url}/x").status_code
    assert ([UNSIGNED], [UNSIGNED]) == (heard(server), heard(other))


PLACES = {
    "/api/my report.csv": "/api/my%20report.csv",
    "my report.csv?of=a b": "/api/v1.0/my%20report.csv?of=a%20b",
    "/api/echo?q={a b}|\\": "/api/echo?q=%7Ba%20b%7D%7C%5C",
    "/api/my%20report.csv": "/api/my%20report.csv",
}


@pytest.mark.parametrize(("location", "target"), PLACES.items())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_location_with_a_blank(server, session: EtnaSession, location: str, target: str, method) -> None:
    """A place that a server did not spell by the rules is gone to, spelt by them, and signed."""
    server.play(redirect(location), OK)
    assert 200 == session.request(method, "v1.0/x").status_code
    assert ([target], [SIGNED, SIGNED]) == ([server.received[1].target], heard(server))


def test_too_many_redirects_have_a_last_answer(server, session: EtnaSession) -> None:
    """The error of a circle holds the last answer, whose request shows marks."""
    server.play(*(redirect(f"/api/v1.0/{step}") for step in range(1, 9)))
    session.max_redirects = 3
    error = caught(lambda: session.get("v1.0/0"))
    assert (True, True) == (
        isinstance(error, requests.TooManyRedirects),
        isinstance(error, ConnectionFailedError),
    )
    last = error.response
    assert (302, f"{server.base_url}/v1.0/3", "/api/v1.0/4") == (
        last.status_code, last.url, last.headers["Location"],
    )  # fmt: skip
    shown = [{name: one.request.headers.get(name) for name in MARKS} for one in (last, *last.history)]
    assert ([MARKS] * len(shown), [SIGNED] * 4) == (shown, heard(server))


AGAIN = {
    "request of the answer": lambda session: session.get("v1.0/x").request,
    "request of its history": lambda session: session.get("v1.0/x").history[0].request,
    "next": lambda session: session.get("v1.0/x", allow_redirects=False).next,
    "request of a step": lambda session: (
        session.send(session.get("v1.0/x", allow_redirects=False).next).request
    ),
}
by_again = pytest.mark.parametrize("find", AGAIN.values(), ids=AGAIN)


def redirected(house: House, find) -> requests.PreparedRequest:
    """Make a call that is redirected, and return one of its requests; then the old token is dead."""
    house.calls = lambda connection, received: say(
        redirect("/api/v1.0/y") if received.target == "/api/v1.0/x" else OK, connection, received
    )
    request = find(house.session)
    house.server.received.clear()
    house.calls = lambda connection, received: say(
        OK if received.values("Authorization") == [NEW] else DENIED, connection, received
    )
    return request


@by_again
def test_sent_again_weighs(house: House, find) -> None:
    """A request of a redirected call that is sent again and refused is read with a fresh token."""
    request = redirected(house, find)
    assert 200 == house.session.send(request).status_code
    assert (1, [OLD, OLD, NEW]) == (house.log_ins, house.signed)


@by_again
def test_sent_again_renews(house: House, find) -> None:
    """One that is sent again past the token's end renews it first."""
    request = redirected(house, find)
    house.clock.move(PAST_THE_END)
    assert 200 == house.session.send(request).status_code
    assert (1, [NEW]) == (house.log_ins, house.signed)
