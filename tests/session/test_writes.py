"""What changes something is sent once, whatever the server does; an error says what became of it."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLContext

import pytest
import requests

from etna_magic import ConnectionFailedError, EtnaError, NotLoggedInError, TokenExpiredError
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment, logins
from tests.helpers.certificates import Certificates
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import Received, ScriptedServer, answer
from tests.session.broken_servers import (
    CUTS,
    HALVES,
    LENIENT,
    REFUSALS,
    SILENCE,
    UNCLEAR,
    Fault,
    hang_up,
    order,
)
from tests.session.renewing_login import DENIED, PAST_THE_END, RenewingLogin, probed

FAULTS = REFUSALS | CUTS | HALVES | LENIENT | SILENCE
WRITES = ["POST", "PUT", "PATCH", "DELETE"]
OK = answer(200, b"{}")

by_method = pytest.mark.parametrize("method", WRITES)


def outcome(fault: Fault, method: str, tls: SSLContext | None = None, authority: Path | None = None) -> tuple:
    """Send an order to a server that fails so; return how often it was seen, and its status."""
    with ScriptedServer(fault.reply or b"", tls=tls, read=fault.read) as server:
        if fault.reply is None:
            server.play(server.stay_silent)
        with logins.session_of(accounts.token(server.base_url), 0.4 if tls is None else 1.0) as session:
            session.verify = str(authority) if authority else True
            status = order(session, method)
        return server.connections, [request.method for request in server.received], status


@by_method
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_once(fault: Fault, method: str) -> None:
    """A server sees an order once, and its answer is returned as it is."""
    assert (1, [method if fault.read else ""], fault.status) == outcome(fault, method)


@by_method
@pytest.mark.parametrize("fault", (FAULTS | UNCLEAR).values(), ids=FAULTS | UNCLEAR)
def test_once_over_tls(fault: Fault, method: str, certificates: Certificates, context: SSLContext) -> None:
    """The same over TLS, where a connection that breaks off looks otherwise."""
    seen = outcome(fault, method, context, certificates.authority)
    assert (1, [method if fault.read else ""], fault.status) == seen


@pytest.mark.parametrize("spelling", ["post", "Post", b"POST", "PURGE"])
def test_once_however_it_is_spelt(server, session: EtnaSession, spelling: str | bytes) -> None:
    """The letters of the method's name change nothing, and a method that nobody knows is no read."""
    server.play(answer(503))
    assert 503 == session.request(spelling, "v1.0/x").status_code
    assert 1 == len(server.received)


def test_once_on_a_kept_connection(server, session: EtnaSession) -> None:
    """A connection that was good for one call and breaks off at the next brings no second order."""
    received: list[bytes] = []

    def once(connection: socket.socket, _: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        received.append(connection.recv(65536))

    server.play(once)
    assert 200 == session.get("v1.0/x").status_code
    assert order(session) is None
    assert (1, [b"POST"]) == (server.connections, [request.split()[0] for request in received])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@by_method
def test_a_redirect_is_the_answer(server, session: EtnaSession, method: str, status: int) -> None:
    """An order follows no redirect, by whatever method: the server may have carried it out already."""
    server.play(answer(status, b"", ("Location", "/api/v1.0/orders/7")), OK)
    response = session.request(method, "v1.0/orders")
    assert (status, "/api/v1.0/orders/7") == (response.status_code, response.headers["Location"])
    assert ([method], None) == ([request.method for request in server.received], response.next)


# ------------------------------------------------------------------ what became of it


def nobody_listens() -> str:
    """Return a base URL where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/api"


@pytest.fixture
def full_server() -> Iterator[str]:
    """Return the base URL of a server that accepts no connection any more."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - its own spelling
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}/api"
        for one in waiting:
            one.close()


UNREACHABLE = {
    "refused": (nobody_listens, requests.ConnectionError, "nothing listens there"),
    "name": (lambda: "https://etna.invalid/api", requests.ConnectionError, "its name is not known"),
}


def error_of(base_url: str, method: str, **more) -> EtnaError:
    """Send a call to a server that is not reached, and return its error."""
    with logins.session_of(accounts.token(base_url), 0.3) as session:
        error = caught(lambda: session.request(method, "v1.0/orders?key=private", **more))
    assert ([], False) == (leaks(error, accounts.SECRETS), "private" in str(error))
    return error


@by_method
@pytest.mark.parametrize(("base_url", "kind", "reason"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_not_reached(base_url: Callable[[], str], kind, reason: str, method: str) -> None:
    """Where no connection is made, the order was not sent."""
    error = error_of(base_url(), method)
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, kind))
    assert str(error).endswith(f"got no answer: {reason}. The {method} was not sent.")


@pytest.mark.parametrize(("base_url", "kind", "reason"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_a_read_that_is_not_reached(pauses, base_url: Callable[[], str], kind, reason: str) -> None:
    """An error of a read says nothing of the kind: it can simply be repeated."""
    assert str(error_of(base_url(), "GET")).endswith(f"got no answer: {reason}.")


def test_no_connection_in_time(full_server: str) -> None:
    """A server that accepts no connection in time was sent nothing."""
    error = error_of(full_server, "POST")
    assert isinstance(error, requests.ConnectTimeout)
    assert str(error).endswith("got no answer: it did not answer in time. The POST was not sent.")


def test_bad_certificate(tls: SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not prove who it is was sent nothing."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with ScriptedServer(OK, tls=tls) as server:
        error = error_of(server.base_url, "POST")
    assert isinstance(error, requests.exceptions.SSLError)
    assert ("The POST was not sent.", []) == (str(error)[-22:], server.received)


def test_certificate_file_that_is_missing(server, session: EtnaSession, tmp_path: Path) -> None:
    """Nor was anything sent where a file of certificates cannot be read."""
    url = server.base_url.replace("http:", "https:")
    error = error_of(url, "POST", verify=str(tmp_path / "none.pem"))
    assert str(error).endswith("does not exist, so correct or unset verify=. The POST was not sent.")
    assert 0 == server.connections


def test_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not let the connection through has seen no order."""
    with ScriptedServer(answer(403)) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        error = error_of("https://api.example.com/api", "POST")
    named = f"the proxy http://{proxy.host} (HTTPS_PROXY)"
    reason = f"{named} does not connect there (status 403), so ask who runs it"
    assert str(error).endswith(f"got no answer: {reason}. The POST was not sent.")
    assert ["CONNECT"] == [request.method for request in proxy.received]


def test_a_header_that_cannot_be_sent(server, session: EtnaSession) -> None:
    """A header is encoded before anything is sent: one outside latin-1 stops an order."""
    error = caught(lambda: session.post("v1.0/orders", headers={"X-Mine": "\u20ac"}))
    assert (True, []) == (str(error).endswith(" The POST was not sent."), server.received)
    assert [] == leaks(error, accounts.SECRETS)


WRONG = {
    "JSON": {"json": {"Quantity": object()}},
    "number": {"json": {"Price": float("nan")}},
    "header": {"headers": {"X-Mine": "a\nb"}},
    "number as a header": {"headers": {"X-Mine": 5}},
    "form": {"data": [object()]},
    "auth": {"auth": 5},
    "host": {"url": "https://[::1/orders"},
    "port": {"url": "https://127.0.0.1:99999999/orders"},
}


@pytest.mark.parametrize("more", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_cannot_be_prepared(server, session: EtnaSession, method: str, more: dict) -> None:
    """An order that requests cannot make a request of was not sent, and a note of the error says so."""
    with pytest.raises((TypeError, ValueError, requests.RequestException)) as error:
        session.request(**{"method": method, "url": "v1.0/orders"} | more)
    notes = ["The POST was not sent."] if method == "POST" else []
    assert (notes, 0) == (getattr(error.value, "__notes__", []), server.connections)


ABSENT = {
    "never logged in": (lambda session: None, "etna is not logged in."),
    "logged out": (lambda session: session.holder.release("was logged out"), "etna was logged out."),
}


@by_method
@pytest.mark.parametrize(("leave", "reason"), ABSENT.values(), ids=ABSENT)
def test_without_a_token(server, leave: Callable[[EtnaSession], None], reason: str, method: str) -> None:
    """Without a token nothing is sent, and the error says so."""
    with EtnaSession("etna") as session:
        if "logged out" in reason:
            session.holder.put(accounts.token(server.base_url))
        leave(session)
        error = caught(lambda: session.request(method, "v1.0/orders"))
    assert (NotLoggedInError, f"{reason} The {method} was not sent.") == (type(error), str(error))
    assert [] == server.received


def test_of_another_account(server, session: EtnaSession) -> None:
    """A request that was prepared for another account is not sent, and the error names both."""
    token = accounts.token(server.base_url)
    token.username = "bob"
    with logins.session_of(token) as bobs:
        request = bobs.prepare_request(requests.Request("POST", "v1.0/orders"))
    error = caught(lambda: session.send(request))
    expected = (
        f"The request was made for bob at {server.base_url}, and this session is of alice at "
        f"{server.base_url}. The POST was not sent."
    )
    assert (NotLoggedInError, expected, []) == (type(error), str(error), server.received)


def test_with_a_token_that_has_ended(server, session: EtnaSession) -> None:
    """With a token that was logged out elsewhere, nothing is sent."""
    session.token.end("was logged out")
    error = caught(lambda: session.post("v1.0/orders"))
    expected = "The token of etna was logged out. The POST was not sent. Log in again: %etna_login"
    assert (TokenExpiredError, expected, []) == (type(error), str(error), server.received)


def test_logged_out_while_it_is_signed(server, session: EtnaSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything sent where another thread logs out at that very moment."""
    token, headers = session.token, type(session.token).plain_headers

    def end_first(self) -> dict[str, str]:
        token.end("was logged out")
        return headers(self)

    monkeypatch.setattr(type(token), "plain_headers", end_first)
    error = caught(lambda: session.post("v1.0/orders"))
    assert (NotLoggedInError, True) == (type(error), str(error).endswith(" The POST was not sent."))
    assert ([], []) == (server.received, leaks(error, accounts.SECRETS))


def test_when_the_renewal_fails(renewing: RenewingLogin) -> None:
    """Past the token's end and without a fresh one, an order is not sent."""
    renewing.token_reply = answer(500)
    renewing.clock.move(PAST_THE_END)
    error = caught(renewing.call)
    assert (True, []) == (str(error).endswith(" The POST was not sent."), renewing.calls)


@by_method
def test_unanswered(server, session: EtnaSession, method: str) -> None:
    """An order that got no answer was sent once, and may have been carried out."""
    server.play(hang_up)
    error = caught(lambda: session.request(method, "v1.0/orders"))
    assert str(error) == (
        f"{method} to http://{server.host} got no answer: the connection broke off. "
        f"The {method} was sent once and not again: check whether it was carried out."
    )


@by_method
@pytest.mark.parametrize("fault", HALVES.values(), ids=HALVES)
def test_answered_but_broken_off(server, session: EtnaSession, method: str, fault: Fault) -> None:
    """An order whose answer breaks off was answered: the status is named, and that it was sent once."""
    server.play(fault.reply)
    error = caught(lambda: session.request(method, "v1.0/orders"))
    assert str(error) == (
        f"{method} to http://{server.host} was answered with status 200, but not to the end: the "
        f"connection broke off. The {method} was sent once and answered: check whether it was carried out."
    )


@by_method
def test_refused(server, session: EtnaSession, method: str) -> None:
    """An order that is refused with a dead token was refused, and a new login is needed."""
    server.play(DENIED)
    error = caught(lambda: session.request(method, "v1.0/orders"))
    refused = f"The {method} was refused with a 401 and was not sent again. Log in again: %etna_login"
    assert (TokenExpiredError, True) == (type(error), str(error).endswith(refused))


def test_refused_with_a_renewal(renewing: RenewingLogin) -> None:
    """With auto-renew there is a fresh token then, but the order is for its user to repeat."""
    renewing.call_reply = DENIED
    error = caught(renewing.call)
    expected = (
        "The token of etna was refused by the server. There is a fresh token now: repeat the call. "
        "The POST was refused with a 401 and was not sent again."
    )
    assert (TokenExpiredError, expected, 1) == (type(error), str(error), renewing.login_count)


def test_refused_for_itself(server, session: EtnaSession) -> None:
    """A 401 that is about the order and not about the token is returned."""
    server.play(probed(OK))
    assert 401 == session.post("v1.0/orders").status_code
