"""The system's keyring, against a real Secret Service: Debian's gnome-keyring on a bus of its own."""

import shlex
import shutil
import stat
from pathlib import Path

import pytest

from tests.helpers.required import lacks
from tests.token_cache.helpers import APP_KEY, finish, python, secrets_below, start

UNLOCKED = "echo -n keyring-pw | gnome-keyring-daemon --unlock --components=secrets > /dev/null"
LOCKED = "gnome-keyring-daemon --start --components=secrets > /dev/null"
NAME = "the system's keyring (SecretService Keyring)"
# The line that each process prints: the token it has got, where from, and what the cache reports.
PROGRAM = """
import sys
from etna_magic import Secret
from etna_magic.token_cache import CacheKey, LoginCache
from tests.token_cache.helpers import APP_KEY, BASE_URL, new_token
key = CacheKey(BASE_URL, {user!r}, Secret(APP_KEY))
cache = LoginCache(on_change=print)
with cache.lock(key):
    token = cache.get(key, None, None)
    found = token is not None
    said = ""
    if not found:
        token = new_token({text!r}, key=key)
        said = cache.put(token)
if {leave!r}:
    cache.forget(token)
print(token.get_secret_value(), found, said, cache.problem, sep="|")
"""


@pytest.fixture(autouse=True)
def _programs() -> None:
    """Need the two programs: skip without them, or fail where everything has to be tested."""
    missing = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
    if missing:
        lacks(f"{' and '.join(missing)} not found: apt-get install dbus gnome-keyring")


def login(text: str, user: str = "alice", *, leave: bool = False) -> str:
    """Return a shell's line for a process that gets a token, or keeps this one; it may log out at its end."""
    return shlex.join(python(PROGRAM.format(text=text, user=user, leave=leave)))


def in_session(home: Path, *lines: str) -> list[list[str]]:
    """Run lines of a shell on a bus of their own, one after the other; return the fields each printed."""
    script = "\necho =====\n".join(lines)
    session = start(home, ["dbus-run-session", "--", "sh", "-c", script], PYTHON_KEYRING_BACKEND=None)
    parts = [part.strip() for part in finish(session).split("=====")]
    # Around what a login prints the daemons of a keyring that is locked say that they have no screen.
    said = [[line for line in part.splitlines() if "|" in line] for part in parts]
    return [(lines[-1] if lines else part).split("|") for lines, part in zip(said, parts, strict=True)]


def test_a_second_process_gets_it(tmp_path):
    """It says that the keyring has it, and a second process gets it."""
    _, first, second = in_session(tmp_path, UNLOCKED, login("SECRET-1"), login("SECRET-2"))
    assert ["SECRET-1", "False", f"Remembered in {NAME}.", ""] == first
    assert ["SECRET-1", "True", "", ""] == second


def test_no_file_holds_it_in_clear(tmp_path):
    """Neither token nor app key is in a file, and what is left is for its owner alone."""
    in_session(tmp_path, UNLOCKED, login("SECRET-1"))
    assert [] == secrets_below(tmp_path, "SECRET-1", APP_KEY)
    assert [] != list(tmp_path.rglob("*.keyring"))  # it is in there, encrypted
    ours = [path for path in (tmp_path / ".local/state").rglob("*") if path.is_file()]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in ours}


LIST = """
from etna_magic import Secret
from etna_magic.token_cache import RememberedTokens
from tests.token_cache.helpers import APP_KEY
remembered = RememberedTokens.of_this_user()
(kept,) = remembered
token = remembered.read(kept, [Secret(APP_KEY)])
text = token if isinstance(token, str) else token.get_secret_value()
print(kept.name, kept.token.username, kept.location, text, sep="|")
"""


def test_it_is_listed(tmp_path):
    """By its index, also while the keyring is locked; only to read it takes the keyring."""
    show = shlex.join(python(LIST))
    _, _, found = in_session(tmp_path, UNLOCKED, login("SECRET-1"), show)
    assert ["etna", "alice", "the system's keyring", "SECRET-1"] == found
    _, found = in_session(tmp_path, LOCKED, show)
    assert (["etna", "alice", "the system's keyring"], True) == (found[:3], found[3].startswith(NAME))


def test_it_outlives_the_session(tmp_path):
    """After another login at the desktop, with the keyring unlocked, it is there."""
    in_session(tmp_path, UNLOCKED, login("SECRET-1"))
    _, second = in_session(tmp_path, UNLOCKED, login("SECRET-2"))
    assert "SECRET-1" == second[0]


def test_a_logout_leaves_nothing(tmp_path):
    """After a logout the keyring is empty, and there is no lock."""
    ask = "find .local/state -type f"
    out = in_session(tmp_path, UNLOCKED, login("SECRET-1", leave=True), ask, login("SECRET-2"))
    assert (["SECRET-1", ""], [""]) == ([out[1][0], out[1][-1]], out[2])
    assert ["SECRET-2", "False"] == out[3][:2]


def test_another_user_never_gets_it(tmp_path):
    """Another user's login finds nothing, and both find their own afterwards."""
    first, second = login("SECRET-1"), login("SECRET-2", "bob")
    out = in_session(tmp_path, UNLOCKED, first, second, first, second)
    found = [["SECRET-1", "False"], ["SECRET-2", "False"], ["SECRET-1", "True"], ["SECRET-2", "True"]]
    assert found == [fields[:2] for fields in out[1:]]


def test_what_is_broken_is_deleted(tmp_path):
    """A record that cannot be read is reported, and replaced."""
    spoil = "import keyring; from tests.token_cache.helpers import KEY; "
    spoil += "assert keyring.get_password('etna_magic', KEY.digest); "
    spoil += "keyring.set_password('etna_magic', KEY.digest, '{')"
    lines = (login("SECRET-1"), shlex.join(python(spoil)), login("SECRET-2"), login("SECRET-3"))
    out = in_session(tmp_path, UNLOCKED, *lines)
    assert ["SECRET-2", "False", f"Remembered in {NAME}."] == out[3][:3]
    assert f"what was kept in {NAME} was deleted, since it cannot be read" == out[3][3]
    assert ["SECRET-2", "True", "", ""] == out[4]


def test_a_locked_keyring_stops_no_login(tmp_path):
    """Where nobody can be asked to unlock it, the login goes on, and nothing is kept."""
    in_session(tmp_path, UNLOCKED, login("SECRET-1"))
    _, out = in_session(tmp_path, LOCKED, login("SECRET-2"))
    assert (["SECRET-2", "False", ""], True) == (out[:3], out[3].startswith(NAME))
