"""How often a server has refused an account, counted together by all processes of a user on a machine."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.secret import Secret
from etna_magic.token_cache.cache import TokenCache, state_folder
from etna_magic.token_cache.stores import FileStore, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from etna_magic.token import Account

# Seconds to wait for another process's renewal of the account: its server, or its user's function, may hang.
_LOCK_TIMEOUT = 10.0
_log = logging.getLogger("etna_magic")


class _Key(NamedTuple):
    digest: str


class SharedRefusals:
    """Files that hold a number each, in the folder of the user's state; nothing of a password is in them.

    A file that cannot be read or written is logged, and counts nothing: each process still counts its own.
    """

    def __init__(self, folder: Path) -> None:
        self._store = FileStore(folder / "refusals")
        self._locks = TokenCache(folder, self._store, _LOCK_TIMEOUT)

    @classmethod
    def of_this_user(cls) -> SharedRefusals | None:
        """Return those of the user who runs this process; None where the extra ``remember`` is missing."""
        folder = state_folder()
        return None if folder is None else cls(folder)

    def times(self, account: Account) -> int:
        """Return how often the server has refused it since somebody logged in."""
        with self._logging():
            text = self._store.read(_key(account).digest)
            if text is not None and text.get_secret_value().isdecimal():
                return int(text.get_secret_value())
        return 0

    def note(self, account: Account) -> None:
        """Count one refusal more."""
        with self._logging():
            self._store.write(_key(account).digest, Secret(str(self.times(account) + 1)))

    def forget(self, account: Account) -> None:
        """Begin to count again, because the server has accepted it."""
        with self._logging():
            self._store.delete(_key(account).digest)

    @contextlib.contextmanager
    def exclusive(self, account: Account) -> Iterator[None]:
        """Let one process at a time find out whether its credentials are accepted."""
        with self._locks.lock(_key(account)) as is_locked:
            try:
                yield
            finally:
                if is_locked:
                    self._locks.delete_lock(_key(account))

    @contextlib.contextmanager
    def _logging(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            _log.warning("Refused logins are counted by this process alone: %s.", error)


def _key(account: Account) -> _Key:
    return _Key("refused-" + hashlib.sha256("\n".join(account).encode()).hexdigest())
