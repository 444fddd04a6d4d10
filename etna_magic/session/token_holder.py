"""Which token a session signs with: of one account for life, replaced when it is renewed, or none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from etna_magic.exceptions import NotLoggedInError, TokenExpiredError, login_hint
from etna_magic.support import SameOrigin, format_moment
from etna_magic.token import Account, Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.token_refresher import TokenRefresher


class TokenHolder:
    """The token of one session.

    Parameters
    ----------
    name : str
        The login's name.
    account : Account or None, optional
        Whose session it is; where a form still waits, the first token says so.
    absence : str, optional
        Why there is no token, to follow the name.
    """

    def __init__(self, name: str, account: Account | None = None, absence: str = "is not logged in") -> None:
        self.name = name
        self._token: Token | None = None
        self._absence = absence
        #: Replaces the token before it ends, if the login asked for that.
        self.refresher: TokenRefresher | None = None
        #: Whether nothing but reads is sent.
        self.read_only = False
        #: Called with a token whose state has changed by what the server said.
        self.on_change: Callable[[Token], None] = lambda _: None
        #: What to do about a token that has ended, as a sentence.
        self.hint = f"Log in again: {login_hint(name)}"
        self.account = account
        self._is_home = SameOrigin(account.base_url) if account else None

    def owns(self, url: str) -> bool:
        """Say whether a URL is of the account's own server."""
        return self._is_home is not None and self._is_home(url)

    @property
    def token(self) -> Token:
        """The token that calls are signed with.

        Raises
        ------
        NotLoggedInError
            If there is none: the login is unfinished or was ended.
        """
        token = self._token
        if token is None:
            raise NotLoggedInError(f"{self.name} {self._absence}.")
        return token

    def current(self) -> Token | None:
        """Return the token, or None while there is none."""
        return self._token

    def put(self, token: Token) -> None:
        """Sign with this token from now on.

        Raises
        ------
        ValueError
            If it is another account's: a session belongs to one account for life.
        """
        if self.account is None:
            self.account = token.account
            self._is_home = SameOrigin(token.base_url)
        if token.account != self.account:
            raise ValueError(f"this session is of {self.account}, and the token of {token.account}")
        self._token = token

    def release(self, absence: str) -> None:
        """Sign nothing from now on; `absence` says why, to follow the login's name."""
        self._token, self._absence = None, absence
        self.refresher = None

    def token_for_call(self) -> Token:
        """Return the token to sign with, renewed first if that is asked for and it is time.

        Raises
        ------
        EtnaError
            If there is none, or the one that has ended could not be renewed.
        """
        refresher = self.refresher
        if refresher is None or self._token is None:
            return self.token
        return refresher.token()

    def note_accepted(self, token: Token) -> None:
        """Note that the server accepts a token: after its end that shows that it was learned wrongly."""
        if token.is_learned and token.remaining <= timedelta(0):
            token.unlearn()
            self.on_change(token)

    def after_fork(self) -> None:
        """Have locks of this process's own."""
        if self.refresher is not None:
            self.refresher.after_fork()

    def ended(self, token: Token) -> str:
        """Say how a token ended, as a sentence."""
        if token.ended:
            return f"The token of {self.name} {token.ended}."
        when = format_moment(token.expires_at)
        return f"The token of {self.name} expired at {when}, and the server refused it."

    def describe(self) -> str:
        """Say whose token it is and in what state, or why there is none."""
        return self._token.describe() if self._token else self._absence


class WorkerTokenHolder(TokenHolder):
    """The token of a worker's session, which cannot be renewed."""

    def __init__(self, name: str, account: Account | None = None) -> None:
        super().__init__(name, account)
        self.hint = f"Log in again where it came from, and send a new {name}_session.for_workers()."

    def token_for_call(self) -> Token:
        """Return the token while it lasts.

        Raises
        ------
        TokenExpiredError
            If it has expired or was ended.
        """
        token = self.token
        if token.state is TokenState.STALE:
            how = token.ended or f"expired at {format_moment(token.expires_at)}"
            raise TokenExpiredError(f"The token of {self.name} that this worker was given {how}. {self.hint}")
        return token
