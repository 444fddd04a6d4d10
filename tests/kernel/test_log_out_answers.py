"""What a server may answer to a log-out, and what the line makes of it: gone, or said to live on."""

import socket

import pytest

from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import LIMIT, Kernel
from tests.kernel.test_log_in import credentials
from tests.helpers import accounts
from tests.helpers.server import Answer, Received, ScriptedServer, answer

PAGE = ("Content-Type", "text/html; charset=utf-8")
GONE = "etna: alice is logged out, and etna_token is gone here and on the server."
LIVES_ON = (
    "etna: alice is logged out, and etna_token is gone here, but the token may live on at the server until "
)
UNTIL = "etna_token.expires_at.astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')"


@pytest.fixture
def server():
    """Run a server."""
    with ScriptedServer() as running:
        yield running


def log_out(kernel: Kernel, server: ScriptedServer, reply: Answer) -> tuple[str, str]:
    """Log in, and log out at a server that answers so; return when the token ends, and the one line."""
    server.play(answer(200, accounts.SUCCESS), reply)
    kernel.set_environment(**credentials(server))
    assert "ok" == kernel.run("%etna_login").status
    until = kernel.ask(UNTIL)
    run = kernel.run("%etna_logout")
    assert ("ok", 1, []) == (run.status, len(run.texts), kernel.ask(NAMES)), run.texts
    sent = server.received[1:]
    assert [("POST", "/api/logout", [f"Bearer {accounts.TOKEN}"])] == [
        (one.method, one.target, one.values("Authorization")) for one in sent
    ]
    return until, run.texts[0]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(200, b'{"State":"Succeeded"}', ("Content-Type", "application/json")), id="JSON"),
        pytest.param(answer(200), id="nothing"),
        pytest.param(answer(204), id="no content"),
        pytest.param(answer(401, b'{"Message":"Authorization has been denied"}'), id="dead already"),
    ],
)
def test_gone(kernel: Kernel, server: ScriptedServer, reply):
    """An answer of the API says that the token is over, or was."""
    _, line = log_out(kernel, server, reply)
    assert GONE == line


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(answer(200, b"<html></html>", PAGE), "(status 200 with a web page)", id="page"),
        pytest.param(answer(401, b"<html></html>", PAGE), "(status 401 with a web page)", id="log-in page"),
        pytest.param(answer(404, b"{}"), "(status 404)", id="none"),
        pytest.param(answer(302, b"", ("Location", "/web")), "(status 302)", id="redirect"),
        pytest.param(answer(500, b"{}"), "(status 500)", id="trouble"),
    ],
)
def test_lives_on(kernel: Kernel, server: ScriptedServer, reply, why):
    """A web page or a refusal ended no token: the line says that it may live on, until when, and why."""
    until, line = log_out(kernel, server, reply)
    assert f"{LIVES_ON}{until}, because this server does not end tokens {why}." == line


def drip(server: ScriptedServer, first: bytes) -> Answer:
    """Send something and then a byte now and again, for longer than a cell may take here."""

    def reply(connection: socket.socket, _: Received) -> None:
        connection.sendall(first)
        for _ in range(int(2 * LIMIT / 0.05)):
            if server.over.wait(0.05):  # the server's pace is what is tested
                return
            connection.sendall(b"x")

    return reply


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["nothing", "status", "header"]
)
def test_a_server_that_drips(kernel: Kernel, server: ScriptedServer, first):
    """The time-out is for the whole answer, however many bytes come; then it says that it may live on."""
    kernel.run("%config EtnaMagics.timeout = 0.5")
    until, line = log_out(kernel, server, drip(server, first))
    why = "because the server could not be asked: it took too long to answer."
    assert f"{LIVES_ON}{until}, {why}" == line


def test_a_server_that_is_silent(kernel: Kernel, server: ScriptedServer):
    """The same where no byte comes."""
    kernel.run("%config EtnaMagics.timeout = 0.5")
    until, line = log_out(kernel, server, server.stay_silent)
    why = "because the server could not be asked: it took too long to answer."
    assert f"{LIVES_ON}{until}, {why}" == line
