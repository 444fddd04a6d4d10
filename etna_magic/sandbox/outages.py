"""Answers of `/token` that do not look at the password: throttles, refusals, crashes and detours."""

import math
from collections.abc import Callable

from flask import Response
from werkzeug.http import http_date

from etna_magic.sandbox.answers import BASE, answer, failed, page, too_many, unknown_app_key

RETRY_AFTER = 5  # seconds


def throttle(user: str, now: float) -> Response | None:
    """Return the answer of a user whose log-ins are always too many, else None."""
    match user:
        case "throttled":
            return too_many(RETRY_AFTER)
        case "throttled-date":
            return too_many(http_date(math.ceil(now) + RETRY_AFTER))
        case "throttled-silent":
            return too_many(None)
        case "throttled-401":
            return failed(BASE, "Too many login requests. Try again later.")
    return None


def outage(user: str) -> Response | None:
    """Return the answer of a user who is always refused, or meets a server in trouble, else None."""
    made = OUTAGES.get(user)
    return made() if made else None


def _broken() -> Response:
    message = "An error occurred while processing your request"
    return answer({"message": message, "error": "Unexpected server error"}, 500)


def _gateway() -> Response:
    return page("502 Bad Gateway", 502)


def _web_terminal() -> Response:
    redirect = page("Object moved", 302)
    redirect.headers["Location"] = "/terminal"
    return redirect


def _refused() -> Response:
    return answer({"State": "Failed", "Reason": "Invalid credentials"}, 401)


def _refused_200() -> Response:
    return answer({"State": "Failed", "Step": BASE, "Reason": "Invalid credentials"})


OUTAGES: dict[str, Callable[[], Response]] = {
    "broken": _broken,
    "gateway": _gateway,
    "webterminal": _web_terminal,
    "refused": _refused,
    "refused-200": _refused_200,
    "keyless": unknown_app_key,
    "keyless-403": lambda: unknown_app_key(403),
}
