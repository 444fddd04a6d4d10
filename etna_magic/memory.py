"""What ``--remember`` keeps, where, and how many kernels share it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from etna_magic.file_store import FileStore, StoreError
from etna_magic.keyring_store import KeyringStore, usable_keyring
from etna_magic.remembered import Owner, from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from etna_magic.secret import Secret
    from etna_magic.token import Token

_T = TypeVar("_T")
_WHY: dict[type[Exception], str] = {
    NotImplementedError: "this file system has no locks",
    RuntimeError: "this process holds it",
}

# As long as a log-in may take, and a little more: whoever waits longer goes on alone.
_PATIENCE = 90.0


class Store(Protocol):
    """What keeps a text under a key, and raises `StoreError` if it cannot."""

    @property
    def place(self) -> str:
        """Where it keeps things, for a person."""

    def read(self, key: str) -> Secret | None:
        """Return what is kept, or nothing."""

    def write(self, key: str, text: Secret) -> None:
        """Keep a text."""

    def delete(self, key: str) -> None:
        """Keep nothing any more."""


class _NoStore:
    """Stands in where the libraries of the extra are not installed."""

    place = "nothing"

    def read(self, key: str) -> Secret | None:  # noqa: ARG002 - a store's method
        raise StoreError("that needs %pip install 'etna-magic[remember]'")

    def write(self, key: str, text: Secret) -> None:  # noqa: ARG002
        self.read(key)

    def delete(self, key: str) -> None:
        self.read(key)


class Memory:
    """The tokens that outlive their kernels.

    A store that is broken, foreign or full is told in `trouble`, and never stops a log-in.

    Parameters
    ----------
    folder : Path
        The folder of the user's state, for the files and the locks.
    store : Store
        What keeps the tokens.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        #: What went wrong with the store, for a person; empty if nothing has.
        self.trouble = ""

    @classmethod
    def of_this_user(cls) -> Memory:
        """Return the memory of the user who runs this process."""
        try:
            import filelock  # noqa: F401, PLC0415 - an extra
            import platformdirs  # noqa: PLC0415
        except ImportError:
            return cls(Path(), _NoStore())
        folder = Path(platformdirs.user_state_dir("etna_magic", appauthor=False))
        keyring = usable_keyring()
        return cls(folder, KeyringStore(keyring) if keyring else FileStore(folder / "tokens"))

    @property
    def place(self) -> str:
        """Where tokens are kept, for a person."""
        return self._store.place

    def recall(self, owner: Owner) -> Token | None:
        """Return the token that is kept for an owner and still good; drop one that is not."""
        return self._telling(lambda: self._recall(owner), None)

    def keep(self, owner: Owner, token: Token) -> bool:
        """Keep a token; return whether that worked."""

        def keep() -> bool:
            self._store.write(owner.digest, to_text(token))
            return True

        return self._telling(keep, otherwise=False)

    def forget(self, owner: Owner) -> None:
        """Keep nothing of an owner any more."""
        self._telling(lambda: self._store.delete(owner.digest), None)
        with self.turn(owner):
            # Again: a renewal that had its turn may have kept a fresh one.
            self._telling(lambda: self._store.delete(owner.digest), None)
            with contextlib.suppress(OSError):
                # Who waits for it sees that it is gone and makes a new one.
                self._lock_file(owner).unlink(missing_ok=True)

    def drop(self, owner: Owner, token: Token) -> None:
        """Keep this token no more; another kernel's fresh one in its place stays."""

        def drop() -> None:
            text = self._store.read(owner.digest)
            kept = from_text(text, owner) if text is not None else None
            if kept is not None and kept.value == token.value:
                self._store.delete(owner.digest)

        with contextlib.suppress(ValueError):  # what cannot be read is told and dropped by the next log-in
            self._telling(drop, None)

    @contextlib.contextmanager
    def turn(self, owner: Owner) -> Iterator[None]:
        """Let one kernel at a time look, log in and keep, so that fifty make one log-in."""
        if isinstance(self._store, _NoStore):
            yield
            return
        import filelock  # noqa: PLC0415 - an extra

        lock = filelock.FileLock(self._lock_file(owner), timeout=_PATIENCE, mode=0o600, thread_local=False)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, NotImplementedError, RuntimeError) as error:  # filelock's Timeout is an OSError
            why = getattr(error, "strerror", None) or _WHY.get(type(error), "another kernel holds it")
            self.trouble = f"the lock in {self._folder} cannot be had: {why}"
        try:
            yield
        finally:
            lock.release()

    def _lock_file(self, owner: Owner) -> Path:
        return self._folder / f"{owner.digest}.lock"

    def _recall(self, owner: Owner) -> Token | None:
        text = self._store.read(owner.digest)
        if text is None:
            return None
        try:
            token = from_text(text, owner)
        except ValueError as error:
            self.trouble = f"what was kept in {self.place} was dropped, since {error}"
            token = None
        if token is None:
            self._store.delete(owner.digest)
        return token

    def _telling(self, act: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return act()
        except StoreError as error:
            self.trouble = str(error)
            return otherwise
