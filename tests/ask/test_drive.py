"""The loop over what is missing and what the server asks for, and the driver that asks nobody."""

from collections.abc import Mapping

import pytest

from etna_magic.ask import NonInteractive, drive
from etna_magic.exceptions import (
    ConnectionFailedError,
    InvalidCredentialsError,
    MissingCredentialsError,
    VerificationError,
)
from etna_magic.login_flow import Challenge
from etna_magic.secret import Secret
from etna_magic.settings import Settings
from tests.ask.conftest import ASKED_FOR_CODE, ASKED_FOR_PIN, ScriptedAttempt, make_token

ALL = ("base_url", "app_key", "username", "password")
KNOWN = Settings({}).filled({name: Secret("https://api.example.com") for name in ALL})


class Notes:
    """A driver that answers everything, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Answer each with its own name."""
        self.asked.append(settings.missing)
        return {name: Secret(name) for name in settings.missing}

    def challenge(self, challenge: Challenge) -> Secret:
        """Answer with what is asked for."""
        self.asked.append(challenge)
        return Secret(challenge.kind.value)


def test_all_that_can_be_asked() -> None:
    """First what is missing, then each challenge, until there is a token."""
    token, driver = make_token(), Notes()
    attempt = ScriptedAttempt([ASKED_FOR_PIN, ASKED_FOR_CODE, token], Settings({}))
    assert token is drive(attempt, driver)
    assert [ALL, ASKED_FOR_PIN, ASKED_FOR_CODE] == driver.asked
    assert [{name: name for name in ALL}, "PIN", "code"] == attempt.sent


def test_nothing_to_ask() -> None:
    """What is known already logs in without a question."""
    token, driver = make_token(), Notes()
    assert token is drive(ScriptedAttempt([token], KNOWN), driver)
    assert [] == driver.asked


def test_an_attempt_that_was_started() -> None:
    """It goes on at its challenge, and is not started again."""
    token, driver = make_token(), Notes()
    attempt = ScriptedAttempt([token], KNOWN)
    assert token is drive(attempt, driver, ASKED_FOR_CODE)
    assert ([ASKED_FOR_CODE], ["code"]) == (driver.asked, attempt.sent)


def test_an_answer_that_was_not_sent_can_be_given_again() -> None:
    """The driver sees the same challenge with its failure, and may answer once more."""
    token, driver = make_token(), Notes()
    failed = ASKED_FOR_CODE._replace(failure=ConnectionFailedError("no answer"))
    attempt = ScriptedAttempt([failed, token], KNOWN)
    assert token is drive(attempt, driver, ASKED_FOR_CODE)
    assert ["code", "code"] == attempt.sent


def test_a_refusal_ends_it() -> None:
    """The attempt's errors are the loop's."""
    with pytest.raises(InvalidCredentialsError, match="refused"):
        drive(ScriptedAttempt([InvalidCredentialsError("refused")], KNOWN), Notes())


def test_nobody_to_ask_for_what_is_missing() -> None:
    """It fails at once, before anything is sent, and names the variables."""
    attempt = ScriptedAttempt([], Settings({}))
    with pytest.raises(
        MissingCredentialsError, match="ETNA_BASE_URL, ETNA_APP_KEY, ETNA_USERNAME and ETNA_P"
    ):
        drive(attempt, NonInteractive())
    assert [] == attempt.sent


def test_nobody_to_ask_and_nothing_missing() -> None:
    """All is known: it logs in."""
    token = make_token()
    assert token is drive(ScriptedAttempt([token], KNOWN), NonInteractive())
    assert {} == NonInteractive().missing(KNOWN)


@pytest.mark.parametrize(
    ("challenge", "parts"),
    [
        (ASKED_FOR_CODE, ["asks for a code (“Expecting confirmation code”)", "--code CODE"]),
        (
            ASKED_FOR_CODE._replace(wrong=1, reason="Wrong"),
            ["did not accept the code (“Wrong”)", "--code CODE"],
        ),
        (ASKED_FOR_PIN, ["asks for a PIN, and nobody", "set ETNA_PIN_CODE"]),
        (ASKED_FOR_PIN._replace(wrong=1), ["did not accept the PIN (“Invalid pin”)", "set ETNA_PIN_CODE"]),
    ],
)
def test_nobody_to_ask_for_a_challenge(challenge: Challenge, parts: list[str]) -> None:
    """The error says what the server said, and what would have answered it."""
    with pytest.raises(VerificationError) as caught:
        drive(ScriptedAttempt([challenge], KNOWN), NonInteractive())
    assert [True, True] == [part in str(caught.value) for part in parts], caught.value


def test_nobody_to_ask_after_a_failure() -> None:
    """A known code that could not be sent ends it with the reason for that."""
    failed = ASKED_FOR_CODE._replace(failure=ConnectionFailedError("no answer"))
    with pytest.raises(ConnectionFailedError, match="no answer"):
        drive(ScriptedAttempt([failed], KNOWN), NonInteractive())
