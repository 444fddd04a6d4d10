"""How a call is signed: marked when it is prepared, and signed in a copy at the moment it is sent.

Whatever a user, a hook, a redirect or an exception gets to see of a request has the marks and no
secret; nothing has to be cleaned up behind them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from requests.adapters import BaseAdapter

from etna_magic.call_failure import raise_for
from etna_magic.exceptions import NotLoggedInError
from etna_magic.inert import inert
from etna_magic.marks import Account, account_of, began_as, fate, set_account
from etna_magic.masking import MASKED, OURS
from etna_magic.origin import Origin
from etna_magic.retries import READS, once_for_orders
from etna_magic.secret import Secret
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

    from etna_magic.token import Token


def mark(request: requests.PreparedRequest, token: Token) -> requests.PreparedRequest:
    """Mark a request that is to be signed: one to the token's own origin, for the token's own account.

    Parameters
    ----------
    request : requests.PreparedRequest
        Ready to be sent but for that.
    token : Token
        What it will be signed with, or a later one of the same account.
    """
    set_account(request, Account.of(token))
    if Origin.of(request.url or "") == Origin.of(token.base_url):
        request.headers.update(dict.fromkeys(OURS, MASKED))
    return request


def is_marked(request: requests.PreparedRequest) -> bool:
    """Whether a request is to be signed."""
    return request.headers.get(OURS[1]) == MASKED


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

    Raises
    ------
    NotLoggedInError
        If it was prepared for another account than the token's.
    """
    made = copy.copy(request)
    made.headers = request.headers.copy()
    if is_marked(request):
        _refuse_another(request, token)
    if Origin.of(request.url or "") == Origin.of(token.base_url):
        if is_marked(request):
            made.headers.update(token.headers)
        return made
    ours = {MASKED} if is_marked(request) else set()
    ours.update(value for one in (token, *known) for value in one.headers.values())
    for name, value in request.headers.items():
        if _text(value) in ours:
            del made.headers[name]
    return made


def _refuse_another(request: requests.PreparedRequest, token: Token) -> None:
    account = account_of(request)
    if account is not None and account != Account.of(token):
        then, now = (f"{inert(one.username)} at {inert(one.base_url)}" for one in (account, token))
        after = fate(request) if began_as(request) != request.method else ""
        raise NotLoggedInError(
            f"The call was begun as {then}, and the session is of {now}: this {request.method} was not "
            f"sent.{after}"
        )


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

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - as in requests
        *args: Any,
        **kwargs: Any,
    ) -> requests.Response:
        """Send a request; parameters as for ``requests``.

        Raises
        ------
        ConnectionFailedError
            If no answer came; it is an exception of ``requests`` as well.
        """
        token = self._token()
        adapter = self._adapter if request.method in READS else once_for_orders(self._adapter)

        def sent() -> requests.Response:
            # Signed inside, so that no frame that raises has ever held it.
            answer = adapter.send(signed(request, token, self._known), stream, *args, **kwargs)
            # A user's own adapter leaves the body to the session, which would raise what it likes.
            _ = stream or answer.content
            return answer

        outcome = attempt(sent, (Secret(token.value), token.app_key))
        if isinstance(outcome, Failure):
            raise_for(outcome, request)
        outcome.request = request
        # A hook that sends the request again, as digest authentication does, sends it by this.
        outcome.connection = self  # type: ignore[assignment] # declared as the one adapter of requests
        if outcome.raw is not None and account_of(request) not in (None, Account.of(self._token())):
            # Another user has logged in meanwhile, whose jar this answer's cookies must not get into.
            vars(outcome.raw)["_original_response"] = None  # where requests looks for them
        return outcome

    def close(self) -> None:
        """Close what sends."""
        self._adapter.close()

    @property
    def max_retries(self) -> Any:
        """The rules of what sends; they are for reads, whatever they say."""
        return self._adapter.max_retries  # type: ignore[attr-defined] # HTTPAdapter has it

    @max_retries.setter
    def max_retries(self, rules: Any) -> None:
        self._adapter.max_retries = rules  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._adapter, name)
