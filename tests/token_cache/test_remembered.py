"""Everything that is remembered of a user: listed without a keyring's dialog, read by app key, deleted."""

import json
from pathlib import Path

import pytest
from keyring.backends import fail

from etna_magic import Secret
from etna_magic.token_cache import CacheKey, RememberedTokens, TokenCache
from etna_magic.token_cache.stores import KeyringStore
from tests.token_cache.conftest import FileCache
from tests.token_cache.helpers import APP_KEY, BASE_URL, HOUR, KEY, change, new_token
from tests.token_cache.test_keyring import MemoryKeyring, use

BOB = CacheKey(BASE_URL, "bob", Secret(APP_KEY))
__all__ = ["use"]


@pytest.fixture
def remembered(files: FileCache) -> RememberedTokens:
    """Return what is remembered in the files of the test."""
    return RememberedTokens(files.folder)


@pytest.fixture
def keyring(use, files: FileCache) -> MemoryKeyring:
    """Make a keyring of the tests the one of this process, with alice's token in it."""
    mine = MemoryKeyring()
    use(mine)
    assert TokenCache(files.folder, KeyringStore(mine, files.folder)).put(KEY, new_token(), "firm")
    return mine


def names(remembered: RememberedTokens) -> list[tuple[str, str]]:
    """Return the names and users of what is listed."""
    return sorted((kept.name, kept.token.username) for kept in remembered)


def test_nothing(remembered: RememberedTokens, files: FileCache):
    """Where nothing is kept nothing is listed, and no folder is made."""
    assert ([], [], False) == (list(remembered), remembered.problems, files.folder.exists())


def test_of_this_user(tmp_path, monkeypatch):
    """It is what the cache of this user keeps."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    FileCache(tmp_path / "etna_magic").new().put(KEY, new_token(), "firm")
    remembered = RememberedTokens.of_this_user()
    assert [("firm", "alice")] == names(remembered)


@pytest.mark.parametrize("library", ["filelock", "platformdirs"])
def test_without_the_extra(monkeypatch, library):
    """Where nothing can be remembered there is nothing to list."""
    monkeypatch.setitem(__import__("sys").modules, library, None)
    assert [] == list(RememberedTokens.of_this_user())


def test_listed(remembered: RememberedTokens, files: FileCache):
    """Each with its login's name, and where it is kept; an old record counts as the default name's."""
    files.new().put(KEY, new_token(), "firm")
    files.new().put(BOB, new_token("TOKEN-SECRET-2", key=BOB))
    path = files.tokens / f"{BOB.digest}.json"
    record = json.loads(path.read_text())
    del record["name"]
    path.write_text(json.dumps(record))
    assert [("etna", "bob"), ("firm", "alice")] == names(remembered)
    assert {str(files.tokens)} == {kept.location for kept in remembered}


@pytest.mark.parametrize("harm", ["stale", "broken"])
def test_what_is_not_good_is_not_listed(remembered: RememberedTokens, kept: Path, harm):
    """It is left to the login that finds it."""
    if harm == "stale":
        change(kept, issued_at=0.5)
    else:
        kept.write_text("{")
    assert ([], [], True) == (list(remembered), remembered.problems, kept.exists())


def test_what_is_open_to_others_is_reported(remembered: RememberedTokens, files: FileCache, kept: Path):
    """One that cannot be trusted hides none of the others."""
    files.new().put(BOB, new_token(key=BOB), "paper")
    kept.chmod(0o644)
    assert [("paper", "bob")] == names(remembered)
    assert [f"{kept} is open to other users: chmod go-rwx it, or delete it"] == remembered.problems


def test_a_folder_that_cannot_be_listed(tmp_path):
    """A file where a folder should be holds nothing."""
    (tmp_path / "tokens").write_text("")
    assert [] == list(RememberedTokens(tmp_path))


def test_read(remembered: RememberedTokens, files: FileCache):
    """The right app key opens it, among others."""
    files.new().put(KEY, new_token(), "firm")
    (kept,) = remembered
    token = remembered.read(kept, [Secret("another"), Secret(APP_KEY)])
    assert not isinstance(token, str)
    assert ("TOKEN-SECRET-1", APP_KEY) == (token.get_secret_value(), token.app_key().get_secret_value())


@pytest.mark.parametrize("app_keys", [[], [Secret("another")]], ids=["none", "another"])
def test_read_without_its_app_key(remembered: RememberedTokens, kept: Path, app_keys):
    """The app key is not kept, so that without it nothing can be sent."""
    (one,) = remembered
    assert "its app key is not known here" == remembered.read(one, app_keys)


def test_read_of_what_is_gone(remembered: RememberedTokens, kept: Path):
    """Another process may have deleted it since."""
    (one,) = remembered
    kept.unlink()
    assert "it is gone" == remembered.read(one, [Secret(APP_KEY)])


def test_delete(remembered: RememberedTokens, files: FileCache):
    """It is gone with its lock, and the others stay."""
    with files.new().lock(KEY):
        files.new().put(KEY, new_token(), "firm")
    files.new().put(BOB, new_token(key=BOB), "paper")
    (kept,) = [one for one in remembered if one.name == "firm"]
    assert ("", [f"tokens/{BOB.digest}.json"]) == (remembered.delete(kept), files.files)


def test_delete_that_fails(remembered: RememberedTokens, kept: Path):
    """What stays is reported."""
    (one,) = remembered
    kept.unlink()
    kept.mkdir()
    assert remembered.delete(one).startswith(f"{kept}: ")


def test_in_a_keyring(remembered: RememberedTokens, keyring: MemoryKeyring, files: FileCache):
    """Its index lists it while the keyring is locked; opened it gives the token, and can be deleted."""
    keyring.error = RuntimeError("locked")
    (kept,) = remembered
    assert ("firm", "the system's keyring") == (kept.name, kept.location)
    assert "the system's keyring (test keyring): RuntimeError" == remembered.read(kept, [Secret(APP_KEY)])
    keyring.error = None
    token = remembered.read(kept, [Secret(APP_KEY)])
    assert not isinstance(token, str)
    assert "TOKEN-SECRET-1" == token.get_secret_value()
    assert ("", {}, []) == (remembered.delete(kept), keyring.kept, files.files)


def test_in_a_keyring_that_is_gone(remembered: RememberedTokens, keyring: MemoryKeyring, use):
    """What cannot be reached from here is still listed, and the sentence says why nothing is done."""
    use(fail.Keyring())
    (kept,) = remembered
    reason = "the system's keyring cannot be used in this process"
    assert (reason, reason) == (remembered.read(kept, [Secret(APP_KEY)]), remembered.delete(kept))


def test_a_successor_in_a_keyring(keyring: MemoryKeyring, files: FileCache, remembered: RememberedTokens):
    """The index has what was kept last."""
    store = KeyringStore(keyring, files.folder)
    TokenCache(files.folder, store).put(KEY, new_token("TOKEN-SECRET-2", age=HOUR), "paper")
    assert ["paper"] == [kept.name for kept in remembered]


def test_an_index_that_cannot_be_written(keyring: MemoryKeyring, files: FileCache):
    """The token is kept all the same, and the problem is reported."""
    (files.folder / "keyring").chmod(0o750)
    cache = TokenCache(files.folder, KeyringStore(keyring, files.folder))
    assert cache.put(KEY, new_token("TOKEN-SECRET-2"), "firm")
    assert f"{files.folder / 'keyring'} is open to other users" in cache.problem
