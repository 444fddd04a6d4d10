"""A log-in over https ends at its time-out, whichever layer drips."""

import gc
import ssl

import pytest

from etna_magic import ConnectionFailedError, LoginFlow
from tests.hostile.drips import Drip, tunnel_to
from tests.helpers import accounts, environment
from tests.helpers.server import ScriptedServer
from tests.helpers.leaks import caught, leaks

ELSEWHERE = "https://api.example.com/api"
# The head of a TLS record, and in it that of a ServerHello, of 16 kB.
HELLO = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03"
HEADER = b"HTTP/1.1 200 OK\r\nX: "


def late(base_url: str, drip: Drip, told: str = "too long") -> None:
    """Log in, and see that it was given up for its time-out while the server was still at it."""
    error = caught(LoginFlow(accounts.credentials(base_url), timeout=0.5).start)
    assert drip.hung_up.wait(30)
    assert (ConnectionFailedError, True) == (type(error), told in str(error))
    assert [] == leaks(error, accounts.SECRETS)


def test_handshake() -> None:
    """A TLS handshake that does not come to its end."""
    drip = Drip(HELLO, b"a")
    with ScriptedServer(drip, read=False) as server:
        late(server.base_url.replace("http:", "https:"), drip)


# Python leaves a socket that is shut down just before TLS begins to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_proxys_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy whose answer to CONNECT does not come to its end, and which gets no secret."""
    drip = Drip(HEADER, b"y")
    with ScriptedServer(drip) as proxy:
        traps.set_proxy(monkeypatch, f"http://{proxy.host}")
        late(ELSEWHERE, drip)
    gc.collect()
    assert ["CONNECT"] == [received.method for received in proxy.received]
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(proxy.received)]


def test_proxys_handshake(trusted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is itself reached by TLS, and drips its part of that."""
    drip = Drip(HELLO, b"a")
    with ScriptedServer(drip, read=False) as proxy:
        traps.set_proxy(monkeypatch, f"https://{proxy.host}")
        late(ELSEWHERE, drip, "the proxy")


@pytest.mark.parametrize("secure", [False, True], ids=["TLS", "TLS in TLS"])
def test_behind_a_proxy(trusted, contexts: dict, monkeypatch, secure: bool) -> None:  # noqa: FBT001 - a column
    """A server behind a proxy that drips its answer, by one TLS or by one within another."""
    drip = Drip(HEADER, b"y")
    with ScriptedServer(drip, tls=contexts["other name"]) as server:
        tunnel = tunnel_to(server.port)
        with ScriptedServer(tunnel, tls=contexts["good"] if secure else None) as proxy:
            traps.set_proxy(monkeypatch, f"{'https' if secure else 'http'}://{proxy.host}")
            late(ELSEWHERE, drip)
    assert ["POST"] == [received.method for received in server.received]


def test_what_is_late_is_shut_down_below_tls(trusted, contexts: dict, monkeypatch) -> None:
    """No SSLSocket is shut down: it would forget its TLS first, and send on in clear for a moment."""
    shut_down: list[ssl.SSLSocket] = []
    monkeypatch.setattr(ssl.SSLSocket, "shutdown", lambda self, _: shut_down.append(self))
    drip = Drip(HEADER, b"y")
    with ScriptedServer(drip, tls=contexts["good"]) as server:
        late(server.base_url, drip)
    assert [] == shut_down
