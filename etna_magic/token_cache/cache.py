"""The token cache of this user, shared by all processes: what a login does with it, and all that is in it."""

from __future__ import annotations

import contextlib
import hashlib
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from etna_magic.exceptions import NotLoggedInError
from etna_magic.token import Token, TokenState
from etna_magic.token_cache.record import CacheKey, Remembered, decode, decode_facts, encode, encode_facts
from etna_magic.token_cache.stores import (
    INDEX,
    KEYRING,
    TOKENS,
    FileStore,
    KeyringStore,
    NoStore,
    NotPrivateError,
    StoreError,
    usable_keyring,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta

    from etna_magic.secret import Secret

# Seconds to wait: as long as a login may take, and a little more. Then a process goes on without the lock.
LOCK_TIMEOUT = 90.0
# Reasons for the errors of filelock that have no text of the system's.
_LOCK_REASONS: dict[type[Exception], str] = {
    NotImplementedError: "this file system has no locks",
    RuntimeError: "this process holds it",
}
_NO_KEYRING = f"{KEYRING} cannot be used in this process"


def state_folder() -> Path | None:
    """Return the folder of this user's state; None where the extra ``remember`` is missing."""
    try:
        import filelock  # noqa: F401, PLC0415 - an extra
        import platformdirs  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return Path(platformdirs.user_state_dir("etna_magic", appauthor=False))


class HasDigest(Protocol):
    """What a lock is for."""

    @property
    def digest(self) -> str:
        """By what its file is called."""


class TokenCache:
    """The tokens that outlive their kernels.

    The folder is for the locks, the store for the tokens. A store that is broken, somebody else's or full is
    reported in `problem`, and never raises.
    """

    def __init__(
        self, folder: Path, store: FileStore | KeyringStore | NoStore, lock_timeout: float = LOCK_TIMEOUT
    ) -> None:
        self._folder = folder
        self._store = store
        self._lock_timeout = lock_timeout
        #: What went wrong with the store, as a part of a sentence; empty if nothing has.
        self.problem = ""
        # What somebody else could have read or written, and was not read.
        self._unread = ""

    @classmethod
    def of_this_user(cls) -> TokenCache:
        """Return the cache of the user who runs this process."""
        folder = state_folder()
        if folder is None:
            return cls(Path(), NoStore())
        keyring = usable_keyring()
        return cls(folder, KeyringStore(keyring, folder) if keyring else FileStore(folder / TOKENS))

    @property
    def location(self) -> str:
        """Where tokens are kept, for a person."""
        return self._store.location

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self.problem = str(error)

    def get(self, key: CacheKey) -> Token | None:
        """Return the token that is kept under a key; delete one that is not good."""
        token: Token | None = None
        with self._reporting():
            try:
                text = self._store.read(key.digest)
            except NotPrivateError as error:
                self._unread = error.seen
                self.problem = f"{error.seen}, so it was not read, and a new login was made: {error.advice}"
                return None
            if text is None:
                return None
            try:
                token = decode(text, key)
            except ValueError as error:
                self.problem = f"what was kept in {self.location} was deleted, since {error}"
            if token is None:
                self._store.delete(key.digest)
        return token

    def put(self, key: CacheKey, token: Token, name: str = "etna") -> bool:
        """Keep a token of the login of some name; return whether it is kept."""
        is_kept = False
        with self._reporting(), contextlib.suppress(NotLoggedInError):  # a logout came meanwhile
            try:
                self._store.write(key.digest, encode(token, name))
            except NotPrivateError as error:
                self.problem = (
                    f"{error.seen}, so nothing was read from it or written to it, and a new login was made: "
                    f"{error.advice}"
                )
                return False
            is_kept = True
            if self._unread:
                self.problem = f"{self._unread}, so it was not read: a new login replaced it"
            self._store.note(key.digest, encode_facts(token, name))
        return is_kept

    def delete(self, key: CacheKey | Remembered) -> None:
        """Delete what is kept under a key, and its lock."""
        # Before the lock as well: a token that was logged out should not wait for another process's login.
        with self._reporting():
            self._store.delete(key.digest)
        with self.lock(key) as is_locked:
            # Again: a refresh that held the lock may have put a fresh one there.
            with self._reporting():
                self._store.delete(key.digest)
            if is_locked:
                self.delete_lock(key)

    def delete_lock(self, key: HasDigest) -> None:
        """Delete the file of a lock that this process holds; who waits for it makes a new one."""
        with contextlib.suppress(OSError):
            self._lock_file(key).unlink(missing_ok=True)

    def discard(self, key: CacheKey, token: Token) -> None:
        """Delete what is kept under a key if it is this very token; another process's fresh one stays."""
        self.discard_fingerprint(key, fingerprint(token))

    def discard_fingerprint(self, key: CacheKey, unwanted: str) -> None:
        """Do as :meth:`discard` does for the token of a :func:`fingerprint`."""
        # A broken record is reported and deleted by the next login.
        with self._reporting(), contextlib.suppress(ValueError):
            text = self._store.read(key.digest)
            kept = decode(text, key) if text is not None else None
            if kept is not None and fingerprint(kept) == unwanted:
                self._store.delete(key.digest)

    @contextlib.contextmanager
    def lock(self, key: HasDigest) -> Iterator[bool]:
        """Let one process at a time look, log in and keep the token, so that fifty make one login."""
        if isinstance(self._store, NoStore):
            yield False
            return
        import filelock  # noqa: PLC0415 - an extra

        lock = filelock.FileLock(
            self._lock_file(key), timeout=self._lock_timeout, mode=0o600, thread_local=False
        )
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, NotImplementedError, RuntimeError) as error:  # filelock's Timeout is an OSError
            of_its_kind = _LOCK_REASONS.get(type(error), "another process holds it")
            reason = getattr(error, "strerror", None) or of_its_kind
            self.problem = f"the lock in {self._folder} cannot be acquired: {reason}"
        try:
            yield lock.is_locked
        finally:
            with contextlib.suppress(OSError, RuntimeError):  # the system takes it back when the process ends
                lock.release()

    def _lock_file(self, key: HasDigest) -> Path:
        return self._folder / f"{key.digest}.lock"


def fingerprint(token: Token) -> str:
    """Return what tells two tokens apart without giving either away."""
    try:
        return hashlib.sha256(token.get_secret_value().encode()).hexdigest()
    except NotLoggedInError:
        return ""


class LoginCache:
    """What one login does with the token cache of this user.

    A token whose state has changed is handed to `on_change`; by the login's name ``%etna_logout`` finds what
    it has kept.
    """

    def __init__(self, on_change: Callable[[Token], None], name: str = "etna") -> None:
        self._cache = TokenCache.of_this_user()
        self._name = name
        self._on_change = on_change

    @property
    def location(self) -> str:
        """Where tokens are kept, for a person."""
        return self._cache.location

    @property
    def problem(self) -> str:
        """What went wrong with the store, as a part of a sentence; empty if nothing has."""
        return self._cache.problem

    def lock(self, key: CacheKey | None) -> AbstractContextManager[object]:
        """Do as :meth:`TokenCache.lock` does; nothing is locked while it is not known for whom."""
        return self._cache.lock(key) if key else nullcontext()

    def get(self, key: CacheKey | None, in_hand: Token | None, lifetime: timedelta | None) -> Token | None:
        """Return a token that is kept, fresh, and not the one in hand."""
        token = self._cache.get(key) if key else None
        if token is None:
            return None
        if lifetime is not None:
            # What is said now counts, unless the token was kept with a shorter lifetime.
            token.unlearn()
            token.lifetime = min(token.lifetime, lifetime)
        is_in_hand = in_hand is not None and fingerprint(in_hand) == fingerprint(token)
        return token if token.state is TokenState.FRESH and not is_in_hand else None

    def put(self, token: Token) -> str:
        """Keep a token; return a sentence that says where, or nothing if it is not kept."""
        is_kept = self._cache.put(_key_of(token), token, self._name)
        return f"Remembered in {self.location}." if is_kept else ""

    def discard(self, token: Token) -> None:
        """Delete what is kept if it is this very token; another process's fresh one stays."""
        self._cache.discard(_key_of(token), token)

    def drop_when_ended(self, token: Token) -> Callable[[Token], None]:
        """Return what to call when a token's state has changed: one that has ended is not kept any longer."""
        # Taken now: a token that was logged out has no text left to compare.
        key, unwanted = _key_of(token), fingerprint(token)

        def changed(seen: Token) -> None:
            self._on_change(seen)
            if token.ended:
                self._cache.discard_fingerprint(key, unwanted)

        return changed

    def forget(self, token: Token) -> str:
        """Delete what is kept for the account of a token; return why something may still be kept."""
        self._cache.problem = ""
        self._cache.delete(_key_of(token))
        return self._cache.problem


def remembered_token(token: Token) -> Token | None:
    """Return the token that is kept for the account of a token, if it is a fresh one.

    A worker's session calls it, on whatever machine it runs.
    """
    return LoginCache(lambda _: None).get(_key_of(token), token, None)


def _key_of(token: Token) -> CacheKey:
    return CacheKey(token.base_url, token.username, token.app_key())


class RememberedTokens:
    """All that is in a user's token cache, in files and in the system's keyring: listed, read and deleted."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        #: Why something could not be listed, each as a part of a sentence.
        self.problems: list[str] = []

    @classmethod
    def of_this_user(cls) -> RememberedTokens:
        """Return those of the user who runs this process; where nothing can be remembered there are none."""
        return cls(state_folder())

    def __iter__(self) -> Iterator[Remembered]:
        """Yield what is kept and good, without asking anybody to unlock a keyring."""
        if self._folder is None:
            return
        files = FileStore(self._folder / TOKENS)
        yield from self._listed(files, files.location)
        yield from self._listed(FileStore(self._folder / INDEX), KEYRING)

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

        The app key that it was made with is not kept: a digest tells which of those that are known it is.
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
        if self._folder is None:
            return None
        if kept.location != KEYRING:
            return TokenCache(self._folder, FileStore(self._folder / TOKENS))
        keyring = usable_keyring()
        return TokenCache(self._folder, KeyringStore(keyring, self._folder)) if keyring else None
