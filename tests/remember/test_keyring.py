"""The system's keyring, against a real Secret Service: Debian's gnome-keyring on a bus of its own."""

import shutil
import stat
from pathlib import Path

import pytest

from tests.remember.process import quoted, run
from tests.remember.test_leaving import secrets_below
from tests.helpers.required import lacks

UNLOCKED = "echo -n keyring-pw | gnome-keyring-daemon --unlock --components=secrets > /dev/null"
LOCKED = "gnome-keyring-daemon --start --components=secrets > /dev/null"
LOG_IN = "%etna_login --remember"
SHOW = "print('VALUE', etna_token.value, etna_session.get('v1.0/users/@me/info').status_code)"
NAME = "the system's keyring (SecretService Keyring)"


@pytest.fixture(autouse=True)
def _programs() -> None:
    """Need the two programs: skip without them, or fail where everything has to be tested."""
    missing = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
    if missing:
        lacks(f"{' and '.join(missing)} not found: apt-get install dbus gnome-keyring")


@pytest.fixture
def variables(sandbox) -> dict[str, str]:
    """Return the variables by which a process logs in, and no keyring chosen."""
    return {
        "ETNA_BASE_URL": sandbox.base_url,
        "ETNA_APP_KEY": sandbox.app_key,
        "ETNA_USERNAME": "demo",
        "ETNA_PASSWORD": sandbox.password_of("demo"),
    }


def in_session(home: Path, *lines: str, **variables: str) -> list[str]:
    """Run lines of a shell on a bus of their own, one after the other; return what each printed."""
    script = "\necho -n =====\n".join(lines)
    return run(home, ["dbus-run-session", "--", "sh", "-c", script], **variables).split("=====")


def value_in(printed: str) -> str:
    """Return the token that a process printed, whose call has to have worked."""
    (line,) = [line for line in printed.splitlines() if line.startswith("VALUE ")]
    _, value, status = line.split()
    assert "200" == status
    return value


def test_a_second_process_takes_it_up(sandbox, variables, tmp_path):
    """It says that the keyring has it, and a second process takes it up with no request."""
    cells = quoted(LOG_IN, SHOW)
    _, first, second = in_session(tmp_path, UNLOCKED, cells, cells, **variables)
    assert f"Remembered in {NAME}." in first, first
    assert f"It was remembered in {NAME}; no request was made." in second, second
    assert (value_in(first), 1) == (value_in(second), sandbox.token_requests)


def test_no_file_holds_it_in_clear(sandbox, variables, tmp_path):
    """Neither token nor password nor app key is in a file, and what is left is for its owner alone."""
    _, printed = in_session(tmp_path, UNLOCKED, quoted(LOG_IN, SHOW), **variables)
    secrets = (value_in(printed), sandbox.password_of("demo"), sandbox.app_key)
    assert [] == secrets_below(tmp_path, *secrets)
    assert [] != list(tmp_path.rglob("*.keyring"))  # it is in there, encrypted
    ours = [path for path in (tmp_path / ".local/state").rglob("*") if path.is_file()]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in ours}


def test_it_outlives_the_session(sandbox, variables, tmp_path):
    """After another log-in at the desktop, with the keyring unlocked, it is there."""
    _, first = in_session(tmp_path, UNLOCKED, quoted(LOG_IN, SHOW), **variables)
    _, second = in_session(tmp_path, UNLOCKED, quoted(LOG_IN, SHOW), **variables)
    assert (value_in(first), 1) == (value_in(second), sandbox.token_requests)


def test_log_out_leaves_nothing(sandbox, variables, tmp_path):
    """After a log-out the keyring is empty, there is no lock, and the next process logs in anew."""
    ask = 'secrets=$(find .local/state -type f); echo "files: $secrets"'
    cells = quoted(LOG_IN, SHOW)
    out = in_session(tmp_path, UNLOCKED, quoted(LOG_IN, SHOW, "%etna_logout"), ask, cells, **variables)
    assert "files: " == out[2].strip() + " "
    assert ("Remembered in" in out[3], 2) == (True, sandbox.token_requests)
    assert value_in(out[1]) != value_in(out[3])


def test_another_user_never_gets_it(sandbox, variables, tmp_path):
    """Another user's log-in finds nothing, and both find their own afterwards."""
    other = {"ETNA_USERNAME": "lockout", "ETNA_PASSWORD": sandbox.password_of("lockout")}
    second = " ".join(f"{name}='{value}'" for name, value in other.items()) + " " + quoted(LOG_IN, SHOW)
    cells = quoted(LOG_IN, SHOW)
    out = in_session(tmp_path, UNLOCKED, cells, second, cells, second, **variables)
    values = [value_in(printed) for printed in out[1:]]
    assert (values[:2], 2) == (values[2:], sandbox.token_requests)
    assert values[0] != values[1]


def test_what_is_broken_is_dropped(sandbox, variables, tmp_path):
    """A record that cannot be read is told, and replaced."""
    spoil = (
        "import keyring, pathlib; key = next(pathlib.Path('.local/state/etna_magic').glob('*.lock')).stem; "
    )
    spoil += "assert keyring.get_password('etna_magic', key); keyring.set_password('etna_magic', key, '{')"
    cells = quoted(LOG_IN, SHOW)
    out = in_session(tmp_path, UNLOCKED, cells, quoted(spoil), cells, cells, **variables)
    assert f"what was kept in {NAME} was dropped" in out[3], out[3]
    assert (value_in(out[3]), 2) == (value_in(out[4]), sandbox.token_requests)


def test_a_locked_keyring_stops_no_log_in(sandbox, variables, tmp_path):
    """Where nobody can be asked to unlock it, the log-in works and the line says that nothing is kept."""
    in_session(tmp_path, UNLOCKED, quoted(LOG_IN, SHOW), **variables)
    _, printed = in_session(tmp_path, LOCKED, quoted(LOG_IN, SHOW), **variables)
    assert value_in(printed)
    assert ("Nothing is remembered: " in printed, 2) == (True, sandbox.token_requests), printed
