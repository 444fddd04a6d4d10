"""Two Dask worker processes with one token."""

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from distributed import Client, LocalCluster

from etna_magic import ConnectionFailedError, EtnaSession, TokenExpiredError, TokenState
from etna_magic.sandbox import Sandbox
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught
from tests.helpers.waiting import LIMIT, wait_until
from tests.session import worker_tasks

CALLS, WORKERS = 500, 2
LETTERS = "ABCDEFGH"
#: The sandbox knows every short one.
SYMBOLS = [a + b + c for a in LETTERS for b in LETTERS for c in LETTERS][:CALLS]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Run two worker processes of one thread each."""
    with (
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as made,
    ):
        yield made


def test_many_calls(sandbox: Sandbox, client: Client, trading: EtnaSession) -> None:
    """500 calls are made by both processes, with the one token of one login."""
    futures = client.map(worker_tasks.quote, SYMBOLS, session=trading.for_workers(), pure=False)
    answers = client.gather(futures)
    assert SYMBOLS == [symbol for _, symbol, _ in answers]
    assert WORKERS == len({pid for pid, _, _ in answers})
    calls = [seen for seen in sandbox.seen if "/equities/" in seen.path]
    assert (CALLS, {200}, 1) == (len(calls), {seen.status for seen in calls}, sandbox.token_requests)


def test_scattered(sandbox: Sandbox, client: Client, trading: EtnaSession) -> None:
    """A session that is sent ahead to every worker is used there."""
    ahead = client.scatter(trading.for_workers(), broadcast=True)
    answers = client.gather(client.map(worker_tasks.quote, SYMBOLS[:20], session=ahead, pure=False))
    assert (SYMBOLS[:20], 1) == ([symbol for _, symbol, _ in answers], sandbox.token_requests)


def test_what_it_is_there(client: Client, trading: EtnaSession) -> None:
    """On the worker it shows no secret, cannot renew, and ages as here."""
    seen = client.submit(worker_tasks.look, trading.for_workers(), pure=False).result(LIMIT)
    assert (repr(trading.for_workers()), None) == (seen["shown"], seen["refresher"])
    assert abs(seen["remaining"] - trading.token.remaining) < timedelta(seconds=LIMIT)


def test_token_that_ends(sandbox: Sandbox, client: Client) -> None:
    """When the token ends, the worker raises and asks nobody; the error arrives as what it is."""
    worker = logins.session_of(logins.log_in_at(sandbox, lifetime=0.5)).for_workers()
    wait_until(lambda: worker.token.state is TokenState.STALE)
    before = len(sandbox.seen)
    error = caught(lambda: client.submit(worker_tasks.quote, "AAPL", worker, pure=False).result(LIMIT))
    assert (TokenExpiredError, before) == (type(error), len(sandbox.seen))
    assert "etna_session.for_workers()" in str(error)


def test_token_that_the_server_ends(sandbox: Sandbox, client: Client, trading: EtnaSession) -> None:
    """A token that the server refuses is found out on the worker, by one probe."""
    worker = trading.for_workers()
    sandbox.revoke_all()
    error = caught(lambda: client.submit(worker_tasks.quote, "AAPL", worker, pure=False).result(LIMIT))
    assert TokenExpiredError is type(error)
    assert 1 == sum(seen.path.endswith("/users/@me/info") for seen in sandbox.seen)


def test_failed_connection(client: Client) -> None:
    """A call that failed on a worker fails here in the same words, and is one of requests too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    worker = logins.session_of(accounts.token(f"http://127.0.0.1:{port}")).for_workers()
    error = caught(lambda: client.submit(worker_tasks.post, worker, pure=False).result(LIMIT))
    kinds = [isinstance(error, kind) for kind in (ConnectionFailedError, requests.ConnectionError)]
    expected = f"POST to http://127.0.0.1:{port} got no answer: nothing listens there. The POST was not sent."
    assert ([True, True], expected) == (kinds, str(error))
