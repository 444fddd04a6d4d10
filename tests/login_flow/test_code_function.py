"""A login whose code comes from a function, and no person: asked once for each login, and only if needed."""

from datetime import timedelta

import pytest

from etna_magic import ConnectionFailedError, Secret, Token, VerificationError
from etna_magic.login_flow import ChallengeKind, LoginAttempt
from etna_magic.sandbox import Sandbox
from etna_magic.session import REFUSALS
from etna_magic.settings import CodeSource, Setting, Settings
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer

CODE = "246810"


class Codes:
    """A function that returns these codes in turn, and counts."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.asked = 0

    def __call__(self) -> str:
        """Return the next code."""
        self.asked += 1
        return self.codes.pop(0)


def attempt(base_url: str, app_key: str, user: str, password: str, codes: Codes, **more: str) -> LoginAttempt:
    """Return a login of that user."""
    known = {"base_url": base_url, "app_key": app_key, "username": user, "password": password} | more
    settings = Settings({name: Setting(Secret(value), "a test") for name, value in known.items()})
    return LoginAttempt(settings, lifetime=timedelta(hours=24), code=CodeSource(codes), timeout=10.0)


def at(sandbox: Sandbox, user: str, codes: Codes, **more: str) -> LoginAttempt:
    """Return a login of one of the sandbox's users."""
    return attempt(sandbox.base_url, sandbox.app_key, user, sandbox.password_of(user), codes, **more)


@pytest.fixture(scope="module")
def sandbox():
    """Run a sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.mark.parametrize("user", ["twofactor", "twofactor-again", "pin-twofactor"])
def test_a_code(sandbox: Sandbox, user: str) -> None:
    """The function answers, also after a PIN, and the login needs nobody."""
    codes = Codes(CODE)
    token = at(sandbox, user, codes, pin="1357").start({})
    assert isinstance(token, Token)
    assert (1, True) == (codes.asked, token.took_code)


def test_not_without_need(sandbox: Sandbox) -> None:
    """A login that needs no code asks for none."""
    codes = Codes()
    assert isinstance(at(sandbox, "demo", codes).start({}), Token)
    assert 0 == codes.asked


def test_a_pin_is_for_a_person(sandbox: Sandbox) -> None:
    """A PIN that is not known is asked for as ever."""
    codes = Codes(CODE)
    login = at(sandbox, "pin-twofactor", codes)
    assert ChallengeKind.PIN is login.start({}).kind
    assert isinstance(login.answer(Secret("1357")), Token)
    assert 1 == codes.asked


@pytest.mark.parametrize("user", ["twofactor", "twofactor-again"])
def test_a_wrong_code(sandbox: Sandbox, user: str) -> None:
    """It is sent once and never a second one, and the error has neither it nor the function."""
    codes = Codes("WRONG-CODE-77", CODE)
    error = caught(lambda: at(sandbox, user, codes).start({}))
    assert (VerificationError, 1, []) == (type(error), codes.asked, leaks(error, ["WRONG-CODE-77"]))
    assert "refused the code" in str(error)


def test_a_wrong_code_is_a_refusal(server: ScriptedServer) -> None:
    """Renewals send no more than two wrong codes, as with passwords."""
    again = answer(202, accounts.CODE_NEEDED)
    REFUSALS.forget(accounts.token(server.base_url).account)  # an earlier test's server may have had the port
    for expected in (300.0, None):
        server.play(again, again)
        login = attempt(server.base_url, accounts.APP_KEY, "alice", accounts.PASSWORD, Codes("1"))
        caught(lambda login=login: login.start({}))
        fingerprint = login.settings.credentials().fingerprint()
        account = accounts.token(server.base_url).account
        refusal = REFUSALS.against(account, lambda fingerprint=fingerprint: fingerprint)
        assert expected == pytest.approx(refusal.wait, abs=30) if expected else refusal.wait is None


def test_a_code_that_was_not_sent(server: ScriptedServer) -> None:
    """Where the connection breaks off on the way, that is said, and no second code is asked for."""
    server.play(answer(202, accounts.CODE_NEEDED), b"")
    codes = Codes("1", "2")
    login = attempt(server.base_url, accounts.APP_KEY, "alice", accounts.PASSWORD, codes)
    assert (ConnectionFailedError, 1) == (type(caught(lambda: login.start({}))), codes.asked)
