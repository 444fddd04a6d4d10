"""Every token that is remembered of this user, whichever login remembered it: listed, read, and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from etna_magic.token_cache.cache import TokenCache, file_store, keyring_index, keyring_store
from etna_magic.token_cache.record import CacheKey, Remembered, decode_facts
from etna_magic.token_cache.stores import KEYRING, StoreError, usable_keyring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from etna_magic.secret import Secret
    from etna_magic.token import Token
    from etna_magic.token_cache.stores import FileStore

_NO_KEYRING = f"{KEYRING} cannot be used in this process"


class RememberedTokens:
    """What is in this user's token cache, in files and in the system's keyring.

    Parameters
    ----------
    folder : Path
        The folder of the user's state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: Why something could not be listed, each as a part of a sentence.
        self.problems: list[str] = []

    @classmethod
    def of_this_user(cls) -> RememberedTokens | None:
        """Return those of the user who runs this process; None where nothing can be remembered."""
        try:
            import filelock  # noqa: F401, PLC0415 - an extra
            import platformdirs  # noqa: PLC0415 - an extra
        except ImportError:
            return None
        return cls(Path(platformdirs.user_state_dir("etna_magic", appauthor=False)))

    def __iter__(self) -> Iterator[Remembered]:
        """Yield what is kept and good, without asking anybody to unlock a keyring."""
        files = file_store(self._folder)
        yield from self._listed(files, files.location)
        yield from self._listed(keyring_index(self._folder), KEYRING)

    def _listed(self, store: FileStore, location: str) -> Iterator[Remembered]:
        try:
            keys = store.keys()
        except StoreError as error:
            self.problems.append(str(error))
            return
        for key in keys:
            try:
                text = store.read(key)
                kept = decode_facts(text, key) if text is not None else None
            except StoreError as error:
                self.problems.append(str(error))
            except ValueError:
                continue  # the next login that finds it reports it
            else:
                if kept is not None:
                    yield kept._replace(location=location)

    def read(self, kept: Remembered, app_keys: Iterable[Secret]) -> Token | str:
        """Return the token itself, or why it cannot be had.

        Parameters
        ----------
        kept : Remembered
            Which one.
        app_keys : iterable of Secret
            The keys that are known: the one that it was made with is not kept, and a digest tells it.
        """
        account = kept.token.account
        keys = (CacheKey(account.base_url, account.username, app_key) for app_key in app_keys)
        key = next((key for key in keys if key.digest == kept.digest), None)
        if key is None:
            return "its app key is not known here"
        cache = self._cache_of(kept)
        if cache is None:
            return _NO_KEYRING
        return cache.get(key) or cache.problem or "it is gone"

    def delete(self, kept: Remembered) -> str:
        """Delete one; return why it may still be kept."""
        cache = self._cache_of(kept)
        if cache is None:
            return _NO_KEYRING
        cache.delete(kept)
        return cache.problem

    def _cache_of(self, kept: Remembered) -> TokenCache | None:
        if kept.location != KEYRING:
            return TokenCache(self._folder, file_store(self._folder))
        keyring = usable_keyring()
        return TokenCache(self._folder, keyring_store(self._folder, keyring)) if keyring else None
