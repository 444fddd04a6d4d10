"""The probe goes the way that calls go: past proxies on loopback, and with the same certificates."""

import contextlib

import pytest
import requests

from etna_magic import TokenExpiredError
from etna_magic.namespace import Logins
from tests.support import people, traps
from tests.support.certificates import Certificates
from tests.support.server import ScriptedServer, answer
from tests.support.traces import caught

DENIED = answer(401, b'{"Message":"Authorization has been denied for this request."}')


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate authority."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("way", ["probe", "prepared"])
def test_no_proxy_on_loopback(server, session, monkeypatch: pytest.MonkeyPatch, pauses, way: str) -> None:
    """The environment's proxy sees neither the probe nor what was prepared by hand, and so not the token."""
    server.play(DENIED)
    with ScriptedServer(answer(200, b"{}")) as proxy:
        traps.set_proxy(monkeypatch, f"http://{proxy.host}")
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
    with ScriptedServer(DENIED, tls=context) as server:
        login = Logins({}).store("etna", people.token(server.base_url, clock), None, 5.0)
        with login.session as session:
            session.verify = authority if way == "session" else True
            more = {"verify": authority} if way == "call" else {}
            error = caught(lambda: session.get("v1.0/x", **more))
    assert TokenExpiredError is type(error)


def test_time_out_of_the_probe(server, session, pauses) -> None:
    """A probe that is not answered ends as a call does, and the call's own 401 is returned."""

    def judge(connection, received) -> None:
        if received.target == "/api/v1.0/users/@me/info":
            server.stay_silent(connection, received)
        connection.sendall(DENIED)

    server.play(judge)
    session.timeout = 0.2
    assert 401 == session.get("v1.0/x").status_code
