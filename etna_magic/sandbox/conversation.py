"""The steps of a log-in that follow a right password: PIN, code, or a refusal."""

from dataclasses import dataclass

from flask import Response, request

from etna_magic.sandbox import answers
from etna_magic.sandbox.answers import BASE, CODE, INVALID_CODE, PIN, PIN_SPELT
from etna_magic.sandbox.tokens import Interim, Tokens, random_token
from etna_magic.sandbox.users import User

WRONG_PINS = 3
EXPIRED = "Your Password has expired and must be changed"


def bearer() -> str:
    """Return the token in the request's `Authorization` header, or an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def dead_end(user: str) -> Response | None:
    """Return the answer of a user whose log-in cannot succeed although the password is right.

    The tokens in these answers are kept nowhere, and so every call refuses them.
    """
    token = random_token()
    match user:
        case "expired":
            body = {"State": "Failed", "Step": BASE, "Reason": EXPIRED, "Token": token}
            return answers.answer(body, 401)
        case "expired-state":
            body = {"State": BASE, "Step": BASE, "Reason": EXPIRED, "Token": token}
            return answers.answer(body)
        case "pin-unset":
            return answers.expecting(PIN, "PIN code is not init", token)
        case "riddle":
            return answers.expecting("SecurityQuestion", "Name of your first pet?", token)
    return None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One request of a user who gave the right password.

    Parameters
    ----------
    user : User
        Who logs in.
    tokens : Tokens
        Where interim tokens are kept and tokens are issued.
    """

    user: User
    tokens: Tokens

    def reply(self) -> Response:
        """Return the answer to the step that this request makes."""
        held = self.tokens.interim(bearer(), self.user.name)
        second = "Authorization" in request.headers or CODE in request.headers
        if self.user.code and held is None and second:
            return answers.failed(CODE, "Corrupted ticket")
        if self.user.pin and (held is None or held.step == PIN):
            return self._pin(held)
        if self.user.code:
            return self._code(held)
        return self._succeed()

    def _pin(self, held: Interim | None) -> Response:
        given = request.headers.get("PinCode")
        self.tokens.end(bearer())
        if held is None or given is None:
            return self._ask_pin(held.wrong if held else 0)
        if given == self.user.pin:
            return self._ask_code() if self.user.code else self._succeed()
        wrong = held.wrong + 1
        return answers.pin_refused(self._pin_step()) if wrong >= WRONG_PINS else self._ask_pin(wrong)

    def _code(self, held: Interim | None) -> Response:
        if held is None:
            return self._ask_code()
        given = request.headers.get(CODE)
        if given is None or self.user.name == "ticketless":
            return answers.failed(CODE, "Corrupted ticket")
        if given == self.user.code:
            return self._succeed()
        if self.user.name == "twofactor-again":
            self.tokens.end(bearer())
            return self._ask_code(INVALID_CODE)
        return answers.failed(CODE, INVALID_CODE)

    def _ask_pin(self, wrong: int) -> Response:
        token = self.tokens.ask(self.user.name, PIN, wrong)
        return answers.expecting(self._pin_step(), "Invalid pin", token)

    def _pin_step(self) -> str:
        return PIN_SPELT if self.user.name == "pin-spelt" else PIN

    def _ask_code(self, reason: str = "Expecting confirmation code") -> Response:
        return answers.expecting(CODE, reason, self.tokens.ask(self.user.name, CODE))

    def _succeed(self) -> Response:
        if self.tokens.interim(bearer(), self.user.name):
            self.tokens.end(bearer())
        return answers.succeeded(self.tokens.issue(self.user.name))
