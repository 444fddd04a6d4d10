"""Sessions that wait, were logged out or hold a stale token; and what a session shows of itself."""

from collections.abc import Callable

import pytest
import requests

from etna_magic import EtnaSession, NotLoggedInError, TokenExpiredError, TokenState
from etna_magic.logins import LoginRegistry
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.session.renewing_login import DENIED

DAY = 24 * 3600
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
    "own auth": lambda session: session.get("v1.0/x", auth=("a", "b")),
    "send": lambda session: session.send(PREPARED),
    "prepare_request": lambda session: session.prepare_request(requests.Request("GET", "v1.0/x")),
    "token": lambda session: session.token,
    "for_workers": lambda session: session.for_workers(),
}
by_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


class Form:
    """A form that waits for a person."""

    def call_off(self, sentence: str) -> None:
        """End it."""


@by_use
def test_new_session(use: Callable) -> None:
    """A session that was never logged in sends nothing."""
    with EtnaSession("etna") as session:
        assert NotLoggedInError is type(caught(lambda: use(session)))


@by_use
def test_session_that_waits(server, use: Callable) -> None:
    """While its first form waits, every use says that the login is to be finished, and sends nothing."""
    with LoginRegistry({}).wait_for_form("mine", Form()).session as session:
        error = caught(lambda: use(session))
    expected = "mine is waiting for its login: finish the form, or run %etna_login mine again."
    name = next(name for name, one in USES.items() if one is use)
    outcome = f" The {name.upper()} was not sent." if name in ("post", "put", "patch", "delete") else ""
    assert (NotLoggedInError, f"{expected}{outcome}") == (type(error), str(error))


@by_use
def test_a_form_that_waits_takes_nothing_away(server, use: Callable) -> None:
    """With a token under the name, all goes on as before while a form waits, and after it was cancelled."""
    registry, form = LoginRegistry({}), Form()
    session = logins.put(accounts.token(server.base_url), registry=registry).session
    with session:
        registry.wait_for_form("etna", form)
        if use not in (USES["absolute"], USES["send"]):  # nothing listens there
            use(session)
        registry.form_ended("etna", form)
        assert 200 == session.get("v1.0/x").status_code
    assert session is registry.namespace["etna_session"]


@by_use
def test_session_after_logout(server, use: Callable) -> None:
    """After a logout nothing is sent, by whoever still holds the session, and no token is left in it."""
    registry = LoginRegistry({})
    login = logins.put(accounts.token(server.base_url), registry=registry)
    with login.session as session:
        registry.drop(login, "was logged out")
        if use is USES["prepare_request"]:
            # It names the account and holds no secret, so that it is made; it is not sent.
            error = caught(lambda: session.send(use(session)))
        else:
            error = caught(lambda: use(session))
    assert (NotLoggedInError, True, []) == (
        type(error),
        "etna was logged out." in str(error),
        server.received,
    )
    assert ({}, None) == (registry.namespace, login.token)


def test_prepared_before_the_logout(server, session: EtnaSession) -> None:
    """What was prepared before is not sent either."""
    request = session.prepare_request(requests.Request("POST", "v1.0/x"))
    session.holder.release("was logged out")
    error = caught(lambda: session.send(request))
    assert ("etna was logged out. The POST was not sent.", []) == (str(error), server.received)


def test_a_new_login_keeps_the_session(server) -> None:
    """A new login of the same account keeps the session object, with the new token and time-out."""
    registry = LoginRegistry({})
    before = logins.put(accounts.token(server.base_url), registry=registry).session
    token = accounts.token(server.base_url)
    after = logins.put(token, timeout=7.0, registry=registry).session
    with after:
        after.get("v1.0/x")
    assert (before, token, 7.0, 1) == (after, after.token, after.timeout, len(server.received))


def test_a_login_after_the_form(server) -> None:
    """The session that waited for its first login is the one that it is used by afterwards."""
    registry = LoginRegistry({})
    waiting = registry.wait_for_form("etna", Form()).session
    with logins.put(accounts.token(server.base_url), registry=registry).session as session:
        assert (waiting, 200) == (session, session.get("v1.0/x").status_code)


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_expired_token_that_is_refused(server, session, clock: accounts.ManualClock, method: str) -> None:
    """A 401 on a token that has expired says so, since when, and how to log in again; no probe is sent."""
    server.play(DENIED)
    clock.move(DAY)
    error = caught(lambda: getattr(session, method)("v1.0/x"))
    refused = (
        "" if method == "get" else f" The {method.upper()} was refused with a 401 and was not sent again."
    )
    expected = (
        f"The token of etna expired at 2025-06-16 15:06:40 UTC, and the server refused it.{refused} "
        "Log in again: %etna_login"
    )
    assert (TokenExpiredError, expected, 1) == (type(error), str(error), len(server.received))
    assert [] == leaks(error, accounts.SECRETS)


def test_hint_of_another_name(server, clock: accounts.ManualClock) -> None:
    """The line that logs in again has the login's name where it is not the default."""
    server.play(DENIED)
    token = accounts.token(server.base_url, clock)
    clock.move(DAY)
    with logins.put(token, "live").session as session:
        error = caught(lambda: session.get("v1.0/x"))
    assert str(error).endswith("%etna_login live")


def test_expired_token_that_is_accepted(server, session, clock: accounts.ManualClock) -> None:
    """The server outranks the clock: while it accepts a token, calls go on."""
    clock.move(25 * 3600)
    assert [200, 200] == [session.get("v1.0/x").status_code, session.post("v1.0/x").status_code]


def test_a_token_that_was_ended(server, session: EtnaSession) -> None:
    """A token that has no secret any more signs nothing, and says how it ended."""
    session.token.end("was ended by a test")
    error = caught(lambda: session.post("v1.0/x"))
    expected = "The token of etna was ended by a test. The POST was not sent. Log in again: %etna_login"
    assert (TokenExpiredError, expected, []) == (type(error), str(error), server.received)
    assert TokenState.STALE is session.token.state


@pytest.mark.parametrize("name", ["etna", "live"])
def test_repr(server, name: str) -> None:
    """A session shows its name, its state and until when, and never the token."""
    with EtnaSession(name) as session:
        assert f"<EtnaSession {name}: is not logged in>" == repr(session)
        session.holder.put(accounts.token(server.base_url))
        shown = f"{session!r} {session}"
    assert (True, True) == (f"EtnaSession {name}" in shown, accounts.USERNAME in shown)
    assert [] == [secret for secret in accounts.SECRETS if secret in shown]
