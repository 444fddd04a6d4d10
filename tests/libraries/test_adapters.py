"""Adapters of other libraries, mounted on a session."""

from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests_futures.sessions import FuturesSession
from requests_ratelimiter import LimiterAdapter
from requests_toolbelt import MultipartEncoder
from requests_toolbelt.adapters.fingerprint import FingerprintAdapter
from requests_toolbelt.adapters.host_header_ssl import HostHeaderSSLAdapter
from requests_toolbelt.adapters.socket_options import SocketOptionsAdapter, TCPKeepAliveAdapter
from requests_toolbelt.adapters.source import SourceAddressAdapter
from requests_toolbelt.cookies.forgetful import ForgetfulCookieJar
from requests_toolbelt.utils import dump
from urllib3 import Retry

from etna_magic import EtnaSession
from tests.helpers.accounts import APP_KEY, TOKEN
from tests.helpers.leaks import caught
from tests.helpers.server import Received, ScriptedServer, answer
from tests.libraries.seen import secrets_in

BUSY = answer(503, b"{}")
MADE = {
    "LimiterAdapter": lambda: LimiterAdapter(per_second=1000),
    "SourceAddressAdapter": lambda: SourceAddressAdapter("127.0.0.1"),
    "SocketOptionsAdapter": SocketOptionsAdapter,
    "TCPKeepAliveAdapter": TCPKeepAliveAdapter,
    "HostHeaderSSLAdapter": HostHeaderSSLAdapter,
    "TimeoutHTTPAdapter": lambda: TimeoutHTTPAdapter(timeout=7.0),
}


class TimeoutHTTPAdapter(HTTPAdapter):
    """The adapter of many blog posts: a default time-out, by a ``send`` that takes keywords only."""

    def __init__(self, *args: Any, timeout: float, **kwargs: Any) -> None:
        self.timeout = timeout
        self.sent: list[tuple[str | None, Any]] = []
        super().__init__(*args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send with the time-out of this adapter, where the call has none."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        self.sent.append((request.method, kwargs["timeout"]))
        return super().send(request, **kwargs)


def signatures(received: Received) -> tuple[list[str], list[str]]:
    """Return the two headers of a request that our session signs."""
    return received.values("Authorization"), received.values("Et-App-Key")


SIGNED = ([f"Bearer {TOKEN}"], [APP_KEY])


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_keywords_only(server: ScriptedServer, session: EtnaSession, name: str, method: str) -> None:
    """An adapter whose send takes keywords only sends reads and orders, each of them signed."""
    session.mount(server.base_url, MADE[name]())
    found = session.request(method, "v1.0/orders")
    assert (200, 1, SIGNED) == (found.status_code, len(server.received), signatures(server.received[0]))


@pytest.mark.parametrize("name", MADE)
def test_answer_shows_nothing(server: ScriptedServer, session: EtnaSession, name: str) -> None:
    """Whatever adapter sends, the answer's request holds no secret."""
    session.mount(server.base_url, MADE[name]())
    found = session.get("v1.0/quotes")
    text = f"{found.request.headers} {vars(found.request)} {dump.dump_all(found)!r}"
    assert [] == secrets_in(text)


def test_same_object(server: ScriptedServer, session: EtnaSession) -> None:
    """A user's adapter is the very object that sends reads and orders, with the session's time-out."""
    adapter = TimeoutHTTPAdapter(timeout=7.0)
    session.mount(server.base_url, adapter)
    session.get("v1.0/quotes")
    session.post("v1.0/orders", timeout=3.0)
    assert [("GET", 5.0), ("POST", 3.0)] == adapter.sent


def test_rules_for_reads(server: ScriptedServer, session: EtnaSession) -> None:
    """The retry rules of a user's adapter hold for reads."""
    session.mount(server.base_url, TimeoutHTTPAdapter(timeout=7.0, max_retries=eager()))
    server.play(BUSY, BUSY, answer(200, b"{}"))
    assert (200, 3) == (session.get("v1.0/quotes").status_code, len(server.received))


def test_no_rules_for_orders(server: ScriptedServer, session: EtnaSession) -> None:
    """The retry rules of a user's adapter send no order a second time, whatever they allow."""
    session.mount(server.base_url, TimeoutHTTPAdapter(timeout=7.0, max_retries=eager()))
    server.play(BUSY)
    assert (503, 1) == (session.post("v1.0/orders").status_code, len(server.received))


def eager() -> Retry:
    """Return rules that would send anything again."""
    return Retry(3, allowed_methods=None, status_forcelist=[503], raise_on_status=False)


def test_limit_is_counted(server: ScriptedServer, session: EtnaSession) -> None:
    """The limiter counts each call once, and is one for the whole session."""
    limiter = LimiterAdapter(per_minute=2, limit_statuses=())
    session.mount(server.base_url, limiter)
    for _ in range(2):
        session.get("v1.0/quotes")
    (bucket,) = limiter.limiter.buckets()
    assert (2, 2) == (bucket.count(), len(server.received))


def test_fingerprint(server: ScriptedServer, session: EtnaSession) -> None:
    """A pinned certificate holds for orders too: without that certificate nothing is sent."""
    session.mount("http://", FingerprintAdapter("00" * 32))
    assert (200, 200) == (session.get("v1.0/x").status_code, session.post("v1.0/x").status_code)


def test_multipart(server: ScriptedServer, session: EtnaSession) -> None:
    """A body that streams is sent whole, and signed."""
    body = MultipartEncoder({"note": "buy low", "file": ("a.csv", b"AAPL,1", "text/csv")})
    session.post("v1.0/files", data=body, headers={"Content-Type": body.content_type})
    (received,) = server.received
    assert (True, SIGNED) == (b"buy low" in received.body, signatures(received))


def test_forgetful_cookies(server: ScriptedServer, session: EtnaSession) -> None:
    """A cookie jar of the user's own is used in place of ours."""
    server.play(answer(200, b"{}", ("Set-Cookie", "visit=1; Path=/")))
    session.cookies = ForgetfulCookieJar()
    session.get("v1.0/a")
    session.get("v1.0/b")
    assert [[], []] == [received.values("Cookie") for received in server.received]


def test_futures(server: ScriptedServer, session: EtnaSession) -> None:
    """Futures of requests-futures run on the session that they are given."""
    with FuturesSession(session=session, max_workers=4) as futures:
        pending = [futures.get(f"v1.0/quotes/{number}") for number in range(8)]
        statuses = [one.result(10).status_code for one in pending]
    assert ([200] * 8, {True}) == (statuses, {SIGNED == signatures(one) for one in server.received})


def test_futures_error(session: EtnaSession) -> None:
    """The error of a future is ours, and says what became of the order."""
    session.holder.release("was logged out")
    with FuturesSession(session=session) as futures:
        error = caught(lambda: futures.post("v1.0/orders").result(10))
    assert "etna was logged out. The POST was not sent." == str(error)
