"""A token is given back to whom it belongs while it is good, and to nobody else; then it is deleted."""

import os
import stat
import time
from pathlib import Path

import pytest

from etna_magic import Secret, TokenState
from etna_magic.token_cache import CacheKey, TokenCache
from tests.token_cache.conftest import FileCache
from tests.token_cache.helpers import APP_KEY, BASE_URL, HOUR, KEY, change, new_token, run, secrets_below

OTHERS = {
    "user": CacheKey(BASE_URL, "bob", Secret(APP_KEY)),
    "app key": CacheKey(BASE_URL, "alice", Secret("another")),
    "base URL": CacheKey("https://other.example.com", "alice", Secret(APP_KEY)),
}


def test_nothing_at_first(files: FileCache):
    """An empty cache gives nothing, reports no problem, and makes no folder."""
    cache = files.new()
    assert (None, "", False) == (cache.get(KEY), cache.problem, files.folder.exists())


def test_another_process_gets_it(files: FileCache):
    """The same token with the same end."""
    token = new_token(age=HOUR)
    assert files.new().put(KEY, token)
    cache = files.new()
    found = cache.get(KEY)
    assert found is not None
    assert (token.get_secret_value(), token.expires_at) == (found.get_secret_value(), found.expires_at)
    assert ("", str(files.tokens)) == (cache.problem, cache.location)


def test_a_later_one_takes_its_place(files: FileCache):
    """The cache keeps one token for each key."""
    for text in ("first", "second"):
        assert files.new().put(KEY, new_token(text))
    assert ("second", 1) == (files.text(), len(files.files))


@pytest.mark.parametrize("key", OTHERS.values(), ids=OTHERS)
def test_nobody_else_gets_it(files: FileCache, key: CacheKey):
    """Another user, app key or base URL gets nothing, then its own; and the first one's is still there."""
    files.new().put(KEY, new_token())
    assert files.new().get(key) is None
    files.new().put(key, new_token("TOKEN-SECRET-2", key=key))
    found = files.new().get(key)
    assert found is not None
    assert ("TOKEN-SECRET-1", "TOKEN-SECRET-2") == (files.text(), found.get_secret_value())


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "bob"},
        {"base_url": "https://other.example.com"},
        {"issued_at": time.time() - 24 * HOUR - 1},
        {"issued_at": time.time() + HOUR},
    ],
    ids=["another user's", "another server's", "stale", "from the future"],
)
def test_what_is_not_good_is_deleted(files: FileCache, kept, changes):
    """A record that cannot be used goes without a word."""
    change(kept, **changes)
    assert (None, []) == (files.text(), files.files)


def test_near_its_end(files: FileCache):
    """A token that is not stale is given back, for the login to see what it makes of it."""
    files.new().put(KEY, new_token(age=24 * HOUR - 600))
    found = files.new().get(KEY)
    assert found is not None
    assert TokenState.EXPIRING is found.state


def test_modes(files: FileCache):
    """Folders are for their owner alone, and so is every file, whatever the umask."""
    before = os.umask(0)
    try:
        cache = files.new()
        with cache.lock(KEY):
            cache.put(KEY, new_token())
    finally:
        os.umask(before)
    paths = [files.folder, *files.folder.rglob("*")]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert ({(True, 0o700), (False, 0o600)}, 4) == (modes, len(paths))


def test_no_secret_but_the_token_is_kept(files: FileCache, tmp_path):
    """The app key is in no file, and the token in one alone."""
    cache = files.new()
    with cache.lock(KEY):
        cache.put(KEY, new_token())
    assert ([], [str(files.kept)]) == (
        secrets_below(tmp_path, APP_KEY),
        secrets_below(tmp_path, "TOKEN-SECRET-1"),
    )


def test_a_token_that_was_logged_out_is_not_kept(files: FileCache):
    """A logout that comes between a login and its keeping leaves nothing."""
    token = new_token()
    token.end("was logged out")
    cache = files.new()
    assert (False, "", []) == (cache.put(KEY, token), cache.problem, files.files)


def test_delete_leaves_nothing(files: FileCache):
    """Neither token nor lock, whether it is the process that has made them or another."""
    cache = files.new()
    with cache.lock(KEY):
        cache.put(KEY, new_token())
    assert 2 == len(files.files)
    other = files.new()
    other.delete(KEY)
    assert ([], "") == (files.files, other.problem)


def left_over(files: FileCache, name: str, age: float = 0.0) -> Path:
    """Leave what a write leaves that is killed half-way, some seconds ago."""
    path = files.tokens / name
    path.write_text('{"token": "TOKEN-SECRET-')
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_delete_of_what_a_killed_write_has_left(files: FileCache, kept):
    """Its own at once, anybody's after a minute; what another process may be writing now stays."""
    left_over(files, f".new-{KEY.digest}-abc")
    left_over(files, ".new-xyz", age=61)
    other = left_over(files, f".new-{OTHERS['user'].digest}-abc")
    cache = files.new()
    cache.delete(KEY)
    assert ([f"tokens/{other.name}"], "") == (files.files, cache.problem)


def test_delete_of_what_cannot_be_deleted(files: FileCache, kept):
    """What stays on the disk is reported."""
    (files.tokens / f".new-{KEY.digest}-abc").mkdir()
    cache = files.new()
    cache.delete(KEY)
    assert cache.problem.startswith(f"{files.tokens}: ")


def test_a_killed_write(files: FileCache, tmp_path):
    """A process that is killed between writing and renaming leaves nothing that a logout would not delete."""
    run(
        tmp_path,
        "import os\nos.replace = lambda *_: os._exit(0)\n"
        "from pathlib import Path\n"
        "from etna_magic.token_cache.stores import FileStore\n"
        "from etna_magic import Secret\n"
        f"FileStore(Path({str(files.tokens)!r})).write({KEY.digest!r}, Secret('TOKEN-SECRET-1'))\n",
    )
    assert [str(path) for path in files.tokens.iterdir()] == secrets_below(tmp_path, "TOKEN-SECRET-1")
    assert 1 == len(files.files)
    files.new().delete(KEY)
    assert [] == files.files


def test_delete_leaves_the_others(files: FileCache):
    """What is kept for another key stays."""
    key = OTHERS["user"]
    files.new().put(KEY, new_token())
    files.new().put(key, new_token("TOKEN-SECRET-2", key=key))
    files.new().delete(key)
    assert ("TOKEN-SECRET-1", 1) == (files.text(), len(files.files))


def test_delete_where_nothing_is_kept(files: FileCache):
    """Nothing to delete is no problem."""
    cache = files.new()
    cache.delete(KEY)
    assert ("", []) == (cache.problem, files.files)


def test_delete_of_what_a_refresh_has_put_meanwhile(files: FileCache, monkeypatch):
    """A process that held the lock while its token was deleted leaves none either."""
    cache, other = files.new(), files.new()
    cache.put(KEY, new_token())
    lock = TokenCache.lock

    def lock_after_a_refresh(self, key):
        assert [] == list(files.tokens.iterdir())  # it was deleted at once
        other.put(key, new_token("TOKEN-SECRET-2"))
        return lock(self, key)

    monkeypatch.setattr(TokenCache, "lock", lock_after_a_refresh)
    cache.delete(KEY)
    assert [] == files.files


def test_a_delete_that_fails_says_so(files: FileCache, kept):
    """A token that stays on the disk is reported, by its path."""
    kept.unlink()
    kept.mkdir()  # even root cannot unlink it
    cache = files.new()
    cache.delete(KEY)
    assert cache.problem.startswith(f"{kept}: ")


def test_discard(files: FileCache, kept):
    """The very token is deleted."""
    files.new().discard(KEY, new_token())
    assert [] == files.files


def test_discard_leaves_a_successor(files: FileCache, kept):
    """The fresh one that another process has put there stays."""
    cache = files.new()
    cache.discard(KEY, new_token("an older one"))
    assert ("TOKEN-SECRET-1", "") == (files.text(), cache.problem)


@pytest.mark.parametrize("content", ["", "{}"])
def test_discard_leaves_what_is_broken(files: FileCache, kept, content):
    """What cannot be read is left to the next login, which reports it."""
    kept.write_text(content)
    cache = files.new()
    cache.discard(KEY, new_token())
    assert ("", content) == (cache.problem, kept.read_text())


def test_discard_of_a_token_without_text(files: FileCache, kept):
    """A token that was logged out equals no other."""
    token = new_token()
    token.end("was logged out")
    files.new().discard(KEY, token)
    assert "TOKEN-SECRET-1" == files.text()


def test_discard_where_nothing_is_kept(files: FileCache):
    """Nothing to discard is no problem."""
    cache = files.new()
    cache.discard(KEY, new_token())
    assert "" == cache.problem


def test_discard_reports_a_broken_store(files: FileCache, kept):
    """A store that cannot be read is reported."""
    kept.chmod(0o644)
    cache = files.new()
    cache.discard(KEY, new_token())
    assert f"{kept} is open to other users" in cache.problem
