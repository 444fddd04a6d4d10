"""Two Dask worker processes with one token."""

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from distributed import Client, LocalCluster

from etna_magic import ConnectionFailedError, TokenExpiredError, TokenState
from etna_magic.namespace import Logins
from etna_magic.sandbox import Sandbox
from etna_magic.session import EtnaSession
from tests.calls.shell import LIMIT, log_in, wait_until
from tests.scale import tasks
from tests.helpers import accounts
from tests.helpers.leaks import caught

CALLS, WORKERS = 500, 2


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Run two worker processes of one thread each."""
    with (
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as made,
    ):
        yield made


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[EtnaSession]:
    """Return a session that is logged in at the sandbox."""
    with Logins({}).store("etna", log_in(sandbox), None, 10.0).session as made:
        yield made


def symbols() -> list[str]:
    """Return many symbols; the sandbox knows every short one."""
    letters = "ABCDEFGH"
    return [a + b + c for a in letters for b in letters for c in letters][:CALLS]


def test_many_calls(sandbox: Sandbox, client: Client, session: EtnaSession) -> None:
    """500 calls are made by both processes, with the one token of one log-in."""
    futures = client.map(tasks.quote, symbols(), session=session.for_workers(), pure=False)
    answers = client.gather(futures)
    assert symbols() == [symbol for _, symbol, _ in answers]
    assert WORKERS == len({pid for pid, _, _ in answers})
    calls = [seen for seen in sandbox.seen if "/equities/" in seen.path]
    assert (CALLS, {200}, 1) == (len(calls), {seen.status for seen in calls}, sandbox.token_requests)


def test_scattered(sandbox: Sandbox, client: Client, session: EtnaSession) -> None:
    """A session that is sent ahead to every worker is taken up there."""
    ahead = client.scatter(session.for_workers(), broadcast=True)
    answers = client.gather(client.map(tasks.quote, symbols()[:20], session=ahead, pure=False))
    assert (symbols()[:20], 1) == ([symbol for _, symbol, _ in answers], sandbox.token_requests)


def test_what_it_is_there(client: Client, session: EtnaSession) -> None:
    """On the worker it shows no secret, cannot renew, and ages as here."""
    seen = client.submit(tasks.look, session.for_workers(), pure=False).result(LIMIT)
    assert (repr(session.for_workers()), None) == (seen["shown"], seen["renewal"])
    assert abs(seen["remaining"] - session.token.remaining) < timedelta(seconds=LIMIT)


def test_token_that_ends(sandbox: Sandbox, client: Client) -> None:
    """When the token ends, the worker raises and asks nobody; the error arrives as what it is."""
    worker = Logins({}).store("etna", log_in(sandbox, lifetime=0.5), None, 10.0).session.for_workers()
    wait_until(lambda: worker.token.state is TokenState.STALE)
    before = len(sandbox.seen)
    error = caught(lambda: client.submit(tasks.quote, "AAPL", worker, pure=False).result(LIMIT))
    assert (TokenExpiredError, before) == (type(error), len(sandbox.seen))
    assert "etna_session.for_workers()" in str(error)


def test_token_that_the_server_ends(sandbox: Sandbox, client: Client, session: EtnaSession) -> None:
    """A token that the server refuses is found out on the worker, by one probe."""
    worker = session.for_workers()
    sandbox.revoke_all()
    error = caught(lambda: client.submit(tasks.quote, "AAPL", worker, pure=False).result(LIMIT))
    assert TokenExpiredError is type(error)
    assert 1 == sum(seen.path.endswith("/users/@me/info") for seen in sandbox.seen)


def test_failed_connection(client: Client) -> None:
    """A call that failed on a worker fails here in the same words, and is one of requests too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    worker = (
        Logins({}).store("etna", accounts.token(f"http://127.0.0.1:{port}"), None, 5.0).session.for_workers()
    )
    error = caught(lambda: client.submit(tasks.post, worker, pure=False).result(LIMIT))
    assert (True, True) == (
        isinstance(error, ConnectionFailedError),
        isinstance(error, requests.ConnectionError),
    )
    assert f"http://127.0.0.1:{port}" in str(error)
