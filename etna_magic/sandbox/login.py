"""`/token` and `/logout`: the calls that make tokens and end them."""

from flask import Blueprint, Response, request

from etna_magic.sandbox import answers
from etna_magic.sandbox.conversation import Conversation, bearer, dead_end
from etna_magic.sandbox.outages import outage, throttle
from etna_magic.sandbox.state import State
from etna_magic.sandbox.users import APP_KEY, USERS_BY_NAME


class Login:
    """The two calls, each a view of the application.

    Parameters
    ----------
    state : State
        What the sandbox remembers and which of its rules are switched on.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def blueprint(self) -> Blueprint:
        """Return the routes of both calls."""
        routes = Blueprint("login", __name__)
        calls = {"/token": self.token}
        if self._state.rules.logout:
            calls["/logout"] = self.logout
        for path, call in calls.items():
            # Flask would answer OPTIONS by itself; the API takes nothing but POST here.
            routes.add_url_rule(path, view_func=call, methods=["POST"], provide_automatic_options=False)
        return routes

    def token(self) -> Response:
        """Answer a log-in: the application key first, then limits, password and further steps."""
        if request.headers.get("Et-App-Key") != APP_KEY:
            return answers.unknown_app_key()
        name = request.headers.get("Username", "")
        return (
            throttle(name, self._state.clock())
            or self._too_early(name)
            or outage(name)
            or self._locked_out(name)
            or self._password(name)
        )

    def logout(self) -> Response:
        """End the token of this request at once."""
        if request.headers.get("Et-App-Key") != APP_KEY:
            return answers.unknown_app_key()
        if self._state.tokens.owner(bearer()) is None:
            return answers.denied()
        self._state.tokens.end(bearer())
        return answers.answer({"State": "Succeeded"})

    def _too_early(self, name: str) -> Response | None:
        limit = self._state.rules.login_limit
        if limit is None or not name:
            return None
        wait = self._state.limits.wait(("log-ins", name), limit)
        return answers.too_many(wait) if wait else None

    def _locked_out(self, name: str) -> Response | None:
        if name == "lockout" and self._state.lockouts.locked(name):
            return answers.failed(answers.BASE, "User is locked out")
        return None

    def _password(self, name: str) -> Response:
        user = USERS_BY_NAME.get(name)
        right = user is not None and request.headers.get("Password") == user.password
        if user is not None:
            self._state.lockouts.tried(name, right=right)
        if user is None or not right:
            return answers.invalid_credentials()
        return dead_end(name) or Conversation(user, self._state.tokens).reply()
