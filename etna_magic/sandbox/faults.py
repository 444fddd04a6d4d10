"""Users whose login always ends the same way: rate limits, refusals, server errors, redirects."""

import math
from collections.abc import Callable

from flask import Response
from werkzeug.http import http_date

from etna_magic.sandbox.auth import random_token
from etna_magic.sandbox.messages import (
    BASE_STEP,
    PIN_STEP,
    html_response,
    json_response,
    login_expecting,
    login_failed,
    too_many_requests,
    unknown_app_key,
)

RETRY_AFTER = 5  # seconds
EXPIRED_REASON = "Your Password has expired and must be changed"


def throttled(user: str, now: float) -> Response | None:
    """Return the response of a user who has always logged in too often, else None."""
    match user:
        case "throttled":
            return too_many_requests(RETRY_AFTER)
        case "throttled-date":
            return too_many_requests(http_date(math.ceil(now) + RETRY_AFTER))
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


def _broken() -> Response:
    message = "An error occurred while processing your request"
    return json_response({"message": message, "error": "Unexpected server error"}, 500)


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
    "broken": _broken,
    "gateway": _gateway,
    "webterminal": _web_terminal,
    "refused": _refused,
    "refused-200": _refused_200,
    "keyless": unknown_app_key,
    "keyless-403": lambda: unknown_app_key(403),
}
