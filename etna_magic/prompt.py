"""Asks a person in a terminal, or by the input line of a front end; secrets are not seen."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from IPython.core.error import StdinNotImplementedError

from etna_magic.challenge import Challenge, ChallengeKind
from etna_magic.credentials import check
from etna_magic.exceptions import NotLoggedInError
from etna_magic.origin import checked_base_url
from etna_magic.secret import Secret
from etna_magic.settings import LABELS, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.attempt import LoginAttempt
    from etna_magic.token import Token


def log_in(attempt: LoginAttempt, step: Challenge | None = None) -> Token:
    """Log in, asking by prompts for what is missing.

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
    NotLoggedInError
        If the person gave up with Ctrl-C or Ctrl-D: everything is as it was before.
    EtnaError
        As the server's answer has it.
    """
    return attempt.run(step, ask, ask_challenge)


def ask(name: str) -> Secret:
    """Ask for a setting that is missing."""
    label = LABELS[name]
    answer = _read(f"{label}: ", unseen=name in UNSEEN)
    # At once, before anything else is typed in vain.
    check(label, answer)
    if name == "base_url":
        checked_base_url(answer.reveal())
    return answer


def ask_challenge(challenge: Challenge) -> Secret:
    """Ask for what the server wants, with what it says about it."""
    if challenge.news:
        print(f"The server says: {challenge.news}")  # noqa: T201 - this is the conversation
    if challenge.kind is ChallengeKind.PIN:
        return _read("PIN: ", unseen=True)
    return _read("Code (sent by e-mail or SMS): ", unseen=False)


def _read(label: str, *, unseen: bool) -> Secret:
    reader: Callable[[str], str] = getpass.getpass if unseen else input
    # The except is left before anything is raised, so that no context hangs on to what was typed.
    try:
        return Secret(reader(label))
    except (KeyboardInterrupt, EOFError):
        why = "was given up"
    except StdinNotImplementedError:
        why = "cannot ask here, since this front end takes no input: set the ETNA_* variables"
    if sys.stdin is not None and sys.stdin.isatty():
        print()  # noqa: T201 - the line would hang on the prompt
    raise NotLoggedInError(f"The log-in {why}; nothing has changed. Log in again with %etna_login.")
