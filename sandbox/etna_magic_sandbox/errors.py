"""The documented errors: one function for each body that ETNA's sources show."""

from collections.abc import Mapping, Sequence

from flask import Response

from etna_magic_sandbox.messages import Request, empty_response, json_response


class RefusedError(Exception):
    """Ends a call with a response.

    Parameters
    ----------
    response : Response
        What the client gets.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def unknown_app_key(status: int = 403) -> Response:
    """Refuse a missing or unknown application key; a broker's pages say 401."""
    return json_response({"error": "Application key is not defined or does not exist"}, status)


def unauthorized() -> Response:
    """Refuse a token, or a call on another user's account: the API does not say which."""
    return json_response({"Message": "Authorization has been denied for this request."}, 401)


def forbidden() -> Response:
    """Refuse a call that this user may not make; no source shows a body."""
    return empty_response(403)


def invalid_request() -> Response:
    """Refuse text in the place of a number."""
    return json_response({"Message": "The request is invalid."}, 400)


def bad_filter(detail: str) -> Response:
    """Refuse a filter that cannot be read; the sources give the status alone."""
    return json_response({"Message": "The request is invalid.", "MessageDetail": detail}, 400)


def not_found(request: Request) -> Response:
    """Answer an unknown path, or one without a query member that it needs."""
    message = f"No HTTP resource was found that matches the request URI '{request.url}'."
    return json_response({"Message": message}, 404)


def no_such_object() -> Response:
    """Answer for an object that does not exist; the sources give the status alone."""
    return empty_response(404)


def unsupported_version(method: str, status: int = 404) -> Response:
    """Answer a wrong method (405), or some calls without a query member that they need (404)."""
    message = f"The requested resource with API version '1.0' does not support HTTP method '{method}'."
    return json_response({"Error": {"Code": "UnsupportedApiVersion", "Message": message}}, status)


def conflict() -> Response:
    """Answer what contradicts the state of things, usually without a body."""
    return empty_response(409)


def invalid_entity(problems: Mapping[str, Sequence[str]]) -> Response:
    """Refuse a body; `problems` by parameter and member, `placeParams.Type` for instance."""
    message = "Validation error occured while processing entity"  # the API's own spelling
    state = {name: list(texts) for name, texts in problems.items()}
    return json_response({"Message": message, "ModelState": state}, 422)


def server_error() -> Response:
    """Answer what the server cannot use: no JSON, an unknown symbol, a user's ID as account."""
    message = "An error occurred while processing your request"
    return json_response({"message": message, "error": "Unexpected server error"}, 500)


def no_such_user() -> Response:
    """Answer for the details of a user that does not exist."""
    errors = ["Value cannot be null.\r\nParameter name: user"]
    return json_response({"Model": None, "Errors": errors, "StatusCode": 500, "IsSucceed": False}, 500)


def no_such_layout() -> Response:
    """Answer for the settings of a user that does not exist."""
    errors = ["User or user layout is not found"]
    return json_response({"Model": None, "Errors": errors, "StatusCode": 400, "IsSucceed": False}, 400)


def too_many_requests(retry_after: str | int | None) -> Response:
    """Refuse a request that comes too early; `retry_after` is seconds, an HTTP date or left out."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return json_response({"error": "Too many requests"}, 429, headers)
