"""Which token a call is signed with, and what a 401 leads to: the same for requests and for httpx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.exceptions import EtnaError, NotLoggedInError, TokenExpiredError
from etna_magic.session.call_errors import add_outcome, not_sent, refused
from etna_magic.session.retry_policy import READS
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.token_check import TokenCheck
    from etna_magic.session.token_holder import TokenHolder

    #: Asks the server about a token by the cheapest read, and returns the status of the answer.
    Probe = Callable[[Token], int]


class TokenRules:
    """The rules of one session; they send nothing themselves.

    Parameters
    ----------
    holder : TokenHolder
        The session's token.
    check : TokenCheck
        Whether the server accepts it.
    """

    def __init__(self, holder: TokenHolder, check: TokenCheck) -> None:
        self._holder = holder
        self._check = check

    def refuse_without_token(self, method: str | None) -> None:
        """Raise if there is no token: what has another auth, or goes elsewhere, is not sent either."""
        if self._holder.current() is None:
            absent = NotLoggedInError(f"{self._holder.name} {self._holder.describe()}.")
            raise add_outcome(absent, not_sent(method))

    def token(self, method: str | None, probe: Probe, patience: float) -> Token:
        """Return the token to sign with: it is read once a call, and renewed first where that is due.

        Parameters
        ----------
        method : str or None
            What is to be sent.
        probe : callable
            Asks the server about a token.
        patience : float
            Seconds to wait for another thread that is asking.

        Raises
        ------
        EtnaError
            If there is none, or it has ended and cannot be renewed.
        """
        holder, outcome = self._holder, not_sent(method)
        try:
            token = holder.token_for_call()
        except EtnaError as error:
            failed, current = add_outcome(error, outcome), holder.current()
            ended = current if current and current.ended else None
        else:
            if not token.ended:
                return token
            failed, ended = TokenExpiredError(f"{holder.ended(token)}{outcome} {holder.hint}"), token
        # It may have been a hiccup of the server, which then refused to renew it as well.
        if ended and self._check.is_accepted_again(ended, lambda: probe(ended), patience):
            holder.on_change(ended)
            return ended
        raise failed.with_traceback(None)

    def after_401(
        self, method: str | None, status: int, token: Token, probe: Probe, patience: float
    ) -> Token | None:
        """Return the token to send a read again with; None where the answer is about that call alone.

        Parameters
        ----------
        method : str or None
            What was sent.
        status : int
            What it was answered with.
        token : Token
            What it was signed with.
        probe, patience
            As in :meth:`token`.

        Raises
        ------
        EtnaError
            If the token has ended, and the call is no read or no fresh one can be had.
        """
        holder, current = self._holder, self._holder.current()
        is_read = method in READS
        reason = ""
        if current is None or current is token or token.state is TokenState.STALE:
            if not self._check.is_stale(token, lambda: probe(token), patience):
                return None
            holder.on_change(token)
            reason = holder.ended(token)
        elif not is_read:
            return None  # replaced while the call was under way, and not because it had ended
        if current is token and not holder.can_renew:
            raise TokenExpiredError(f"{reason}{refused(method, status)} {holder.hint}")
        try:
            fresh = holder.token_for_call()
        except EtnaError as error:
            failed = error
        else:
            if is_read:
                return fresh
            failed = TokenExpiredError(f"{reason} There is a fresh token now: repeat the call.")
        raise add_outcome(failed, refused(method, status)).with_traceback(None)

    def after_another_401(self, token: Token, probe: Probe, patience: float) -> None:
        """Look at a read that was refused with the fresh token as well; the next call may renew it again.

        Raises
        ------
        TokenExpiredError
            If the server has refused that token, too; else the answer is about that call alone.
        """
        if self._check.is_stale(token, lambda: probe(token), patience):
            self._holder.on_change(token)
            raise TokenExpiredError(
                f"The server handed out a fresh token for {self._holder.name} and refused it at once. "
                "Repeat the call in a minute, or log in again by hand."
            )
