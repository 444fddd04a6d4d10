"""How a user can be asked here, and the one loop that asks until there is a token."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol

from etna_magic.exceptions import VerificationError
from etna_magic.login_flow import Challenge, ChallengeKind

if TYPE_CHECKING:
    from etna_magic.login_flow import LoginAttempt
    from etna_magic.secret import Secret
    from etna_magic.settings import Settings
    from etna_magic.token import Token

_WAYS_TO_ANSWER = {
    ChallengeKind.CODE: "give a fresh one with --code CODE (in Python code=)",
    ChallengeKind.PIN: "set ETNA_PIN_CODE",
}


class InputMode(Enum):
    """How a user can be asked."""

    FORM = "form"
    PROMPT = "prompt"
    NON_INTERACTIVE = "non-interactive"


class Kernel(Protocol):
    """What is used of a kernel: the message that it works on, as ipykernel's ``Kernel`` gives it."""

    def get_parent(self, channel: str, /) -> Mapping[str, object]:
        """Return the message that a channel works on."""
        ...


def input_mode(options_ask: Literal["form", "prompt", "never"] | None, kernel: Kernel | None) -> InputMode:
    """Choose by what the options ask for, or else by what this front end can do.

    A form that is asked for where no widgets can be shown is IPython's ``UsageError``.
    """
    if options_ask == "never":
        return InputMode.NON_INTERACTIVE
    if options_ask == "form":
        if kernel is None:
            from IPython.core.error import UsageError  # noqa: PLC0415 - plain Python asks without IPython

            raise UsageError("--form needs a notebook: a terminal shows no widgets. Use --prompt.")
        return InputMode.FORM
    current = current_input_mode(kernel)
    # A prompt that nobody can answer fails as any login does that nobody can answer.
    is_prompt = options_ask == "prompt" and current is not InputMode.NON_INTERACTIVE
    return InputMode.PROMPT if is_prompt else current


def current_input_mode(kernel: Kernel | None) -> InputMode:
    """Choose by what this front end can do at this moment; never raises."""
    if kernel is None:
        return InputMode.PROMPT if has_terminal() else InputMode.NON_INTERACTIVE
    try:
        # What nbclient, papermill and `jupyter execute` say of themselves with each cell.
        content = kernel.get_parent("shell").get("content")
    except (AttributeError, TypeError):
        content = None  # a kernel other than ipykernel, xeus-python say
    can_ask = isinstance(content, Mapping) and content.get("allow_stdin")
    return InputMode.FORM if can_ask else InputMode.NON_INTERACTIVE


def has_terminal() -> bool:
    """Return whether somebody can type into the standard input."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


class Driver(Protocol):
    """Whom :func:`drive` asks."""

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Return the settings that are missing, by name; raise `EtnaError` if nobody answers."""
        ...

    def challenge(self, challenge: Challenge) -> Secret:
        """Return the answer to what the server asks for.

        It raises `EtnaError` if nobody answers, or the answer before was not sent (``challenge.failure``).
        """
        ...


class NonInteractive:
    """The driver where nobody can be asked: it fails at once, and names what would have helped."""

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Raise `MissingCredentialsError` with the names of the variables, if anything is missing."""
        settings.credentials()
        return {}

    def challenge(self, challenge: Challenge) -> NoReturn:
        """Raise `VerificationError` with what would have answered, or why an answer was not sent."""
        if challenge.failure is not None:
            raise challenge.failure
        kind = challenge.kind.value
        reason = f" (“{challenge.message}”)" if challenge.message else ""
        request = f"did not accept the {kind}" if challenge.wrong else f"asks for a {kind}"
        raise VerificationError(
            f"The server {request}{reason}, and nobody can be asked here: "
            f"{_WAYS_TO_ANSWER[challenge.kind]}, then log in again."
        )


def drive(attempt: LoginAttempt, driver: Driver, challenge: Challenge | None = None) -> Token:
    """Log in, asking a driver for what is missing and for what the server asks for."""
    step: Token | Challenge | None = challenge
    if step is None:
        step = attempt.start(driver.missing(attempt.settings) if attempt.missing else {})
    while isinstance(step, Challenge):
        step = attempt.answer(driver.challenge(step))
    return step
