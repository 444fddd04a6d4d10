"""Where a worker's session finds a newer token: a function, what its process was handed, and its machine."""

import pickle
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import cloudpickle
import joblib
import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import Secret, Token, TokenExpiredError, TokenState, WorkerSession
from etna_magic.sandbox import Sandbox
from etna_magic.session import EtnaSession, token_holder
from etna_magic.session.token_holder import HANDED
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer
from tests.helpers.waiting import LIMIT, wait_until
from tests.session import worker_tasks
from tests.session.pickling import spellings, unpickled
from tests.session.renewing_login import DENIED, IN_THE_WINDOW, NEW, OLD, PAST_THE_END, PROBE, new_token_only

SECRETS = (*accounts.SECRETS, NEW.removeprefix("Bearer "))
THREADS = 16


class Tokens:
    """Makes tokens of one server, by one clock."""

    def __init__(self, server: ScriptedServer, clock: accounts.ManualClock) -> None:
        self._base_url, self._clock = server.base_url, clock

    def old(self) -> Token:
        """Return the first one."""
        return accounts.token(self._base_url, self._clock)

    def new(self, username: str = accounts.USERNAME) -> Token:
        """Return the one that the server accepts after that."""
        return Token(
            Secret(NEW.removeprefix("Bearer ")),
            app_key=Secret(accounts.APP_KEY),
            username=username,
            base_url=self._base_url,
            lifetime=timedelta(hours=24),
            issued=(self._clock.wall() + 1, self._clock.forward() + 1),
            clock=self._clock,
        )


@pytest.fixture
def tokens(server: ScriptedServer, clock: accounts.ManualClock) -> Tokens:
    """Return what makes tokens."""
    clock.wall_now = time.time()  # what is pickled ages by the clocks of this machine
    return Tokens(server, clock)


@pytest.fixture
def worker(tokens: Tokens) -> Iterator[WorkerSession]:
    """Return a session for workers; nothing is left handed over."""
    made = logins.session_of(tokens.old()).for_workers()
    yield made
    HANDED.withdraw(made.account)


def workers_of(token: Token) -> WorkerSession:
    """Return what a driver sends that has this token."""
    return logins.session_of(token).for_workers()


def signed(server: ScriptedServer) -> list[str]:
    """Return what the calls were signed with."""
    return [received.values("Authorization")[0] for received in server.received]


# ------------------------------------------------------------------ refresh_from


@pytest.mark.parametrize("seconds", [PAST_THE_END, IN_THE_WINDOW])
def test_near_its_end(server, clock, tokens: Tokens, worker: WorkerSession, seconds: int) -> None:
    """A token near its end, or past it, is replaced by the one that the function returns, before the call."""
    asked: list[int] = []
    worker.refresh_from(lambda: asked.append(1) or workers_of(tokens.new()))
    assert (200, []) == (worker.post("v1.0/x").status_code, asked)  # while it is fresh nobody is asked
    clock.move(seconds)
    assert [200, 200] == [worker.post("v1.0/x").status_code for _ in range(2)]
    assert ([OLD, NEW, NEW], [1]) == (signed(server), asked)


@pytest.mark.parametrize("give", [lambda session: session, pickle.dumps], ids=["session", "pickle"])
def test_after_a_401(server, tokens: Tokens, worker: WorkerSession, give: Callable) -> None:
    """A read that is refused is sent again with it; it may come as a pickle."""
    server.play(new_token_only())
    worker.refresh_from(lambda: give(workers_of(tokens.new())))
    assert 200 == worker.get("v1.0/x").status_code
    assert [("/api/v1.0/x", OLD), (PROBE, OLD), ("/api/v1.0/x", NEW)] == [
        (received.target, received.values("Authorization")[0]) for received in server.received
    ]


def test_an_order_after_a_401(server, tokens: Tokens, worker: WorkerSession) -> None:
    """An order that is refused is not sent again, and the error says that there is a fresh token."""
    server.play(new_token_only())
    worker.refresh_from(lambda: workers_of(tokens.new()))
    error = caught(lambda: worker.post("v1.0/x"))
    expected = (
        "There is a fresh token now: repeat the call. The POST was refused with a 401 and was not sent again."
    )
    assert (TokenExpiredError, True, []) == (type(error), expected in str(error), leaks(error, SECRETS))
    assert (200, [OLD, OLD, NEW]) == (worker.post("v1.0/x").status_code, signed(server))


def test_once_for_all_threads(server, clock, tokens: Tokens, worker: WorkerSession) -> None:
    """Many threads at a token's end ask once."""
    asked, line_up = [], threading.Barrier(THREADS)
    worker.refresh_from(lambda: asked.append(1) or workers_of(tokens.new()))
    clock.move(PAST_THE_END)

    def call(_: int) -> int:
        line_up.wait(30)
        return worker.get("v1.0/x").status_code

    with ThreadPoolExecutor(THREADS) as threads:
        assert [200] * THREADS == list(threads.map(call, range(THREADS)))
    assert ([1], {NEW}) == (asked, set(signed(server)))


WRONG: dict[str, tuple[Callable[[Tokens], object], str]] = {
    "nothing newer": (lambda tokens: workers_of(tokens.old()), ", and there is no newer one"),
    "no session": (lambda _: "x", ", and a newer one cannot be had (EtnaError)"),
    "another account": (
        lambda tokens: workers_of(tokens.new("bob")),
        ", and a newer one cannot be had (EtnaError)",
    ),
    "raises": (lambda _: {}[NEW], ", and looking for a newer one raised KeyError"),
}


@pytest.mark.parametrize(("source", "said"), WRONG.values(), ids=WRONG)
def test_what_does_not_help(server, clock, tokens: Tokens, worker: WorkerSession, source, said: str) -> None:  # noqa: PLR0913, PLR0917 - a table
    """Without a newer token the call is not sent, and the error says what was looked for, and no secret."""
    worker.refresh_from(lambda: source(tokens))
    clock.move(PAST_THE_END)
    error = caught(lambda: worker.post("v1.0/x"))
    assert (TokenExpiredError, []) == (type(error), leaks(error, SECRETS))
    assert f"{said}. Log in again where it came from" in str(error)
    assert ("The POST was not sent." in str(error), 0) == (True, len(server.received))


@pytest.mark.parametrize("source", [3, None, "session"])
def test_no_function(worker: WorkerSession, source: object) -> None:
    """What cannot be called is refused at once, and not at a token's end on a worker."""
    before = worker.holder.sources
    with pytest.raises(TypeError, match="which cannot be called: give a function that returns a new session"):
        worker.refresh_from(workers_of(worker.token) if source == "session" else source)
    assert before == worker.holder.sources


def test_what_fails_near_the_end_stops_nothing(server, clock, worker: WorkerSession) -> None:
    """While the old token is good, a function that fails is asked again a second later at the earliest."""
    asked: list[int] = []
    worker.refresh_from(lambda: asked.append(1) or {}["x"])
    worker.holder._clock = clock
    clock.move(IN_THE_WINDOW)
    assert [200, 200] == [worker.get("v1.0/x").status_code for _ in range(2)]
    assert [1] == asked
    clock.move(1.0)
    worker.get("v1.0/x")
    assert [1, 1] == asked


_CURRENT: list[Token] = []


def current_session() -> WorkerSession:
    """Return what a driver would send: a function that a pickle can name."""
    return workers_of(_CURRENT[-1])


def test_it_goes_along(server, tokens: Tokens, worker: WorkerSession) -> None:
    """The function goes along in the pickle, and to those that a worker hands on."""
    _CURRENT.append(tokens.new())
    worker.refresh_from(current_session)
    for made in (unpickled(pickle.dumps(worker)), worker.for_workers()):
        made.token.refuse()
        assert 200 == made.get("v1.0/x").status_code
        worker.token.accept()
    assert [NEW, NEW] == [one for one in signed(server) if one != OLD]


def test_any_function_goes_along_with_cloudpickle(server, tokens: Tokens, worker: WorkerSession) -> None:
    """With cloudpickle, as Dask and Ray pickle, it may be a function of a notebook."""
    sent = pickle.dumps(workers_of(tokens.new()))
    made = unpickled(cloudpickle.dumps(worker.refresh_from(lambda: sent)))
    made.token.refuse()
    assert (200, [NEW]) == (made.post("v1.0/x").status_code, signed(server))


# ------------------------------------------------------------------ what the process was handed


def test_handed_over(server, tokens: Tokens, worker: WorkerSession) -> None:
    """What a process was handed is used by every worker's session in it, at once, and by later ones."""
    before = pickle.dumps(worker)
    HANDED.put(tokens.new())
    assert 200 == worker.get("v1.0/x").status_code
    with unpickled(before) as later:
        assert 200 == later.post("v1.0/x").status_code
    assert [NEW, NEW] == signed(server)


def test_only_newer_ones(server, tokens: Tokens, worker: WorkerSession) -> None:
    """An older token takes no newer one's place, and one of another account nobody's."""
    HANDED.put(tokens.new())
    HANDED.put(tokens.old())
    HANDED.put(tokens.new("bob"))
    worker.get("v1.0/x")
    assert [NEW] == signed(server)
    HANDED.withdraw(tokens.new("bob").account)


def test_handed_over_and_refused(server, tokens: Tokens, worker: WorkerSession, monkeypatch) -> None:
    """One that the server refuses is not taken again."""
    server.play(DENIED)
    HANDED.put(tokens.new())
    monkeypatch.setattr(token_holder, "_LONGEST_HAND_OVER", 0.1)
    errors = [caught(lambda: worker.get("v1.0/x")) for _ in range(2)]
    assert ([TokenExpiredError] * 2, TokenState.STALE) == ([type(one) for one in errors], worker.token.state)
    assert "and its cluster has handed on no newer one. Log in again where it came from" in str(errors[0])


def test_one_that_is_on_its_way(server, clock, tokens: Tokens, worker: WorkerSession) -> None:
    """A call whose token has ended waits for the next one that its cluster hands on."""
    HANDED.put(tokens.old())
    clock.move(PAST_THE_END)
    with ThreadPoolExecutor(THREADS) as threads:
        calls = [threads.submit(worker.post, "v1.0/x") for _ in range(THREADS)]
        wait_until(worker.holder._lock.locked)
        assert [] == [call for call in calls if call.done()]
        HANDED.put(tokens.new())
        assert [200] * THREADS == [call.result(LIMIT).status_code for call in calls]
    assert {NEW} == set(signed(server))


def test_a_login_that_ends_meanwhile(server, clock, tokens: Tokens, worker: WorkerSession) -> None:
    """It waits no longer once the login has ended."""
    HANDED.put(tokens.old())
    clock.move(PAST_THE_END)
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(worker.post, "v1.0/x")
        wait_until(worker.holder._lock.locked)
        HANDED.withdraw(worker.account)
        assert TokenExpiredError is type(caught(lambda: call.result(LIMIT)))
    assert 0 == server.connections


# ------------------------------------------------------------------ what the machine remembers


@pytest.fixture
def remembered_session(ip: InteractiveShell) -> EtnaSession:
    """Return a session whose token is remembered on this machine."""
    ip.run_line_magic("etna_login", "--remember --auto-renew")
    return ip.user_ns["etna_session"]


def test_remembered(sandbox: Sandbox, remembered_session: EtnaSession, tmp_path: Path) -> None:
    """A worker takes up the token that a renewal has put into the store of its machine, and no password."""
    sent = pickle.dumps(remembered_session.for_workers())
    assert [] == [text for text in spellings(sandbox.password_of("demo")) if text in sent]
    sandbox.revoke_all()
    assert 200 == remembered_session.get("v1.0/users/@me/info").status_code  # which renews
    with unpickled(sent) as there:
        assert 200 == there.get("v1.0/users/@me/info").status_code
        assert remembered_session.token.get_secret_value() == there.token.get_secret_value()
    assert 2 == sandbox.token_requests  # the login and the one renewal


def test_nothing_remembered(sandbox: Sandbox, remembered_session: EtnaSession) -> None:
    """Where the store has no other one, the error says so."""
    with unpickled(pickle.dumps(remembered_session.for_workers())) as there:
        sandbox.revoke_all()
        error = caught(lambda: there.get("v1.0/users/@me/info"))
    assert "was refused by the server, and there is no newer one." in str(error)


def test_without_remember(sandbox: Sandbox, ip: InteractiveShell) -> None:
    """Without the option no worker looks into the store."""
    ip.run_line_magic("etna_login", "--remember")
    ip.run_line_magic("etna_login", "other")
    assert () == ip.user_ns["other_session"].for_workers().holder.sources
    assert 1 == len(ip.user_ns["etna_session"].for_workers().holder.sources)


def test_remembered_in_another_process(sandbox: Sandbox, remembered_session: EtnaSession) -> None:
    """So it is in a process of joblib's, which has no password either."""
    worker = remembered_session.for_workers()
    sandbox.revoke_all()
    assert 200 == remembered_session.get("v1.0/users/@me/info").status_code  # which renews
    try:
        statuses = joblib.Parallel(2)(joblib.delayed(worker_tasks.status)(n, worker) for n in range(4))
    finally:
        joblib.externals.loky.get_reusable_executor().shutdown()
    assert ([200] * 4, 2) == (statuses, sandbox.token_requests)
