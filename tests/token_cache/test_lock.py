"""Many processes at once: one of them logs in and the others get its token; one that dies blocks nobody."""

import signal
import threading
from pathlib import Path

import filelock
import pytest

from tests.token_cache.conftest import FileCache
from tests.token_cache.helpers import HOUR, KEY, finish, new_token, python, run, start

PROCESSES = 8
# What each process does, as a login does it; one line in a file for each that found no token.
LOGIN = """
import os, pathlib, sys, time
from etna_magic.token_cache import TokenCache
from tests.token_cache.helpers import KEY, new_token
cache = TokenCache.of_this_user()
with cache.lock(KEY) as is_locked:
    token = cache.get(KEY)
    if token is None:
        with open("logins", "a") as file:
            file.write("x")
        time.sleep(0.3)
        token = new_token(f"TOKEN-{os.getpid()}")
        cache.put(KEY, token)
assert is_locked and cache.problem == "", cache.problem
print(token.get_secret_value())
"""
HOLD = """
import pathlib, time
from etna_magic.token_cache import TokenCache
from tests.token_cache.helpers import KEY
with TokenCache.of_this_user().lock(KEY):
    pathlib.Path("held").touch()
    time.sleep(60)
"""


def test_many_processes_make_one_login(tmp_path):
    """All get the token of the one that logged in."""
    processes = [start(tmp_path, python(LOGIN)) for _ in range(PROCESSES)]
    texts = {finish(process) for process in processes}
    assert (1, "x") == (len(texts), (tmp_path / "logins").read_text())


def test_a_process_that_is_killed(tmp_path):
    """A process that is killed while it holds the lock holds up nobody, and leaves nothing half-made."""
    holder = start(tmp_path, python(HOLD))
    try:
        wait_for(tmp_path / "held", holder)
        waiting = start(tmp_path, python(LOGIN))
        holder.send_signal(signal.SIGKILL)
        assert finish(waiting).startswith("TOKEN-")
    finally:
        holder.kill()
        holder.communicate()
    assert "x" == (tmp_path / "logins").read_text()


def wait_for(path: Path, process) -> None:
    """Wait until a process has made a file."""
    for _ in range(600):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        threading.Event().wait(0.05)
    pytest.fail(f"{path} did not appear")


def test_a_lock_that_another_process_keeps(tmp_path):
    """Who waits too long goes on without it, and says why; a delete then leaves the other's lock alone."""
    files = FileCache(tmp_path / ".local" / "state" / "etna_magic")
    holder = start(tmp_path, python(HOLD))
    try:
        wait_for(tmp_path / "held", holder)
        cache = files.new(lock_timeout=0.2)
        with cache.lock(KEY) as is_locked:
            assert (False, True) == (is_locked, cache.put(KEY, new_token()))
        expected = f"the lock in {files.folder} cannot be acquired: another process holds it"
        assert expected == cache.problem
        cache.delete(KEY)
        assert [f"{KEY.digest}.lock"] == files.files
        with files.new(lock_timeout=0.2).lock(KEY) as is_locked:
            assert not is_locked
    finally:
        holder.kill()
        holder.communicate()


def test_a_lock_that_this_thread_holds(files: FileCache):
    """A second try of the same thread does not wait for itself."""
    files.folder.mkdir(parents=True)
    cache = files.new(lock_timeout=1.0)
    with filelock.FileLock(files.folder / f"{KEY.digest}.lock"), cache.lock(KEY) as is_locked:
        assert not is_locked
    assert "holds it" in cache.problem


def test_threads_come_one_after_the_other(files: FileCache):
    """Logins under two names in one process make one login, too."""
    made = []

    def log_in() -> None:
        cache = files.new()
        with cache.lock(KEY):
            if cache.get(KEY) is None:
                made.append(cache)
                cache.put(KEY, new_token())
        assert "" == cache.problem

    threads = [threading.Thread(target=log_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len(made)


def test_it_is_released_by_another_thread(files: FileCache):
    """A login that waits for a form may end in another thread than it began in."""
    lock = files.new().lock(KEY)
    assert lock.__enter__()
    thread = threading.Thread(target=lock.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    with files.new(lock_timeout=0.2).lock(KEY) as is_locked:
        assert is_locked


def test_it_is_released_when_the_login_fails(files: FileCache):
    """An error within goes on, and the next one gets the lock."""
    with pytest.raises(KeyError), files.new().lock(KEY):
        raise KeyError
    with files.new(lock_timeout=0.2).lock(KEY) as is_locked:
        assert is_locked


def test_keys_do_not_wait_for_each_other(files: FileCache):
    """Each key has a lock of its own."""
    other = type(KEY)(KEY.base_url, "bob", KEY.app_key)
    with files.new().lock(KEY), files.new(lock_timeout=0.2).lock(other) as is_locked:
        assert is_locked


def test_a_file_system_without_locks(files: FileCache, monkeypatch):
    """Where the library cannot lock, that is reported, and the token is kept."""

    def cannot(lock, *_, **__):
        raise NotImplementedError

    monkeypatch.setattr(filelock.BaseFileLock, "acquire", cannot)
    cache = files.new()
    with cache.lock(KEY) as is_locked:
        assert (False, True) == (is_locked, cache.put(KEY, new_token()))
    assert "this file system has no locks" in cache.problem


def test_a_token_of_an_earlier_process(tmp_path):
    """What one process keeps is what a later one gets, with its age."""
    put = "from etna_magic.token_cache import TokenCache; from tests.token_cache.helpers import *; "
    put += f"print(TokenCache.of_this_user().put(KEY, new_token(age={HOUR})))"
    assert "True" == run(tmp_path, put)
    get = "from etna_magic.token_cache import TokenCache; from tests.token_cache.helpers import KEY; "
    get += "token = TokenCache.of_this_user().get(KEY); print(token.get_secret_value(), token.remaining)"
    text, remaining = run(tmp_path, get).split()
    assert ("TOKEN-SECRET-1", True) == (text, remaining.startswith("22:59:"))
