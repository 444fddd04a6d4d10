"""What is said about a login, from its success to its logout."""

from datetime import timedelta

import pytest

from etna_magic import RateLimitedError
from etna_magic.display import (
    account_changed,
    expired_during,
    expiring,
    lasts,
    logged_in,
    logged_out,
    not_renewed,
    stale,
)
from etna_magic.token import Account, Token
from tests.display.conftest import HOUR, ManualClock, make_token

pytestmark = pytest.mark.usefixtures("_in_berlin")
UNTIL = "2026-11-25 15:03:22 CET"


@pytest.mark.parametrize("environment", ["LIVE", "DEMO", "SANDBOX"])
def test_logged_in(token: Token, environment: str) -> None:
    """Who, where, until when in local time, for how long, and the names of the two variables."""
    assert (
        f"Logged in as alice at https://api.example.com ({environment}) until {UNTIL} (1 h): "
        "etna_token, etna_session."
    ) == logged_in("etna", token, environment)


def test_logged_in_quietly(token: Token) -> None:
    """That it worked and until when: neither user, host nor names."""
    assert f"Logged in until {UNTIL} (1 h)." == logged_in("etna", token, "LIVE", is_quiet=True)
    token.learn(timedelta(minutes=30))
    learned = "Logged in until 2026-11-25 14:33:22 CET (30 min, learned)."
    assert learned == logged_in("etna", token, "LIVE", is_quiet=True)


ALICE, ELSEWHERE = Account("alice", "https://api.example.com"), Account("alice", "https://b.example.com")
BOB = Account("bob", "https://api.example.com")


@pytest.mark.parametrize(
    ("before", "is_quiet", "whose"),
    [
        (ALICE, False, "alice at the same server"),
        (ELSEWHERE, False, "alice at https://b.example.com"),
        (ALICE, True, "another account"),
        (ELSEWHERE, True, "another account"),
    ],
)
def test_account_changed(before: Account, *, is_quiet: bool, whose: str) -> None:
    """Whose it was before, no longer than needed, and what became of that session."""
    said = f"Until now firm was {whose}: that session is closed, and firm_session is a new one."
    assert said == account_changed("firm", before, BOB, is_quiet=is_quiet)


def test_foreign_text_is_sanitized(clock: ManualClock) -> None:
    """A user name with an escape sequence in it does nothing to a terminal."""
    token = make_token(clock, "al\x1b[31mice\n")
    assert "\x1b" not in logged_in("etna", token, "LIVE") + logged_out("etna", token, "", "")[0]
    assert "as alice at" in logged_in("etna", token, "LIVE")


@pytest.mark.parametrize(("name", "hint"), [("etna", "%etna_login"), ("firm", "%etna_login firm")])
def test_stale(token: Token, clock: ManualClock, name: str, hint: str) -> None:
    """When it expired, how long ago, and the exact line that logs in again."""
    clock.seconds += 3_600
    assert f"{name}: the token expired at {UNTIL}, just now. To log in again: {hint}" == stale(name, token)
    clock.seconds += 65
    assert f"{name}: the token expired at {UNTIL}, 1 min 5 s ago. To log in again: {hint}" == stale(
        name, token
    )


def test_ended(token: Token) -> None:
    """A token that was refused before its time has not expired, and the sentences say so."""
    token.end("was refused by the server")
    hint = "To log in again: %etna_login"
    assert f"etna: the token was refused by the server, and calls with it fail. {hint}" == stale(
        "etna", token
    )
    assert f"etna: while this cell ran, the token was refused by the server. {hint}" == expired_during(
        "etna", token
    )


def test_expired_during(token: Token, clock: ManualClock) -> None:
    """The time at which it expired."""
    clock.seconds += 3_700
    assert (
        f"etna: the token expired while this cell ran, at {UNTIL}. To log in again: %etna_login"
    ) == expired_during("etna", token)


def test_expiring(token: Token, clock: ManualClock) -> None:
    """How long is left."""
    clock.seconds += 3_300
    assert (f"firm: the token ends in 5 min, at {UNTIL}. To log in again: %etna_login firm") == expiring(
        "firm", token
    )


@pytest.mark.parametrize("renews", [True, False])
def test_it_lasts(token: Token, *, renews: bool) -> None:
    """Up to its very end it lasts, renewed or not."""
    assert (True, "etna: the token lasts for 1 h; it ends in 1 h.") == lasts(
        "etna", token, HOUR, renews=renews
    )


def test_it_is_renewed_before(token: Token) -> None:
    """What is renewed by itself is as good as a token that lasts."""
    assert (True, f"etna: the token ends in 1 h, at {UNTIL}, and is renewed by itself before that.") == lasts(
        "etna", token, 2 * HOUR, renews=True
    )


def test_it_does_not_last(token: Token) -> None:
    """When it ends, and how to log in again."""
    said = f"etna: the token ends in 1 h, at {UNTIL}, and will not last for 2 h. To log in again: %etna_login"
    assert (False, said) == lasts("etna", token, 2 * HOUR, renews=False)


@pytest.mark.parametrize(
    ("age", "how"), [(0, ""), (7_200, f"expired at {UNTIL} and ")], ids=["good", "stale"]
)
def test_not_renewed(token: Token, clock: ManualClock, age: float, how: str) -> None:
    """When that was tried last, when it will be next, and why it failed."""
    clock.seconds += age
    error = RateLimitedError("The server accepts no more logins for now.")
    said = not_renewed("etna", token, error, "tried last at 14:03, next at 14:08")
    assert (
        f"etna: the token {how}could not be renewed (tried last at 14:03, next at 14:08). "
        "The server accepts no more logins for now. To log in again: %etna_login"
    ) == said


def test_a_stale_one_that_renews(token: Token, clock: ManualClock) -> None:
    """Nobody is told to log in while a renewal is to come."""
    clock.seconds += 7_200
    assert (True, "etna: the token has ended, and is renewed by itself now.") == lasts(
        "etna", token, timedelta(hours=6), renews=True
    )


def test_nothing_that_could_last(token: Token, clock: ManualClock) -> None:
    """Without a token, or with a stale one, nothing lasts."""
    said = "firm: there is no good token now, let alone for 5 min. To log in: %etna_login firm"
    clock.seconds += 3_600
    for one, renews in ((None, True), (token, False)):
        assert (False, said) == lasts("firm", one, timedelta(minutes=5), renews=renews)


GONE = "etna: alice is logged out, and etna_token is gone here"
BECAUSE = f", but the token may live on at the server until {UNTIL}, because it is busy."
KEPT = " What was remembered could not be deleted: the disk is full."


@pytest.mark.parametrize(
    ("lives_on", "not_forgotten", "said", "css"),
    [
        ("", "", f"{GONE} and on the server.", "etna-line"),
        ("it is busy", "", f"{GONE}{BECAUSE}", "etna-warning"),
        ("", "the disk is full", f"{GONE} and on the server.{KEPT}", "etna-warning"),
        ("it is busy", "the disk is full", f"{GONE}{BECAUSE}{KEPT}", "etna-warning"),
    ],
)
def test_logged_out(token: Token, lives_on: str, not_forgotten: str, said: str, css: str) -> None:
    """It says plainly if the token may live on, or is still kept; the token has been ended by then."""
    token.end("was logged out")
    assert (said, css) == logged_out("etna", token, lives_on, not_forgotten)


def test_logged_out_while_a_form_waited() -> None:
    """There was no token to end."""
    assert ("etna: the login was called off.", "etna-line") == logged_out("etna", None, "", "")
