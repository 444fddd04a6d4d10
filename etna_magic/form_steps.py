"""What the form asks at each step, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.challenge import Challenge, ChallengeKind
from etna_magic.form_view import ANSWER, FormView
from etna_magic.settings import LABELS, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from etna_magic.attempt import LoginAttempt
    from etna_magic.exceptions import EtnaError
    from etna_magic.secret import Secret
    from etna_magic.token import Token

_HINTS = {
    ChallengeKind.CODE: ("Code", "Look for the code that was sent to you by e-mail or SMS."),
    ChallengeKind.PIN: ("PIN", "Type the PIN of your account."),
}


def credentials_view(
    attempt: LoginAttempt, kept: Mapping[str, Secret], error: EtnaError | None, *, is_awaited: bool
) -> FormView:
    """Return the first step: the fields for what is missing.

    Parameters
    ----------
    attempt : LoginAttempt
        What is known, and what is missing.
    kept : mapping of str to Secret
        What was typed before, without the password.
    error : EtnaError or None
        Why the last try did not work.
    is_awaited : bool
        Whether a cell waits for this form.
    """
    known = attempt.settings
    who = f" as {known.text('username')}" if known.text("username") else ""
    where = f" at {known.text('base_url')}" if known.text("base_url") else ""
    return FormView(
        f"Log in to ETNA{who}{where}",
        str(error or ""),
        {name: (LABELS[name], name in UNSEEN) for name in attempt.missing},
        kept,
        attempt.start,
        is_error=error is not None,
        is_awaited=is_awaited,
    )


def challenge_view(
    attempt: LoginAttempt, challenge: Challenge, error: EtnaError | None, *, is_awaited: bool
) -> FormView:
    """Return the step that answers a challenge; parameters as for :func:`credentials_view`."""

    def act(answers: Mapping[str, Secret]) -> Token | Challenge:
        return attempt.answer(challenge, answers[ANSWER])

    label, hint = _HINTS[challenge.kind]
    said = f"The server says: {challenge.news}. " if challenge.news else ""
    view = FormView(
        f"Log in to ETNA: {challenge.kind.value} wanted",
        str(error) if error else said + hint,
        {ANSWER: (label, challenge.kind is ChallengeKind.PIN)},
        {},
        act,
        is_error=error is not None or challenge.wrong > 0,
        is_awaited=is_awaited,
    )
    view.challenge = challenge
    return view
