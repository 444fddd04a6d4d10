"""Sessions that wait, were logged out or hold a stale token; and what a session shows of itself."""

import copy
import pickle
from collections.abc import Callable

import pytest
import requests

from etna_magic import NotLoggedInError, TokenExpiredError, TokenState
from etna_magic.namespace import Logins
from etna_magic.session import EtnaSession
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught, leaks

DENIED = answer(401, b'{"Message":"Authorization has been denied for this request."}')
PREPARED = requests.Request("GET", "http://127.0.0.1:9/x").prepare()

USES: dict[str, Callable[[EtnaSession], object]] = {
    "get": lambda session: session.get("v1.0/x"),
    "head": lambda session: session.head("v1.0/x"),
    "options": lambda session: session.options("v1.0/x"),
    "post": lambda session: session.post("v1.0/x", json={}),
    "put": lambda session: session.put("v1.0/x"),
    "patch": lambda session: session.patch("v1.0/x"),
    "delete": lambda session: session.delete("v1.0/x"),
    "request": lambda session: session.request("GET", "v1.0/x"),
    "absolute": lambda session: session.get("http://127.0.0.1:9/x"),
    "send": lambda session: session.send(PREPARED),
    "prepare_request": lambda session: session.prepare_request(requests.Request("GET", "v1.0/x")),
    "token": lambda session: session.token,
}
by_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


@by_use
def test_new_session(use: Callable) -> None:
    """A session that was never logged in sends nothing."""
    with EtnaSession("etna") as session:
        assert NotLoggedInError is type(caught(lambda: use(session)))


@by_use
def test_session_that_waits(server, use: Callable) -> None:
    """While a form waits, every use says in one line that the log-in is to be finished."""
    logins = Logins({})
    with logins.await_login("mine", "is waiting: finish the form", 5.0).session as session:
        error = caught(lambda: use(session))
    assert (NotLoggedInError, "mine is waiting: finish the form.") == (type(error), str(error))


@by_use
def test_log_in_that_waits_again(server, session: EtnaSession, use: Callable) -> None:
    """A session that was logged in and is asked for anew sends nothing by its old token."""
    session.unbind("is waiting")
    assert NotLoggedInError is type(caught(lambda: use(session)))
    assert [] == server.received


@by_use
def test_session_after_log_out(server, use: Callable) -> None:
    """After a log-out nothing is sent, by whoever still holds the session."""
    logins = Logins({})
    login = logins.store("etna", accounts.token(server.base_url), None, 5.0)
    with login.session as session:
        logins.drop(login, "was logged out")
        error = caught(lambda: use(session))
    assert (NotLoggedInError, True, []) == (type(error), "was logged out" in str(error), server.received)
    assert ({}, TokenState.STALE) == (logins.namespace, login.token.state)


def test_new_log_in_mends_the_same_session(server) -> None:
    """A new log-in under the same name keeps the session object, and it signs with the new token."""
    logins = Logins({})
    before = logins.store("etna", accounts.token("http://127.0.0.1:9"), None, 5.0).session
    after = logins.store("etna", accounts.token(server.base_url), None, 7.0).session
    with after:
        after.get("v1.0/x")
    assert (True, 1, 7.0) == (before is after, len(server.received), after.timeout)


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_stale_token_that_is_refused(server, session, clock: accounts.ManualClock, method: str) -> None:
    """A 401 on a token whose time is over says so, since when, and the line that mends it."""
    server.play(DENIED)
    clock.move(24 * 3600)
    error = caught(lambda: getattr(session, method)("v1.0/x"))
    assert (TokenExpiredError, 1) == (type(error), len(server.received))
    assert (True, True) == ("expired at" in str(error), str(error).endswith("%etna_login"))
    assert [] == leaks(error, accounts.SECRETS)


def test_mending_line_of_another_name(server, clock: accounts.ManualClock) -> None:
    """The mending line has the log-in's name where it is not the default."""
    server.play(DENIED)
    token = accounts.token(server.base_url, clock)
    clock.move(24 * 3600)
    with Logins({}).store("live", token, None, 5.0).session as session:
        error = caught(lambda: session.get("v1.0/x"))
    assert str(error).endswith("%etna_login live")


def test_stale_token_that_is_taken(server, session, clock: accounts.ManualClock) -> None:
    """The server outranks the clock: while it takes a token, calls go on."""
    clock.move(25 * 3600)
    assert 200 == session.get("v1.0/x").status_code


def test_refusal_elsewhere_says_nothing_about_the_token(server, session, clock: accounts.ManualClock) -> None:
    """A 401 of another server is returned, however old the token is."""
    clock.move(25 * 3600)
    elsewhere = server.play(DENIED).base_url.replace("127.0.0.1", "localhost")
    assert 401 == session.get(f"{elsewhere}/x").status_code


def test_401_on_a_fresh_token(server, session: EtnaSession) -> None:
    """A 401 while the token is good elsewhere is about that call, and is returned as it is."""

    def judge(connection, received) -> None:
        fine = received.target == "/api/v1.0/users/@me/info"
        connection.sendall(answer(200, b"{}") if fine else DENIED)

    server.play(judge)
    assert 401 == session.get("v1.0/accounts/9/orders").status_code
    assert TokenState.FRESH is session.token.state


@pytest.mark.parametrize("name", ["etna", "live"])
def test_repr(server, name: str) -> None:
    """A session shows its name, its state and until when, and never the token."""
    with EtnaSession(name) as session:
        assert f"<EtnaSession {name}: is not logged in>" == repr(session)
        session.bind(accounts.token(server.base_url))
        shown = f"{session!r} {session}"
    assert (True, True) == (f"EtnaSession {name}" in shown, accounts.USERNAME in shown)
    assert [] == [secret for secret in accounts.SECRETS if secret in shown]


COPIES = {"dumps": pickle.dumps, "copy": copy.copy, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("act", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("bound", ["bound", "waiting"])
def test_session_is_not_pickled(session: EtnaSession, act: Callable, bound: str) -> None:
    """A session refuses to be pickled or copied, and names the way out."""
    if bound == "waiting":
        session.unbind("is waiting")
    with pytest.raises(TypeError, match=r"not pickled.*(etna_token\.headers|for_workers)"):
        act(session)
