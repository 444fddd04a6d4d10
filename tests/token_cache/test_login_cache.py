"""What one login does with the cache."""

from contextlib import nullcontext
from datetime import timedelta

import pytest

from etna_magic import Secret, Token
from etna_magic.token_cache import CacheKey, LoginCache, TokenCache
from tests.token_cache.conftest import FileCache
from tests.token_cache.helpers import APP_KEY, BASE_URL, HOUR, KEY, new_token


@pytest.fixture(autouse=True)
def _this_user(files: FileCache, monkeypatch) -> None:
    """Let the cache of this user be that of the test."""
    monkeypatch.setattr(TokenCache, "of_this_user", classmethod(lambda cls: files.new()))


@pytest.fixture
def changes() -> list[str]:
    """Return a list that grows with each change that is reported."""
    return []


@pytest.fixture
def cache(changes) -> LoginCache:
    """Return the cache of a login with `--remember`."""
    return LoginCache(on_change=lambda _: changes.append("changed"))


def value(token: Token | None) -> str | None:
    """Return a token's text."""
    return token and token.get_secret_value()


def test_put_says_where(cache: LoginCache, files: FileCache):
    """The sentence for the line that reports the login."""
    assert f"Remembered in {files.tokens}." == cache.put(new_token())
    assert ("TOKEN-SECRET-1", str(files.tokens), "") == (files.text(), cache.location, cache.problem)


def test_put_that_fails(cache: LoginCache, files: FileCache):
    """No sentence, but a problem."""
    files.folder.mkdir(parents=True)
    files.tokens.write_text("")
    assert "" == cache.put(new_token())
    assert str(files.tokens) in cache.problem


def test_get(cache: LoginCache, files: FileCache):
    """What another process has kept is found, under the lock."""
    files.new().put(KEY, new_token())
    with cache.lock(KEY):
        assert "TOKEN-SECRET-1" == value(cache.get(KEY, None, None))
    assert "" == cache.problem


def test_before_it_is_known_whose(cache: LoginCache, files: FileCache):
    """Without a key nothing is found, and nothing is locked."""
    files.new().put(KEY, new_token())
    assert isinstance(cache.lock(None), nullcontext)
    assert cache.get(None, None, None) is None


def test_the_one_in_hand_is_not_given(cache: LoginCache, files: FileCache):
    """Whoever logs in again with this very token in hand gets another one."""
    files.new().put(KEY, new_token())
    assert cache.get(KEY, new_token(), None) is None
    assert "TOKEN-SECRET-1" == value(cache.get(KEY, new_token("an older one"), None))


@pytest.mark.parametrize("reason", ["was logged out", "was refused by the server"])
def test_one_in_hand_that_has_ended(cache: LoginCache, files: FileCache, reason):
    """A token that was logged out is no obstacle to what another process has kept since."""
    old = new_token("an older one")
    old.end(reason)
    files.new().put(KEY, new_token())
    assert "TOKEN-SECRET-1" == value(cache.get(KEY, old, None))


@pytest.mark.parametrize("in_hand", [None, new_token("another")])
def test_one_near_its_end_is_not_given(cache: LoginCache, files: FileCache, in_hand):
    """A login gets a token that lasts; the other one stays where it is until a new one takes its place."""
    files.new().put(KEY, new_token(age=24 * HOUR - 600))
    assert cache.get(KEY, in_hand, None) is None
    assert 1 == len(files.files)


@pytest.mark.parametrize(("kept", "now", "expected"), [(24, 10, 10), (10, 20, 10), (10, None, 10)])
def test_the_shorter_lifetime_counts(cache: LoginCache, files: FileCache, kept, now, expected):
    """A lifetime that is given now counts for a token that was kept with a longer one, and for no other."""
    files.new().put(KEY, new_token(hours=kept))
    token = cache.get(KEY, None, now and timedelta(hours=now))
    assert token is not None
    assert timedelta(hours=expected) == token.lifetime


def test_stale_by_the_lifetime_that_is_given_now(cache: LoginCache, files: FileCache):
    """Good by what was said of its server then, and stale by what is said now: it is not given."""
    files.new().put(KEY, new_token(age=9 * HOUR))
    assert cache.get(KEY, None, timedelta(hours=8)) is None


def test_took_code_stays(cache: LoginCache):
    """Whether its login took a code is known after a restart as well."""
    token = Token(
        Secret("TOKEN-SECRET-1"),
        app_key=KEY.app_key,
        username=KEY.username,
        base_url=KEY.base_url,
        lifetime=timedelta(hours=24),
        issued=(new_token().issued_at.timestamp(), 0.0),
        took_code=True,
    )
    cache.put(token)
    found = cache.get(KEY, None, None)
    assert found is not None
    assert found.took_code is True


def test_logged_out(cache: LoginCache, files: FileCache, changes):
    """A token that was logged out, and holds no text any more, is dropped."""
    token = new_token()
    cache.put(token)
    changed = cache.drop_when_ended(token)
    token.end("was logged out")
    changed(token)
    assert (["changed"], []) == (changes, files.files)


def test_refused(cache: LoginCache, files: FileCache, changes):
    """A token that the server refuses is dropped, so that no kernel takes it up again."""
    token = new_token()
    cache.put(token)
    changed = cache.drop_when_ended(token)
    token.refuse()
    changed(token)
    assert (["changed"], []) == (changes, files.files)


def test_a_change_that_is_no_end(cache: LoginCache, files: FileCache, changes):
    """A token that is still good stays."""
    token = new_token()
    cache.put(token)
    cache.drop_when_ended(token)(token)
    assert (["changed"], "TOKEN-SECRET-1") == (changes, files.text())


def test_its_successor_stays(cache: LoginCache, files: FileCache, changes):
    """One process's old token is refused; the fresh one that another has kept since stays."""
    token = new_token()
    cache.put(token)
    changed = cache.drop_when_ended(token)
    files.new().put(KEY, new_token("TOKEN-SECRET-2"))
    token.end("was logged out")
    changed(token)
    assert "TOKEN-SECRET-2" == files.text()


def test_forget(cache: LoginCache, files: FileCache):
    """After a logout nothing is kept for the account, no lock, and nothing of a refresh meanwhile."""
    token = new_token()
    with cache.lock(KEY):
        cache.put(token)
    token.end("was logged out")
    files.new().put(KEY, new_token("TOKEN-SECRET-2"))
    assert ("", []) == (cache.forget(token), files.files)


def test_forget_leaves_the_others(cache: LoginCache, files: FileCache):
    """The token of another user stays."""
    other = CacheKey(BASE_URL, "bob", Secret(APP_KEY))
    files.new().put(KEY, new_token())
    token = new_token("TOKEN-SECRET-2", key=other)
    cache.put(token)
    cache.forget(token)
    assert "TOKEN-SECRET-1" == files.text()


def test_forget_that_fails(cache: LoginCache, files: FileCache):
    """A token that stays on the disk is reported; an earlier problem is not."""
    cache.put(new_token())
    files.kept.write_text("{")
    cache.get(KEY, None, None)
    assert "cannot be read" in cache.problem
    cache.put(new_token())
    path = files.kept
    path.unlink()
    path.mkdir()
    assert cache.forget(new_token()).startswith(f"{path}: ")
    path.rmdir()
    assert "" == cache.forget(new_token())
