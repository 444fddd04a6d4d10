"""Asks on a terminal, or by the input line of a front end; secrets are not echoed."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from etna_magic.ask.input_mode import has_terminal
from etna_magic.exceptions import NotLoggedInError
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.secret import Secret
from etna_magic.settings import LABELS, UNSEEN, check_typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etna_magic.settings import Settings


class Prompt:
    """The driver that asks one question after the other."""

    def missing(self, settings: Settings) -> Mapping[str, Secret]:
        """Ask for each setting that is missing.

        It raises `NotLoggedInError` if the user gave up with Ctrl-C or Ctrl-D, or this front end has no
        input line, and another `EtnaError` if an answer cannot be used.
        """
        return {name: _ask(name) for name in settings.missing}

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
            return _read("PIN: ", is_unseen=True)
        return _read("Code (sent by e-mail or SMS): ", is_unseen=False)


def _show_image(image: bytes) -> None:
    """Show the picture by which a genuine server is known, where that can be done."""
    ipython = sys.modules.get("IPython")  # plain Python asks without it
    shell = ipython.get_ipython() if ipython is not None else None
    if image and hasattr(shell, "kernel"):
        from IPython.display import Image, display  # noqa: PLC0415 - as above

        display(Image(image, format="png", width=120))
    elif image:
        print("The server also sent your picture, which a terminal cannot show.")  # noqa: T201


def _ask(name: str) -> Secret:
    label = LABELS[name]
    answer = _read(f"{label}: ", is_unseen=name in UNSEEN)
    # At once, before anything else is typed in vain.
    check_typed(name, answer)
    return answer


def _read(label: str, *, is_unseen: bool) -> Secret:
    reader: Callable[[str], str] = getpass.getpass if is_unseen else input
    # The except is left before anything is raised, so that no context holds what was typed.
    try:
        return Secret(reader(label))
    except (KeyboardInterrupt, EOFError):
        reason = "was given up"
    except NotImplementedError:  # IPython's StdinNotImplementedError is one
        reason = "cannot ask here, since this front end takes no input: set the ETNA_* variables"
    if has_terminal():
        print()  # noqa: T201 - the next line would follow the prompt
    raise NotLoggedInError(f"The login {reason}; nothing has changed. Log in again to go on.")
