"""Where a text is kept under a key: in files that only their owner can read, or in the system's keyring."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import tempfile
import time
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from etna_magic.secret import Secret
from etna_magic.support.safe_call import Failure, safe_call

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keyring.backend import KeyringBackend

_T = TypeVar("_T")
#: What the keyring is called.
KEYRING = "the system's keyring"
#: The folders of files in that of the user's state: tokens, and the index of those in the keyring.
TOKENS, INDEX = "tokens", "keyring"
_SERVICE = "etna_magic"
_SYSTEM_PRIORITY = 1
_LONGEST_TEXT = 100_000  # characters; a record has less than one percent of it
_NEW = ".new-"  # how a file is called until it is whole
_WRITE_TIME = 60.0  # seconds, far more than a file takes to be written
_log = logging.getLogger("etna_magic")


class StoreError(Exception):
    """Why a store cannot be used, as a part of a sentence; it holds nothing of what is kept."""


class NotPrivateError(StoreError):
    """A file or folder that somebody else could read or write: nothing is read from it or written to it."""

    def __init__(self, seen: str, advice: str) -> None:
        super().__init__(f"{seen}: {advice}")
        #: What was seen: "… is open to other users".
        self.seen = seen
        #: What a person can do about it.
        self.advice = advice


class NoStore:
    """Takes the place of a store where the libraries of the extra are not installed."""

    location = "nothing"

    def read(self, *_: object) -> NoReturn:
        """Raise `StoreError`, which says what to install."""
        raise StoreError("that needs %pip install 'etna-magic[remember]'")

    write = note = read

    def delete(self, key: str) -> None:
        """Do nothing: nothing was kept."""


class FileStore:
    """Files of mode 0600 in a folder of mode 0700, which is made when something is first kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: The folder, for a person.
        self.location = str(folder)

    def read(self, key: str) -> Secret | None:
        """Return what is kept; `StoreError` also if others could have written or read it."""
        path = self._path(key)
        return _call(lambda: self._read(path), path)

    def write(self, key: str, text: Secret) -> None:
        """Keep the whole of a text or, if something fails, what was kept before."""
        _call(lambda: self._replace(self._path(key), text), self._folder)

    def delete(self, key: str) -> None:
        """Delete what is kept under a key, if anything is, and what a write that was killed has left."""
        path = self._path(key)
        _call(lambda: path.unlink(missing_ok=True), path)
        _call(lambda: self._delete_left_over(key), self._folder)

    def keys(self) -> list[str]:
        """Return the keys under which something is kept."""
        return _call(lambda: sorted(path.stem for path in self._folder.glob("*.json")), self._folder)

    def note(self, key: str, facts: Secret) -> None:
        """Do nothing: the files can be listed."""

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _delete_left_over(self, key: str) -> None:
        for path in self._folder.glob(f"{_NEW}*"):
            # Another key's may be being written at this moment.
            if path.name.startswith(f"{_NEW}{key}-") or time.time() - path.lstat().st_mtime > _WRITE_TIME:
                path.unlink(missing_ok=True)

    def _read(self, path: Path) -> Secret | None:
        with contextlib.suppress(FileNotFoundError):
            _refuse_open_to_others(os.lstat(self._folder), self._folder)
            with open(path, opener=_open_without_link, encoding="utf-8") as file:
                status = os.fstat(file.fileno())
                _refuse_open_to_others(status, path)
                if not stat.S_ISREG(status.st_mode):
                    raise StoreError(f"{path} is no file")
                return Secret(file.read(_LONGEST_TEXT))
        return None

    def _replace(self, path: Path, text: Secret) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_to_others(os.lstat(self._folder), self._folder)
        # mkstemp creates it with mode 0600, and the system replaces a file in one step.
        number, temporary = tempfile.mkstemp(dir=self._folder, prefix=f"{_NEW}{path.stem}-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text.get_secret_value())
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)  # noqa: PTH105 - beside os.fdopen
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - as above
            raise


def _call(act: Callable[[], _T], path: Path) -> _T:
    """Do something with a path; raise `StoreError` with the system's reason if that fails."""
    try:
        return act()
    except UnicodeDecodeError:
        reason = "it is no text"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    # Outside of the except: a UnicodeDecodeError holds the bytes of the file.
    raise StoreError(f"{path}: {reason}")


def _open_without_link(path: str, flags: int) -> int:
    # A link would lead to whatever its maker wants to have read; a pipe would wait for somebody who writes.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _refuse_open_to_others(status: os.stat_result, path: Path) -> None:
    """Raise if somebody else owns it or could read it."""
    if not hasattr(os, "getuid"):
        return  # Windows keeps a user's folders to the user by other means
    if stat.S_ISLNK(status.st_mode):
        raise NotPrivateError(f"{path} is a link", "delete it")
    if status.st_uid != os.getuid():
        raise NotPrivateError(f"{path} belongs to another user", "have it deleted")
    if status.st_mode & 0o077:
        raise NotPrivateError(f"{path} is open to other users", "chmod go-rwx it, or delete it")


class KeyringStore:
    """The operating system's keyring, by the backend that :func:`usable_keyring` has found.

    A keyring cannot be listed, so what may be shown of each token is noted in an index beside it, in the
    folder of the user's state. No secret is in that.
    """

    def __init__(self, backend: KeyringBackend, folder: Path) -> None:
        self._backend = backend
        self._index = FileStore(folder / INDEX)
        #: Which keyring it is, for a person.
        self.location = f"{KEYRING} ({backend.name})"

    def read(self, key: str) -> Secret | None:
        """Return what is kept under a key, or None."""
        text = self._call(lambda: self._backend.get_password(_SERVICE, key))
        return None if text is None else Secret(text)

    def write(self, key: str, text: Secret) -> None:
        """Keep a text in place of what was kept."""
        self._call(lambda: self._backend.set_password(_SERVICE, key, text.get_secret_value()))

    def delete(self, key: str) -> None:
        """Delete what is kept under a key, if anything is."""
        if self.read(key) is not None:  # a keyring raises if there is nothing to delete
            self._call(lambda: self._backend.delete_password(_SERVICE, key))
        self._index.delete(key)

    def note(self, key: str, facts: Secret) -> None:
        """Write to the index."""
        self._index.write(key, facts)

    def _call(self, act: Callable[[], _T]) -> _T:
        # When the library raises, its frames hold the text.
        outcome = safe_call(act)
        if isinstance(outcome, Failure):
            outcome.raise_foreign()
            raise StoreError(f"{self.location}: {outcome.kind.__name__}")
        return outcome


def usable_keyring() -> KeyringBackend | None:
    """Return the system's keyring by the ``keyring`` library, if it is installed and has one.

    The library recommends a backend from priority 1 on. What is below may keep texts readable in a file.
    """
    try:
        import keyring  # noqa: PLC0415 - an extra

        backend: Any = keyring.get_keyring()
        # A chain has several, and would go on to the next if one fails.
        for one in getattr(backend, "backends", [backend]):
            if one.priority >= _SYSTEM_PRIORITY:
                return cast("KeyringBackend", one)
    except Exception as error:  # noqa: BLE001 - the library raises anything where its configuration is broken
        # Files are used instead, and the line that reports the login says so.
        _log.info("no keyring is usable here (%s)", type(error).__name__)
    return None
