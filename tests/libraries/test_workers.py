"""Functions that use a session, run in other processes by Dask, joblib and the standard library."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import joblib
import pytest
from distributed import Client, LocalCluster

from etna_magic import EtnaSession, NotLoggedInError
from etna_magic.token import COPY_REASON
from tests.helpers import accounts
from tests.helpers.accounts import APP_KEY, SECRETS, TOKEN
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer
from tests.libraries.seen import secrets_in

SYMBOLS = ["AAPL", "MSFT", "NVDA"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Run one worker process."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        Client(cluster) as made,
    ):
        yield made


def quote_of(session: EtnaSession, symbol: str) -> int:
    """Return the status of one call."""
    return session.get(f"v1.0/quotes/{symbol}").status_code


def quoting(etna_session: EtnaSession) -> Callable[[str], int]:
    """Return a function that uses a session by name, as one of a notebook does: it is pickled with it."""

    def quote(symbol: str) -> int:
        return etna_session.get(f"v1.0/quotes/{symbol}").status_code

    return quote


def assert_names_the_way_out(error: Exception) -> None:
    """Hold that an error is ours, says whose copy it was and what to send, and that it holds no secret."""
    assert NotLoggedInError is type(error)
    expected = [accounts.USERNAME, COPY_REASON, "etna_session.for_workers()", "%etna_login"]
    assert expected == [word for word in expected if word in str(error)]
    assert [] == leaks(error, SECRETS)


def signed(server: ScriptedServer) -> set[tuple[str, ...]]:
    """Return what signed the requests that came."""
    return {
        (*received.values("Authorization"), *received.values("Et-App-Key")) for received in server.received
    }


def test_dask_map(server: ScriptedServer, client: Client, session: EtnaSession) -> None:
    """``client.map`` over a function that uses ``etna_session`` names ``for_workers()`` and sends nothing."""
    futures = client.map(quoting(session), SYMBOLS, pure=False)
    errors = [caught(future.result) for future in futures]
    for error in errors:
        assert_names_the_way_out(error)
    assert [] == server.received


def test_dask_argument(server: ScriptedServer, client: Client, session: EtnaSession) -> None:
    """So does one that is given the session, or the token."""
    assert_names_the_way_out(caught(client.submit(quote_of, session, "AAPL", pure=False).result))
    use = client.submit(_value_of, session.token, pure=False)
    assert "for_workers()" in str(caught(use.result))
    assert [] == server.received


def _value_of(token: Any) -> str:
    return token.get_secret_value()


def test_dask_way_out(server: ScriptedServer, client: Client, session: EtnaSession) -> None:
    """With ``for_workers()`` the same function works, signed with the token."""
    futures = client.map(quoting(session.for_workers()), SYMBOLS, pure=False)
    assert [200, 200, 200] == client.gather(futures)
    assert {(f"Bearer {TOKEN}", APP_KEY)} == signed(server)


def test_dask_result(client: Client, session: EtnaSession) -> None:
    """A response that comes back from a worker is whole, and holds no secret."""
    found = client.submit(_answer_of, session.for_workers(), pure=False).result()
    assert (b"{}", []) == (found.content, secrets_in(f"{vars(found.request)}"))


def _answer_of(session: EtnaSession) -> Any:
    return session.get("v1.0/quotes")


def test_dask_keys(client: Client, session: EtnaSession) -> None:
    """The key by which Dask knows a pure call has no secret, and is the same for the same account."""
    keys = [client.submit(quote_of, one, "AAPL").key for one in (session, session)]
    assert (1, []) == (len(set(keys)), secrets_in(keys[0]))


def test_joblib_processes(server: ScriptedServer, session: EtnaSession) -> None:
    """``joblib.Parallel`` over processes names the way out too, and works with what it names."""
    error = caught(lambda: joblib.Parallel(2)(joblib.delayed(quote_of)(session, one) for one in SYMBOLS))
    assert_names_the_way_out(error)
    worker = session.for_workers()
    try:
        found = joblib.Parallel(2)(joblib.delayed(quote_of)(worker, one) for one in SYMBOLS)
    finally:
        joblib.externals.loky.get_reusable_executor().shutdown()
    assert ([200] * 3, {(f"Bearer {TOKEN}", APP_KEY)}) == (found, signed(server))


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_joblib_threads(server: ScriptedServer, session: EtnaSession, backend: str) -> None:
    """Threads of joblib share the session as it is."""
    with joblib.parallel_config(backend=backend, n_jobs=3):
        found = joblib.Parallel()(joblib.delayed(quote_of)(session, one) for one in SYMBOLS)
    assert ([200] * 3, {(f"Bearer {TOKEN}", APP_KEY)}) == (found, signed(server))


def test_executors(server: ScriptedServer, session: EtnaSession) -> None:
    """Executors of the standard library: threads share the session, processes are told what to send."""
    with ThreadPoolExecutor(3) as threads:
        assert [200] * 3 == list(threads.map(quoting(session), SYMBOLS))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        error = caught(processes.submit(quote_of, session, "AAPL").result)
        found = processes.submit(quote_of, session.for_workers(), "AAPL").result()
    assert_names_the_way_out(error)
    assert (200, {(f"Bearer {TOKEN}", APP_KEY)}) == (found, signed(server))
