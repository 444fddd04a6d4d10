"""A process that is forked while a session is in use has locks and connections of its own."""

import os
import signal
from collections.abc import Callable

import pytest
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from etna_magic.session import EtnaSession
from etna_magic.support.safe_call import Failure, safe_call
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


def test_while_another_thread_renews(renewing: RenewingLogin) -> None:
    """A child does not wait for a renewal that its parent's thread is at, and that never ends there."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = held = HeldAnswer(FRESH, others=FRESH)
    codes: list[int] = []
    first = held.during(renewing.call, lambda: codes.append(in_a_child(renewing.call, 200)))
    assert (200, [0]) == (first, codes)
    assert (2, [NEW, NEW]) == (renewing.login_count, renewing.signed)


def test_while_another_thread_asks_about_the_token(server, session: EtnaSession) -> None:
    """Nor for a question about the token: it asks by itself."""
    held = HeldAnswer(others=OK)
    server.play(probed(held))
    codes: list[int] = []

    def call() -> int:
        return session.get("v1.0/x", timeout=3 * LIMIT).status_code

    assert 401 == held.during(call, lambda: codes.append(in_a_child(call, 401)))
    assert ([0], 2) == (codes, [received.target for received in server.received].count(PROBE))


class Connections:
    """Answers all requests of a connection, and notes those that came after its first."""

    def __init__(self) -> None:
        self.later: list[bytes] = []

    def __call__(self, connection, _) -> None:
        """Answer until the connection is closed."""
        more = b" "
        while more:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            more = connection.recv(65536)
            self.later += [more] if more else []


@pytest.mark.parametrize("has_own", [False, True], ids=["ours", "a user's"])
def test_connections_are_not_shared(server, session: EtnaSession, *, has_own: bool) -> None:
    """A child uses no connection of its parent's, and the parent's is in use as before."""
    kept = Connections()
    server.play(kept)
    if has_own:
        session.mount("http://", HTTPAdapter())
    session.get("v1.0/x")
    assert 0 == in_a_child(lambda: session.get("v1.0/x").ok, expected=True)
    assert (2, []) == (server.connections, kept.later)
    assert 200 == session.get("v1.0/x").status_code
    assert (2, 1) == (server.connections, len(kept.later))


class OwnAdapter(HTTPAdapter):
    """An adapter of a user's own."""


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


@pytest.mark.parametrize("is_own", [True, False], ids=["own adapter", "a user's"])
def test_what_is_made_after_a_fork(server, session: EtnaSession, is_own: bool) -> None:  # noqa: FBT001 - a column
    """A session in another process has connections and a lock of its own; a user's adapter stays."""
    if not is_own:
        session.mount("http://", HTTPAdapter(max_retries=7))
    session.get("v1.0/x")
    wrapper, lock = session.adapters["http://"], session._check._lock
    before, total = wrapper.adapter, wrapper.max_retries.total
    pool = pool_of(before)
    wrapper._pid = 0  # as if another process had made it
    assert 200 == session.get("v1.0/x").status_code
    assert (os.getpid(), type(before), total) == (
        wrapper._pid,
        type(wrapper.adapter),
        wrapper.max_retries.total,
    )
    assert (is_own, True) == (wrapper.adapter is not before, session._check._lock is not lock)
    assert pool is not pool_of(wrapper.adapter)
