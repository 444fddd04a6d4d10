"""An environment in which this machine's settings take no part, and an attempt that follows a script."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from etna_magic.exceptions import EtnaError
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.secret import Secret
from etna_magic.settings import VARIABLES, Settings
from etna_magic.support import Clock
from etna_magic.token import Token

ASKED_FOR_CODE = Challenge(ChallengeKind.CODE, "VerificationCode", "Expecting confirmation code")
ASKED_FOR_PIN = Challenge(ChallengeKind.PIN, "SecutityPin", "Invalid pin")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
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
        self._outcomes = list(outcomes)

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not known."""
        return self.settings.missing

    def start(self, answers: Mapping[str, Secret]) -> Token | Challenge:
        """Begin, or begin again."""
        self.sent.append({name: value.get_secret_value() for name, value in answers.items()})
        return self._next()

    def answer(self, text: Secret) -> Token | Challenge:
        """Answer the challenge that came last."""
        self.sent.append(text.get_secret_value())
        return self._next()

    def _next(self) -> Token | Challenge:
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, EtnaError):
            raise outcome
        return outcome
