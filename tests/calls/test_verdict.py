"""A 401 on a token that the clock calls good: the server is asked once, and its word counts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from etna_magic import TokenExpiredError, TokenState
from etna_magic.namespace import Logins
from etna_magic.sandbox import Sandbox
from etna_magic.server_verdict import ServerVerdict
from etna_magic.session import EtnaSession
from tests.calls.breaks import CUTS
from tests.calls.house import DENIED, PROBE
from tests.calls.shell import log_in
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught, leaks

# Demo's accounts are 83267 and 83268.
OTHERS = "v1.0/accounts/83269/orders"
THREADS = 32


def paths(sandbox: Sandbox) -> list[str]:
    """Return what the sandbox was asked since the log-in, without the base URL's path."""
    return [seen.path.removeprefix("/api/") for seen in sandbox.seen if seen.path != "/api/token"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_revoked(sandbox: Sandbox, trading: EtnaSession, method: str) -> None:
    """A token that the server has ended is stale, and one probe has shown it."""
    token = trading.token
    sandbox.revoke_all()
    path = "v1.0/accounts/83267/orders" + "/5004" * (method == "DELETE")
    error = caught(lambda: trading.request(method, path))
    assert (TokenExpiredError, TokenState.STALE) == (type(error), token.state)
    assert [path, "v1.0/users/@me/info"] == paths(sandbox)
    assert (True, []) == (str(error).endswith("%etna_login"), leaks(error, [token.value, sandbox.app_key]))


def test_revoked_once_and_for_all(sandbox: Sandbox, trading: EtnaSession) -> None:
    """After that no call is sent any more."""
    sandbox.revoke_all()
    caught(lambda: trading.get("v1.0/equities/AAPL"))
    before = len(sandbox.seen)
    assert TokenExpiredError is type(caught(lambda: trading.get("v1.0/equities/AAPL")))
    assert before == len(sandbox.seen)


def test_new_log_in_after_that(sandbox: Sandbox) -> None:
    """A new log-in mends the same session."""
    logins = Logins({})
    session = logins.store("etna", log_in(sandbox), None, 10.0).session
    sandbox.revoke_all()
    caught(lambda: session.get("v1.0/equities/AAPL"))
    with logins.store("etna", log_in(sandbox), None, 10.0).session:
        assert 200 == session.get("v1.0/equities/AAPL").status_code


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_users_account(sandbox: Sandbox, trading: EtnaSession, method: str) -> None:
    """A 401 about that call alone is returned as it is, after one probe."""
    response = trading.request(method, OTHERS, json={})
    assert (401, TokenState.FRESH) == (response.status_code, trading.token.state)
    assert "Authorization has been denied for this request." == response.json()["Message"]
    assert [OTHERS, "v1.0/users/@me/info"] == paths(sandbox)


def test_asked_once_a_minute(sandbox: Sandbox, trading: EtnaSession, clock: accounts.ManualClock) -> None:
    """Within a minute the answer to the last probe stands; after it the server is asked again."""
    trading._verdict = ServerVerdict(clock)
    probes = []
    for seconds in (0, 1, 58, 2, 1):
        clock.move(seconds)
        assert 401 == trading.get(OTHERS).status_code
        probes.append(paths(sandbox).count("v1.0/users/@me/info"))
    assert [1, 1, 1, 2, 2] == probes


def test_dies_within_the_minute(sandbox: Sandbox, trading: EtnaSession, clock: accounts.ManualClock) -> None:
    """A token that dies just after a probe is found dead by the next one."""
    trading._verdict = ServerVerdict(clock)
    trading.get(OTHERS)
    sandbox.revoke_all()
    assert 401 == trading.get("v1.0/equities/AAPL").status_code
    clock.move(61)
    assert TokenExpiredError is type(caught(lambda: trading.get("v1.0/equities/AAPL")))


def test_a_new_token_is_asked_about_at_once(sandbox: Sandbox) -> None:
    """The minute is that of one token."""
    logins = Logins({})
    session = logins.store("etna", log_in(sandbox), None, 10.0).session
    session.get(OTHERS)
    with logins.store("etna", log_in(sandbox), None, 10.0).session:
        session.get(OTHERS)
    assert 2 == paths(sandbox).count("v1.0/users/@me/info")


def test_threads_with_a_dead_token(sandbox: Sandbox, trading: EtnaSession) -> None:
    """Many threads that are refused at once make one probe, and all are told."""
    sandbox.revoke_all()
    line_up = threading.Barrier(THREADS)

    def call(_: int) -> type:
        line_up.wait(30)
        return type(caught(lambda: trading.get("v1.0/equities/AAPL")))

    with ThreadPoolExecutor(THREADS) as threads:
        assert [TokenExpiredError] * THREADS == list(threads.map(call, range(THREADS)))
    assert 1 == paths(sandbox).count("v1.0/users/@me/info")


@pytest.mark.parametrize("broken", [CUTS["reset after reading"].reply, answer(503), answer(500), answer(403)])
def test_probe_without_a_verdict(server, session: EtnaSession, pauses, broken) -> None:
    """A probe that brings no yes or no proves nothing: the call's own 401 is returned."""

    def judge(connection, received) -> None:
        reply = broken if received.target == PROBE else DENIED
        reply(connection, received) if callable(reply) else connection.sendall(reply)

    server.play(judge)
    assert 401 == session.get("v1.0/accounts/9/orders").status_code
    assert TokenState.FRESH is session.token.state


def test_401_of_another_origin(server, session: EtnaSession) -> None:
    """A 401 from elsewhere says nothing of the token, and is not asked about."""
    server.play(DENIED)
    elsewhere = server.base_url.replace("127.0.0.1", "localhost")
    assert 401 == session.get(f"{elsewhere}/x").status_code
    assert 1 == len(server.received)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_401_while_a_log_in_went_on(server, clock: accounts.ManualClock, method: str) -> None:
    """A 401 about a call, whose token was replaced meanwhile though still good, is no expiry."""
    logins = Logins({})
    session = logins.store("etna", accounts.token(server.base_url, clock), None, 5.0).session

    def judge(connection, received) -> None:
        if received.target != PROBE:
            logins.store("etna", accounts.token(server.base_url, clock), None, 5.0)
        connection.sendall(answer(200, b"{}") if received.target == PROBE else DENIED)

    server.play(judge)
    with session:
        assert 401 == session.request(method, "v1.0/accounts/9/orders").status_code
