"""A cache in files below a folder of the test, and one token in it."""

from pathlib import Path

import pytest

from etna_magic.token_cache import TokenCache
from etna_magic.token_cache.stores import FileStore
from tests.token_cache.helpers import KEY, new_token


class FileCache:
    """A cache in files, remade as a restarted kernel would.

    Parameters
    ----------
    folder
        The folder of state: locks here, tokens one below.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens = folder / "tokens"

    def new(self, lock_timeout: float = 10.0) -> TokenCache:
        """Return the cache as another process has it."""
        return TokenCache(self.folder, FileStore(self.tokens), lock_timeout)

    def text(self) -> str | None:
        """Return the text of the token that a new process gets, and no problem with it."""
        cache = self.new()
        token = cache.get(KEY)
        assert "" == cache.problem
        return token and token.get_secret_value()

    @property
    def kept(self) -> Path:
        """The one file that holds a token."""
        (path,) = self.tokens.iterdir()
        return path

    @property
    def files(self) -> list[str]:
        """Every file, by its path below the folder."""
        return sorted(
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if not path.is_dir()
        )


@pytest.fixture
def files(tmp_path: Path) -> FileCache:
    """Return a cache in files that keeps nothing yet."""
    return FileCache(tmp_path / "state" / "etna_magic")


@pytest.fixture
def kept(files: FileCache) -> Path:
    """Keep a token; return its file."""
    assert files.new().put(KEY, new_token())
    return files.kept
