"""A Dask cluster that outlives its tokens: each new one is handed to all workers, present and future."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from distributed import Client, LocalCluster
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import EtnaError, EtnaSession, NotLoggedInError
from etna_magic.sandbox import Sandbox
from etna_magic.session import dask_plugin
from tests.helpers import accounts, logins, process_memory
from tests.helpers.leaks import caught
from tests.helpers.waiting import LIMIT, wait_until
from tests.session import worker_tasks

CALLS, TOKENS, LIFETIME = 1_000, 5, 2.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Run two worker processes of one thread each; no credentials are in their environment."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as made:
        yield made


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """Return a client of its own for each test."""
    with Client(cluster) as made:
        yield made


@pytest.fixture
def session(sandbox: Sandbox, ip: InteractiveShell, client: Client) -> EtnaSession:
    """Return a session whose short tokens are renewed by themselves."""
    del client  # started before the credentials are in the environment
    sandbox.lifetime = LIFETIME
    ip.run_line_magic("etna_login", f"--auto-renew --lifetime {LIFETIME}")
    return ip.user_ns["etna_session"]


def texts_of(session: EtnaSession, tokens: set[str], over: threading.Event) -> None:
    """Note the tokens of a session while a job runs; nothing is called by it meanwhile."""
    while not over.wait(0.05):
        tokens.add(session.token.get_secret_value())


def test_outlives_its_tokens(sandbox: Sandbox, client: Client, session: EtnaSession, ip) -> None:
    """1,000 calls over five tokens, none failed; the password is in no worker's memory, the token is."""
    sharing = session.dask_plugin(client)
    ahead = session.for_workers()  # the one that all calls are given, whose own token ends soon
    tokens, over, counts = set(), threading.Event(), Counter()
    watching = threading.Thread(target=texts_of, args=(session, tokens, over), daemon=True)
    watching.start()
    end = time.monotonic() + 4 * LIMIT
    while (counts.total() < CALLS or len(tokens) <= TOKENS) and time.monotonic() < end:
        futures = client.map(worker_tasks.status, range(50), session=ahead, pure=False)
        counts.update(client.gather(futures))
        if len(counts) > 1:
            break
    memory = {pid: process_memory.read(pid) for pid in client.run(worker_tasks.pid).values()}
    over.set()
    watching.join()
    sharing.close()
    assert ([200], True, True) == (list(counts), counts[200] >= CALLS, len(tokens) > TOKENS)
    password = sandbox.password_of("demo").encode()
    assert [[False, True]] * 2 == [
        [password in bytes_of, any(token.encode() in bytes_of for token in tokens)]
        for bytes_of in memory.values()
    ]


def test_a_worker_that_joins_later(
    sandbox: Sandbox, cluster: LocalCluster, client: Client, session: EtnaSession
) -> None:
    """A worker that starts when the first token has ended gets the one that is good then."""
    sharing, ahead = session.dask_plugin(client), session.for_workers()
    sandbox.lifetime = 3600.0
    sandbox.revoke_all()
    session.get("v1.0/users/@me/info")  # renews
    cluster.scale(3)
    client.wait_for_workers(3, timeout=LIMIT)
    for address in client.run(worker_tasks.pid):
        wait_for_status(client, ahead, address)
    sharing.close()
    cluster.scale(2)


def wait_for_status(client: Client, session, address: str) -> None:
    """Wait until a worker has the token that is good."""

    def status() -> int | None:
        future = client.submit(worker_tasks.status_or_none, session, workers=[address], pure=False)
        return future.result(LIMIT)

    wait_until(lambda: status() == 200)


def test_a_logout_takes_it_away(client: Client, session: EtnaSession, ip: InteractiveShell) -> None:
    """After a logout the cluster keeps no token: neither the scheduler nor a worker's process."""
    session.dask_plugin(client)
    assert [1, 1] == list(client.run(worker_tasks.handed_count).values())
    ip.run_line_magic("etna_logout", "")
    wait_until(lambda: [0, 0] == list(client.run(worker_tasks.handed_count).values()))
    wait_until(lambda: [] == client.run_on_scheduler(worker_tasks.plugins_of))


def test_closed(client: Client, session: EtnaSession) -> None:
    """One that was closed leaves nothing in the cluster, and no thread here."""
    sharing = session.dask_plugin(client)
    sharing.close()
    wait_until(lambda: [0, 0] == list(client.run(worker_tasks.handed_count).values()))
    wait_until(lambda: "etna_magic-dask" not in {thread.name for thread in threading.enumerate()})
    assert [] == session.holder.watchers


class Faltering:
    """A cluster's client whose scheduler is away some times.

    Parameters
    ----------
    client
        What is used otherwise.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.failures = 0

    def register_plugin(self, plugin: object) -> None:
        """Hand a plugin to the cluster, or fail."""
        if self.failures:
            self.failures -= 1
            raise OSError("the scheduler is away")
        self._client.register_plugin(plugin)

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what failed tried again at once."""
    monkeypatch.setattr(dask_plugin, "_FIRST_PAUSE", 0.01)


@pytest.mark.usefixtures("_no_pauses")
def test_a_scheduler_that_is_away(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A token that could not be handed over is sent again until it is out, and so is what takes it back."""
    faltering, session = Faltering(client), logins.session_of(accounts.token("http://127.0.0.1:1"))
    sharing = session.dask_plugin(faltering)
    client.run(worker_tasks.forget_handed)
    faltering.failures = 3
    session.holder.put(accounts.token("http://127.0.0.1:1"))
    wait_until(lambda: [1, 1] == list(client.run(worker_tasks.handed_count).values()))
    assert (0, 1) == (faltering.failures, caplog.text.count("could not be handed to the cluster (OSError)"))
    faltering.failures = 3
    sharing.close()
    wait_until(lambda: [0, 0] == list(client.run(worker_tasks.handed_count).values()))
    wait_until(lambda: [] == client.run_on_scheduler(worker_tasks.plugins_of))
    assert [] == [secret for secret in accounts.SECRETS if secret in caplog.text]


@pytest.mark.usefixtures("_no_pauses")
def test_a_session_that_cannot_be_made(client: Client) -> None:
    """Nor does an error of ours, a renewal that failed, say, lose the token."""
    session, errors = logins.session_of(accounts.token("http://127.0.0.1:1")), []

    def make() -> EtnaSession:
        if errors:
            raise errors.pop()
        return session.for_workers()

    sharing = dask_plugin.TokenSharing(client, session.holder, make)
    client.run(worker_tasks.forget_handed)
    errors += [EtnaError("busy")] * 2
    session.holder.put(accounts.token("http://127.0.0.1:1"))
    wait_until(lambda: [1, 1] == list(client.run(worker_tasks.handed_count).values()))
    sharing.close()
    wait_until(lambda: [] == client.run_on_scheduler(worker_tasks.plugins_of))


def test_two_accounts_of_one_name(client: Client) -> None:
    """Two logins that are named the same share one scheduler; closing one leaves the other's token there."""
    urls = ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    sharings = [logins.session_of(accounts.token(url)).dask_plugin(client) for url in urls]
    both = client.run_on_scheduler(worker_tasks.plugins_of)
    assert (2, [2, 2]) == (len(both), list(client.run(worker_tasks.handed_count).values()))
    assert [] == [name for name in both if accounts.USERNAME in name or "127.0.0.1" in name]
    sharings[0].close()
    wait_until(lambda: both[1:] == client.run_on_scheduler(worker_tasks.plugins_of))
    assert [1, 1] == list(client.run(worker_tasks.handed_count).values())
    sharings[1].close()
    wait_until(lambda: [] == client.run_on_scheduler(worker_tasks.plugins_of))


def test_nobody_logged_in(client: Client) -> None:
    """Without a token there is nothing to hand on."""
    assert NotLoggedInError is type(caught(lambda: EtnaSession("etna").dask_plugin(client)))


def test_an_asynchronous_client(session: EtnaSession) -> None:
    """An asynchronous client is refused: nothing here would await it."""

    class Asynchronous:
        asynchronous = True

    assert "asynchronous" in str(caught(lambda: session.dask_plugin(Asynchronous())))
