"""What changes something is sent once, whatever the server does."""

import socket
from pathlib import Path

import pytest

from etna_magic import ConnectionFailedError
from etna_magic.namespace import Logins
from etna_magic.session import EtnaSession
from tests.calls.breaks import CUTS, HALVES, LENIENT, REFUSALS, SILENCE, UNCLEAR, Break, come_of
from tests.helpers import accounts
from tests.helpers.certificates import Certificates
from tests.helpers.server import Received, ScriptedServer, answer
from tests.helpers.leaks import caught

BREAKS = REFUSALS | CUTS | HALVES | LENIENT | SILENCE
WRITES = ["POST", "PUT", "PATCH", "DELETE"]


def outcome(broken: Break, method: str, tls=None, authority: Path | None = None) -> tuple:
    """Send one order to a server that fails so; return what it saw and what came of it."""
    with ScriptedServer(broken.reply or b"", tls=tls, read=broken.read) as server:
        if broken.reply is None:
            server.play(server.stay_silent)
        login = Logins({}).store("etna", accounts.token(server.base_url), None, 0.4 if tls is None else 1.0)
        with login.session as session:
            session.verify = str(authority) if authority else True
            got = come_of(session, method)
        return server.connections, [request.method for request in server.received], got


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_once(broken: Break, method: str) -> None:
    """A server sees an order once, and its answer is returned as it is."""
    assert (1, [method if broken.read else ""], broken.status) == outcome(broken, method)


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("broken", (BREAKS | UNCLEAR).values(), ids=BREAKS | UNCLEAR)
def test_once_over_tls(broken: Break, method: str, certificates: Certificates, context) -> None:
    """The same over TLS, where a connection that breaks off looks otherwise."""
    seen = outcome(broken, method, context, certificates.authority)
    assert (1, [method if broken.read else ""], broken.status) == seen


@pytest.mark.parametrize("spelling", ["post", "Post", b"POST"])
def test_once_however_it_is_spelt(server, session: EtnaSession, spelling: str | bytes) -> None:
    """The letters of the method's name change nothing."""
    server.play(answer(503))
    assert 503 == session.request(spelling, "v1.0/x").status_code
    assert 1 == len(server.received)


def test_nobody_listens() -> None:
    """A write that could not even be sent is not tried again either, and is a failed connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with EtnaSession("etna") as session:
        session.bind(accounts.token(url))
        assert isinstance(caught(lambda: session.post("v1.0/x")), ConnectionFailedError)


def test_once_on_a_kept_connection(server, session: EtnaSession) -> None:
    """A connection that was good for one call and breaks off at the next brings no second order."""
    heard: list[bytes] = []

    def once(connection: socket.socket, _: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        heard.append(connection.recv(65536))

    server.play(once)
    assert 200 == session.get("v1.0/x").status_code
    assert come_of(session, "POST") is None
    assert (1, [b"POST"]) == (server.connections, [request.split()[0] for request in heard])
