"""An environment in which this machine's settings take no part, an attempt by a script, and a terminal."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import pytest

from etna_magic.exceptions import EtnaError
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.sandbox import Sandbox
from etna_magic.secret import Secret
from etna_magic.settings import VARIABLES, Settings
from etna_magic.support import Clock
from etna_magic.token import Token
from tests.helpers.terminal import Terminal

ASKED_FOR_CODE = Challenge(ChallengeKind.CODE, "VerificationCode", "Expecting confirmation code")
ASKED_FOR_PIN = Challenge(ChallengeKind.PIN, "SecutityPin", "Invalid pin")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES.values(), "VOILA_KERNEL_ID", "SERVER_SOFTWARE"):
        monkeypatch.delenv(variable, raising=False)


def make_token() -> Token:
    """Return a token of alice's."""
    clock = Clock()
    return Token(
        Secret("VG9rZW4="),
        app_key=Secret("S2V5"),
        username="alice",
        base_url="https://api.example.com",
        lifetime=timedelta(hours=1),
        issued=(clock.wall(), clock.forward()),
    )


class ScriptedAttempt:
    """A `LoginAttempt` without a server: gives one outcome after the other, and notes what it was sent."""

    def __init__(self, outcomes: Sequence[Token | Challenge | EtnaError], settings: Settings) -> None:
        self.settings = settings
        self.sent: list[dict[str, str] | str] = []
        self.typed: dict[str, Secret] = {}
        self._outcomes = list(outcomes)
        #: While this is not set, the server takes its time.
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not known."""
        return self.settings.missing

    def start(self, answers: Mapping[str, Secret]) -> Token | Challenge:
        """Begin, or begin again."""
        self.sent.append({name: value.get_secret_value() for name, value in answers.items()})
        self.typed = dict(answers)
        return self._next()

    def answer(self, text: Secret) -> Token | Challenge:
        """Answer the challenge that came last."""
        self.sent.append(text.get_secret_value())
        return self._next()

    def _next(self) -> Token | Challenge:
        assert self.may_answer.wait(20)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, EtnaError):
            raise outcome
        return outcome


@pytest.fixture(scope="package")
def running_sandbox() -> Iterator[Sandbox]:
    """Run one sandbox without a limit on logins."""
    with Sandbox(login_limit=None) as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Return the sandbox, as new."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture(scope="package")
def running_terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Start one IPython in a terminal."""
    with Terminal(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def terminal(running_terminal: Terminal) -> Terminal:
    """Return the terminal, with nobody logged in and nothing in the environment."""
    return running_terminal.as_new()


def answer_all(terminal: Terminal, sandbox: Sandbox, user: str = "demo") -> None:
    """Log in with a line that names the server, and answer the three first prompts."""
    terminal.type(f"%etna_login -b {sandbox.base_url}")
    answers = {"App key: ": sandbox.app_key, "Username: ": user, "Password: ": sandbox.password_of(user)}
    for question, answer in answers.items():
        terminal.wait_for(question)
        terminal.type(answer)
