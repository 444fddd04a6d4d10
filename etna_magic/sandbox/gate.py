"""What stands before every call but `/token`: key, token, limits, and whose account it is."""

from typing import Any

from flask import Response, abort, g, request

from etna_magic.sandbox import answers
from etna_magic.sandbox.conversation import bearer
from etna_magic.sandbox.desk import accounts_of
from etna_magic.sandbox.state import State
from etna_magic.sandbox.users import APP_KEY

# The limits of ETNA's REST documentation, for a minute and a token, by the name of the call.
LIMITS = {
    "list_orders": ("order queries", 120),
    "place_order": ("order changes", 50),
    "cancel_order": ("order changes", 50),
    "history": ("history calls", 60),
}


class Gate:
    """Lets a call through or answers it.

    Parameters
    ----------
    state : State
        What the sandbox remembers and which of its rules are switched on.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def check(self) -> Response | None:
        """Return the refusal of this request, or None if it may pass."""
        if request.headers.get("Et-App-Key") != APP_KEY:
            return answers.unknown_app_key()
        user = self._state.tokens.owner(bearer())
        if user is None:
            return answers.denied()
        g.user = user
        return self._too_early()

    def _too_early(self) -> Response | None:
        call = (request.endpoint or "").rpartition(".")[2]
        if not self._state.rules.call_limits or call not in LIMITS:
            return None
        kind, limit = LIMITS[call]
        wait = self._state.limits.wait((kind, bearer()), limit)
        return answers.too_many(wait) if wait else None


def user() -> str:
    """Return the name of the user on whose behalf this call is made."""
    return str(g.user)


def check_account(account: int) -> None:
    """Refuse a call on an account that is not the caller's, as the API does: as if unauthorised."""
    if account not in accounts_of(user()):
        abort(answers.denied())


def body() -> dict[str, Any]:
    """Return the JSON object that this request carries, or refuse the call."""
    sent = request.get_json(force=True, silent=True)
    if not isinstance(sent, dict):
        abort(answers.complaint("The request body is missing or is not a JSON object."))
    return sent
