"""Asks on a terminal, or by the input line of a front end; secrets are not echoed."""

from __future__ import annotations

import contextlib
import getpass
import sys
from typing import TYPE_CHECKING

from etna_magic.ask.front_end import has_terminal
from etna_magic.ask.input_mode import NonInteractive
from etna_magic.exceptions import NotLoggedInError
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.secret import Secret
from etna_magic.settings import LABELS, UNSEEN, VARIABLES, check_typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etna_magic.settings import Settings


class Prompt:
    """The driver that asks one question after the other.

    Parameters
    ----------
    is_console : bool, optional
        Whether this is a console of jupyter-client's kind. Qt consoles are, and they show what is typed to
        ``getpass``; what they send is what ``jupyter console`` sends, which does not.
    """

    def __init__(self, *, is_console: bool = False) -> None:
        self._is_console = is_console

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Ask for each setting that is missing.

        It raises `NotLoggedInError` if the user gave up with Ctrl-C or Ctrl-D, `MissingCredentialsError` if
        this front end takes no input after all, and another `EtnaError` if an answer cannot be used.
        """
        if self._is_console:
            # Some programs of this kind cannot ask after all (jupyter run), and say nothing of use then.
            print(f"Asking for what is not set: {', '.join(VARIABLES[name] for name in settings.missing)}")  # noqa: T201 - this is the conversation
        with contextlib.suppress(_NoInputError):
            return {name: self._ask(name) for name in settings.missing}
        return NonInteractive().missing(settings)

    def challenge(self, challenge: Challenge) -> Secret:
        """Ask for what the server asks for, with what it says about it; it raises as :meth:`missing`."""
        if challenge.failure is not None:
            raise challenge.failure
        if challenge.phrase or challenge.image:
            print(f"Your phrase: {challenge.phrase or 'none'} (go on only if it is yours)")  # noqa: T201 - this is the conversation
            _show_image(challenge.image)
        if challenge.message:
            print(f"The server says: {challenge.message}")  # noqa: T201 - this is the conversation
        if challenge.kind is ChallengeKind.PIN:
            question, is_unseen = "PIN", True
        else:
            question, is_unseen = "Code (sent by e-mail or SMS)", False
        with contextlib.suppress(_NoInputError):
            return self._read(question, is_unseen=is_unseen)
        return NonInteractive().challenge(challenge)

    def _ask(self, name: str) -> Secret:
        label = LABELS[name]
        answer = self._read(label, is_unseen=name in UNSEEN)
        # At once, before anything else is typed in vain.
        check_typed(name, answer)
        return answer

    def _read(self, label: str, *, is_unseen: bool) -> Secret:
        hint = " (a Qt console shows it)" if is_unseen and self._is_console else ""
        return _read(f"{label}{hint}: ", is_unseen=is_unseen)


class _NoInputError(Exception):
    """A front end that takes no input was asked for some."""


def _show_image(image: bytes) -> None:
    """Show the picture by which a genuine server is known, where that can be done."""
    ipython = sys.modules.get("IPython")  # plain Python asks without it
    shell = ipython.get_ipython() if ipython is not None else None
    if image and hasattr(shell, "kernel"):
        from IPython.display import Image, display  # noqa: PLC0415 - as above

        display(Image(image, format="png", width=120))
    elif image:
        print("The server also sent your picture, which a terminal cannot show.")  # noqa: T201


def _read(label: str, *, is_unseen: bool) -> Secret:
    reader: Callable[[str], str] = getpass.getpass if is_unseen else input
    # The except is left before anything is raised, so that no context holds what was typed.
    try:
        return Secret(reader(label))
    except (KeyboardInterrupt, EOFError):
        error: Exception = NotLoggedInError(
            "The login was given up; nothing has changed. Log in again to go on."
        )
    except RuntimeError:  # IPython's StdinNotImplementedError is one, and xeus-python's is no other
        error = _NoInputError()
    if has_terminal():
        print()  # noqa: T201 - the next line would follow the prompt
    raise error
