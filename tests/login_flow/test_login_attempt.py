"""A login that forms, prompts and renewals drive: started, answered, and started over."""

from datetime import timedelta

import pytest

from etna_magic import ConnectionFailedError, InvalidCredentialsError, MissingCredentialsError, Secret, Token
from etna_magic.login_flow import LoginAttempt
from etna_magic.settings import Setting, Settings
from tests.helpers import accounts
from tests.helpers.leaks import caught
from tests.helpers.server import Answer, ScriptedServer, answer
from tests.login_flow.answers import CODE, PIN, SUCCESS, asks_for

ASKS_CODE, ASKS_PIN = asks_for("VerificationCode"), asks_for("SecutityPin")
PASSWORD = {"password": Secret(accounts.PASSWORD)}
REFUSED = answer(401, accounts.body(State="Failed", Step="BaseAuthentication", Reason="Invalid credentials"))
DAY = timedelta(days=1)


def _attempt(server: ScriptedServer, *answers: Answer, code: str | None = None, **more: str) -> LoginAttempt:
    """Return an attempt that knows all but the password, at a server that gives these answers."""
    texts = {
        "base_url": server.play(*answers).base_url,
        "app_key": accounts.APP_KEY,
        "username": accounts.USERNAME,
    } | more
    settings = Settings({name: Setting(Secret(text), "a test") for name, text in texts.items()})
    return LoginAttempt(settings, lifetime=DAY, code=Secret(code) if code else None, timeout=5.0)


def _hang_up(connection, _) -> None:
    connection.close()


def test_start(server) -> None:
    """What is missing is filled in by the answers, and there is a token."""
    attempt = _attempt(server, SUCCESS)
    assert ("password",) == attempt.missing
    token = attempt.start(PASSWORD)
    assert (accounts.TOKEN, DAY, PASSWORD) == (token.get_secret_value(), token.lifetime, attempt.typed)
    assert [accounts.PASSWORD] == server.received[0].values("Password")


def test_lifetime_of_the_settings(server) -> None:
    """A lifetime that the settings name goes before the usual one."""
    assert timedelta(minutes=90) == _attempt(server, SUCCESS, lifetime="90m").start(PASSWORD).lifetime


def test_its_clock_and_its_time_out(server) -> None:
    """The token ages by the clock that was given, and each step ends after the time-out that was given."""
    settings, clock = _attempt(server, SUCCESS).settings, accounts.ManualClock()
    attempt = LoginAttempt(settings, lifetime=DAY, timeout=0.2, clock=clock)
    token = attempt.start(PASSWORD)
    clock.move(60)
    assert (1_750_000_000.0, DAY - timedelta(minutes=1)) == (token.issued_at.timestamp(), token.remaining)
    server.play(server.stay_silent)
    assert "took too long" in str(caught(lambda: attempt.start(PASSWORD)))


def test_start_without_what_is_missing(server) -> None:
    """Nothing is sent while something is missing."""
    error = caught(lambda: _attempt(server, SUCCESS).start({}))
    assert (MissingCredentialsError, []) == (type(error), server.received)


def test_steps(server) -> None:
    """Each challenge is answered in turn; what was typed is kept for the next login, but for the code."""
    attempt = _attempt(server, ASKS_PIN, ASKS_CODE, SUCCESS)
    asked = [attempt.start(PASSWORD), attempt.answer(Secret(accounts.PIN))]
    token = attempt.answer(Secret(accounts.CODE))
    assert ([PIN, CODE], Token) == ([one.kind for one in asked], type(token))
    assert PASSWORD | {"pin": Secret(accounts.PIN)} == attempt.typed


@pytest.mark.parametrize(
    ("reply", "is_kept"),
    [
        pytest.param(SUCCESS, True, id="right"),
        pytest.param(ASKS_CODE, True, id="right, and a code is next"),
        pytest.param(ASKS_PIN, False, id="wrong"),
        pytest.param(_hang_up, False, id="not known"),
    ],
)
def test_typed_pin(server, reply: Answer, is_kept: bool) -> None:  # noqa: FBT001 - a column
    """A PIN is kept for the next login where the server has accepted it."""
    attempt = _attempt(server, ASKS_PIN, reply)
    attempt.start(PASSWORD)
    attempt.answer(Secret(accounts.PIN))
    assert is_kept == ("pin" in attempt.typed)


def test_known_pin_and_code(server) -> None:
    """What the settings and the options know is answered without asking."""
    attempt = _attempt(server, ASKS_PIN, ASKS_CODE, SUCCESS, pin=accounts.PIN, code=accounts.CODE)
    assert isinstance(attempt.start(PASSWORD), Token)
    assert [accounts.PIN] == server.received[1].values("PinCode")
    assert [accounts.CODE] == server.received[2].values("VerificationCode")


def test_code_is_used_once(server) -> None:
    """A code of the options is not sent again by a login that starts over."""
    attempt = _attempt(server, ASKS_CODE, ASKS_CODE, ASKS_CODE, SUCCESS, code="1234")
    first, again = attempt.start(PASSWORD), attempt.start(PASSWORD)
    assert [(CODE, 1), (CODE, 0)] == [(one.kind, one.wrong) for one in (first, again)]
    assert isinstance(attempt.answer(Secret("5678")), Token)
    sent = [value for request in server.received for value in request.values("VerificationCode")]
    assert ["1234", "5678"] == sent


def test_start_over(server) -> None:
    """A login that starts over forgets the steps before, and uses no interim token of theirs."""
    attempt = _attempt(server, ASKS_CODE, asks_for("VerificationCode", accounts.LATER_INTERIM), SUCCESS)
    attempt.start(PASSWORD)
    attempt.start(PASSWORD)
    attempt.answer(Secret(accounts.CODE))
    bearers = [request.values("Authorization") for request in server.received]
    assert [[], [], [f"Bearer {accounts.LATER_INTERIM}"]] == bearers


def test_after_an_error(server) -> None:
    """After an error there is nothing to answer, and the login can be started over."""
    attempt = _attempt(server, ASKS_CODE, REFUSED, SUCCESS)
    attempt.start(PASSWORD)
    assert InvalidCredentialsError is type(caught(lambda: attempt.answer(Secret(accounts.CODE))))
    with pytest.raises(RuntimeError, match=r"^an attempt is started before it is answered$"):
        attempt.answer(Secret(accounts.CODE))
    assert isinstance(attempt.start(PASSWORD), Token)


@pytest.mark.parametrize("is_started", [False, True], ids=["before its start", "after its end"])
def test_nothing_to_answer(server, is_started: bool) -> None:  # noqa: FBT001 - a column
    """An answer where nothing is asked for is a mistake of the caller."""
    attempt = _attempt(server, SUCCESS)
    if is_started:
        attempt.start(PASSWORD)
    with pytest.raises(RuntimeError, match=r"^an attempt is started before it is answered$"):
        attempt.answer(Secret(accounts.CODE))


def test_refused_password(server) -> None:
    """What the server has refused is not taken for what was typed."""
    attempt = _attempt(server, REFUSED)
    assert InvalidCredentialsError is type(caught(lambda: attempt.start(PASSWORD)))
    assert {} == attempt.typed


def test_connection_fails_at_a_challenge(server) -> None:
    """The answer may be given again, and the login goes on."""
    attempt = _attempt(server, ASKS_PIN, _hang_up, SUCCESS)
    attempt.start(PASSWORD)
    again = attempt.answer(Secret(accounts.PIN))
    assert (PIN, ConnectionFailedError) == (again.kind, type(again.failure))
    assert isinstance(attempt.answer(Secret(accounts.PIN)), Token)
    assert Secret(accounts.PIN) == attempt.typed["pin"]
