"""The sandbox: its Flask application, and the object that starts and stops it."""

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from etna_magic.sandbox.accounts import AccountCalls
from etna_magic.sandbox.auth import CallAuth
from etna_magic.sandbox.login import LoginCalls
from etna_magic.sandbox.market import MarketCalls
from etna_magic.sandbox.messages import error_response, html_response
from etna_magic.sandbox.orders import OrderCalls
from etna_magic.sandbox.server import Server, listen, loopback_address
from etna_magic.sandbox.state import RecordedRequest, Rules, State
from etna_magic.sandbox.users import APP_KEY, USERS, USERS_BY_NAME, User

POLL_INTERVAL = 0.02  # seconds between two checks whether the server has to stop


class Sandbox:
    """A server on loopback with ETNA's REST API and made-up data.

    Parameters
    ----------
    port : int, optional
        The TCP port; 0 takes a free one at each start.
    host : str, optional
        The address to bind: `localhost`, `::1` or one in 127.0.0.0/8.
    lifetime : float, optional
        How long a token is valid, in seconds. ETNA's REST documentation says 24 hours.
    login_limit : int or None, optional
        Logins per minute and user; None switches the limit off.
    clock : callable, optional
        Returns the time in seconds since 1970. Tests pass one that they can set.
    call_limits : bool, optional
        Whether there are limits per minute and token on orders (120 queries and 50 changes) and
        history (60 calls).
    logout : bool, optional
        Whether there is a `/logout`; some installations of ETNA have none.

    Raises
    ------
    ValueError
        If the host is not loopback, or the lifetime is not a positive number of seconds.

    Examples
    --------
    >>> with Sandbox() as sandbox:
    ...     sandbox.password_of("demo")
    'demo-Sesame-17'
    """

    def __init__(  # noqa: PLR0913 - tests need each of these switches
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        lifetime: float = 86_400.0,
        login_limit: int | None = 10,
        clock: Callable[[], float] = time.time,
        *,
        call_limits: bool = True,
        logout: bool = True,
    ) -> None:
        self._address = loopback_address(host)
        self._host = host
        self._requested_port = port
        self._port: int | None = None
        self._state = State(Rules(login_limit, call_limits, logout), _checked_lifetime(lifetime), clock)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> Self:
        """Serve in a new thread and return at once; does nothing if the sandbox is running.

        Raises
        ------
        OSError
            If the port is in use or not permitted.
        """
        with self._lock:
            if self._server is None:
                with listen(self._address, self._requested_port) as listener:
                    self._server = Server(create_app(self._state), listener)
                self._port = self._server.port
                self._thread = threading.Thread(
                    target=self._server.serve_forever,
                    args=(POLL_INTERVAL,),
                    name="etna-sandbox",
                    daemon=True,
                )
                self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, close all connections and free the port; may be called again."""
        with self._lock:
            server, thread = self._server, self._thread
            self._server = self._thread = None
            if server is not None and thread is not None:
                server.shutdown()
                thread.join()
                server.close_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The base URL of the API; after a stop, the last one."""
        if self._port is None:
            raise RuntimeError("The sandbox has no address before start().")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/api"

    @property
    def app_key(self) -> str:
        """The application key that every request must have."""
        return APP_KEY

    @property
    def users(self) -> tuple[User, ...]:
        """The users, each with one of the responses of `/token`."""
        return USERS

    @property
    def lifetime(self) -> float:
        """How long tokens issued from now on are valid, in seconds."""
        return self._state.tokens.lifetime

    @lifetime.setter
    def lifetime(self, seconds: float) -> None:
        self._state.tokens.lifetime = _checked_lifetime(seconds)

    @property
    def seen(self) -> tuple[RecordedRequest, ...]:
        """The requests so far: methods, paths, names of headers and statuses."""
        return self._state.requests.snapshot()

    @property
    def token_requests(self) -> int:
        """How many POST requests `/token` has had."""
        return sum(recorded[:2] == ("POST", "/api/token") for recorded in self.seen)

    def password_of(self, name: str) -> str:
        """Return a user's password.

        Raises
        ------
        ValueError
            If there is no such user; the message lists those there are.
        """
        if name not in USERS_BY_NAME:
            raise ValueError(f"No user is called {name!r}; there are {', '.join(USERS_BY_NAME)}.")
        return USERS_BY_NAME[name].password

    def revoke_all(self) -> None:
        """Revoke every token, as a server may do before they expire."""
        self._state.tokens.revoke_all()

    def reset(self) -> None:
        """Forget tokens, rate limits, lock-outs, orders, alerts and recorded requests."""
        self._state.reset()


def create_app(state: State) -> Flask:
    """Return the WSGI application: all calls under `/api`, and a web terminal beside it.

    Parameters
    ----------
    state : State
        What the sandbox remembers, and which of its rules are switched on.
    """
    app = Flask("etna_magic.sandbox", static_folder=None)
    # A double slash is a client's mistake: it must stay a 404 and not become a redirect.
    app.url_map.merge_slashes = False
    app.register_blueprint(LoginCalls(state).blueprint(), url_prefix="/api")
    app.register_blueprint(_authenticated_calls(state), url_prefix="/api")
    app.add_url_rule("/terminal", "terminal", lambda: html_response("Web terminal"))
    app.register_error_handler(HTTPException, _error_as_json)

    def record(response: Response) -> Response:
        header_names = tuple(request.headers.keys())
        recorded = RecordedRequest(request.method, request.path, header_names, response.status_code)
        state.requests.add(recorded)
        return response

    app.after_request(record)
    return app


def _authenticated_calls(state: State) -> Blueprint:
    calls = Blueprint("calls", __name__)
    calls.before_request(CallAuth(state.tokens, state.limiter if state.rules.call_limits else None).check)
    AccountCalls(state.orders, state.alerts).add_to(calls)
    OrderCalls(state.orders).add_to(calls)
    MarketCalls(state.clock).add_to(calls)
    return calls


def _error_as_json(error: HTTPException) -> Response:
    message = f"{error.name}: {request.method} {request.path}"
    response = error_response(message, error.code or 500)
    # A 405 must list the methods that are allowed.
    allow = dict(error.get_headers()).get("Allow")
    if allow:
        response.headers["Allow"] = allow
    return response


def _checked_lifetime(seconds: float) -> float:
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"A lifetime is a positive number of seconds, not {seconds!r}.")
    return float(seconds)
