"""The application: all calls under `/api`, and a web terminal beside it."""

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from etna_magic.sandbox.answers import complaint, page
from etna_magic.sandbox.gate import Gate
from etna_magic.sandbox.login import Login
from etna_magic.sandbox.orders import OrderCalls
from etna_magic.sandbox.people import PeopleCalls
from etna_magic.sandbox.quotes import MarketCalls
from etna_magic.sandbox.records import Seen
from etna_magic.sandbox.state import State


def create_app(state: State) -> Flask:
    """Return the WSGI application that answers from a state.

    Parameters
    ----------
    state : State
        What the sandbox remembers and which of its rules are switched on.
    """
    app = Flask("etna_magic.sandbox", static_folder=None)
    # A doubled slash is a mistake of the caller and must stay a 404, not become a redirect.
    app.url_map.merge_slashes = False
    app.register_blueprint(Login(state).blueprint(), url_prefix="/api")
    app.register_blueprint(_calls(state), url_prefix="/api")
    app.add_url_rule("/terminal", "terminal", lambda: page("Web terminal"))
    app.register_error_handler(HTTPException, _as_json)

    def record(response: Response) -> Response:
        names = tuple(request.headers.keys())
        state.records.add(Seen(request.method, request.path, names, response.status_code))
        return response

    app.after_request(record)
    return app


def _calls(state: State) -> Blueprint:
    calls = Blueprint("calls", __name__)
    calls.before_request(Gate(state).check)
    PeopleCalls(state).add_to(calls)
    OrderCalls(state.desk).add_to(calls)
    MarketCalls(state.clock).add_to(calls)
    return calls


def _as_json(error: HTTPException) -> Response:
    message = f"{error.name}: {request.method} {request.path}"
    refused = complaint(message, error.code or 500)
    # A 405 has to name what is allowed.
    allow = dict(error.get_headers()).get("Allow")
    if allow:
        refused.headers["Allow"] = allow
    return refused
