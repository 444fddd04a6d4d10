"""What is read from requests and written to responses, as ETNA's REST documentation gives it."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, Self

from flask import Response, abort, request

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"

# The names of the steps of a login.
BASE_STEP = "BaseAuthentication"
CODE_STEP = "VerificationCode"
PIN_STEP = "SecutityPin"  # the API's own spelling
CORRECT_PIN_STEP = "SecurityPin"  # in case ETNA corrects it


class RequestBody:
    """The JSON object in a request; a field that is missing or wrong is answered with status 400.

    Parameters
    ----------
    members : mapping
        The members of the JSON object.
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    @classmethod
    def of_current_request(cls) -> Self:
        """Return the JSON object of the current request."""
        members = request.get_json(force=True, silent=True)
        if not isinstance(members, dict):
            refuse("The request body is missing or is not a JSON object.")
        return cls(members)

    def text(self, name: str) -> str:
        """Return a string; numbers and null are not converted."""
        value = self._members.get(name)
        if not isinstance(value, str):
            refuse(f"The field {name} must be a text.")
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str = "") -> str:
        """Return a string that must be one of those allowed."""
        value = self._members.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            refuse(f"The field {name} must be one of {', '.join(allowed)}.")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """Return an integer or a float as it is; booleans are not accepted."""
        value = self._members.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            refuse(f"The field {name} must be a number.")
        return value

    def positive(self, name: str) -> float:
        """Return a number above zero."""
        value = self.number(name)
        if value <= 0:
            refuse(f"The field {name} must be above zero.")
        return value

    def is_true(self, name: str) -> bool:
        """Return whether a field is `true`."""
        return self._members.get(name) is True

    def nested(self, name: str) -> Self:
        """Return a JSON object inside this one."""
        value = self._members.get(name)
        if not isinstance(value, dict):
            refuse(f"The field {name} must be a JSON object.")
        return type(self)(value)


def refuse(message: str) -> NoReturn:
    """End the call with status 400 and a message."""
    abort(error_response(message))


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as compact JSON, with its keys in the order given."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text, status, headers, content_type=JSON_TYPE)


def html_response(title: str, status: int = 200) -> Response:
    """Return an HTML page, as gateways and the web terminal send."""
    text = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
    return Response(f"{text}<body><h1>{title}</h1></body></html>\n", status, content_type=HTML_TYPE)


def error_response(message: str, status: int = 400) -> Response:
    """Refuse a call because of what it asks for."""
    return json_response({"Message": message}, status)


def login_succeeded(token: str) -> Response:
    """Return the only response of `/token` that is a success."""
    return json_response({"State": "Succeeded", "Token": token})


def login_expecting(step: str, reason: str, token: str) -> Response:
    """Ask for the next step of a login; the token is valid for that step only."""
    body = {"State": "Expecting", "Step": step, "Reason": reason, "Token": token}
    return json_response(body, 202)


def login_failed(step: str, reason: str) -> Response:
    """Refuse a login."""
    return json_response({"State": "Failed", "Step": step, "Reason": reason}, 401)


def pin_refused(step: str) -> Response:
    """Refuse a PIN for good; `step` is spelled as it was when the PIN was asked for."""
    body = {"State": "Failed", "Step": step, "Reason": "Invalid pin", "ConfirmationToken": ""}
    return json_response(body, 401)


def unknown_app_key(status: int = 401) -> Response:
    """Refuse a missing or unknown application key; some descriptions of the API have a 403."""
    return json_response({"error": "Application key is not defined or does not exist"}, status)


def unauthorized() -> Response:
    """Refuse a token, or a call on another user's account: the API does not say which."""
    return json_response({"Message": "Authorization has been denied for this request."}, 401)


def too_many_requests(retry_after: str | int | None) -> Response:
    """Refuse a request that comes too early; `retry_after` is seconds, an HTTP date or left out."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return json_response({"error": "Too many requests"}, 429, headers)


def format_date(seconds: float) -> str:
    """Return a time in seconds since 1970 as ETNA writes dates, with seven decimals.

    Examples
    --------
    >>> format_date(1547468857.5)
    '2019-01-14T12:27:37.5000000Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def format_candle_date(seconds: float) -> str:
    """Return a time in seconds since 1970 as the `DateTime` of a candle, in whole seconds.

    Examples
    --------
    >>> format_candle_date(1542801600)
    '2018-11-21T12:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
