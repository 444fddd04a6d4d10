"""Every way in which a login, a session and a worker's session fail, as functions that return the error."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

from etna_magic import EtnaError, Token, VerificationError
from etna_magic.login_flow import ChallengeKind
from etna_magic.secret import Secret
from etna_magic.session import EtnaSession, TokenRefresher
from tests.helpers import accounts
from tests.helpers.leaks import caught
from tests.helpers.logins import log_in, session_of
from tests.helpers.server import Received, ScriptedServer, answer

REFUSED = answer(200, accounts.body(State="Failed", Reason="Invalid credentials"))
GARBAGE = b"\x00\xff" * 40 + b"\r\n\r\n"
NOT_JSON = answer(200, b"<html>" + accounts.TOKEN.encode() + b"</html>", ("Content-Type", "text/html"))


def cut_off(connection: socket.socket, _: Received) -> None:
    """Promise more of a body than comes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")


def hang_up(connection: socket.socket, _: Received) -> None:
    """Answer nothing at all."""


def closed_port() -> str:
    """Return a base URL at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/api"


def login_wrong_password(server: ScriptedServer) -> EtnaError:
    """Have the password refused."""
    server.play(REFUSED)
    return caught(lambda: log_in(accounts.credentials(server.base_url)))


def login_wrong_code(server: ScriptedServer) -> EtnaError:
    """Have a one-time code refused, three times."""
    server.play(accounts_answer(accounts.CODE_NEEDED))
    known = {ChallengeKind.CODE: Secret(accounts.CODE)}
    error = caught(lambda: log_in(accounts.credentials(server.base_url), [accounts.CODE] * 5, known=known))
    assert isinstance(error, VerificationError)
    return error


def accounts_answer(body: bytes) -> bytes:
    """Return an answer with a JSON body of a login."""
    return answer(200, body, ("Content-Type", "application/json"))


def login_unreachable(_: ScriptedServer) -> EtnaError:
    """Log in where nothing listens."""
    return caught(lambda: log_in(accounts.credentials(closed_port())))


def login_hung_up(server: ScriptedServer) -> EtnaError:
    """Log in at a server that hangs up."""
    server.play(hang_up)
    return caught(lambda: log_in(accounts.credentials(server.base_url)))


def login_garbage(server: ScriptedServer) -> EtnaError:
    """Log in at something that does not speak HTTP."""
    server.play(GARBAGE)
    return caught(lambda: log_in(accounts.credentials(server.base_url)))


def login_web_page(server: ScriptedServer) -> EtnaError:
    """Log in at a web page, which repeats the token."""
    server.play(NOT_JSON)
    return caught(lambda: log_in(accounts.credentials(server.base_url)))


def order_unreachable(_: ScriptedServer) -> EtnaError:
    """Send an order where nothing listens."""
    session = session_of(accounts.token(closed_port()))
    return caught(lambda: session.post("v1.0/orders", json={"Symbol": "AAPL"}))


def order_unanswered(server: ScriptedServer) -> EtnaError:
    """Send an order to a server that hangs up."""
    server.play(hang_up)
    session = session_of(accounts.token(server.base_url))
    return caught(lambda: session.post("v1.0/orders", json={"Symbol": "AAPL"}))


def order_half_answered(server: ScriptedServer) -> EtnaError:
    """Send an order whose answer breaks off."""
    server.play(cut_off)
    session = session_of(accounts.token(server.base_url))
    return caught(lambda: session.post("v1.0/orders", data=pieces()))


def pieces() -> Iterator[bytes]:
    """Yield a body in pieces."""
    yield b"{"
    yield b"}"


def read_half_answered(server: ScriptedServer) -> EtnaError:
    """Read what breaks off, each time."""
    server.play(cut_off)
    session = session_of(accounts.token(server.base_url))
    session.get_adapter(server.base_url).max_retries = 0
    return caught(lambda: session.get("v1.0/quotes"))


def read_garbage(server: ScriptedServer) -> EtnaError:
    """Read what is no HTTP."""
    server.play(GARBAGE)
    session = session_of(accounts.token(server.base_url))
    session.get_adapter(server.base_url).max_retries = 0
    return caught(lambda: session.get("v1.0/quotes"))


def read_refused(server: ScriptedServer) -> EtnaError:
    """Read with a token that the server refuses."""
    server.play(answer(401))
    session = session_of(accounts.token(server.base_url))
    return caught(lambda: session.get("v1.0/quotes"))


def order_not_renewed(server: ScriptedServer) -> EtnaError:
    """Have an order refused, and then the renewal."""
    server.play(answer(401), answer(401), REFUSED)
    session = session_of(accounts.token(server.base_url))

    def renew() -> None:
        log_in(accounts.credentials(server.base_url))

    session.holder.refresher = TokenRefresher(renew, lambda: session.token)
    return caught(lambda: session.post("v1.0/orders"))


def order_logged_out(server: ScriptedServer) -> EtnaError:
    """Send an order after a logout."""
    session = session_of(accounts.token(server.base_url))
    session.holder.release("was logged out")
    return caught(lambda: session.post("v1.0/orders"))


def header_not_sendable(server: ScriptedServer) -> EtnaError:
    """Send a header that cannot be encoded."""
    session = session_of(accounts.token(server.base_url))
    return caught(lambda: session.get("v1.0/quotes", headers={"X-Note": "\u20ac"}))


def token_elsewhere(server: ScriptedServer) -> EtnaError:
    """Give a token as auth to a session, for another server."""
    session, token = session_of(accounts.token(server.base_url)), accounts.token(server.base_url)
    return caught(lambda: session.get(f"{closed_port()}/x", auth=token))


def worker(token: Token) -> EtnaSession:
    """Return the session that a worker is sent."""
    return session_of(token).for_workers()


def worker_unreachable(_: ScriptedServer) -> EtnaError:
    """Send a worker's order where nothing listens."""
    session = worker(accounts.token(closed_port()))
    return caught(lambda: session.post("v1.0/orders"))


def worker_refused(server: ScriptedServer) -> EtnaError:
    """Read with a worker's token that the server refuses."""
    server.play(answer(401))
    session = worker(accounts.token(server.base_url))
    return caught(lambda: session.get("v1.0/quotes"))


def worker_expired(server: ScriptedServer) -> EtnaError:
    """Read with a worker's token that has expired."""
    clock = accounts.ManualClock()
    session = worker(accounts.token(server.base_url, clock, timedelta(hours=1)))
    clock.move(3601)
    return caught(lambda: session.get("v1.0/quotes"))


FAILURES: dict[str, Callable[[ScriptedServer], EtnaError]] = {
    act.__name__: act
    for act in (
        login_wrong_password,
        login_wrong_code,
        login_unreachable,
        login_hung_up,
        login_garbage,
        login_web_page,
        order_unreachable,
        order_unanswered,
        order_half_answered,
        order_not_renewed,
        order_logged_out,
        read_half_answered,
        read_garbage,
        read_refused,
        header_not_sendable,
        token_elsewhere,
        worker_unreachable,
        worker_refused,
        worker_expired,
    )
}


def fail(server: ScriptedServer, name: str) -> EtnaError:
    """Return the error of one of these, without the frames of the tests, which name the secrets."""
    error = FAILURES[name](server)
    trace = error.__traceback__
    while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    assert trace is not None
    return error.with_traceback(trace)
