"""A process that is forked while a session is in use has locks and connections of its own."""

import os
import signal
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import Retry

from etna_magic.session import EtnaSession
from etna_magic.support.safe_call import Failure, safe_call
from tests.helpers import accounts, logins
from tests.helpers.server import ScriptedServer
from tests.helpers.waiting import LIMIT
from tests.session.held_answer import HeldAnswer
from tests.session.renewing_login import FRESH, NEW, OK, PAST_THE_END, PROBE, RenewingLogin, probed

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # Later Pythons warn of each fork of a process with threads, which is what is tested.
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]


def in_a_child(act: Callable[[], object], expected: object) -> int:
    """Fork; return 0 if `act` returned there what was expected, and another number if not or not in time."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(LIMIT))
        outcome = safe_call(act)
        os._exit(1 if isinstance(outcome, Failure) else 2 * (outcome != expected))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


THREADS = 8


def in_threads(act: Callable[[], object]) -> list[object]:
    """Return what a call brings on each of several threads, which begin at once."""
    ready = threading.Barrier(THREADS)

    def begin(_: int) -> object:
        ready.wait(LIMIT)
        return act()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(begin, range(THREADS)))


def test_while_another_thread_renews(renewing: RenewingLogin) -> None:
    """A child's threads do not wait for a renewal that a thread of its parent's is at: one renews for all."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = held = HeldAnswer(FRESH, others=FRESH)
    codes: list[int] = []

    def call_in_a_child() -> None:
        codes.append(in_a_child(lambda: in_threads(renewing.call), [200] * THREADS))

    assert (200, [0]) == (held.during(renewing.call, call_in_a_child), codes)
    assert (2, [NEW] * (THREADS + 1)) == (renewing.login_count, renewing.signed)


class HeldNamespace(dict):
    """A namespace in which one variable is not set until a test says so."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Event(), threading.Event()
        super().__init__()

    def __setitem__(self, name: str, value: object) -> None:
        """Set a variable."""
        if name == "other_session":
            self.asked.set()
            self.released.wait(LIMIT)
        super().__setitem__(name, value)


def test_while_another_thread_puts_a_login_into_place(renewing: RenewingLogin) -> None:
    """Nor do they wait for the registry, which a thread of the parent's is changing: they renew."""
    registry, held = renewing.registry, HeldNamespace()
    registry.namespace = held
    other = threading.Thread(target=registry.put, args=("other", accounts.token("http://[::1]:9"), None))
    other.start()
    assert held.asked.wait(LIMIT)
    renewing.clock.move(PAST_THE_END)
    code = in_a_child(lambda: in_threads(renewing.call), [200] * THREADS)
    held.released.set()
    other.join(LIMIT)
    assert (0, [NEW] * THREADS) == (code, renewing.signed)


def test_while_another_thread_asks_about_the_token(server, session: EtnaSession) -> None:
    """Nor for a question about the token: it asks by itself."""
    held = HeldAnswer(others=OK)
    server.play(probed(held))
    codes: list[int] = []

    def call() -> int:
        return session.get("v1.0/x", timeout=3 * LIMIT).status_code

    def call_in_a_child() -> None:
        codes.append(in_a_child(lambda: in_threads(call), [401] * THREADS))

    assert 401 == held.during(call, call_in_a_child)
    assert ([0], 2) == (codes, [received.target for received in server.received].count(PROBE))


class Connections:
    """Answers all requests of a connection, and notes the last part of each path."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []

    def __call__(self, connection, received) -> None:
        """Answer until the connection is closed."""
        head, mine = f"{received.method} {received.target} ".encode(), []
        self.seen.append(mine)
        while head:
            mine.append(head.split()[1].decode().rsplit("/", 1)[-1])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            head = connection.recv(65536)


@pytest.mark.parametrize("has_own", [False, True], ids=["ours", "a user's"])
def test_connections_are_not_shared(server, session: EtnaSession, *, has_own: bool) -> None:
    """A child's threads use no connection of its parent's, and the parent's is in use as before."""
    kept = Connections()
    server.play(kept)
    if has_own:
        session.mount("http://", HTTPAdapter())
    session.get("v1.0/parent")

    def call() -> int:
        return session.get("v1.0/child").status_code

    assert 0 == in_a_child(lambda: in_threads(call), [200] * THREADS)
    assert 200 == session.get("v1.0/again").status_code
    (parents,) = [seen for seen in kept.seen if "child" not in seen]
    assert (["parent", "again"], {"child"}) == (
        parents, {path for seen in kept.seen if seen is not parents for path in seen},
    )  # fmt: skip


class OwnAdapter(HTTPAdapter):
    """An adapter of a user's own."""


class Minimal(BaseAdapter):
    """An adapter with no more than it needs: that of requests cannot close by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._adapter = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, **kwargs) -> requests.Response:
        """Send it."""
        return self._adapter.send(request, **kwargs)


def test_an_adapter_that_cannot_close(session: EtnaSession) -> None:
    """An adapter without close() sends orders in a child as it did before."""
    session.mount("http://", Minimal())

    def call() -> tuple[int, int]:
        return session.post("v1.0/x").status_code, session.post("v1.0/x").status_code

    assert ((200, 200), 0) == (call(), in_a_child(call, (200, 200)))
    session.mount("http://", HTTPAdapter())


def by_class(context: ssl.SSLContext) -> HTTPAdapter:
    """Return an adapter whose class has a TLS context."""

    class WithContext(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs) -> None:
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

    return WithContext()


def by_pools(context: ssl.SSLContext) -> HTTPAdapter:
    """Return one that was given its pools with that context."""
    adapter = HTTPAdapter()
    adapter.init_poolmanager(10, 10, ssl_context=context)
    return adapter


@pytest.mark.parametrize("made", [by_class, by_pools])
def test_tls_settings_stay(tls: ssl.SSLContext, certificates, monkeypatch: pytest.MonkeyPatch, made) -> None:
    """An adapter's own TLS context decides in a child too, by pools of its own."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.check_hostname = True
    with (
        ScriptedServer(OK, tls=tls) as server,
        logins.session_of(accounts.token(server.base_url)) as session,
    ):
        session.mount("https://", mine := made(context))
        pools = mine.poolmanager

        def look() -> tuple[object, ...]:
            adapter = session.get_adapter(server.base_url)
            used = adapter.poolmanager.connection_pool_kw["ssl_context"]
            return session.get("v1.0/x").status_code, adapter.adapter is mine, used is context

        assert (200, True, True) == look()
        assert 0 == in_a_child(lambda: (*look(), mine.poolmanager is pools), (200, True, True, False))


@pytest.mark.parametrize("mount", ["mount", "adapters"])
def test_a_users_adapter_and_rules_stay(server, session: EtnaSession, mount: str) -> None:
    """What a user has mounted, before or after a first call, sends in the child too, by its own rules."""
    session.get("v1.0/x")
    mine = OwnAdapter(max_retries=Retry(7, allowed_methods=["GET"]))
    if mount == "mount":
        session.mount("http://", mine)
    else:
        session.adapters["http://"] = mine

    def look() -> object:
        status = session.get("v1.0/x").status_code
        adapter = session.get_adapter(server.base_url).adapter
        return status, adapter is mine, adapter.max_retries.total

    assert (200, True, 7) == look()
    assert 0 == in_a_child(look, (200, True, 7))


def test_rules_that_were_set_stay(server, session: EtnaSession) -> None:
    """So do rules that a user has set on the adapter that was there."""
    session.get_adapter(server.base_url).max_retries = Retry(7)

    def look() -> object:
        return session.get("v1.0/x").status_code, session.get_adapter(server.base_url).max_retries.total

    assert ((200, 7), 0) == (look(), in_a_child(look, (200, 7)))


def test_what_a_user_has_set_stays(server, session: EtnaSession) -> None:
    """Headers, cookies and the time-out of the session are the child's too."""
    session.headers["X-Mine"] = "1"
    session.timeout = 7.0
    server.play(OK)
    assert 0 == in_a_child(lambda: (session.get("v1.0/x").ok, session.timeout), (True, 7.0))
    assert [["1"]] == [received.values("X-Mine") for received in server.received]


def pool_of(adapter: HTTPAdapter) -> object:
    """Return the one pool of connections that an adapter has."""
    pools = adapter.poolmanager.pools
    (key,) = pools.keys()
    return pools[key]
