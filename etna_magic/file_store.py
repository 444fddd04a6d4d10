"""Keeps a text in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from typing import TYPE_CHECKING

from etna_magic.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path


class StoreError(Exception):
    """Why a store cannot be used, to stand in a sentence; nothing that is kept is in it."""


class FileStore:
    """Files of mode 0600 in a folder of mode 0700.

    Parameters
    ----------
    folder : Path
        The folder; it is made when something is first kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """Where things are kept, for a person."""
        return str(self._folder)

    def read(self, key: str) -> Secret | None:
        """Return what is kept, or nothing.

        Raises
        ------
        StoreError
            If it is there and must not or cannot be read.
        """
        try:
            self._refuse_folder()
            # A link would lead to whatever its maker wants to have read.
            with open(self._path(key), opener=_open_no_link, encoding="utf-8") as file:
                found = os.fstat(file.fileno())
                _refuse_foreign(found, self._path(key))
                if not stat.S_ISREG(found.st_mode):
                    raise StoreError(f"{self._path(key)} is no file")
                return Secret(file.read(100_000))
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            why = "it is no text"
        except OSError as error:
            why = error.strerror or type(error).__name__
        raise StoreError(f"{self._path(key)}: {why}")

    def write(self, key: str, text: Secret) -> None:
        """Keep a text: the whole of it or, if something fails, what was kept before.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._refuse_folder()
            self._replace(self._path(key), text)
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            return
        raise StoreError(f"{self._folder}: {why}")

    def delete(self, key: str) -> None:
        """Keep nothing any more.

        Raises
        ------
        StoreError
            If it cannot be taken away.
        """
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            return
        raise StoreError(f"{self._path(key)}: {why}")

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _refuse_folder(self) -> None:
        _refuse_foreign(os.lstat(self._folder), self._folder)

    def _replace(self, path: Path, text: Secret) -> None:
        # mkstemp makes it 0600 from its first moment; the replacing is one step of the system's.
        number, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text.reveal())
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)  # noqa: PTH105 - it stands beside os.fdopen
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - as above
            raise


def _open_no_link(path: str, flags: int) -> int:
    # Nor does it wait for whoever would write into a pipe of that name.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _refuse_foreign(found: os.stat_result, path: Path) -> None:
    """Raise if somebody else owns it or could read it."""
    if not hasattr(os, "getuid"):
        return  # Windows keeps a user's folders to the user by other means
    if stat.S_ISLNK(found.st_mode):
        raise StoreError(f"{path} is a link")
    if found.st_uid != os.getuid():
        raise StoreError(f"{path} belongs to another user")
    if found.st_mode & 0o077:
        raise StoreError(f"{path} is open to other users: chmod go-rwx it, or delete it")
