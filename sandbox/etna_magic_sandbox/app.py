"""The WSGI application: finds the call, checks who may make it, and sends what it answers."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from flask import Flask, Response
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from etna_magic_sandbox import errors
from etna_magic_sandbox.call import Call, bearer_token
from etna_magic_sandbox.errors import RefusedError
from etna_magic_sandbox.faults import fault_of_call
from etna_magic_sandbox.messages import Request, html_response
from etna_magic_sandbox.routes import LIMITS, ROUTES, UNSERVED, Route
from etna_magic_sandbox.state import RecordedRequest, State
from etna_magic_sandbox.users import APP_KEY, account_ids, name_of

PREFIX = "/api"
LOGIN_PATHS = {"/token", "/logout"}
METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
REMOVAL = "2027-01-01"  # what X-Deprecated says; no source shows one
NEAR = 5  # the rate limit's headers stand on answers when no more than a fifth of it is left

# Of the two spellings of a path one is a broker's.
SPELLINGS = {"/orders": "/syncorders"}


class Application(Flask):
    """The sandbox as a WSGI application: a Flask whose rules are the table of calls.

    Parameters
    ----------
    state : State
        What it remembers, and which of its rules are switched on.
    """

    request_class = Request

    def __init__(self, state: State) -> None:
        super().__init__(__name__, static_folder=None)
        self.config["PROPAGATE_EXCEPTIONS"] = True  # logging one would show in some cell of a notebook
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False
        self._state = state
        self._calls: dict[Request, Call] = {}  # those that are being answered
        self.add_url_rule("/terminal", "terminal", lambda: html_response("Web terminal"))
        for route in ROUTES:
            if state.rules.logout or route.path != "/logout":
                self._serve(route)
        for path in UNSERVED:
            rule = PREFIX + path.replace("{", "<").replace("}", ">")
            self.add_url_rule(
                rule,
                path,
                lambda **_: errors.not_found(self._request),
                methods=METHODS,
                provide_automatic_options=False,
            )
        self.register_error_handler(404, lambda _: errors.not_found(self._request))
        self.register_error_handler(405, self._wrong_method)
        self.register_error_handler(RefusedError, lambda refused: refused.response)
        self.register_error_handler(Exception, self._mistake)
        self.after_request(self._finish)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a view as it is: none is asynchronous, and asking that takes a tenth of a call."""
        return func

    @property
    def _request(self) -> Request:
        return cast("Request", request_ctx.request)

    def _serve(self, route: Route) -> None:
        view = partial(self._answer, route)
        path = PREFIX + route.path.replace("{", "<").replace("}", ">")
        name = f"{route.method} {route.path}"
        for spelling, other in [("", ""), *SPELLINGS.items()]:
            if spelling in path:
                self.add_url_rule(
                    path.replace(spelling, other),
                    f"{name} {other}",
                    view,
                    methods=[route.method],
                    provide_automatic_options=False,
                )

    def _answer(self, route: Route, **names: str) -> Response:
        request = self._request
        if request.method != route.method:  # Flask lets HEAD be a GET, and ETNA's server does not
            raise MethodNotAllowed([route.method])
        call = self._calls[request] = Call(request, self._state)
        response = self._refusal(call, route, names) or route.handler(call)
        if route.path.startswith("/v1.0/equities") and self._state.has("deprecated"):
            response.headers["X-Deprecated"] = REMOVAL
        return response

    def _wrong_method(self, error: HTTPException) -> Response:
        methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
        response = errors.unsupported_version(self._request.method, 405)
        response.headers["Allow"] = ", ".join(sorted({*(methods or ())} - {"HEAD"}))
        return response

    def _mistake(self, error: Exception) -> Response | HTTPException:
        # A mistake of the sandbox's own: ETNA's server has one answer for all of its own.
        return error if isinstance(error, HTTPException) else errors.server_error()

    def _finish(self, response: Response) -> Response:
        """Add the rate limit's headers, and record the request."""
        request = self._request
        if request.has_body:
            _ = request.body  # what a server finds unread it may take for the next request
        if (call := self._calls.pop(request, None)) is not None:
            self._add_limits(call, response)
        self._state.requests.add(
            RecordedRequest(request.method, request.path, request.header_names, response.status_code)
        )
        return response

    def _refusal(self, call: Call, route: Route, names: dict[str, str]) -> Response | None:
        # The checks that all calls have in common, in the order in which ETNA's server makes them.
        state, request = self._state, call.request
        if request.headers.get("Et-App-Key") != APP_KEY:
            return errors.unknown_app_key(401 if state.has("app-key-401") else 403)
        if route.path in LOGIN_PATHS:
            return None
        token = bearer_token(request)
        user = state.tokens.user_of(token)
        if user is None:
            return errors.unauthorized()
        call.user = user
        if route.path != "/v1.0/users/{u}/info" and (fault := fault_of_call(user, request)):
            return fault
        return (
            self._names(call, route, names)
            or self._missing_query(call, route)
            or self._limit(call, route, token)
        )

    def _missing_query(self, call: Call, route: Route) -> Response | None:
        if not route.required:
            return None
        wanted = [name.lower() for name in route.required]
        if self._state.has("lookup-symbol"):
            wanted = ["symbol" if name == "mask" else name for name in wanted]
        if self._state.has("optional-query"):
            wanted = [name for name in wanted if name not in {"pagenumber", "pagesize"}]
            wanted = [name for name in wanted if name not in {"sortfield", "desc", "sortby", "isdesc"}]
        if all(name in call.request.query for name in wanted):
            return None
        if route.missing == "version":
            return errors.unsupported_version(call.request.method)
        return errors.not_found(call.request)

    def _names(self, call: Call, route: Route, names: dict[str, str]) -> Response | None:
        # Reads the names in the path; a user or an account must be the token's own.
        for name, text in names.items():
            if name == "symbol":
                call.texts[name] = text
            elif name == "u":
                if text != "@me" and (refusal := self._foreign_user(call, route, text)):
                    return refusal
            elif not text.isdecimal() or len(text) > 18:
                return errors.invalid_request()
            elif name == "a":
                call.account = int(text)
                if call.account not in account_ids(call.user):
                    # A user's ID in the place of an account's fails in ETNA's server.
                    return errors.server_error() if name_of(call.account) else errors.unauthorized()
            else:
                call.ids[name] = int(text)
        return None

    def _foreign_user(self, call: Call, route: Route, text: str) -> Response | None:
        if not text.isdecimal() or len(text) > 18:
            return errors.invalid_request()
        if int(text) == call.user_id:
            return None
        if name_of(int(text)) is None:
            if route.path.endswith("/info"):
                return errors.no_such_user()
            if route.path.endswith("/settings/trading"):
                return errors.no_such_layout()
        return errors.unauthorized()

    def _limit(self, call: Call, route: Route, token: str) -> Response | None:
        if not route.group or not self._state.rules.call_limits:
            return None
        owner = call.account if route.group == "order changes" else token
        call.usage = self._state.limiter.count((route.group, owner), LIMITS[route.group])
        after = call.usage.retry_after
        return errors.too_many_requests(after) if after else None

    def _add_limits(self, call: Call, response: Response) -> None:
        usage = call.usage
        if usage is None:
            return
        if usage.remaining * NEAR <= usage.limit or self._state.has("limits-always"):
            response.headers["X-RateLimit-Limit"] = str(usage.limit)
            response.headers["X-RateLimit-Remaining"] = str(usage.remaining)
            response.headers["X-RateLimit-Reset"] = str(int(usage.reset))
