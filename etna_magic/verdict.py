"""What an answer of ``/token`` means: a token, a challenge, or the error that fits.

The only file that knows ``State``, ``Step`` and ``Reason``. The facts come from ETNA's published
REST documentation and from a broker's pages; where these disagree, both are understood. Status
codes differ between them, so what the body says is believed first, with one exception: a token
counts only on a 200 that says ``Succeeded``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from etna_magic.challenge import Challenge, ChallengeKind
from etna_magic.exceptions import (
    ApplicationKeyError,
    InvalidCredentialsError,
    PasswordExpiredError,
    RateLimitedError,
    UnexpectedResponseError,
    VerificationError,
)
from etna_magic.timetext import format_duration

if TYPE_CHECKING:
    from etna_magic.answer import Answer
    from etna_magic.secret import Secret

# The API's own spelling is SecutityPin; the right one is understood as well.
_KINDS = {
    "VerificationCode": ChallengeKind.CODE,
    "SecutityPin": ChallengeKind.PIN,
    "SecurityPin": ChallengeKind.PIN,
}
_PASSWORD_STEP = "BaseAuthentication"  # noqa: S105 - the API's name of the step
_LOST = "Corrupted ticket"


def judge(answer: Answer, before: Challenge | None) -> Secret | Challenge:
    """Say what an answer means.

    Parameters
    ----------
    answer : Answer
        What the server sent.
    before : Challenge or None
        What was answered by the request, if it was not the first.

    Returns
    -------
    Secret or Challenge
        The token's text, or what the server wants to know.

    Raises
    ------
    EtnaError
        The error that fits, in one sentence.
    """
    _refuse_before_reading(answer)
    state = answer.exactly("State")
    if state == "Succeeded":
        return _token(answer)
    if state == "Expecting":
        return _challenge(answer, before)
    if state == "Failed":
        return _again(answer, before) or _refuse(answer, before)
    raise UnexpectedResponseError(_unknown(answer))


def _refuse_before_reading(answer: Answer) -> None:
    """Raise for what is told by other members than State, or by none."""
    if 300 <= answer.status < 400:
        raise UnexpectedResponseError(
            f"The server redirects the log-in to {answer.redirect}, and secrets are not sent on: "
            "the base URL is perhaps that of the web terminal; give the API's."
        )
    reason = answer.says("Reason", "error", "Message", "message")
    if answer.status == 429 or reason.startswith("Too many login requests"):
        raise _rate_limited(answer)
    if any("password has expired" in text.casefold() for text in answer.texts.values()):
        raise PasswordExpiredError(
            "The password has expired: change it on the broker's own pages, then log in with the new one."
        )
    if "application key" in answer.says("error").casefold():
        raise ApplicationKeyError(
            f"The server does not know this app key (“{reason}”): check ETNA_APP_KEY, "
            "and that it belongs to this base URL."
        )


def _rate_limited(answer: Answer) -> RateLimitedError:
    seconds = answer.retry_after
    if seconds is None:
        return RateLimitedError(
            "The server takes no more log-ins of this user for now and does not say for how long "
            "(ten a minute are allowed): wait a minute, then log in again."
        )
    wait = format_duration(timedelta(seconds=max(1, round(seconds))))
    return RateLimitedError(
        f"The server takes no more log-ins of this user for now: wait {wait}, then log in again.", seconds
    )


def _token(answer: Answer) -> Secret:
    if answer.token and answer.status == 200:
        return answer.token
    seen = answer.token_fault if answer.status == 200 else f"status {answer.status} instead of 200"
    raise UnexpectedResponseError(
        f"The server says Succeeded, but that came with {seen}: nobody was logged in. Try again, "
        "and tell the broker if it stays so."
    )


def _challenge(answer: Answer, before: Challenge | None) -> Challenge:
    if answer.says("Reason").casefold().startswith("pin code is not init"):
        raise VerificationError(
            "This user has never set a PIN, and the server wants one: set it on the broker's own pages first."
        )
    interim = answer.token or (before.interim if before else None)
    if interim is None:
        raise UnexpectedResponseError(
            f"The server wants another step ({answer.says('Step') or 'unnamed'}) but it came with "
            f"{answer.token_fault}, without which it cannot be answered: log in again."
        )
    kind = _KINDS.get(answer.exactly("Step"), ChallengeKind.UNKNOWN)
    again = before is not None and before.kind is kind
    return Challenge(
        kind,
        answer.says("Step"),
        answer.says("Reason"),
        interim,
        before.wrong + 1 if before and again else 0,
    )


def _again(answer: Answer, before: Challenge | None) -> Challenge | None:
    """Return the challenge once more if a code was wrong and its interim token is still good."""
    # How a wrong code is answered is not documented; the step's own name is all that is known. That
    # a ticket is lost is told in so many words, and a PIN that is refused is documented as an end.
    if before is None or before.kind is not ChallengeKind.CODE or answer.says("Reason") == _LOST:
        return None
    if _KINDS.get(answer.exactly("Step")) is not ChallengeKind.CODE:
        return None
    return _challenge(answer, before)


def _refuse(answer: Answer, before: Challenge | None) -> NoReturn:
    step, reason = answer.says("Step"), answer.says("Reason")
    quoted = f" (“{reason}”)" if reason else ""
    if reason == _LOST:
        raise VerificationError(f"The server has lost this log-in's earlier step{quoted}: log in again.")
    kind = _KINDS.get(step) or (before.kind if before and not step else None)
    if kind or reason == "Invalid pin":
        what = kind.value if kind else ChallengeKind.PIN.value
        raise VerificationError(f"The server refused the {what}{quoted}: log in again.")
    if step in ("", _PASSWORD_STEP):
        raise InvalidCredentialsError(
            f"The server refused this user name and password{quoted}: check both, then log in again."
        )
    raise VerificationError(f"The server refused the step {step}{quoted}: log in again.")


def _unknown(answer: Answer) -> str:
    seen = answer.says("Reason", "error", "Message", "message")
    if answer.status >= 500:
        return (
            f"The server is in trouble (status {answer.status}"
            f"{f', “{seen}”' if seen else ''}): try again in a minute."
        )
    if answer.status == 404:
        return "There is no /token at this base URL (status 404): check the base URL."
    what = answer.fault or (f"says “{seen}”" if seen else "has no State that is known")
    return (
        f"The answer of /token (status {answer.status}) is not one that ETNA documents, it {what}: "
        "check that the base URL is the API's."
    )
