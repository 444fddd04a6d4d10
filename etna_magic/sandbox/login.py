"""`/token` and `/logout`: the calls that issue tokens, step by step, and revoke them."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from etna_magic.sandbox.auth import PendingLogin, TokenStore, bearer_token, has_app_key
from etna_magic.sandbox.faults import fault_after_password, fault_before_password, throttled
from etna_magic.sandbox.messages import (
    BASE_STEP,
    CODE_STEP,
    CORRECT_PIN_STEP,
    PIN_STEP,
    json_response,
    login_expecting,
    login_failed,
    login_succeeded,
    pin_refused,
    unauthorized,
    unknown_app_key,
)
from etna_magic.sandbox.state import State
from etna_magic.sandbox.users import USERS_BY_NAME, User

MAX_WRONG_PINS = 3
INVALID_CODE = "Invalid confirmation code"
CORRUPTED_TICKET = "Corrupted ticket"


class LoginCalls:
    """The two calls, as views of the Flask application.

    Parameters
    ----------
    state : State
        The tokens, rate limits and lock-outs, and which rules are switched on.
    """

    def __init__(self, state: State) -> None:
        self._rules = state.rules
        self._clock = state.clock
        self._tokens = state.tokens
        self._limiter = state.limiter
        self._lockouts = state.lockouts

    def blueprint(self) -> Blueprint:
        """Return the routes; not every installation of ETNA has a `/logout`."""
        routes = Blueprint("login", __name__)
        calls = {"/token": self.token}
        if self._rules.logout:
            calls["/logout"] = self.logout
        for path, call in calls.items():
            # Flask would answer OPTIONS by itself; the API accepts only POST here.
            routes.add_url_rule(path, view_func=call, methods=["POST"], provide_automatic_options=False)
        return routes

    def token(self) -> Response:
        """Answer a login: the application key first, then limits, password and further steps."""
        if not has_app_key():
            return unknown_app_key()
        name = request.headers.get("Username", "")
        return (
            throttled(name, self._clock())
            or self._check_limit(name)
            or fault_before_password(name)
            or self._check_lockout(name)
            or self._check_password(name)
        )

    def logout(self) -> Response:
        """Revoke the token of this request."""
        if not has_app_key():
            return unknown_app_key()
        if self._tokens.user_of(bearer_token()) is None:
            return unauthorized()
        self._tokens.revoke(bearer_token())
        return json_response({"State": "Succeeded"})

    def _check_limit(self, name: str) -> Response | None:
        limit = self._rules.login_limit
        if limit is None or not name:
            return None
        return self._limiter.check(("logins", name), limit)

    def _check_lockout(self, name: str) -> Response | None:
        if name == "lockout" and self._lockouts.is_locked(name):
            return login_failed(BASE_STEP, "User is locked out")
        return None

    def _check_password(self, name: str) -> Response:
        user = USERS_BY_NAME.get(name)
        is_right = user is not None and request.headers.get("Password") == user.password
        if user is not None:
            self._lockouts.count(name, is_right=is_right)
        if user is None or not is_right:
            return login_failed(BASE_STEP, "Invalid credentials")
        return fault_after_password(name) or LoginStep(user, self._tokens).response()


@dataclass(frozen=True, slots=True)
class LoginStep:
    """One request to `/token` with the right password: the first step, a PIN or a code.

    Parameters
    ----------
    user : User
        Who logs in.
    tokens : TokenStore
        Issues tokens and interim tokens.
    """

    user: User
    tokens: TokenStore

    def response(self) -> Response:
        """Return the response to the step that this request makes."""
        pending = self.tokens.pending_login(bearer_token(), self.user.name)
        is_later_step = "Authorization" in request.headers or CODE_STEP in request.headers
        if self.user.code and pending is None and is_later_step:
            return login_failed(CODE_STEP, CORRUPTED_TICKET)
        if self.user.pin and (pending is None or pending.step == PIN_STEP):
            return self._check_pin(pending)
        if self.user.code:
            return self._check_code(pending)
        return self._succeed()

    def _check_pin(self, pending: PendingLogin | None) -> Response:
        pin = request.headers.get("PinCode")
        self.tokens.revoke(bearer_token())
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
        code = request.headers.get(CODE_STEP)
        if code is None or self.user.name == "ticketless":
            return login_failed(CODE_STEP, CORRUPTED_TICKET)
        if code == self.user.code:
            return self._succeed()
        if self.user.name == "twofactor-again":
            self.tokens.revoke(bearer_token())
            return self._ask_for_code(INVALID_CODE)
        return login_failed(CODE_STEP, INVALID_CODE)

    def _ask_for_pin(self, failures: int) -> Response:
        token = self.tokens.issue_interim(self.user.name, PIN_STEP, failures)
        return login_expecting(self._pin_step(), "Invalid pin", token)

    def _pin_step(self) -> str:
        return CORRECT_PIN_STEP if self.user.name == "pin-spelt" else PIN_STEP

    def _ask_for_code(self, reason: str = "Expecting confirmation code") -> Response:
        return login_expecting(CODE_STEP, reason, self.tokens.issue_interim(self.user.name, CODE_STEP))

    def _succeed(self) -> Response:
        if self.tokens.pending_login(bearer_token(), self.user.name):
            self.tokens.revoke(bearer_token())
        return login_succeeded(self.tokens.issue(self.user.name))
