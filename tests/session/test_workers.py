"""`for_workers()`: what is sent to a worker and what is not, and what a session does there."""

import pickle
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import (
    ConnectionFailedError,
    EtnaSession,
    NotLoggedInError,
    TokenExpiredError,
    TokenState,
    WorkerSession,
)
from etna_magic.sandbox import Sandbox
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.session import worker_tasks
from tests.session.pickling import COPIERS, PICKLERS, WAYS, spellings, unpickled
from tests.session.renewing_login import DENIED, PAST_THE_END, PROBE

by_pickler = pytest.mark.parametrize("dumps", PICKLERS.values(), ids=PICKLERS)
by_way = pytest.mark.parametrize("again", WAYS.values(), ids=WAYS)
HERE_AND_THERE = {"here": lambda worker: worker, "there": WAYS["pickle"], **COPIERS}
REFUSED = (
    "The token of etna that this worker was given was refused by the server. "
    "Log in again where it came from, and send a new etna_session.for_workers()."
)


class TestOfALoginThatRenews:
    """The session knows where the password is; what it gives to workers does not."""

    @pytest.fixture
    def session(self, ip: InteractiveShell) -> EtnaSession:
        """Return a session that renews its token."""
        ip.run_line_magic("etna_login", "--auto-renew")
        return ip.user_ns["etna_session"]

    @by_pickler
    def test_no_password(self, sandbox: Sandbox, session: EtnaSession, dumps: Callable) -> None:
        """The password is not in the bytes in any spelling; token and app key are."""
        sent = dumps(session.for_workers())
        assert [] == [text for text in spellings(sandbox.password_of("demo")) if text in sent]
        expected = (session.token.get_secret_value(), sandbox.app_key)
        assert [True, True] == [text.encode() in sent for text in expected]

    @by_way
    def test_works_there(self, session: EtnaSession, again: Callable) -> None:
        """What arrives makes calls, ages as the original does, and cannot renew."""
        with again(session.for_workers()) as worker:
            assert (WorkerSession, "AAPL") == (type(worker), worker_tasks.quote("AAPL", worker)[1])
            assert abs(worker.token.remaining - session.token.remaining) < timedelta(seconds=1)
            assert (session.token.expires_at, None) == (worker.token.expires_at, worker.holder.refresher)
            assert (session.name, session.timeout) == (worker.name, worker.timeout)

    @by_way
    def test_masked(self, sandbox: Sandbox, session: EtnaSession, again: Callable) -> None:
        """Neither here nor there does it show the token or the app key."""
        with again(session.for_workers()) as worker:
            shown = f"{session.for_workers()!r} {worker!r} {worker} {worker.token!r}"
        assert (True, True) == ("WorkerSession etna" in shown, "demo at" in shown)
        secrets = (session.token.get_secret_value(), sandbox.app_key)
        assert [] == [secret for secret in secrets if secret[:20] in shown]

    @by_pickler
    def test_errors_come_back(self, sandbox: Sandbox, session: EtnaSession, dumps: Callable) -> None:
        """An error of a call pickles, with its sentence and as an exception of requests too."""
        worker = session.for_workers()
        sandbox.stop()
        error = caught(lambda: worker_tasks.post(worker))
        found = unpickled(dumps(error))
        assert (str(error), type(error)) == (str(found), type(found))
        assert isinstance(found, ConnectionFailedError)
        assert isinstance(found, requests.ConnectionError)
        assert [] == leaks(found, [session.token.get_secret_value(), sandbox.app_key])

    def test_no_renewal_there(self, sandbox: Sandbox, session: EtnaSession) -> None:
        """A token that ends is not renewed there, and still is here."""
        with unpickled(pickle.dumps(session.for_workers())) as worker:
            sandbox.revoke_all()
            assert TokenExpiredError is type(caught(lambda: worker_tasks.quote("AAPL", worker)))
        assert 1 == sandbox.token_requests
        assert (200, 2) == (session.get("v1.0/equities/AAPL").status_code, sandbox.token_requests)


def test_handed_on(server) -> None:
    """A worker may hand on what it was given, by its own `for_workers()` too."""
    session = logins.session_of(accounts.token(server.base_url))
    with unpickled(pickle.dumps(unpickled(pickle.dumps(session.for_workers())))) as worker:
        assert [200, 200] == [worker_tasks.post(worker), worker_tasks.post(worker.for_workers())]
    assert [f"Bearer {accounts.TOKEN}"] * 2 == [one.values("Authorization")[0] for one in server.received]


def test_settings_go_along(session: EtnaSession) -> None:
    """What a user has set on the session holds for the workers as well, as requests has it."""
    session.verify = "/etc/company/authority.pem"
    session.headers["User-Agent"] = "research/7"
    session.proxies["https"] = "http://proxy.example.com:3128"
    session.timeout = 7.0
    with unpickled(pickle.dumps(session.for_workers())) as worker:
        assert (session.verify, session.headers, session.proxies) == (
            worker.verify,
            worker.headers,
            worker.proxies,
        )
        assert 7.0 == worker.timeout


@pytest.mark.parametrize("read_only", [False, True])
@by_way
def test_read_only_goes_along(server, again: Callable, read_only: bool) -> None:  # noqa: FBT001 - a table's column
    """A worker's session is as read-only as the one that it came from, and so is one that it hands on."""
    session = logins.session_of(accounts.token(server.base_url))
    session.holder.read_only = read_only
    with again(session.for_workers()) as worker:
        assert [read_only] * 2 == [worker.read_only, worker.for_workers().read_only]


def test_settings_are_not_shared(session: EtnaSession) -> None:
    """What is set on a worker's session is not set on the one that it came from."""
    worker = session.for_workers()
    worker.headers["X-Mine"] = "1"
    assert "X-Mine" not in session.headers


def test_nobody_logged_in() -> None:
    """Without a token there is nothing to send."""
    with EtnaSession("etna") as session:
        assert NotLoggedInError is type(caught(session.for_workers))


def test_its_token_stays_when_the_session_has_a_new_one(server, session: EtnaSession) -> None:
    """A worker's session keeps the token that it was given."""
    worker = session.for_workers()
    session.holder.release("was logged out")
    assert 200 == worker_tasks.post(worker)


@pytest.mark.parametrize("again", HERE_AND_THERE.values(), ids=HERE_AND_THERE)
def test_refused(server, again: Callable) -> None:
    """A token that the server has refused is reported as refused each time, and not as one that expired."""
    server.play(DENIED)
    with logins.session_of(accounts.token(server.base_url)).for_workers() as worker:
        errors = [caught(lambda: worker.get("v1.0/x"))]
        with again(worker) as there:
            errors += [caught(lambda: there.get("v1.0/x")), caught(lambda: there.post("v1.0/x"))]
    assert [TokenExpiredError] * 3 == [type(error) for error in errors]
    first = REFUSED.replace(" that this worker was given", "")
    assert [first, REFUSED, f"{REFUSED} The POST was not sent."] == [str(error) for error in errors]
    # The call itself was sent once; another process may ask about the token for itself, once.
    targets = [received.target for received in server.received]
    assert ["/api/v1.0/x", PROBE] == targets[:2]
    assert targets[2:] in ([], [PROBE])


def test_expired(server, session: EtnaSession, clock: accounts.ManualClock) -> None:
    """A token that has come to its end by the clock is reported with its moment, and nothing is sent."""
    with session.for_workers() as worker:
        clock.move(PAST_THE_END)
        errors = [str(caught(lambda: worker.get("v1.0/x"))) for _ in range(2)]
    expected = (
        "The token of etna that this worker was given expired at 2025-06-16 15:06:40 UTC. "
        "Log in again where it came from, and send a new etna_session.for_workers()."
    )
    assert ([expected] * 2, []) == (errors, server.received)


@by_way
def test_expired_there(server, session: EtnaSession, again: Callable) -> None:
    """It ages there by that machine's own clocks."""
    token = accounts.token(server.base_url, lifetime=timedelta(seconds=-1))
    session.holder.put(token)
    with again(session.for_workers()) as worker:
        assert TokenState.STALE is worker.token.state
        assert TokenExpiredError is type(caught(lambda: worker.get("v1.0/x")))
    assert [] == server.received


@by_way
def test_logged_out_meanwhile(session: EtnaSession, again: Callable) -> None:
    """A worker's session whose token was ended has none to give: its pickle is a stand-in, and none fails."""
    worker = session.for_workers()
    session.token.end("was logged out")
    error = caught(lambda: worker.post("v1.0/x"))
    assert "that this worker was given was logged out." in str(error)
    made = again(worker)
    assert (True, EtnaSession, session.account) == (made.is_copy, type(made), made.account)


@by_way
def test_without_a_token(again: Callable) -> None:
    """So has one that was never given any."""
    assert again(WorkerSession("etna")).is_copy
