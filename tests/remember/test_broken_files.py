"""Files that are broken, foreign or no files at all: told in the one line, and a log-in all the same."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.remember.desk import Desk
from tests.helpers.required import lacks

CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"token: abc",
    "half-written": b'{"version": 1, "base_url": "http',
    "a number": b"7",
    "a list": b"[]",
    "null": b"null",
    "binary": bytes(range(256)),
    "zeros": bytes(4096),
    "latin-1": '{"token": "é"}'.encode("latin-1"),
    "deep": b"[" * 90_000,
    "a long number": b"1" * 50_000,
    "another version": b'{"version": 2}',
}
#: Members of the record, each changed to what it must not be.
MEMBERS: dict[str, object] = {
    "token": 7,
    "base_url": None,
    "username": ["demo"],
    "issued_at": "yesterday",
    "lifetime": True,
    "version": "1",
}
VALUES = [("token", ""), ("token", "a\r\nb: c"), ("token", "tök"), ("lifetime", 0), ("lifetime", -1)]
VALUES += [("lifetime", 1e300), ("issued_at", 1e300), ("issued_at", float("nan")), ("lifetime", float("inf"))]


def logs_in_and_tells(desk: Desk) -> str:
    """Log in after a restart: one request, one line, a session that works; return the line's last part."""
    desk.restart()
    before = desk.sandbox.token_requests
    text = desk.remember().texts[0]
    assert (before + 1, True) == (desk.sandbox.token_requests, desk.works())
    return text.partition("(24 h).")[2].strip()


def is_mended(desk: Desk) -> bool:
    """Say whether the next restart takes up what was kept in place of the broken."""
    desk.restart()
    before = desk.sandbox.token_requests
    return "no request was made" in desk.remember().texts[0] and before == desk.sandbox.token_requests


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_content_that_is_no_record(desk: Desk, content):
    """A file that holds something else is told by its place, and a good one takes its place."""
    desk.remember()
    desk.kept.write_bytes(content)
    said = logs_in_and_tells(desk)
    assert str(desk.tokens) in said
    assert "Remembered in" in said
    assert "Nothing is remembered" not in said  # for it is
    assert is_mended(desk)


@pytest.mark.parametrize(("member", "value"), [*MEMBERS.items(), *VALUES], ids=str)
def test_record_with_a_member_that_cannot_be(desk: Desk, member, value):
    """One member of the wrong type, or out of range, and nothing of the record is believed."""
    desk.remember()
    desk.change(**{member: value})
    assert str(desk.tokens) in logs_in_and_tells(desk)


@pytest.mark.parametrize("member", MEMBERS)
def test_record_without_a_member(desk: Desk, member):
    """A record that lacks something is dropped."""
    desk.remember()
    text = desk.kept.read_text()
    desk.kept.write_text(text.replace(f'"{member}"', '"other"', 1))
    assert "was dropped" in logs_in_and_tells(desk)


def test_a_gigabyte(desk: Desk):
    """A file far too large is not read to its end."""
    desk.remember()
    os.truncate(desk.kept, 1 << 30)
    assert str(desk.tokens) in logs_in_and_tells(desk)
    assert is_mended(desk)


def test_nothing_of_the_content_is_shown(desk: Desk):
    """What stands in a broken file is not repeated."""
    desk.remember()
    desk.kept.write_text('{"token": "QQ-SECRET-QQ", "version": 1')
    assert "QQ-SECRET" not in logs_in_and_tells(desk)


def group_readable(path: Path) -> None:
    """Let others of the group read it."""
    path.chmod(path.stat().st_mode | 0o040)


def foreign(path: Path) -> None:
    """Let it belong to somebody else."""
    os.chown(path, 65534, -1)


def linked(path: Path) -> None:
    """Put a link in its place, which leads to the thing itself."""
    aside = path.with_name("aside" + path.suffix)
    path.rename(aside)
    path.symlink_to(aside)


HARM: dict[str, Callable[[Path], None]] = {f.__name__: f for f in (group_readable, foreign, linked)}


def need_root(harm: str) -> None:
    """Skip what only root can do, or fail where all has to be tested."""
    if harm == "foreign" and os.geteuid() != 0:
        lacks("only root can give a file away")


@pytest.mark.parametrize("harm", HARM)
def test_file_that_others_could_have_made_or_read(desk: Desk, harm):
    """A file that is open to others, somebody else's, or a link is not read; it is told, and replaced."""
    need_root(harm)
    desk.remember()
    HARM[harm](desk.kept)
    said = logs_in_and_tells(desk)
    assert (True, False) == (str(desk.tokens) in said, "Nothing is remembered" in said), said
    assert is_mended(desk)


@pytest.mark.parametrize("harm", HARM)
def test_folder_that_others_could_have_made_or_read(desk: Desk, harm):
    """In such a folder nothing is read and nothing is kept; it is told, and the log-in works."""
    need_root(harm)
    desk.remember()
    before = desk.kept.read_bytes()
    HARM[harm](desk.tokens)
    said = logs_in_and_tells(desk)
    assert said.startswith("Nothing is remembered: ")
    assert (True, before) == (str(desk.tokens) in said, desk.kept.read_bytes())


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
def test_something_else_in_place_of_the_file(desk: Desk, put):
    """What is no file is told, and holds nobody up."""
    desk.remember()
    path = desk.kept
    path.unlink()
    put(path)
    try:
        assert str(desk.tokens) in logs_in_and_tells(desk)
    finally:
        if put is as_pipe:  # or the kernel would wait at it for ever
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
