"""Files that are broken, somebody else's or no files at all: reported, never raised, and replaced."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from etna_magic.token_cache.stores import FileStore
from tests.helpers.required import lacks
from tests.token_cache.conftest import FileCache
from tests.token_cache.helpers import KEY, new_token

CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"token: abc",
    "half-written": b'{"version": 1, "token": "QQ-SECRET-QQ", "base_url": "http',
    "binary": bytes(range(256)),
    "zeros": bytes(4096),
    "latin-1": '{"token": "é QQ-SECRET-QQ"}'.encode("latin-1"),
    "deep": b"[" * 90_000,
    "another version": b'{"version": 2}',
}


def reported(files: FileCache) -> str:
    """Get nothing, keep a new token if that can be done, and return what the cache reports."""
    cache = files.new()
    assert cache.get(KEY) is None
    cache.put(KEY, new_token("TOKEN-SECRET-2"))
    assert "SECRET" not in cache.problem
    return cache.problem


def is_replaced(files: FileCache) -> bool:
    """Say whether the next process gets what was kept in place of the broken."""
    return "TOKEN-SECRET-2" == files.text()


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_content_that_is_no_record(files: FileCache, kept, content):
    """A file with something else in it is reported by its folder, and a good one takes its place."""
    kept.write_bytes(content)
    assert str(files.tokens) in reported(files)
    assert is_replaced(files)


def test_sentence(files: FileCache, kept):
    """The report says what was done, and why."""
    kept.write_text("{")
    expected = f"what was kept in {files.tokens} was deleted, since it cannot be read"
    assert expected == reported(files)


def test_it_is_deleted_at_once(files: FileCache, kept):
    """What cannot be read does not wait for a good one to take its place."""
    kept.write_text("{")
    files.new().get(KEY)
    assert [] == files.files


def test_a_gigabyte(files: FileCache, kept):
    """A file far too large is not read to its end."""
    os.truncate(kept, 1 << 30)
    text = FileStore(files.tokens).read(KEY.digest)
    assert text is not None
    assert 100_000 == len(text.get_secret_value())
    assert str(files.tokens) in reported(files)
    assert is_replaced(files)


def group_readable(path: Path) -> None:
    """Let others of the group read it."""
    path.chmod(path.stat().st_mode | 0o040)


def others_may_write(path: Path) -> None:
    """Let everybody else write to it."""
    path.chmod(path.stat().st_mode | 0o002)


def foreign(path: Path) -> None:
    """Let it belong to somebody else."""
    if os.geteuid() != 0:
        lacks("only root can give a file away")
    os.chown(path, 65534, -1)


def linked(path: Path) -> None:
    """Put a link there, which leads to the thing itself."""
    target = path.with_name("target" + path.suffix)
    path.rename(target)
    path.symlink_to(target)


HARM: dict[str, Callable[[Path], None]] = {
    f.__name__: f for f in (group_readable, others_may_write, foreign, linked)
}


@pytest.mark.parametrize("harm", HARM)
def test_file_that_others_could_have_made_or_read(files: FileCache, kept, harm):
    """A file that is open to others, somebody else's, or a link is not read; it is reported, and replaced."""
    HARM[harm](kept)
    assert str(kept) in reported(files)
    assert is_replaced(files)


def test_what_was_done_about_an_open_file(files: FileCache, kept):
    """It was not read, and the login that was made instead has replaced it."""
    group_readable(kept)
    expected = f"{kept} is open to other users, so it was not read: a new login replaced it"
    assert expected == reported(files)


def test_what_to_do_about_an_open_file(files: FileCache, kept):
    """Before it is replaced the sentence says how to fix it, too."""
    group_readable(kept)
    cache = files.new()
    assert cache.get(KEY) is None
    said = "so it was not read, and a new login was made: chmod go-rwx it, or delete it"
    assert f"{kept} is open to other users, {said}" == cache.problem


def test_what_was_done_about_an_open_folder(files: FileCache, kept):
    """Nothing was read, nothing was written, a login was made; and how to fix it."""
    group_readable(files.tokens)
    said = "so nothing was read from it or written to it, and a new login was made"
    expected = f"{files.tokens} is open to other users, {said}: chmod go-rwx it, or delete it"
    assert expected == reported(files)


@pytest.mark.parametrize("harm", HARM)
def test_folder_that_others_could_have_made_or_read(files: FileCache, kept, harm):
    """In such a folder nothing is read and nothing is kept."""
    before = kept.read_bytes()
    HARM[harm](files.tokens)
    cache = files.new()
    assert (None, False) == (cache.get(KEY), cache.put(KEY, new_token("TOKEN-SECRET-2")))
    assert (True, before) == (cache.problem.startswith(str(files.tokens)), kept.read_bytes())


def as_folder(path: Path) -> None:
    """Put a folder there."""
    path.mkdir()


def as_loop(path: Path) -> None:
    """Put a link there that leads to itself."""
    path.symlink_to(path)


def as_pipe(path: Path) -> None:
    """Put a pipe there, which nobody writes into."""
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize("put", [as_folder, as_loop, as_pipe], ids=lambda put: put.__name__)
def test_something_else_in_place_of_the_file(files: FileCache, kept, put):
    """What is no file is reported, and holds nobody up."""
    kept.unlink()
    put(kept)
    assert str(files.tokens) in reported(files)
