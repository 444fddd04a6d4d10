"""The tokens that a process was handed by a plugin of its cluster: the newest of each account."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from etna_magic.support import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.token import Account, Token


class HandedTokens:
    """What every worker's session of a process looks into."""

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
