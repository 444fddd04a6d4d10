"""What several processes count together of refused logins: here each is a `Refusals` of its own."""

from pathlib import Path

import pytest

from etna_magic import InvalidCredentialsError
from etna_magic.session.token_refresher import MOST_OF_ACCOUNT, Refusals
from etna_magic.support import Clock
from etna_magic.token import Account
from etna_magic.token_cache import SharedRefusals

ALICE, BOB = (Account(name, "https://api.example.com") for name in ("alice", "bob"))
WRONG = InvalidCredentialsError("The server refused this user name and password.")


def process(folder: Path) -> Refusals:
    """Return what one process knows, of the state folder of its user."""
    made = Refusals()
    made.shared = SharedRefusals(folder)
    return made


def refuse(refusals: Refusals, fingerprint: bytes = b"a") -> None:
    """Have alice refused once more."""
    refusals.note(ALICE, fingerprint, WRONG, Clock())


def test_together(tmp_path: Path) -> None:
    """After three refusals, whoever had them, no process sends anything for that account."""
    processes = [process(tmp_path) for _ in range(MOST_OF_ACCOUNT + 1)]
    for one in processes[:MOST_OF_ACCOUNT]:
        assert processes[-1].against(ALICE, lambda: b"b") is None
        refuse(one)
    refusal = processes[-1].against(ALICE, lambda: b"b")
    assert refusal is not None
    assert refusal.wait is None
    assert str(refusal.error).startswith(
        "Other programs on this machine had 3 logins of this account refused"
    )
    assert processes[-1].against(BOB, lambda: b"b") is None


def test_accepted(tmp_path: Path) -> None:
    """A login that the server accepts, in any process, begins the count again."""
    first, second = process(tmp_path), process(tmp_path)
    for number in range(MOST_OF_ACCOUNT):
        refuse(first, bytes([number]))
    second.forget(ALICE)
    assert second.against(ALICE, lambda: b"b") is None


def test_nothing_of_the_account_is_kept(tmp_path: Path) -> None:
    """The files hold a number each, and only their owner can read them."""
    refuse(process(tmp_path))
    (path,) = (tmp_path / "refusals").iterdir()
    assert ("1", 0o600, 0o700) == (
        path.read_text(),
        path.stat().st_mode & 0o777,
        path.parent.stat().st_mode & 0o777,
    )
    assert not [name for name in ("alice", "example") if name in path.name]


def test_a_file_that_cannot_be_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and each process counts its own."""
    (tmp_path / "refusals").write_text("a file in the folder's place")
    one = process(tmp_path)
    for number in range(MOST_OF_ACCOUNT):
        refuse(one, bytes([number]))
    refusal = one.against(ALICE, lambda: b"b")
    assert refusal is not None
    assert refusal.wait is None
    assert "Refused logins are counted by this process alone: " in caplog.text
