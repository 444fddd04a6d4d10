"""Logs in where nobody can be asked: what is not known fails at once, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from etna_magic.challenge import Challenge, ChallengeKind
from etna_magic.exceptions import VerificationError

if TYPE_CHECKING:
    from etna_magic.attempt import LoginAttempt
    from etna_magic.token import Token

_WAYS = {
    ChallengeKind.CODE: "give a fresh one with --code CODE",
    ChallengeKind.PIN: "set ETNA_PIN_CODE",
}


def log_in(attempt: LoginAttempt, step: Challenge | None = None) -> Token:
    """Log in with what is known.

    Parameters
    ----------
    attempt : LoginAttempt
        What is known.
    step : Challenge or None, optional
        Where it stands, if it was started.

    Returns
    -------
    Token
        The token.

    Raises
    ------
    MissingCredentialsError
        If something is not known; it names the variables.
    VerificationError
        If the server wants a code or a PIN that was not given, or was wrong.
    """
    if attempt.missing and step is None:
        attempt.settings.credentials()  # says what is missing
    return attempt.run(step, _nobody, refuse)


def _nobody(name: str) -> NoReturn:
    raise AssertionError(name)


def refuse(challenge: Challenge) -> NoReturn:
    """Raise for a challenge that nobody answers, and name what would have answered it."""
    said = f" (“{challenge.news}”)" if challenge.news else ""
    what = challenge.kind.value
    seen = f"did not accept the {what}" if challenge.wrong else f"wants a {what}"
    raise VerificationError(
        f"The server {seen}{said}, and nobody can be asked here: {_WAYS[challenge.kind]}, then log in again."
    )
