"""%etna_login --auto-renew, from the line to the calls."""

import os

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import EtnaSession, InvalidCredentialsError, NotLoggedInError, TokenExpiredError, TokenState
from etna_magic.sandbox import Sandbox
from tests.helpers.leaks import caught, leaks
from tests.helpers.waiting import wait_until

ORDERS = "v1.0/accounts/83267/orders"
OTHERS = "v1.0/accounts/83269/orders"
ORDER = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}
QUOTE = "v1.0/equities/AAPL"


@pytest.fixture
def session(ip: InteractiveShell) -> EtnaSession:
    """Return the session of a login that renews its token."""
    ip.run_line_magic("etna_login", "--auto-renew")
    return ip.user_ns["etna_session"]


def orders(sandbox: Sandbox) -> int:
    """Return how many orders were sent."""
    return sum(seen.method == "POST" and seen.path.endswith("/orders") for seen in sandbox.seen)


def test_a_read_is_sent_again(sandbox: Sandbox, session: EtnaSession, ip: InteractiveShell) -> None:
    """A read that was refused with a dead token is answered by a fresh one."""
    before = ip.user_ns["etna_token"]
    sandbox.revoke_all()
    assert 200 == session.get(QUOTE, params={"a": "b"}).status_code
    assert (2, TokenState.STALE) == (sandbox.token_requests, before.state)
    assert ip.user_ns["etna_token"] is session.token is not before


def test_a_write_is_not(sandbox: Sandbox, session: EtnaSession) -> None:
    """An order that was refused is not sent again, and the error says that there is a fresh token."""
    sandbox.revoke_all()
    error = caught(lambda: session.post(ORDERS, json=ORDER))
    assert (TokenExpiredError, 1, 2) == (type(error), orders(sandbox), sandbox.token_requests)
    expected = (
        "There is a fresh token now: repeat the call. The POST was refused with a 401 and was not sent again."
    )
    assert str(error).endswith(expected)
    assert (200, 2) == (session.post(ORDERS, json=ORDER).status_code, orders(sandbox))


def test_a_write_after_the_end(sandbox: Sandbox, session: EtnaSession) -> None:
    """A token that has ended by what is known here is replaced first, so that an order is placed at once."""
    session.token.end("was ended by a test")
    status = session.post(ORDERS, json=ORDER).status_code
    assert (200, 1, 2) == (status, orders(sandbox), sandbox.token_requests)


def test_other_users_account(sandbox: Sandbox, session: EtnaSession) -> None:
    """A 401 about the call alone renews nothing."""
    statuses = session.get(OTHERS).status_code, session.post(OTHERS, json=ORDER).status_code
    assert ((401, 401), 1) == (statuses, sandbox.token_requests)


def test_password_that_is_wrong_by_now(sandbox: Sandbox, session: EtnaSession, monkeypatch) -> None:
    """A renewal that is refused is reported with each call, and is not tried again."""
    monkeypatch.setenv("ETNA_PASSWORD", "wrong by now")
    sandbox.revoke_all()
    errors = [caught(lambda: session.post(ORDERS, json=ORDER)) for _ in range(3)]
    assert ([InvalidCredentialsError] * 3, 2) == ([type(error) for error in errors], sandbox.token_requests)
    outcomes = ["refused with a 401 and was not sent again.", "not sent.", "not sent."]
    assert [True] * 3 == [
        str(error).endswith(f" The POST was {outcome}")
        for error, outcome in zip(errors, outcomes, strict=True)
    ]
    assert ([], 1) == (leaks(errors[0], ["wrong by now", sandbox.app_key]), orders(sandbox))
    assert "wrong by now" == os.environ["ETNA_PASSWORD"]


def test_a_login_by_hand_after_that(sandbox: Sandbox, session, ip: InteractiveShell, monkeypatch) -> None:
    """A login by hand starts over, renewals too."""
    right = os.environ["ETNA_PASSWORD"]
    monkeypatch.setenv("ETNA_PASSWORD", "wrong by now")
    sandbox.revoke_all()
    caught(lambda: session.get(QUOTE))
    monkeypatch.setenv("ETNA_PASSWORD", right)
    ip.run_line_magic("etna_login", "")
    sandbox.revoke_all()
    assert 200 == session.get(QUOTE).status_code


def test_a_logout_ends_renewals(sandbox: Sandbox, session: EtnaSession, ip: InteractiveShell) -> None:
    """After a logout nothing is renewed by whoever still holds the session."""
    ip.run_line_magic("etna_logout", "")
    error = caught(lambda: session.get(QUOTE))
    assert (NotLoggedInError, "etna was logged out.") == (type(error), str(error))
    assert 1 == sandbox.token_requests


def test_another_account_ends_renewals(sandbox: Sandbox, session, ip: InteractiveShell, monkeypatch) -> None:
    """So does a login of somebody else: their session renews for them, and the old one for nobody."""
    monkeypatch.setenv("ETNA_PASSWORD", sandbox.password_of("lockout"))
    ip.run_line_magic("etna_login", "--auto-renew -u lockout")
    sandbox.revoke_all()
    assert "lockout" == ip.user_ns["etna_session"].get("v1.0/users/@me/info").json()["Login"]
    assert (NotLoggedInError, 3) == (type(caught(lambda: session.get(QUOTE))), sandbox.token_requests)


def test_short_life(sandbox: Sandbox, ip: InteractiveShell) -> None:
    """Tokens that live half a second each are replaced as they end, and the same session goes on."""
    sandbox.lifetime = 0.5
    ip.run_line_magic("etna_login", "short --lifetime 0.5s --auto-renew")
    session, texts = ip.user_ns["short_session"], []
    for _ in range(3):
        token = session.token
        wait_until(lambda token=token: token.state is TokenState.STALE)
        assert 200 == session.get(QUOTE).status_code
        texts.append(ip.user_ns["short_token"].get_secret_value())
    assert 3 == len(set(texts))
