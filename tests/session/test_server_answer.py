"""What a server says of a token when it is asked: all servers at once, by a cheap read each."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from requests.adapters import HTTPAdapter

from etna_magic.session import EtnaSession, ServerAnswer, ask_servers
from tests.helpers import accounts, logins
from tests.helpers.server import Received, ScriptedServer, answer
from tests.session.renewing_login import DENIED, OK, PROBE

DEAD = answer(403, b'{"Message":"The access token has expired."}')


@pytest.fixture
def servers() -> Iterator[list[ScriptedServer]]:
    """Run four servers that accept every token."""
    with ExitStack() as stack:
        yield [stack.enter_context(ScriptedServer(OK)) for _ in range(4)]


def ask(*servers: ScriptedServer, timeout: float = 5.0, meanwhile=lambda: None) -> list[ServerAnswer]:
    """Ask each server about a token of its own."""
    sessions = [
        logins.session_of(accounts.token(server.base_url, accounts.ManualClock())) for server in servers
    ]
    return ask_servers([(session, session.token) for session in sessions], timeout, meanwhile)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (OK, ("accepted", "")),
        (DENIED, ("refused", "")),
        (answer(503), ("unclear", "it answered with status 503")),
        (answer(302, b"", ("Location", "/login")), ("unclear", "it answered with status 302")),
        (answer(403), ("unclear", "it answered with status 403")),
        (b"", ("no answer", "the connection broke off")),
    ],
    ids=["200", "401", "503", "302", "403", "broken"],
)
def test_what_it_says(server: ScriptedServer, reply, said):
    """Accepted and refused are certain; anything else proves nothing, and is said as it was seen."""
    server.play(reply)
    assert [said] == [tuple(one) for one in ask(server)]


def test_nothing_listens():
    """A server that is gone is no answer."""
    with ScriptedServer(OK) as server:
        pass
    assert [ServerAnswer("no answer", "nothing listens there")] == ask(server)


def test_one_cheap_read_each(servers: list[ScriptedServer]):
    """Each is asked once, by a signed GET."""
    assert ["accepted"] * 4 == [one.said for one in ask(*servers)]
    received = [
        [(one.method, one.target, one.values("Authorization")) for one in s.received] for s in servers
    ]
    assert [[("GET", PROBE, [f"Bearer {accounts.TOKEN}"])]] * 4 == received


def test_all_at_once(servers: list[ScriptedServer]):
    """No server answers before all have been asked, and all are asked all the same; in their order."""
    together = threading.Barrier(len(servers))

    def wait(reply: bytes):
        def act(connection: socket.socket, _: Received) -> None:
            together.wait(30)
            connection.sendall(reply)

        return act

    for server, reply in zip(servers, (OK, DENIED, OK, answer(500)), strict=True):
        server.play(wait(reply))
    assert ["accepted", "refused", "accepted", "unclear"] == [one.said for one in ask(*servers, timeout=30)]


def test_a_silent_one_holds_up_none(servers: list[ScriptedServer]):
    """It is given up in time, and the others have their answers."""
    servers[0].play(servers[0].stay_silent)
    assert [ServerAnswer("no answer", "it took too long to answer"), ServerAnswer("accepted")] == ask(
        *servers[:2], timeout=0.3
    )


def test_word_is_given_while_it_takes_long(servers: list[ScriptedServer]):
    """After a second, once; and never where all answer at once."""
    said: list[str] = []
    ask(*servers, meanwhile=lambda: said.append("asking"))
    assert [] == said
    servers[0].play(servers[0].stay_silent)
    ask(*servers, timeout=1.5, meanwhile=lambda: said.append("asking"))
    assert ["asking"] == said


def test_nobody_to_ask():
    """Without a token nothing is asked."""
    assert [] == ask_servers([], 5.0)


def test_the_way_of_the_session(server: ScriptedServer):
    """An adapter that a user has mounted is what asks."""
    session = logins.session_of(accounts.token(server.base_url, accounts.ManualClock()))
    used: list[str] = []

    class Counting(HTTPAdapter):
        def send(self, request, **kwargs):
            used.append(request.path_url)
            return super().send(request, **kwargs)

    session.mount("http://", Counting())
    assert [ServerAnswer("accepted")] == ask_servers([(session, session.token)], 5.0)
    assert [PROBE] == used


def test_no_redirect_is_followed(server: ScriptedServer, other: ScriptedServer):
    """The token and the app key go to the token's own server, wherever it points."""
    server.play(answer(302, b"", ("Location", f"{other.base_url}/x")))
    assert ["unclear"] == [one.said for one in ask(server)]
    assert [] == other.received


def test_no_secret_in_an_answer(server: ScriptedServer):
    """A server that repeats what it was sent is not repeated."""
    server.play(lambda connection, received: connection.sendall(answer(500, repr(received).encode())))
    said = repr(ask(server))
    assert [] == [secret for secret in accounts.SECRETS if secret in said]


def test_nothing_is_noted(server: ScriptedServer):
    """What comes of an answer is for who asked."""
    server.play(DENIED)
    session: EtnaSession = logins.session_of(accounts.token(server.base_url, accounts.ManualClock()))
    ask_servers([(session, session.token)], 5.0)
    assert "" == session.token.ended
