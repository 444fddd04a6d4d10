"""The answers of the API, byte for byte as ETNA's REST documentation gives them."""

import json
from collections.abc import Mapping

from flask import Response

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

BASE = "BaseAuthentication"
CODE = "VerificationCode"
PIN = "SecutityPin"  # the API's own spelling
PIN_SPELT = "SecurityPin"  # and how it may be put right one day

INVALID_CODE = "Invalid confirmation code"


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as compact JSON, its keys in the order given."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text, status, headers, content_type=JSON_TYPE)


def page(title: str, status: int = 200) -> Response:
    """Return an HTML page, as gateways and the web terminal send."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
    return Response(f"{text}<body><h1>{title}</h1></body></html>\n", status, content_type=HTML_TYPE)


def succeeded(token: str) -> Response:
    """Return the one answer of `/token` that is a success."""
    return answer({"State": "Succeeded", "Token": token})


def expecting(step: str, reason: str, token: str) -> Response:
    """Ask for the next step of a log-in; the token is good for that step only."""
    body = {"State": "Expecting", "Step": step, "Reason": reason, "Token": token}
    return answer(body, 202)


def failed(step: str, reason: str) -> Response:
    """Refuse a log-in."""
    return answer({"State": "Failed", "Step": step, "Reason": reason}, 401)


def invalid_credentials() -> Response:
    """Refuse a user name or a password."""
    return failed(BASE, "Invalid credentials")


def pin_refused(step: str) -> Response:
    """Refuse a PIN for good, its step in the spelling of the question."""
    body = {"State": "Failed", "Step": step, "Reason": "Invalid pin", "ConfirmationToken": ""}
    return answer(body, 401)


def unknown_app_key(status: int = 401) -> Response:
    """Refuse a request whose application key is missing or unknown; some sources have a 403."""
    return answer({"error": "Application key is not defined or does not exist"}, status)


def denied() -> Response:
    """Refuse a token, or a call on another user's account: the API does not say which."""
    return answer({"Message": "Authorization has been denied for this request."}, 401)


def too_many(wait: str | int | None) -> Response:
    """Refuse a request that comes too early; `wait` is seconds, an HTTP date, or not told."""
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return answer({"error": "Too many requests"}, 429, headers)


def complaint(message: str, status: int = 400) -> Response:
    """Refuse a call for what it asks."""
    return answer({"Message": message}, status)
