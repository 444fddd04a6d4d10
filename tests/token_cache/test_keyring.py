"""The keyring library with a backend of the tests, and with backends that are of no use."""

import base64
import stat
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from etna_magic.token_cache import TokenCache
from etna_magic.token_cache.stores import usable_keyring
from tests.token_cache.helpers import APP_KEY, KEY, new_token, run, secrets_below

LOCATION = "the system's keyring (test keyring)"
SHOW = "from etna_magic.token_cache import TokenCache; print(TokenCache.of_this_user().location)"


class MemoryKeyring(KeyringBackend):
    """Keeps everything in a dict, and raises what it is given to raise."""

    viable = False  # the library must not choose it by itself
    priority = 5
    name = "test keyring"

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.error: BaseException | None = None

    def get_password(self, service, username):
        """Return what is kept."""
        self._raise()
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        """Keep a text."""
        self._raise()
        self.kept[service, username] = password

    def delete_password(self, service, username):
        """Delete what is kept, which has to be there."""
        self._raise()
        if (service, username) not in self.kept:
            raise PasswordDeleteError
        del self.kept[service, username]

    def _raise(self):
        if self.error is not None:
            raise self.error


@pytest.fixture
def use():
    """Return what makes a backend the one of this process, until the end of the test."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def backend(use, monkeypatch, tmp_path) -> MemoryKeyring:
    """Make a keyring of the tests the one of this process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mine = MemoryKeyring()
    use(mine)
    return mine


def test_it_is_kept_there(backend: MemoryKeyring, tmp_path):
    """The token is in the keyring, and only the lock and the index are files; a second cache gets it."""
    cache = TokenCache.of_this_user()
    with cache.lock(KEY):
        assert (None, True) == (cache.get(KEY), cache.put(KEY, new_token()))
    assert [("etna_magic", KEY.digest)] == list(backend.kept)
    files = [f"{KEY.digest}.json", f"{KEY.digest}.lock"]
    assert files == sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert [] == secrets_below(tmp_path, "TOKEN-SECRET-1", APP_KEY)
    found = TokenCache.of_this_user().get(KEY)
    assert found is not None
    assert ("TOKEN-SECRET-1", LOCATION, "") == (found.get_secret_value(), cache.location, cache.problem)
    assert APP_KEY not in str(backend.kept)


def test_delete_leaves_nothing(backend: MemoryKeyring, tmp_path):
    """Neither a token nor a lock nor an entry in the index; and to delete what is not there is no problem."""
    cache = TokenCache.of_this_user()
    with cache.lock(KEY):
        cache.put(KEY, new_token())
    cache.delete(KEY)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert ({}, [], "") == (backend.kept, files, cache.problem)


def test_discard(backend: MemoryKeyring):
    """The very token is deleted, and no other."""
    cache = TokenCache.of_this_user()
    cache.put(KEY, new_token())
    cache.discard(KEY, new_token("another"))
    assert 1 == len(backend.kept)
    cache.discard(KEY, new_token())
    assert {} == backend.kept


def test_what_is_broken_is_deleted(backend: MemoryKeyring):
    """A record that cannot be read is reported, and replaced."""
    backend.kept["etna_magic", KEY.digest] = "{"
    cache = TokenCache.of_this_user()
    assert (None, {}) == (cache.get(KEY), backend.kept)
    assert f"what was kept in {LOCATION} was deleted, since it cannot be read" == cache.problem
    assert cache.put(KEY, new_token())
    assert cache.get(KEY) is not None


@pytest.mark.parametrize(
    "error",
    [KeyringLocked("TOKEN-SECRET-1"), OSError(5, "x"), KeyError("TOKEN-SECRET-1")],
    ids=lambda error: type(error).__name__,
)
def test_a_keyring_that_raises(backend: MemoryKeyring, error):
    """Its error is reported by its kind alone, since its text and its frames hold what it was given."""
    backend.error = error
    cache = TokenCache.of_this_user()
    with cache.lock(KEY):
        assert (None, False) == (cache.get(KEY), cache.put(KEY, new_token()))
    assert f"{LOCATION}: {type(error).__name__}" == cache.problem
    cache.problem = ""
    cache.delete(KEY)
    assert f"{LOCATION}: {type(error).__name__}" == cache.problem


def test_a_keyring_that_lets_nothing_go(backend: MemoryKeyring, monkeypatch):
    """A token that stays in the keyring is reported."""
    cache = TokenCache.of_this_user()
    cache.put(KEY, new_token())

    def refuse(self, service, username):
        raise PasswordDeleteError

    monkeypatch.setattr(MemoryKeyring, "delete_password", refuse)
    cache.delete(KEY)
    assert f"{LOCATION}: PasswordDeleteError" == cache.problem


def test_an_interrupt_goes_on(backend: MemoryKeyring):
    """Ctrl-C in front of the keyring's dialog ends the cell, and no frame shows the token."""
    backend.error = KeyboardInterrupt()
    cache = TokenCache.of_this_user()
    with pytest.raises(KeyboardInterrupt) as caught:
        cache.put(KEY, new_token())
    shown, trace = [], caught.value.__traceback__
    while trace is not None:
        shown.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    assert [] == [text for text in shown if "TOKEN-SECRET" in text]


@pytest.mark.parametrize("backend_class", [fail.Keyring, null.Keyring])
def test_a_keyring_that_keeps_nothing(use, backend_class):
    """A backend that keeps nothing is none."""
    use(backend_class())
    assert usable_keyring() is None


@pytest.mark.parametrize(
    ("chained", "is_usable"),
    [([], False), ([fail.Keyring()], False), ([null.Keyring(), MemoryKeyring()], True)],
    ids=["none", "fail", "one that keeps"],
)
def test_a_chain(use, chained, is_usable):
    """A chain is of use if one of its backends keeps something."""

    class Chain(ChainerBackend):
        viable = False
        backends = chained
        priority = 10

    use(Chain())
    assert is_usable is (usable_keyring() is not None)


def test_a_backend_without_priority(use):
    """A backend that is not meant for this machine is none."""

    class Unfit(MemoryKeyring):
        priority = -1

    use(Unfit())
    assert usable_keyring() is None


def test_what_the_library_does_not_recommend(use):
    """Below priority 1 a backend may keep texts readable in a file."""

    class Weak(MemoryKeyring):
        priority = 0.9

    use(Weak())
    assert usable_keyring() is None


def test_a_chain_is_not_gone_along(use):
    """Of a chain only what is the system's is used: it would go on to the others where that fails."""

    class Weak(MemoryKeyring):
        priority = 0.5

    class Chain(ChainerBackend):
        viable = False
        backends = (Weak(), MemoryKeyring())
        priority = 10

    use(Chain())
    found = usable_keyring()
    assert (MemoryKeyring, 5) == (type(found), found and found.priority)


REMEMBER = """
from etna_magic.token_cache import LoginCache
from tests.token_cache.helpers import new_token
import keyring
print(type(keyring.get_keyring()).__name__)
print(LoginCache(on_change=print).put(new_token("TOKEN-SECRET-1")))
"""


@pytest.mark.parametrize("name", ["keyrings.alt.file.PlaintextKeyring", None])
def test_a_keyring_that_is_a_readable_file(tmp_path, name):
    """With keyrings.alt, chosen by name or by the library itself, our own private file is used and named."""
    pytest.importorskip("keyrings.alt.file")
    tokens = tmp_path / ".local/state/etna_magic/tokens"
    said = run(tmp_path, REMEMBER, PYTHON_KEYRING_BACKEND=name).splitlines()
    assert ["PlaintextKeyring", f"Remembered in {tokens}."] == said
    (kept,) = tokens.iterdir()
    assert (0o600, [str(kept)]) == (
        stat.S_IMODE(kept.stat().st_mode),
        secrets_below(tmp_path, "TOKEN-SECRET-1"),
    )
    encoded = base64.b64encode(b"TOKEN-SECRET-1").decode()
    assert [] == secrets_below(tmp_path, encoded)


def test_without_the_library(monkeypatch, tmp_path):
    """Where the library is not installed files are used."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert str(tmp_path / "etna_magic" / "tokens") == TokenCache.of_this_user().location


@pytest.mark.parametrize(
    "name",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.fail.Nothing",
        "no.such.backend",
        "nonsense",
    ],
)
def test_a_keyring_that_cannot_be_had(tmp_path, name):
    """A backend that is named and cannot be used gives way to the files."""
    said = run(tmp_path, SHOW, PYTHON_KEYRING_BACKEND=name)
    assert f"{tmp_path}/.local/state/etna_magic/tokens" == said


def test_a_keyring_whose_settings_are_broken(tmp_path):
    """A file of settings that the library cannot read gives way to the files as well."""
    for folder in (".config/python_keyring", ".local/share/python_keyring"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "keyringrc.cfg").write_text("[backend\nnonsense")
    said = run(tmp_path, SHOW, PYTHON_KEYRING_BACKEND=None)
    assert f"{tmp_path}/.local/state/etna_magic/tokens" == said
