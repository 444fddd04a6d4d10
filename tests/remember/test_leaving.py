"""What was remembered is dropped on log-out and when the server refuses it; and no secret is ever kept."""

from pathlib import Path

import pytest

from tests.remember.desk import Desk


def secrets_below(folder: Path, *secrets: str) -> list[str]:
    """Return every file below a folder that holds one of these texts."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


def test_log_out_leaves_nothing(desk: Desk):
    """After a log-out there is no token, no lock and nothing half-written."""
    desk.remember()
    assert [] != desk.files
    desk.kernel.run("%etna_logout")
    assert [] == desk.files


def test_log_out_after_a_restart_leaves_nothing(desk: Desk):
    """The same if the token was taken up, and not made, by this kernel."""
    desk.remember()
    desk.restart()
    desk.remember()
    desk.kernel.run("%etna_logout --all")
    assert [] == desk.files
    desk.remember()
    assert 2 == desk.sandbox.token_requests


def test_log_out_leaves_the_others(desk: Desk):
    """The token of another user stays."""
    desk.remember()
    desk.restart()
    desk.remember(user="lockout")
    other = desk.value()
    desk.restart()
    desk.remember()
    desk.kernel.run("%etna_logout")
    desk.remember(user="lockout")
    assert other == desk.value()


@pytest.mark.parametrize("second", ["--remember", ""])
def test_log_out_drops_an_earlier_user_too(desk: Desk, second):
    """Two users one after the other under one name: nothing of either stays, and the first is asked again."""
    desk.remember()
    desk.log_in(f"-u lockout {second}", "lockout")
    assert (1 + bool(second)) == len(list(desk.tokens.iterdir()))
    desk.kernel.run("%etna_logout")
    assert [] == desk.files
    before = desk.sandbox.token_requests
    desk.remember()
    assert before + 1 == desk.sandbox.token_requests


def test_a_log_out_that_cannot_drop_it_says_so(desk: Desk):
    """A token that stays on the disk after a log-out is told of, by its place."""
    desk.remember()
    kept = desk.kept
    kept.unlink()
    kept.mkdir()  # even root cannot unlink it
    run = desk.kernel.run("%etna_logout")
    assert ("ok", True) == (run.status, str(desk.tokens) in " ".join(run.texts)), run.texts


def test_what_the_server_refuses_is_dropped(desk: Desk):
    """A token that the server no longer takes is not taken up again."""
    desk.remember()
    first = desk.value()
    desk.sandbox.revoke_all()
    run = desk.kernel.run("etna_session.get('v1.0/users/@me/info')")
    assert ("error", []) == (run.status, [path for path in desk.files if path.endswith(".json")])
    desk.restart()
    desk.remember()
    assert (2, True, True) == (desk.sandbox.token_requests, first != desk.value(), desk.works())


def test_a_refused_token_does_not_take_its_successor_with_it(desk: Desk):
    """One kernel's old token is refused; the fresh one that another has kept since stays."""
    desk.remember("old")
    desk.remember("new")  # takes up the same
    desk.sandbox.revoke_all()
    desk.remember("new")  # has it in hand, so makes a fresh one
    fresh = desk.value("new")
    assert "error" == desk.kernel.run("old_session.get('v1.0/users/@me/info')").status
    desk.restart()
    desk.remember()
    assert (2, fresh) == (desk.sandbox.token_requests, desk.value())


@pytest.mark.parametrize("user", ["demo", "pin"])
def test_no_secret_is_kept(desk: Desk, user, tmp_path):
    """Neither the password nor the app key nor the PIN is in any file that a kernel has written."""
    desk.know(user, ETNA_PIN_CODE="1357")
    for _ in range(2):
        assert "ok" == desk.kernel.run("%etna_login --remember --auto-renew").status
        desk.restart()
    secrets = (desk.sandbox.password_of(user), desk.sandbox.app_key)
    assert [] == [*secrets_below(desk.kernel.home, *secrets), *secrets_below(tmp_path, *secrets)]
    assert ["1357" in desk.kept.read_text()] == [False] or user == "demo"


def test_the_token_is_in_its_file_alone(desk: Desk, tmp_path):
    """What is kept is in one file, and neither in the history nor anywhere else."""
    desk.remember()
    value = desk.value()
    assert [str(desk.kept)] == secrets_below(tmp_path, value)
    assert [] == secrets_below(desk.kernel.home, value)
