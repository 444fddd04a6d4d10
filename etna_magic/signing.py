"""How a call is signed: marked when it is prepared, and signed in a copy at the moment it is sent.

Whatever a user, a hook, a redirect or an exception gets to see of a request has the marks and no
secret; nothing has to be cleaned up behind them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from requests.adapters import BaseAdapter

from etna_magic.call_failure import raise_for
from etna_magic.masking import MASKED, OURS
from etna_magic.origin import Origin
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

    from etna_magic.token import Token


def mark(request: requests.PreparedRequest, token: Token) -> requests.PreparedRequest:
    """Mark a request that is to be signed: one to the token's own origin.

    Parameters
    ----------
    request : requests.PreparedRequest
        Ready to be sent but for that.
    token : Token
        What it will be signed with, or a later one of the same log-in.
    """
    if Origin.of(request.url or "") == Origin.of(token.base_url):
        request.headers.update(dict.fromkeys(OURS, MASKED))
    return request


def signed(
    request: requests.PreparedRequest, token: Token, known: Iterable[Token]
) -> requests.PreparedRequest:
    """Return a copy that is signed where it was marked; for another origin nothing of ours is in it.

    Parameters
    ----------
    request : requests.PreparedRequest
        What is to be sent.
    token : Token
        What to sign with.
    known : iterable of Token
        Tokens whose headers a user may have put on by hand.
    """
    made = copy.copy(request)
    made.headers = request.headers.copy()
    is_marked = made.headers.get(OURS[1]) == MASKED
    if Origin.of(request.url or "") == Origin.of(token.base_url):
        if is_marked:
            made.headers.update(token.headers)
        return made
    ours = {MASKED} if is_marked else set()
    ours.update(value for one in (token, *known) for value in one.headers.values())
    for name, value in request.headers.items():
        if _text(value) in ours:
            del made.headers[name]
    return made


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class SigningAdapter(BaseAdapter):
    """Stands before the adapter that sends: signs a copy, and says what went wrong without it.

    Parameters
    ----------
    adapter : requests.adapters.BaseAdapter
        What sends.
    token : callable
        Returns the token to sign with.
    known : iterable of Token
        All tokens that the session has had.
    """

    def __init__(self, adapter: BaseAdapter, token: Callable[[], Token], known: Iterable[Token]) -> None:
        super().__init__()
        self._adapter = adapter
        self._token = token
        self._known = known

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; parameters as for ``requests``.

        Raises
        ------
        ConnectionFailedError
            If no answer came; it is an exception of ``requests`` as well.
        """
        token = self._token()
        # Signed inside, so that no frame that raises has ever held it.
        outcome = attempt(lambda: self._adapter.send(signed(request, token, self._known), *args, **kwargs))
        if isinstance(outcome, Failure):
            raise_for(outcome, request)
        outcome.request = request
        # A hook that sends the request again, as digest authentication does, sends it by this.
        outcome.connection = self  # type: ignore[assignment] # declared as the one adapter of requests
        return outcome

    def close(self) -> None:
        """Close what sends."""
        self._adapter.close()
