"""What was prepared by hand goes by the same rules as a call, and never shows what it is signed with."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from etna_magic import TokenExpiredError
from etna_magic.session import EtnaSession
from tests.calls.house import DENIED, IN_THE_WINDOW, NEW, OLD, PAST_THE_END, PROBE, House, probed
from tests.calls.shell import LIMIT
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught

OK = answer(200, b"{}")
SIGNED, UNSIGNED = ([OLD], [accounts.APP_KEY]), ([], [])
MASKED = ("***", "***")
THREADS = 32
TIMEOUTS = [{}, {"timeout": None}, {"timeout": (1, None)}, {"timeout": (None, None)}]


def prepared(session: EtnaSession, method: str = "GET") -> requests.PreparedRequest:
    """Return a call that is ready to be sent."""
    return session.prepare_request(requests.Request(method, "v1.0/x"))


def shown(request: requests.PreparedRequest) -> tuple[str | None, str | None]:
    """Return what a request shows of our headers."""
    return request.headers.get("Authorization"), request.headers.get("Et-App-Key")


def heard(server) -> list[tuple[list[str], list[str]]]:
    """Return our headers as a server has received them."""
    return [(received.values("Authorization"), received.values("Et-App-Key")) for received in server.received]


@pytest.mark.parametrize("moment", [IN_THE_WINDOW, PAST_THE_END])
def test_renews(house: House, moment: int) -> None:
    """A token that is near its end, or over, is replaced before what was prepared with it is sent."""
    request = prepared(house.session, "POST")
    house.clock.move(moment)
    assert 200 == house.session.send(request).status_code
    assert (1, [NEW]) == (house.log_ins, house.signed)


def test_refuses_a_token_that_was_ended(server, session: EtnaSession) -> None:
    """With a token that the server has refused, or that was logged out, nothing is sent."""
    request = prepared(session)
    session.token.ended = "was refused by the server"
    assert TokenExpiredError is type(caught(lambda: session.send(request)))
    assert [] == server.received


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_weighs_a_401(server, session: EtnaSession, method: str) -> None:
    """A dead token is told from a call that is not allowed, by one probe."""
    server.play(probed(OK))
    assert 401 == session.send(prepared(session, method)).status_code
    assert ["/api/v1.0/x", PROBE] == [received.target for received in server.received]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_tells_a_dead_token(server, session: EtnaSession, method: str) -> None:
    """A 401 that the probe gets as well is an error of ours."""
    server.play(DENIED)
    assert TokenExpiredError is type(caught(lambda: session.send(prepared(session, method))))
    assert ["/api/v1.0/x", PROBE] == [received.target for received in server.received]


def test_repeats_a_read(house: House) -> None:
    """A read that was refused with a dead token is sent again with a fresh one, and shows neither."""
    house.calls = lambda connection, received: connection.sendall(
        OK if received.values("Authorization") == [NEW] else DENIED
    )
    request = prepared(house.session)
    assert 200 == house.session.send(request).status_code
    assert ([OLD, OLD, NEW], MASKED) == (house.signed, shown(request))


@pytest.mark.parametrize("more", TIMEOUTS, ids=str)
def test_time_out(server, session: EtnaSession, more: dict) -> None:
    """Where it names no time-out, or half of one, the session's own is filled in."""
    server.play(server.stay_silent)
    session.timeout = 0.2
    assert isinstance(caught(lambda: session.send(prepared(session, "POST"), **more)), requests.Timeout)


def test_masked_all_the_time(server, session: EtnaSession) -> None:
    """Before it is sent, while it is under way and afterwards, it shows marks."""
    request, at_the_server, looked_at = prepared(session), threading.Event(), threading.Event()

    def hold(connection, _) -> None:
        at_the_server.set()
        connection.sendall(OK if looked_at.wait(LIMIT) else answer(500))

    server.play(hold)
    seen = [shown(request)]
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(session.send, request)
        assert at_the_server.wait(LIMIT)
        seen.append(shown(request))
        looked_at.set()
        response = sent.result(LIMIT)
    assert [MASKED] * 4 == [*seen, shown(request), shown(response.request)]
    assert (200, [SIGNED]) == (response.status_code, heard(server))


def test_shared_by_threads(server, session: EtnaSession) -> None:
    """Many threads that send the same request have it signed each time."""
    request = prepared(session)
    with ThreadPoolExecutor(THREADS) as threads:
        responses = list(threads.map(lambda _: session.send(request), range(10 * THREADS)))
    assert {MASKED} == {shown(one) for one in (request, *(response.request for response in responses))}
    assert [SIGNED] * 10 * THREADS == heard(server)


def test_signed_with_the_token_of_the_moment(house: House) -> None:
    """The same request goes with the old token before a renewal, and with the fresh one after it."""
    request = prepared(house.session)
    house.session.send(request)
    house.clock.move(PAST_THE_END)
    house.session.send(request)
    assert [OLD, NEW] == house.signed


def test_next_at_home(server, session: EtnaSession) -> None:
    """The request that waits in a redirect's answer is signed when it leads home."""
    server.play(answer(302, b"", ("Location", "/api/v1.0/y")), OK)
    following = session.get("v1.0/x", allow_redirects=False).next
    assert MASKED == shown(following)
    assert 200 == session.send(following).status_code
    assert [SIGNED, SIGNED] == heard(server)


def test_next_elsewhere(server, session: EtnaSession, other) -> None:
    """One that leads elsewhere carries nothing of ours, not even marks."""
    server.play(answer(302, b"", ("Location", f"{other.base_url}/x")))
    session.send(session.get("v1.0/x", allow_redirects=False).next)
    assert [UNSIGNED] == heard(other)


def test_sent_elsewhere_by_hand(session: EtnaSession, other) -> None:
    """A request whose address was changed after it was prepared carries nothing of ours either."""
    request = prepared(session)
    request.url = f"{other.base_url}/x"
    session.send(request)
    assert [UNSIGNED] == heard(other)
