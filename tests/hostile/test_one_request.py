"""The POST of a log-in: its own connection each time, nothing kept of it, no other's cookie."""

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from etna_magic import one_request
from etna_magic.login_flow import LoginFlow
from etna_magic.transport import Failure, attempt
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer


def _kept_alive(connection, received) -> None:
    """Answer, and leave the connection open for more."""
    length = len(accounts.SUCCESS)
    head = f"HTTP/1.1 200 OK\r\nSet-Cookie: who=somebody; Path=/\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + accounts.SUCCESS)
    connection.settimeout(10)
    connection.recv(1)  # returns when the client hangs up


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> list:
    """No wire has been used yet."""
    wires: list = []
    monkeypatch.setattr(one_request, "_idle", wires)
    return wires


def test_each_log_in_connects_anew(idle: list) -> None:
    """A connection that a server keeps open is hung up, and no later log-in depends on it."""
    with ScriptedServer(_kept_alive) as server:
        for _ in range(3):
            LoginFlow(accounts.credentials(server.base_url)).start()
    assert (3, 3) == (server.connections, len(server.received))
    assert 1 == len(idle)


def test_no_cookie_goes_on(idle: list) -> None:
    """What one answer sets, perhaps another user's, is not sent with the next request."""
    with ScriptedServer(_kept_alive) as server:
        for _ in range(2):
            LoginFlow(accounts.credentials(server.base_url)).start()
    assert [[], []] == [request.values("Cookie") for request in server.received]


def test_nothing_of_a_request_is_kept(idle: list) -> None:
    """All that can be reached from what waits for the next log-in holds no secret."""
    with ScriptedServer(_kept_alive) as server:
        LoginFlow(accounts.credentials(server.base_url)).start()
    texts = _texts(idle)
    assert any(server.host.split(":")[0] in text for text in texts)  # it looks at the pool, host and all
    assert [] == [text for text in texts if any(secret in text for secret in accounts.SECRETS)]


def _texts(root: object) -> list[str]:
    """Return every text that can be reached from an object, but for modules, classes and code."""
    seen, waiting, texts = set(), [root], []
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, (type, type(os), type(_texts), threading.Thread)):
            continue
        seen.add(id(one))
        if isinstance(one, (str, bytes, bytearray)):
            texts.append(one if isinstance(one, str) else bytes(one).decode("latin-1"))
        waiting += gc.get_referents(one)
    return texts


def test_trouble_ends_a_wire(idle: list) -> None:
    """A request that broke off leaves nothing behind for the next one."""
    with ScriptedServer(lambda connection, _: connection.close(), answer(200, accounts.SUCCESS)) as server:
        failed = attempt(lambda: LoginFlow(accounts.credentials(server.base_url)).start())
        assert isinstance(failed, Failure)
        assert [] == idle
        LoginFlow(accounts.credentials(server.base_url)).start()
    assert 2 == len(server.received)


def test_many_at_once(idle: list) -> None:
    """Log-ins of many threads share no wire: each gets the token that was sent to it."""
    lock, numbers = threading.Lock(), iter(range(1000))

    def numbered(connection, received) -> None:
        with lock:
            number = next(numbers)
        user = received.values("Username")[0]
        body = f'{{"State":"Succeeded","Token":"{user}-{number}"}}'
        connection.sendall(answer(200, body.encode()))

    with ScriptedServer(numbered) as server, ThreadPoolExecutor(8) as pool:
        flows = [
            (f"user{n}", LoginFlow(accounts.credentials(server.base_url, username=f"user{n}")))
            for n in range(64)
        ]
        tokens = list(pool.map(lambda pair: (pair[0], pair[1].start().value), flows))
    assert 64 == len({value for _, value in tokens})
    assert [name for name, _ in tokens] == [value.split("-")[0] for _, value in tokens]
    assert 1 <= len(idle) <= 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork(idle: list) -> None:
    """A process that was forked logs in over a connection of its own."""
    with ScriptedServer(answer(200, accounts.SUCCESS)) as server:
        LoginFlow(accounts.credentials(server.base_url)).start()
        child = os.fork()
        if child == 0:
            done = attempt(lambda: LoginFlow(accounts.credentials(server.base_url), timeout=10).start())
            os._exit(1 if isinstance(done, Failure) else 0)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert (2, 2) == (server.connections, len(server.received))
