"""Every documented answer of `/token` with what has to come of it, and logins at a server that gives it."""

import json
from collections.abc import Generator
from dataclasses import dataclass

from etna_magic import (
    ApplicationKeyError,
    EtnaError,
    InvalidCredentialsError,
    PasswordExpiredError,
    RateLimitedError,
    Secret,
    Token,
    UnexpectedResponseError,
    VerificationError,
)
from etna_magic.login_flow import Challenge, ChallengeKind, conversation
from tests.helpers import accounts
from tests.helpers.server import Answer, ScriptedServer, answer

CODE, PIN = ChallengeKind.CODE, ChallengeKind.PIN
STATUSES = (200, 201, 202, 400, 401, 403, 500)
EXPIRED = "Your Password has expired and must be changed"
LIMIT = "Too many login requests. Try again later"
SUCCESS = answer(200, accounts.SUCCESS)


@dataclass(frozen=True)
class Row:
    """One documented answer: how it is sent, and what has to come of it.

    `bare` is what comes of it without its Reason, `stepless` without its Step, `tokenless` without a
    Token that can be one; None where that makes no difference.
    """

    status: int
    members: dict
    expected: object
    bare: object = None
    stepless: object = None
    tokenless: object = None


def _failed(step: str, reason: str, **more: object) -> dict:
    return {"State": "Failed", "Step": step, "Reason": reason, **more}


def _expecting(step: str, reason: str) -> dict:
    return {"State": "Expecting", "Step": step, "Reason": reason, "Token": accounts.INTERIM}


def _asking(step: str, reason: str, kind: ChallengeKind) -> Row:
    return Row(
        202,
        _expecting(step, reason),
        kind,
        stepless=VerificationError,
        tokenless=UnexpectedResponseError,
    )


UNKNOWN_KEY = {"error": "Application key is not defined or does not exist"}
TROUBLE = {"message": "An error occurred while processing your request", "error": "Unexpected server error"}

ROWS = {
    "success": Row(
        200, {"State": "Succeeded", "Token": accounts.TOKEN}, Token, tokenless=UnexpectedResponseError
    ),
    "app key 401": Row(401, UNKNOWN_KEY, ApplicationKeyError),
    "app key 403": Row(403, UNKNOWN_KEY, ApplicationKeyError),
    "password wrong": Row(401, _failed("BaseAuthentication", "Invalid credentials"), InvalidCredentialsError),
    "code needed": _asking("VerificationCode", "Expecting confirmation code", CODE),
    "corrupted ticket": Row(401, _failed("VerificationCode", "Corrupted ticket"), VerificationError),
    "PIN needed": _asking("SecutityPin", "Invalid pin", PIN),
    "PIN needed, spelt right": _asking("SecurityPin", "Invalid pin", PIN),
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
    "unknown step": Row(
        202, _expecting("Biometrics", "Look here"), VerificationError, tokenless=UnexpectedResponseError
    ),
    "unknown step, refused": Row(
        401, _failed("Biometrics", "No face"), VerificationError, stepless=InvalidCredentialsError
    ),
    "unknown state": Row(200, {"State": "Pending", "Token": accounts.TOKEN}, UnexpectedResponseError),
}


def text(members: object) -> bytes:
    """Return members as the API writes them."""
    return json.dumps(members, separators=(",", ":")).encode()


def kind(found: object) -> object:
    """Return what a table expects: a challenge's kind, or the class of anything else."""
    return found.kind if isinstance(found, Challenge) else type(found)


def outcome(server: ScriptedServer, status: int, body: bytes, *headers: tuple[str, str]) -> object:
    """Log in at a server that gives this answer; return what comes of it, or the error."""
    steps = conversation_at(server, answer(status, body, *headers), timeout=10)
    try:
        found: object = advance(steps)
    except EtnaError as error:
        found = error
    assert 1 == len(server.received)
    return found


Conversation = Generator[Challenge, Secret, Token]


def conversation_at(
    server: ScriptedServer,
    *answers: Answer,
    known: dict[ChallengeKind, Secret] | None = None,
    timeout: float = 5.0,
    **changes: object,
) -> Conversation:
    """Return a conversation with a server that gives these answers; nothing has been sent yet."""
    who = accounts.credentials(server.play(*answers).base_url, **changes)
    return conversation(who, {} if known is None else known, timeout=timeout)


def advance(steps: Conversation, reply: str | None = None) -> Token | Challenge:
    """Begin a conversation, or answer its challenge; return the next challenge or the token."""
    try:
        return next(steps) if reply is None else steps.send(Secret(reply))
    except StopIteration as end:
        token: Token = end.value
        return token


def asks_for(step: object, token: object = accounts.INTERIM, **more: object) -> bytes:
    """Return an answer that asks for a step."""
    members = {"State": "Expecting", "Step": step, "Reason": "Type it", "Token": token} | more
    return answer(202, accounts.body(**members))
