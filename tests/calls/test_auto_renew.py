"""%etna_login --auto-renew, from the line to the calls."""

import os
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import InvalidCredentialsError, TokenExpiredError, TokenState
from etna_magic.sandbox import Sandbox
from etna_magic.session import EtnaSession
from tests.calls.shell import know, shell, wait_until
from tests.helpers.leaks import caught

ACCOUNT = 83_267
ORDERS = f"v1.0/accounts/{ACCOUNT}/orders"
ORDER = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}


@pytest.fixture
def ip(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return an IPython that is logged in at the sandbox and renews."""
    know(monkeypatch, sandbox)
    with shell() as made:
        made.run_line_magic("etna_login", f"-b {sandbox.base_url} --auto-renew")
        yield made


@pytest.fixture
def renewing(ip: InteractiveShell) -> EtnaSession:
    """Return its session."""
    return ip.user_ns["etna_session"]


def orders(sandbox: Sandbox) -> int:
    """Return how many orders were sent."""
    return sum(seen.method == "POST" and seen.path.endswith("/orders") for seen in sandbox.seen)


def test_a_read_is_sent_again(sandbox: Sandbox, ip: InteractiveShell, renewing: EtnaSession) -> None:
    """A read that was refused with a dead token is answered by a fresh one."""
    before = ip.user_ns["etna_token"]
    sandbox.revoke_all()
    assert 200 == renewing.get("v1.0/equities/AAPL", params={"a": "b"}).status_code
    assert (2, TokenState.STALE) == (sandbox.token_requests, before.state)
    assert ip.user_ns["etna_token"] is renewing.token is not before


def test_a_write_is_not(sandbox: Sandbox, renewing: EtnaSession) -> None:
    """An order that was refused is not sent again, and the error says that there is a fresh token."""
    sandbox.revoke_all()
    error = caught(lambda: renewing.post(ORDERS, json=ORDER))
    assert (TokenExpiredError, 1, 2) == (type(error), orders(sandbox), sandbox.token_requests)
    assert ["fresh token", "not sent again"] == [
        text for text in ("fresh token", "not sent again") if text in str(error)
    ]
    assert (200, 2) == (renewing.post(ORDERS, json=ORDER).status_code, orders(sandbox))


def test_a_write_after_the_end(sandbox: Sandbox, renewing: EtnaSession) -> None:
    """A token that is over by the clock is replaced first, so that an order is placed at once."""
    renewing.token.ended = "was ended by a test"
    assert (200, 1, 2) == (
        renewing.post(ORDERS, json=ORDER).status_code, orders(sandbox), sandbox.token_requests,
    )  # fmt: skip


def test_other_users_account(sandbox: Sandbox, renewing: EtnaSession) -> None:
    """A 401 about the call alone renews nothing."""
    assert (401, 401) == (
        renewing.get("v1.0/accounts/83269/orders").status_code,
        renewing.post("v1.0/accounts/83269/orders", json=ORDER).status_code,
    )
    assert 1 == sandbox.token_requests


def test_password_that_is_wrong_by_now(sandbox, ip, renewing: EtnaSession, monkeypatch) -> None:
    """A renewal that is refused is told, and is not tried again."""
    monkeypatch.setenv("ETNA_PASSWORD", "wrong by now")
    sandbox.revoke_all()
    errors = [type(caught(lambda: renewing.get("v1.0/equities/AAPL"))) for _ in range(3)]
    assert ([InvalidCredentialsError] * 3, 2) == (errors, sandbox.token_requests)
    assert "wrong by now" == os.environ["ETNA_PASSWORD"]


def test_log_in_mends_that(sandbox, ip, renewing: EtnaSession, monkeypatch) -> None:
    """A log-in by hand starts anew, renewals too."""
    right = os.environ["ETNA_PASSWORD"]
    monkeypatch.setenv("ETNA_PASSWORD", "wrong by now")
    sandbox.revoke_all()
    caught(lambda: renewing.get("v1.0/equities/AAPL"))
    monkeypatch.setenv("ETNA_PASSWORD", right)
    ip.run_line_magic("etna_login", "")
    sandbox.revoke_all()
    assert 200 == renewing.get("v1.0/equities/AAPL").status_code


def test_log_out_ends_renewals(sandbox: Sandbox, ip: InteractiveShell, renewing: EtnaSession) -> None:
    """After a log-out nothing is renewed by whoever still holds the session."""
    ip.run_line_magic("etna_logout", "")
    assert "NotLoggedInError" == type(caught(lambda: renewing.get("v1.0/equities/AAPL"))).__name__
    assert 1 == sandbox.token_requests


def test_short_life(sandbox: Sandbox, ip: InteractiveShell) -> None:
    """Tokens that live a second each are replaced as they end, and the same session goes on."""
    sandbox.lifetime = 1.0
    ip.run_line_magic("etna_login", f"short -b {sandbox.base_url} --lifetime 1s --auto-renew")
    session, tokens = ip.user_ns["short_session"], []
    for _ in range(3):
        token = session.token
        wait_until(lambda token=token: token.state is TokenState.STALE)
        assert 200 == session.get("v1.0/equities/AAPL").status_code
        tokens.append(ip.user_ns["short_token"].value)
    assert 3 == len(set(tokens))
