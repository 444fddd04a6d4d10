"""The probe goes the way that calls go, once, and keeps nobody longer than a call of its own would."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from etna_magic import EtnaSession, TokenExpiredError
from tests.helpers import accounts, environment, logins
from tests.helpers.leaks import caught
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.waiting import LIMIT
from tests.session.broken_servers import REFUSALS
from tests.session.held_answer import HeldAnswer
from tests.session.renewing_login import DENIED, OK, PROBE, probed


@pytest.mark.parametrize("way", ["probe", "prepared"])
def test_no_proxy_on_loopback(server, session, monkeypatch: pytest.MonkeyPatch, pauses, way: str) -> None:
    """The environment's proxy sees neither the probe nor what was prepared by hand, and so not the token."""
    server.play(DENIED)
    with ScriptedServer(OK) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        with contextlib.suppress(TokenExpiredError):
            if way == "prepared":
                session.send(session.prepare_request(requests.Request("GET", "v1.0/x")))
            else:
                session.get("v1.0/x")
        assert [] == [received.values("Authorization") for received in proxy.received]


@pytest.mark.parametrize("way", ["REQUESTS_CA_BUNDLE", "session", "call"])
def test_certificates(certificates, clock, monkeypatch: pytest.MonkeyPatch, pauses, way: str) -> None:
    """A company's own authority vouches for the probe too, by whichever way it was named."""
    context = certificates.signed(f"good-{way}", "here", "20200101000000Z", "20491231000000Z")
    authority = str(certificates.authority)
    if way == "REQUESTS_CA_BUNDLE":
        monkeypatch.setenv(way, authority)
    with (
        ScriptedServer(DENIED, tls=context) as server,
        logins.session_of(accounts.token(server.base_url, clock)) as session,
    ):
        session.verify = authority if way == "session" else True
        more = {"verify": authority} if way == "call" else {}
        error = caught(lambda: session.get("v1.0/x", **more))
    assert TokenExpiredError is type(error)


def test_time_out_of_the_probe(server, session: EtnaSession, pauses) -> None:
    """A probe that is not answered ends as a call does, and the call's own 401 is returned."""
    server.play(probed(server.stay_silent))
    session.timeout = 0.2
    assert 401 == session.get("v1.0/x").status_code


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("fault", ["429", "503", "429, Retry-After", "503, Retry-After"])
def test_a_probe_is_sent_once(server, session: EtnaSession, pauses, fault: str, method: str) -> None:
    """A probe that the server has no time for is not repeated, and the call's own 401 is returned."""
    server.play(probed(REFUSALS[fault].reply))
    assert 401 == session.request(method, "v1.0/x").status_code
    assert (["/api/v1.0/x", PROBE], []) == ([received.target for received in server.received], pauses)


def test_a_probe_is_followed_nowhere(server, session: EtnaSession, other: ScriptedServer) -> None:
    """A probe that is redirected proves nothing, and the token goes nowhere else."""
    server.play(probed(answer(302, b"", ("Location", f"{other.base_url}/login"))))
    assert 401 == session.get("v1.0/x").status_code
    assert (2, 0) == (len(server.received), other.connections)


BEGUN = {"silence": b"", "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"}


@pytest.mark.parametrize("timeout", [0.2, (0.2, 0.2), (0.2, None)], ids=str)
@pytest.mark.parametrize("begin", BEGUN.values(), ids=BEGUN)
def test_a_held_probe_ends_with_the_call(server, session: EtnaSession, begin: bytes, timeout) -> None:
    """A probe takes no longer than the time-out of the call that it is for."""
    held = HeldAnswer(b"", begin=begin)
    server.play(probed(held))
    # None in a pair is the session's own.
    session.timeout = 0.2 if timeout == (0.2, None) else 10 * LIMIT
    assert 401 == session.get("v1.0/x", timeout=timeout).status_code
    held.release()


def test_a_held_probe_holds_nobody_else(server, session: EtnaSession) -> None:
    """Who is refused while another thread's probe hangs gets its own 401 after its own time-out."""
    held = HeldAnswer(b"")
    server.play(probed(held))
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(session.get, "v1.0/x", timeout=10 * LIMIT)
        assert held.asked.wait(LIMIT)
        assert 401 == session.post("v1.0/y", timeout=0.2).status_code
        assert not first.done()
        held.release()
        assert 401 == first.result(LIMIT).status_code
    assert 1 == [received.target for received in server.received].count(PROBE)


def test_a_held_probe_of_a_refused_token(server, session: EtnaSession, clock: accounts.ManualClock) -> None:
    """So does who waits while it is asked whether a refused token is good again: nothing is sent."""
    session._rules._clock = clock
    server.play(DENIED)
    caught(lambda: session.get("v1.0/x"))
    clock.move(60)
    held = HeldAnswer()
    server.play(probed(held, OK))
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(session.get, "v1.0/x", timeout=10 * LIMIT)
        assert held.asked.wait(LIMIT)
        assert TokenExpiredError is type(caught(lambda: session.get("v1.0/y", timeout=0.2)))
        assert not first.done()
        held.release()
        assert 200 == first.result(LIMIT).status_code
    assert [PROBE, "/api/v1.0/x"] == [received.target for received in server.received]


def test_no_environment(server, session: EtnaSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a session asks the environment for nothing, its probe does not either."""
    session.trust_env = False
    server.play(DENIED)
    with ScriptedServer(OK) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        assert TokenExpiredError is type(caught(lambda: session.get("v1.0/x")))
        assert (2, []) == (len(server.received), proxy.received)
