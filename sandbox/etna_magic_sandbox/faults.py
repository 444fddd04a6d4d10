"""Users whose login, or whose every call, always ends the same way."""

import math
from collections.abc import Callable
from email.utils import formatdate

from flask import Response

from etna_magic_sandbox import errors
from etna_magic_sandbox.auth import random_token
from etna_magic_sandbox.errors import server_error, too_many_requests, unknown_app_key
from etna_magic_sandbox.login_responses import BASE_STEP, PIN_STEP, login_expecting, login_failed
from etna_magic_sandbox.messages import Request, html_response, json_response

RETRY_AFTER = 5  # seconds
EXPIRED_REASON = "Your Password has expired and must be changed"


def throttled(user: str, now: float) -> Response | None:
    """Return the response of a user who has always logged in too often, else None."""
    match user:
        case "throttled":
            return too_many_requests(RETRY_AFTER)
        case "throttled-date":
            return too_many_requests(formatdate(math.ceil(now) + RETRY_AFTER, usegmt=True))
        case "throttled-silent":
            return too_many_requests(None)
        case "throttled-401":
            return login_failed(BASE_STEP, "Too many login requests. Try again later.")
    return None


def fault_before_password(user: str) -> Response | None:
    """Return the response of a user whose login fails whatever the password is, else None."""
    make_response = FAULTS.get(user)
    return make_response() if make_response else None


def fault_after_password(user: str) -> Response | None:
    """Return the response of a user whose login cannot succeed even with the right password, else None.

    The tokens in these responses are not stored, so every call refuses them.
    """
    token = random_token()
    match user:
        case "expired":
            body = {"State": "Failed", "Step": BASE_STEP, "Reason": EXPIRED_REASON, "Token": token}
            return json_response(body, 401)
        case "expired-state":
            body = {"State": BASE_STEP, "Step": BASE_STEP, "Reason": EXPIRED_REASON, "Token": token}
            return json_response(body)
        case "pin-unset":
            return login_expecting(PIN_STEP, "PIN code is not init", token)
        case "riddle":
            return login_expecting("SecurityQuestion", "Name of your first pet?", token)
    return None


def fault_of_call(user: str, request: Request) -> Response | None:
    """Return the response of a user whose every call fails, else None."""
    make_response = CALL_FAULTS.get(user)
    return make_response(request) if make_response else None


def _gateway() -> Response:
    return html_response("502 Bad Gateway", 502)


def _web_terminal() -> Response:
    redirect = html_response("Object moved", 302)
    redirect.headers["Location"] = "/terminal"
    return redirect


def _refused() -> Response:
    return json_response({"State": "Failed", "Reason": "Invalid credentials"}, 401)


def _refused_200() -> Response:
    return json_response({"State": "Failed", "Step": BASE_STEP, "Reason": "Invalid credentials"})


FAULTS: dict[str, Callable[[], Response]] = {
    "broken": server_error,
    "gateway": _gateway,
    "webterminal": _web_terminal,
    "refused": _refused,
    "refused-200": _refused_200,
    "keyless": lambda: unknown_app_key(401),
    "keyless-403": unknown_app_key,
}

CALL_FAULTS: dict[str, Callable[[Request], Response]] = {
    "call-400": lambda _: errors.invalid_request(),
    "call-401": lambda _: errors.unauthorized(),
    "call-401-key": lambda _: unknown_app_key(401),
    "call-403": lambda _: errors.forbidden(),
    "call-403-key": lambda _: unknown_app_key(403),
    "call-404": errors.not_found,
    "call-404-version": lambda request: errors.unsupported_version(request.method),
    "call-409": lambda _: errors.conflict(),
    "call-422": lambda _: errors.invalid_entity({"placeParams.Type": ["An error has occurred."]}),
    "call-429": lambda _: too_many_requests(RETRY_AFTER),
    "call-500": lambda _: server_error(),
    "call-500-model": lambda _: errors.no_such_user(),
}
