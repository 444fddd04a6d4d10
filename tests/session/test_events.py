"""What is called back of a login: each event, from where, and that no lock of ours is held meanwhile."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest
from IPython.core.interactiveshell import InteractiveShell

import etna_magic
from etna_magic import EtnaSession, LoginEvent, callbacks, on
from etna_magic.sandbox import Sandbox
from tests.helpers.leaks import caught
from tests.helpers.waiting import LIMIT

CALL = "v1.0/users/@me/info"


@pytest.fixture(autouse=True)
def _no_other_callbacks() -> Iterator[None]:
    callbacks.clear()
    yield
    callbacks.clear()


@pytest.fixture
def session(ip: InteractiveShell) -> EtnaSession:
    """Return the session of a login that renews its token by calls."""
    ip.run_line_magic("etna_login", "--auto-renew")
    session = ip.user_ns["etna_session"]
    session.holder.use_timer(is_used=False)
    return session


def on_another_thread(act: Callable[[], object]) -> object:
    """Do something on another thread, and return what comes of it in time; None if nothing does."""
    came: list[object] = []
    thread = threading.Thread(target=lambda: came.append(act()), daemon=True)
    thread.start()
    thread.join(LIMIT)
    return came[0] if came else None


def events(*names: str) -> list[LoginEvent]:
    """Return a list that collects what is called back."""
    got: list[LoginEvent] = []
    for name in names or callbacks.EVENTS:
        on(name, got.append)
    return got


def test_a_life(ip: InteractiveShell, sandbox: Sandbox, capsys) -> None:
    """A login, a renewal and a logout are called back in their order, with whose login it is and its end."""
    got = events()
    ip.run_line_magic("etna_login", "--auto-renew")
    session = ip.user_ns["etna_session"]
    first = session.token
    sandbox.revoke_all()
    assert 200 == session.get(CALL).status_code
    second = session.token
    ip.run_line_magic("etna_logout", "")
    # A login that another test has left may end meanwhile.
    got = [event for event in got if event.base_url == sandbox.base_url]
    expected = [("logged_in", first.expires_at), ("renewed", second.expires_at), ("logged_out", None)]
    assert expected == [(event.event, event.expires_at) for event in got]
    assert {("etna", f"demo at {sandbox.base_url}", "LIVE", "")} == {
        (event.name, event.account, event.environment, event.error) for event in got
    }


@pytest.mark.parametrize("end", ["refused", "ended"])
def test_a_call_from_a_callback(session: EtnaSession, sandbox: Sandbox, end: str) -> None:
    """A callback calls the session, on its own thread and on another, while a call has the token renewed."""
    came: list[object] = []

    def callback(_: LoginEvent) -> None:
        came.append(session.get(CALL).status_code)
        came.append(on_another_thread(lambda: session.get(CALL).status_code))

    on("renewed", callback)
    if end == "refused":
        sandbox.revoke_all()
    else:
        session.token.end("was ended by a test")
    assert (200, [200, 200]) == (session.get(CALL).status_code, came)


def test_a_failure(session: EtnaSession, sandbox: Sandbox, monkeypatch, caplog) -> None:
    """A renewal that fails is called back with its sentence; a call from there gets that error, at once."""
    got, errors = events("renewal_failed", "stale"), []
    on("renewal_failed", lambda _: errors.append(caught(lambda: session.get(CALL))))
    monkeypatch.setenv("ETNA_PASSWORD", "wrong by now")
    sandbox.revoke_all()
    error = caught(lambda: session.get(CALL))
    caught(lambda: session.get(CALL))
    assert ["renewal_failed", "stale"] == [event.event for event in got]
    assert ([str(error)], str(error), 2) == (
        [str(one) for one in errors],
        got[0].error,
        sandbox.token_requests,
    )


def test_a_token_that_the_server_ended(ip: InteractiveShell, sandbox: Sandbox, capsys) -> None:
    """Without --auto-renew a token that the server refuses is stale, once."""
    got = events("stale")
    ip.run_line_magic("etna_login", "")
    sandbox.revoke_all()
    for _ in range(2):
        caught(lambda: ip.user_ns["etna_session"].get(CALL))
    assert ["stale"] == [event.event for event in got]


def test_no_lock_between_processes(ip: InteractiveShell, tmp_path: Path, capsys) -> None:
    """Whoever is called back about a login that is remembered finds the lock of the store free."""
    free: list[bool] = []

    def callback(_: LoginEvent) -> None:
        for path in tmp_path.rglob("*.lock"):
            with filelock.FileLock(path, timeout=0) as lock:
                free.append(lock.is_locked)

    on("logged_in", callback)
    on("renewed", callback)
    ip.run_line_magic("etna_login", "--remember --auto-renew")
    session = ip.user_ns["etna_session"]
    session.holder.use_timer(is_used=False)
    session.token.end("was ended by a test")
    assert 200 == session.get(CALL).status_code
    assert len(free) >= 2
    assert all(free)


def test_another_account(ip: InteractiveShell, sandbox: Sandbox, monkeypatch, capsys) -> None:
    """A login of somebody else under that name is theirs, and ends the one before."""
    got = events()
    ip.run_line_magic("etna_login", "")
    monkeypatch.setenv("ETNA_PASSWORD", sandbox.password_of("lockout"))
    ip.run_line_magic("etna_login", "-u lockout")
    expected = [("logged_in", "demo"), ("logged_out", "demo"), ("logged_in", "lockout")]
    assert expected == [(one.event, one.username) for one in got]


def test_a_session_that_is_closed(ip: InteractiveShell) -> None:
    """Closing what `connect()` returned ends its login, once."""
    got = events("logged_out")
    with etna_magic.connect() as session:
        assert [] == got
    session.close()
    assert [("etna", None)] == [(one.name, one.expires_at) for one in got]


def test_a_callback_that_logs_out(ip: InteractiveShell, capsys) -> None:
    """The line of success comes before whoever is called back can make it untrue."""
    on("logged_in", lambda event: ip.run_line_magic("etna_logout", event.name))
    ip.run_line_magic("etna_login", "")
    first, second = capsys.readouterr().out.splitlines()
    assert (True, True) == (
        first.startswith("Logged in as demo"),
        second.startswith("etna: demo is logged out"),
    )


def test_a_failing_callback(session: EtnaSession, sandbox: Sandbox, caplog) -> None:
    """An error in a callback is logged and does not reach the call."""
    on("renewed", lambda _: 1 / 0)
    sandbox.revoke_all()
    assert 200 == session.get(CALL).status_code
    assert ["A callback failed that etna_magic.on('renewed', …) was given."] == caplog.messages
