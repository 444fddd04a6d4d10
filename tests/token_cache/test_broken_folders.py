"""Folders, disks and locks that are of no use: reported, never raised, and nothing half-written stays."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from etna_magic import Secret
from etna_magic.token_cache import CacheKey, TokenCache
from tests.helpers.required import can
from tests.token_cache.conftest import FileCache
from tests.token_cache.helpers import KEY, new_token, run


def used(cache: TokenCache) -> bool:
    """Use a cache as a login does; return whether the token is kept."""
    with cache.lock(KEY):
        assert cache.get(KEY) is None
        return cache.put(KEY, new_token())


def test_a_file_where_the_folder_should_be(tmp_path):
    """What is no folder cannot keep anything."""
    (tmp_path / "file").write_text("")
    cache = FileCache(tmp_path / "file" / "etna_magic").new()
    assert (False, True) == (used(cache), str(tmp_path / "file") in cache.problem)
    cache.delete(KEY)


def test_a_path_that_no_system_takes(tmp_path):
    """A path that cannot even be looked at is reported."""
    cache = FileCache(tmp_path / ("x" * 300)).new()
    assert (False, True) == (used(cache), "File name too long" in cache.problem)


@pytest.fixture
def immutable():
    """Make folders that nobody can write to, not even root, where the file system can."""
    with ExitStack() as stack:

        def act(folder: Path) -> None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not can("chattr", "+i", folder):
                # Not required of CI either: a container may lack the right, and its file system the flag.
                pytest.skip("chattr +i does not work here: not root, no such program, or no such flag")
            stack.callback(subprocess.run, ["chattr", "-i", folder], check=True)

        yield act


def test_a_folder_that_is_read_only(files: FileCache, immutable):
    """Where neither a lock nor a file can be made, that is reported."""
    immutable(files.folder)
    cache = files.new()
    assert (False, True, []) == (used(cache), str(files.folder) in cache.problem, files.files)


def test_a_folder_of_tokens_that_is_read_only(files: FileCache, immutable):
    """The same where a lock can be had."""
    immutable(files.tokens)
    cache = files.new()
    assert (False, True) == (used(cache), str(files.tokens) in cache.problem)


def test_a_lock_that_is_a_folder(files: FileCache):
    """Where the lock cannot be made the token is kept all the same, and the reason is the system's."""
    (files.folder / f"{KEY.digest}.lock").mkdir(parents=True)
    cache = files.new()
    assert used(cache)
    assert f"the lock in {files.folder} cannot be acquired: Is a directory" == cache.problem


def test_a_full_disk(tmp_path):
    """On a full disk what was kept before stays whole, and nothing half-written stays."""
    full = tmp_path / "full"
    full.mkdir()
    if not can("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full):
        # Not required of CI either: a container may lack the right.
        pytest.skip("mount does not work here: not root, not in this container, or no such program")
    try:
        files = FileCache(full / "etna_magic")
        assert files.new().put(KEY, new_token())
        fill(full / "filler")
        cache = files.new()
        assert (False, True) == (cache.put(KEY, new_token("x" * 5000)), "No space left" in cache.problem)
        assert ("TOKEN-SECRET-1", 1) == (files.text(), len(list(files.tokens.iterdir())))
    finally:
        subprocess.run(["umount", full], check=True)


def fill(path: Path) -> None:
    """Write until there is no room for another byte."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 64, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


LIMITED = """
import resource
from etna_magic.token_cache import TokenCache
from tests.token_cache.helpers import KEY, new_token
cache = TokenCache.of_this_user()
print(cache.put(KEY, new_token()))
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
print(cache.put(KEY, new_token("TOKEN-SECRET-2")), cache.problem)
print(cache.get(KEY).get_secret_value())
"""


def test_a_limit_on_the_size_of_files(tmp_path):
    """A write that breaks off leaves what was kept before, and nothing else."""
    tokens = tmp_path / ".local" / "state" / "etna_magic" / "tokens"
    said = run(tmp_path, LIMITED).splitlines()
    assert ["True", f"False {tokens}: File too large", "TOKEN-SECRET-1"] == said
    assert 1 == len(list(tokens.iterdir()))


@pytest.mark.parametrize("library", ["filelock", "platformdirs"])
def test_without_the_extra(monkeypatch, tmp_path, library):
    """Where a library is missing the cache says what to install, keeps nothing, and locks nothing."""
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    cache = TokenCache.of_this_user()
    assert (False, "nothing") == (used(cache), cache.location)
    cache.delete(KEY)
    cache.discard(KEY, new_token())
    assert ("that needs %pip install 'etna-magic[remember]'", []) == (cache.problem, list(tmp_path.iterdir()))


def test_of_this_user(tmp_path):
    """Without a keyring tokens are in the folder of the user's state."""
    program = "from etna_magic.token_cache import TokenCache; print(TokenCache.of_this_user().location)"
    assert f"{tmp_path}/.local/state/etna_magic/tokens" == run(tmp_path, program)
    assert f"{tmp_path}/x/etna_magic/tokens" == run(tmp_path, program, XDG_STATE_HOME=f"{tmp_path}/x")


def test_a_key_with_characters_that_no_codec_takes(files: FileCache):
    """A user name from an environment that is not UTF-8 is kept as any other."""
    key = CacheKey(KEY.base_url, "al\udce9", Secret("key"))
    assert files.new().put(key, new_token(key=key))
    assert files.new().get(key) is not None
