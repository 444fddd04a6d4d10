"""Folders, disks and libraries that are of no use: told in the one line, and a log-in all the same."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import filelock
import pytest

from tests.remember.desk import Desk
from tests.remember.process import command, run, run_cells
from tests.helpers.required import can


def tells(desk: Desk) -> str:
    """Log in, which has to work; return what the one line says of the store."""
    text = desk.remember().texts[0]
    assert desk.works()
    return text.partition("(24 h).")[2].strip()


def test_a_file_where_the_folder_should_be(desk: Desk, tmp_path):
    """What is no folder cannot keep anything."""
    (tmp_path / "file").write_text("")
    desk.kernel.set_environment(XDG_STATE_HOME=str(tmp_path / "file"))
    said = tells(desk)
    assert (True, True) == (said.startswith("Nothing is remembered: "), str(tmp_path / "file") in said)


def test_a_path_that_no_system_takes(desk: Desk, tmp_path):
    """A path that cannot even be looked at stops no log-in."""
    desk.kernel.set_environment(XDG_STATE_HOME=str(tmp_path / ("x" * 300)))
    assert tells(desk).startswith("Nothing is remembered: ")


@pytest.fixture
def immutable(desk: Desk):
    """Make folders that nobody can write to, not even root, where the file system can."""
    with ExitStack() as stack:

        def act(folder: Path) -> None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not can("chattr", "+i", folder):
                # Not of CI either: a container may lack the right, and its file system the flag.
                pytest.skip("chattr +i does not work here: not root, no such program, or no such flag")
            stack.callback(subprocess.run, ["chattr", "-i", folder], check=True)

        yield act


def test_a_folder_that_is_read_only(desk: Desk, immutable):
    """Where no lock can be made and no file either, the line says so."""
    immutable(desk.state)
    said = tells(desk)
    assert (True, True, []) == (
        said.startswith("Nothing is remembered: "),
        str(desk.state) in said,
        desk.files,
    )


def test_a_folder_of_tokens_that_is_read_only(desk: Desk, immutable):
    """The same where a lock can be had."""
    immutable(desk.tokens)
    said = tells(desk)
    assert (True, True) == (said.startswith("Nothing is remembered: "), str(desk.tokens) in said)


def test_a_full_disk(desk: Desk, tmp_path):
    """On a full disk what was kept before stays whole, nothing half-written stays, and it is told."""
    full = tmp_path / "full"
    full.mkdir()
    if not can("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full):
        # Not of CI either: a container may lack the right.
        pytest.skip("mount does not work here: not root, not in this container, or no such program")
    try:
        desk.kernel.set_environment(XDG_STATE_HOME=str(full))
        desk.remember()
        (kept,) = full.rglob("*.json")
        before = kept.read_bytes()
        fill(full / "filler")
        assert tells(desk).startswith("Nothing is remembered: ")
        assert ([kept], before) == (list(kept.parent.iterdir()), kept.read_bytes())
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


def test_a_limit_on_the_size_of_files(sandbox, tmp_path):
    """A write that breaks off leaves nothing, and is told."""
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (100, r.getrlimit(r.RLIMIT_FSIZE)[1]))"
    said = run_cells(tmp_path, limit, "%etna_login --remember", **credentials(sandbox))
    tokens = tmp_path / ".local" / "state" / "etna_magic" / "tokens"
    assert f"(24 h). Nothing is remembered: {tokens}: File too large." in said, said
    assert [] == list(tokens.iterdir())


@pytest.mark.parametrize("library", ["filelock", "platformdirs"])
def test_without_the_extra(desk: Desk, library):
    """Where a library is missing the line says what to install, and nothing is written."""
    desk.kernel.do(f"import sys as _s; _there = _s.modules.get({library!r}); _s.modules[{library!r}] = None")
    try:
        said = tells(desk)
        run = desk.kernel.run("%etna_logout")
    finally:
        desk.kernel.do(f"_s.modules.pop({library!r}); _there and _s.modules.update({{{library!r}: _there}})")
    install = "Nothing is remembered: that needs %pip install 'etna-magic[remember]'."
    assert (install, "ok", []) == (said, run.status, desk.files)


def test_a_lock_that_another_kernel_keeps(desk: Desk):
    """Who waits too long goes on alone, and says why."""
    desk.remember()
    (lock,) = desk.state.glob("*.lock")
    desk.restart()
    desk.kernel.do("import etna_magic.memory as _m; _patience, _m._PATIENCE = _m._PATIENCE, 0.2")
    try:
        with filelock.FileLock(lock):
            said = tells(desk)
    finally:
        desk.kernel.do("_m._PATIENCE = _patience")
    assert "another kernel holds it" in said
    assert ("no request was made" in said) is not ("Nothing is remembered" in said), said


@pytest.mark.parametrize(
    "backend",
    [
        "keyring.backends.fail.Keyring",
        "keyring.backends.null.Keyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.fail.Nothing",
        "no.such.backend",
        "nonsense",
    ],
)
def test_a_keyring_that_is_of_no_use(sandbox, tmp_path, backend):
    """A keyring that keeps nothing, or that cannot be had, gives way to the files."""
    variables = credentials(sandbox) | {"PYTHON_KEYRING_BACKEND": backend}
    said = run_cells(
        tmp_path, "%etna_login --remember", "etna_session.get('v1.0/x').status_code", **variables
    )
    assert f"Remembered in {tmp_path}/.local/state/etna_magic/tokens." in said, said
    assert said.rstrip().endswith("404")


def test_a_keyring_whose_settings_are_broken(sandbox, tmp_path):
    """A file of settings that the keyring library cannot read gives way to the files as well."""
    for folder in (".config/python_keyring", ".local/share/python_keyring"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "keyringrc.cfg").write_text("[backend\nnonsense")
    said = run(
        tmp_path, command("%etna_login --remember"), **credentials(sandbox), DBUS_SESSION_BUS_ADDRESS=""
    )
    assert f"Remembered in {tmp_path}/.local/state/etna_magic/tokens." in said, said


def credentials(sandbox) -> dict[str, str]:
    """Return the variables by which a process logs in."""
    return {
        "ETNA_BASE_URL": sandbox.base_url,
        "ETNA_APP_KEY": sandbox.app_key,
        "ETNA_USERNAME": "demo",
        "ETNA_PASSWORD": sandbox.password_of("demo"),
    }
