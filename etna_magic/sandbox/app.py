"""The WSGI application: finds the call, checks who may make it, and sends what it answers."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from etna_magic.sandbox import errors
from etna_magic.sandbox.call import Call, bearer_token
from etna_magic.sandbox.errors import RefusedError
from etna_magic.sandbox.faults import fault_of_call
from etna_magic.sandbox.messages import Request, Response, html_response
from etna_magic.sandbox.routes import LIMITS, ROUTES, Route
from etna_magic.sandbox.state import RecordedRequest, State
from etna_magic.sandbox.users import APP_KEY, account_ids, name_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/api"
LOGIN_PATHS = {"/token", "/logout"}
REMOVAL = "2027-01-01"  # what X-Deprecated says; no source shows one
NEAR = 5  # the rate limit's headers stand on answers when no more than a fifth of it is left
REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

Matched = tuple[dict[str, Route], dict[str, str]]


class Router:
    """Finds the calls of a path; a `/` at its end changes nothing, and `syncorders` means `orders`.

    Parameters
    ----------
    routes : iterable of Route
        What is served.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        # A tree of the paths' segments. A segment in braces stands under "{}", with its name.
        self._tree: dict[str, Any] = {}
        for route in routes:
            node = self._tree
            for segment in route.path[1:].split("/"):
                if segment.startswith("{"):
                    name, node = node.setdefault("{}", (segment[1:-1], {}))
                    if name != segment[1:-1]:
                        raise ValueError(f"{route.path} names {segment}, and another path {name} there")
                else:
                    node = node.setdefault(segment, {})
            node.setdefault("", {})[route.method] = route

    def find(self, path: str) -> Matched | None:
        """Return the calls of a path by their methods, and what stands for the names in braces."""
        if not path.startswith("/"):
            return None
        segments = path[1:].split("/")
        if len(segments) > 1 and not segments[-1]:
            segments.pop()
        names: dict[str, str] = {}
        node = self._tree
        for segment in segments:
            found = node.get("orders" if segment == "syncorders" else segment) if segment else None
            if found is None:
                if not segment or "{}" not in node:
                    return None
                name, found = node["{}"]
                names[name] = segment
            node = found
        return (node[""], names) if "" in node else None


class Application:
    """The sandbox as a WSGI application.

    Parameters
    ----------
    state : State
        What it remembers, and which of its rules are switched on.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        served = [route for route in ROUTES if state.rules.logout or route.path != "/logout"]
        self._router = Router(served)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.header("Transfer-Encoding"):
            _ = request.body  # cheroot skips what is left of other bodies only
        response = self._respond(request)
        recorded = RecordedRequest(request.method, request.path, request.header_names, response.status)
        self._state.requests.add(recorded)
        headers = [*response.headers.items(), ("Content-Length", str(len(response.body)))]
        if response.status == HTTPStatus.NO_CONTENT:
            headers.pop()
        start_response(REASONS[response.status], headers)
        return [] if request.method == "HEAD" else [response.body]

    def _respond(self, request: Request) -> Response:
        if request.path == "/terminal":
            return html_response("Web terminal")
        path = request.path
        matched = self._router.find(path[len(PREFIX) :]) if path.startswith(PREFIX + "/") else None
        if matched is None:
            return errors.not_found(request)
        routes, names = matched
        route = routes.get(request.method)
        if route is None:
            response = errors.unsupported_version(request.method, 405)
            response.headers["Allow"] = ", ".join(sorted(routes))
            return response
        call = Call(request, self._state)
        try:
            response = self._refusal(call, route, names) or route.handler(call)
        except RefusedError as refused:
            response = refused.response
        self._add_limits(call, response)
        if route.path.startswith("/v1.0/equities") and self._state.has("deprecated"):
            response.headers["X-Deprecated"] = REMOVAL
        return response

    def _refusal(self, call: Call, route: Route, names: dict[str, str]) -> Response | None:
        # The checks that all calls have in common, in the order in which ETNA's server makes them.
        state, request = self._state, call.request
        if request.header("Et-App-Key") != APP_KEY:
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
