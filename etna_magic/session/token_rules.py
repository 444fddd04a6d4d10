"""Which token a call is signed with, and what a 401 leads to: the same for requests and for httpx."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from etna_magic.exceptions import EtnaError, TokenExpiredError
from etna_magic.session.call_outcome import READS, add_outcome, not_sent, refused
from etna_magic.support import Clock
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from etna_magic.session.answers import CallLimits
    from etna_magic.session.token_holder import TokenHolder

#: Seconds between two questions about one token.
PAUSE = 60.0
#: The cheapest call by which to ask whether the server accepts a token, by ETNA's REST documentation.
PROBE = "v1.0/users/@me/info"


def probe_url(token: Token) -> str:
    """Return where to ask whether the server accepts a token."""
    return f"{token.base_url}/{PROBE}"


class Probe(NamedTuple):
    """How to ask the server about a token, by the way that a call goes."""

    #: Returns the status of the answer.
    ask: Callable[[Token], int]
    #: Seconds to wait for another thread that is asking.
    patience: float

    @classmethod
    def within(cls, ask: Callable[[Token], int], timeouts: Iterable[Any]) -> Probe:
        """Return one that is as patient as the call that it is for."""
        seconds = [float(one) for one in timeouts if isinstance(one, (int, float))]
        return cls(ask, max(seconds, default=30.0))


class TokenRules:
    """The rules of one session, which send nothing themselves, and what they are about.

    ETNA answers a call on another user's account as it answers one with a dead token, says its
    REST documentation, so a 401 alone proves nothing. The cheapest read decides: it outranks the clock, and
    is sent once a minute at most.
    """

    def __init__(self, holder: TokenHolder, limits: CallLimits) -> None:
        #: The session's token.
        self.holder = holder
        #: Where the server's figures are kept.
        self.limits = limits
        self._clock = Clock()
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own, and wait for no answer that another process asked for."""
        self._lock = threading.Lock()
        self._asked: tuple[Token | None, float] = (None, 0.0)

    def refuse_without_token(self, method: str | None) -> None:
        """Raise if there is no token: what has another auth, or goes elsewhere, is not sent either."""
        if self.holder.current() is None:
            raise add_outcome(self.holder.absent(), not_sent(method))

    def token(self, method: str | None, probe: Probe) -> Token:
        """Return the token to sign with: it is read once a call, and renewed first where that is due.

        It raises if there is none, or if it has ended and cannot be renewed.
        """
        holder, outcome = self.holder, not_sent(method)
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
        if ended and self._is_accepted_again(ended, probe):
            holder.on_change(ended)
            return ended
        raise failed.with_traceback(None)

    def after_401(self, method: str | None, status: int, token: Token, probe: Probe) -> Token | None:
        """Return the token to send a read again with; None where the answer is about that call alone.

        It raises if the token has ended, and the call is no read or no fresh one can be had.
        """
        holder, current = self.holder, self.holder.current()
        is_read = method in READS
        reason = ""
        if current is None or current is token or token.state is TokenState.STALE:
            if not self._is_stale(token, probe):
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

    def after_another_401(self, token: Token, probe: Probe) -> None:
        """Look at a read that was refused with the fresh token as well; the next call may renew it again.

        It raises if the server has refused that token, too; else the answer is about that call alone.
        """
        if self._is_stale(token, probe):
            self.holder.on_change(token)
            raise TokenExpiredError(
                f"The server handed out a fresh token for {self.holder.name} and refused it at once. "
                "Repeat the call in a minute, or log in again by hand."
            )

    def _is_stale(self, token: Token, probe: Probe) -> bool:
        """Say whether a token that a call was refused with has ended."""
        if not self._lock.acquire(timeout=probe.patience):
            return False  # no answer is no proof
        try:
            if token.state is not TokenState.STALE and self._ask(token, probe) == 401:
                token.refuse()
            return token.state is TokenState.STALE
        finally:
            self._lock.release()

    def _is_accepted_again(self, token: Token, probe: Probe) -> bool:
        """Say whether the server accepts a token that it refused; it is asked again after a minute."""
        if not self._lock.acquire(timeout=probe.patience):
            return False
        try:
            if token.ended and self._ask(token, probe) == 200:
                token.accept()
            return not token.ended
        finally:
            self._lock.release()

    def _ask(self, token: Token, probe: Probe) -> int | None:
        """Return the status of the probe; None where it got no answer, or it is too early to ask again."""
        asked, when = self._asked
        now = self._clock.forward()
        if token is asked and now - when < PAUSE:
            return None
        self._asked = (token, now)
        try:
            return probe.ask(token)
        except EtnaError:
            return None
