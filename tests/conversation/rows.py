"""Every row of the documented answers of `/token`, and the ways in which they are bent."""

import json
from dataclasses import dataclass

from etna_magic import (
    ApplicationKeyError,
    Challenge,
    ChallengeKind,
    InvalidCredentialsError,
    LoginFlow,
    PasswordExpiredError,
    RateLimitedError,
    Token,
    UnexpectedResponseError,
    VerificationError,
)
from etna_magic.exceptions import EtnaError
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

CODE, PIN, UNKNOWN = ChallengeKind.CODE, ChallengeKind.PIN, ChallengeKind.UNKNOWN
STATUSES = (200, 201, 202, 400, 401, 403, 500)
EXPIRED = "Your Password has expired and must be changed"
LIMIT = "Too many login requests. Try again later"


@dataclass(frozen=True)
class Row:
    """One documented answer: how it is sent, and what has to come of it.

    `bare` is what comes of it without its Reason, `stepless` without its Step.
    """

    status: int
    members: dict
    expected: object
    bare: object = None
    stepless: object = None


def _failed(step: str, reason: str, **more: object) -> dict:
    return {"State": "Failed", "Step": step, "Reason": reason, **more}


def _expecting(step: str, reason: str) -> dict:
    return {"State": "Expecting", "Step": step, "Reason": reason, "Token": accounts.INTERIM}


UNKNOWN_KEY = {"error": "Application key is not defined or does not exist"}
TROUBLE = {"message": "An error occurred while processing your request", "error": "Unexpected server error"}

ROWS = {
    "success": Row(200, {"State": "Succeeded", "Token": accounts.TOKEN}, Token),
    "app key 401": Row(401, UNKNOWN_KEY, ApplicationKeyError),
    "app key 403": Row(403, UNKNOWN_KEY, ApplicationKeyError),
    "password wrong": Row(401, _failed("BaseAuthentication", "Invalid credentials"), InvalidCredentialsError),
    "code wanted": Row(
        202, _expecting("VerificationCode", "Expecting confirmation code"), CODE, stepless=UNKNOWN
    ),
    "corrupted ticket": Row(401, _failed("VerificationCode", "Corrupted ticket"), VerificationError),
    "PIN wanted": Row(202, _expecting("SecutityPin", "Invalid pin"), PIN, stepless=UNKNOWN),
    "PIN wanted, spelt right": Row(202, _expecting("SecurityPin", "Invalid pin"), PIN, stepless=UNKNOWN),
    "PIN refused": Row(401, _failed("SecutityPin", "Invalid pin", ConfirmationToken=""), VerificationError),
    "PIN refused, spelt right": Row(401, _failed("SecurityPin", "Invalid pin"), VerificationError),
    "PIN never set": Row(202, _expecting("SecutityPin", "PIN code is not init"), VerificationError, bare=PIN),
    "expired, in State": Row(
        401,
        {"State": "BaseAuthentication", "Reason": EXPIRED, "Token": accounts.INTERIM},
        PasswordExpiredError,
        bare=UnexpectedResponseError,
    ),
    "expired, in Step": Row(
        401,
        _failed("BaseAuthentication", EXPIRED, Token=accounts.INTERIM),
        PasswordExpiredError,
        bare=InvalidCredentialsError,
    ),
    "expired, yet Succeeded": Row(
        200,
        {"State": "Succeeded", "Step": "BaseAuthentication", "Reason": EXPIRED, "Token": accounts.INTERIM},
        PasswordExpiredError,
        bare=Token,
    ),
    "limit by 401": Row(
        401, _failed("BaseAuthentication", LIMIT), RateLimitedError, bare=InvalidCredentialsError
    ),
    "limit by 429": Row(429, {}, RateLimitedError),
    "server trouble": Row(500, TROUBLE, UnexpectedResponseError),
    "unknown step": Row(202, _expecting("Biometrics", "Look here"), UNKNOWN),
    "unknown step, refused": Row(
        401, _failed("Biometrics", "No face"), VerificationError, stepless=InvalidCredentialsError
    ),
    "unknown state": Row(200, {"State": "Pending", "Token": accounts.TOKEN}, UnexpectedResponseError),
}


def outcome(server: ScriptedServer, status: int, body: bytes, *headers: tuple[str, str]) -> object:
    """Log in at a server that gives this answer; return what comes of it, or the error."""
    server.play(answer(status, body, *headers))
    try:
        found: object = LoginFlow(accounts.credentials(server.base_url), timeout=10).start()
    except EtnaError as error:
        found = error
    assert 1 == len(server.received)
    return found


def kind(found: object) -> object:
    """Return what a table expects: a challenge's kind, or the class of anything else."""
    return found.kind if isinstance(found, Challenge) else type(found)


def text(members: dict) -> bytes:
    """Return members as the API writes them."""
    return json.dumps(members, separators=(",", ":")).encode()
