"""The token of a worker's session: it cannot log in, and takes up a newer token where somebody has one."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from etna_magic.exceptions import EtnaError, TokenExpiredError
from etna_magic.session.token_holder import TokenHolder
from etna_magic.support import Clock, format_moment, renew_after_fork
from etna_magic.token import Account, Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds between two looks for a newer token; a hundredth of a token's life where that is less.
_PAUSE = 1.0
# Seconds that calls wait, once for each token that has ended, for their cluster to hand on another.
_LONGEST_WAIT = 10.0


class HandedTokens:
    """What a process was handed by a plugin of its cluster: the newest token of each account."""

    def __init__(self) -> None:
        self._tokens: dict[Account, Token] = {}
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        self._news = threading.Condition()

    def __len__(self) -> int:
        return len(self._tokens)

    def put(self, token: Token) -> None:
        """Have sessions of its account sign with a token from now on, unless a newer one was handed over."""
        with self._news:
            known = self._tokens.get(token.account)
            if known is None or known.issued_at <= token.issued_at:
                self._tokens[token.account] = token
            self._news.notify_all()

    def withdraw(self, account: Account) -> None:
        """Forget what was handed over: the login has ended."""
        with self._news:
            self._tokens.pop(account, None)
            self._news.notify_all()

    def get(self, account: Account | None) -> Token | None:
        """Return the token of an account, if one was handed over."""
        return self._tokens.get(account) if account is not None else None

    def wait(self, account: Account, is_enough: Callable[[Token], bool], seconds: float) -> None:
        """Wait until a token is handed over that is enough, or none will be any more."""

        def is_over() -> bool:
            token = self._tokens.get(account)
            return token is None or is_enough(token)

        with self._news:
            self._news.wait_for(is_over, seconds)


#: Those of this process.
HANDED = HandedTokens()


class WorkerTokenHolder(TokenHolder):
    """The token of a worker's session; parameters as for `TokenHolder`."""

    def __init__(self, name: str, account: Account | None = None) -> None:
        super().__init__(name, account)
        self.hint = f"Log in again where it came from, and send a new {name}_session.for_workers()."
        self._clock = Clock()
        self._waited_after: Token | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        super().after_fork()
        self._lock = threading.Lock()
        self._looked_at = -math.inf
        self._failed = ""

    @property
    def can_renew(self) -> bool:
        """Whether there may be a newer token."""
        return bool(self.sources) or HANDED.get(self.account) is not None

    def token_for_call(self) -> Token:
        """Return the token to sign with: the newest that there is, unless that has expired or was ended."""
        self._take_handed()
        token = self.token
        if token.state is TokenState.EXPIRING and self.sources and self._lock.acquire(blocking=False):
            try:
                self._look()  # the old one is still good, so nobody waits and nothing is raised
            finally:
                self._lock.release()
        elif token.state is TokenState.STALE and self.can_renew:
            with self._lock:
                self._insist()
        token = self.token
        if token.state is TokenState.STALE:
            how = token.ended or f"expired at {format_moment(token.expires_at)}"
            raise TokenExpiredError(
                f"The token of {self.name} that this worker was given {how}{self._failed}. {self.hint}"
            )
        return token

    def _insist(self) -> None:
        """Look for a newer token, and wait a while for one that is on its way."""
        if self.token.state is TokenState.STALE:  # another thread may have found one meanwhile
            self._look()
        token, account = self.token, self.token.account
        if token.state is not TokenState.STALE or HANDED.get(account) is None or self._waited_after is token:
            return
        self._waited_after = token
        HANDED.wait(account, lambda handed: self._newer(handed) is not None, _LONGEST_WAIT)
        self._take_handed()
        if self.token is token:
            self._failed = ", and its cluster has handed on no newer one"

    def _take_handed(self) -> None:
        if (handed := self._newer(HANDED.get(self.account))) is not None:
            self.put(handed)

    def _look(self) -> None:
        """Put a newer token in place, if a source has one and it is time to look again."""
        now, token = self._clock.forward(), self.token
        if not self.sources or now - self._looked_at < min(_PAUSE, token.lifetime.total_seconds() / 100):
            return
        self._failed = ", and there is no newer one"
        for source in self.sources:
            try:
                found = self._newer(source(token))
            except EtnaError as error:
                self._failed = f", and a newer one cannot be had ({type(error).__name__})"
            except Exception as error:  # noqa: BLE001 - a user's own code, whose errors may show a token
                self._failed = f", and looking for a newer one raised {type(error).__name__}"
            else:
                if found is not None:
                    self.put(found)
                    self._failed = ""
                    break
        self._looked_at = self._clock.forward()

    def _newer(self, found: Token | None) -> Token | None:
        """Return a token if it is newer than the one in use, and good."""
        token = self.current()
        if token is None or found is None or found is token or found.state is TokenState.STALE:
            return None
        is_same = not found.secrets()[0] or found.secrets()[0] == token.secrets()[0]
        is_older = token.state is not TokenState.STALE and found.issued_at < token.issued_at
        return None if is_same or is_older else found
