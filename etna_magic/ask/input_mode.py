"""How a user can be asked here, and the one loop that asks until there is a token."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol

from etna_magic.ask.front_end import FrontEnd, Kernel, current_front_end
from etna_magic.exceptions import MissingCredentialsError, VerificationError
from etna_magic.login_flow import Challenge, ChallengeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


# Whom to ask where the options say nothing. A form that nobody sees would count as a login.
_MODES = {
    FrontEnd.NOTEBOOK: InputMode.FORM,
    FrontEnd.UNKNOWN: InputMode.FORM,
    FrontEnd.CONSOLE: InputMode.PROMPT,
    FrontEnd.TERMINAL: InputMode.PROMPT,
    FrontEnd.PAGE: InputMode.NON_INTERACTIVE,
    FrontEnd.PROGRAM: InputMode.NON_INTERACTIVE,
    FrontEnd.NOBODY: InputMode.NON_INTERACTIVE,
}
_SHOWS_FORMS = {FrontEnd.NOTEBOOK, FrontEnd.UNKNOWN, FrontEnd.PAGE, FrontEnd.PROGRAM}
_TAKES_INPUT = {
    FrontEnd.NOTEBOOK,
    FrontEnd.UNKNOWN,
    FrontEnd.CONSOLE,
    FrontEnd.TERMINAL,
    FrontEnd.PROGRAM,
}

Ask = Literal["form", "prompt", "never"] | None


def input_mode(ask: Ask, kernel: Kernel | None) -> InputMode:
    """Choose by what the options ask for, or else by what this front end can do.

    Where a form or a prompt that is asked for would be seen by nobody, nobody is asked, and
    :func:`advice` says why. In a terminal ``--form`` is IPython's ``UsageError``.
    """
    here = current_front_end(kernel)
    if ask == "form":
        if kernel is None:
            from IPython.core.error import UsageError  # noqa: PLC0415 - plain Python asks without IPython

            raise UsageError("--form needs a notebook: a terminal shows no widgets. Use --prompt.")
        return InputMode.FORM if here in _SHOWS_FORMS else InputMode.NON_INTERACTIVE
    if ask == "prompt":
        return InputMode.PROMPT if here in _TAKES_INPUT else InputMode.NON_INTERACTIVE
    return InputMode.NON_INTERACTIVE if ask == "never" else _MODES[here]


def current_input_mode(kernel: Kernel | None) -> InputMode:
    """Choose by what this front end can do at this moment; never raises."""
    return input_mode(None, kernel)


def advice(ask: Ask, kernel: Kernel | None) -> str:
    """Return a sentence about what can be asked here, to follow the one about what is missing; or nothing."""
    here = current_front_end(kernel)
    if here is FrontEnd.PAGE and ask != "never":
        return "To be asked on this page, run %etna_login --form."
    if here is FrontEnd.PROGRAM and ask is None:
        return "If you can answer here, add --form or --prompt."
    if here is FrontEnd.CONSOLE and ask == "form":
        return "A console shows no form: use --prompt."
    if here is FrontEnd.NOBODY and ask == "form":
        return "Nobody would see a form here, so --form shows none."
    return ""


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
    """The driver where nobody can be asked: it fails at once, and names what would have helped.

    Parameters
    ----------
    advice : str, optional
        A sentence about this front end, to follow the one about what is missing.
    show : callable, optional
        Shows a sentence where errors are not seen: Voila and Mercury leave out what a cell raises.
    """

    def __init__(self, advice: str = "", show: Callable[[str], None] = lambda _: None) -> None:
        self._advice = advice
        self._show = show

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Raise `MissingCredentialsError` with the names of the variables, if anything is missing."""
        try:
            settings.credentials()
        except MissingCredentialsError as error:
            if not self._advice:
                raise
            sentence = f"{error} {self._advice}"
        else:
            return {}
        self._show(sentence)
        raise MissingCredentialsError(sentence)

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
