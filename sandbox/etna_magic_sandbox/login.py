"""`/token` and `/logout`: the calls that issue tokens, step by step, and revoke them."""

from dataclasses import dataclass

from flask import Response

from etna_magic_sandbox.auth import PendingLogin, TokenStore
from etna_magic_sandbox.call import Call, bearer_token
from etna_magic_sandbox.errors import too_many_requests, unauthorized
from etna_magic_sandbox.faults import fault_after_password, fault_before_password, throttled
from etna_magic_sandbox.login_responses import (
    BASE_STEP,
    CODE_STEP,
    CORRECT_PIN_STEP,
    PIN_STEP,
    login_expecting,
    login_failed,
    login_succeeded,
    pin_refused,
    secured_page,
)
from etna_magic_sandbox.messages import Request, empty_response
from etna_magic_sandbox.users import USERS_BY_NAME, User

MAX_WRONG_PINS = 3
INVALID_CODE = "Invalid confirmation code"
CORRUPTED_TICKET = "Corrupted ticket"


def token(call: Call) -> Response:
    """Answer a login: limits first, then password and further steps."""
    name = call.request.headers.get("Username") or ""
    return (
        throttled(name, call.state.clock())
        or _check_limit(call, name)
        or fault_before_password(name)
        or _check_lockout(call, name)
        or _check_password(call, name)
    )


def logout(call: Call) -> Response:
    """Revoke the token of this request."""
    found = bearer_token(call.request)
    if call.state.tokens.user_of(found) is None:
        return unauthorized()
    call.state.tokens.revoke(found)
    return empty_response()


def _check_limit(call: Call, name: str) -> Response | None:
    limit = call.state.rules.login_limit
    if limit is None or not name:
        return None
    call.usage = call.state.limiter.count(("logins", name), limit)
    return too_many_requests(call.usage.retry_after) if call.usage.retry_after else None


def _check_lockout(call: Call, name: str) -> Response | None:
    if name == "lockout" and call.state.lockouts.is_locked(name):
        return login_failed(BASE_STEP, "User is locked out")
    return None


def _check_password(call: Call, name: str) -> Response:
    user = USERS_BY_NAME.get(name)
    is_right = user is not None and call.request.headers.get("Password") == user.password
    if user is not None:
        call.state.lockouts.count(name, is_right=is_right)
    if user is None or not is_right:
        return login_failed(BASE_STEP, "Invalid credentials")
    return fault_after_password(name) or LoginStep(user, call.state.tokens, call.request).response()


@dataclass(frozen=True, slots=True)
class LoginStep:
    """One request to `/token` with the right password: the first step, a PIN or a code.

    Parameters
    ----------
    user : User
        Who logs in.
    tokens : TokenStore
        Issues tokens and interim tokens.
    request : Request
        The request.
    """

    user: User
    tokens: TokenStore
    request: Request

    def response(self) -> Response:
        """Return the response to the step that this request makes."""
        pending = self.tokens.pending_login(bearer_token(self.request), self.user.name)
        is_later_step = any(name in self.request.headers for name in ("Authorization", CODE_STEP))
        if self.user.code and pending is None and is_later_step:
            return login_failed(CODE_STEP, CORRUPTED_TICKET)
        if self.user.pin and (pending is None or pending.step == PIN_STEP):
            return self._check_pin(pending)
        if self.user.code:
            return self._check_code(pending)
        return self._succeed()

    def _check_pin(self, pending: PendingLogin | None) -> Response:
        pin = self.request.headers.get("PinCode")
        self.tokens.revoke(bearer_token(self.request))
        if pending is None or pin is None:
            return self._ask_for_pin(pending.failures if pending else 0)
        if pin == self.user.pin:
            return self._ask_for_code() if self.user.code else self._succeed()
        failures = pending.failures + 1
        if failures >= MAX_WRONG_PINS:
            return pin_refused(self._pin_step())
        return self._ask_for_pin(failures)

    def _check_code(self, pending: PendingLogin | None) -> Response:
        if pending is None:
            return self._ask_for_code()
        code = self.request.headers.get(CODE_STEP)
        if code is None or self.user.name == "ticketless":
            return login_failed(CODE_STEP, CORRUPTED_TICKET)
        if code == self.user.code:
            return self._succeed()
        if self.user.name == "twofactor-again":
            self.tokens.revoke(bearer_token(self.request))
            return self._ask_for_code(INVALID_CODE)
        return login_failed(CODE_STEP, INVALID_CODE)

    def _ask_for_pin(self, failures: int) -> Response:
        token = self.tokens.issue_interim(self.user.name, PIN_STEP, failures)
        if self.user.name == "pin-phrase":
            return secured_page("Invalid pin", token)
        return login_expecting(self._pin_step(), "Invalid pin", token)

    def _pin_step(self) -> str:
        return CORRECT_PIN_STEP if self.user.name == "pin-spelt" else PIN_STEP

    def _ask_for_code(self, reason: str = "Expecting confirmation code") -> Response:
        return login_expecting(CODE_STEP, reason, self.tokens.issue_interim(self.user.name, CODE_STEP))

    def _succeed(self) -> Response:
        if self.tokens.pending_login(bearer_token(self.request), self.user.name):
            self.tokens.revoke(bearer_token(self.request))
        return login_succeeded(self.tokens.issue(self.user.name))
