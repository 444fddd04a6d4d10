"""Where settings come from: options, the named file, the environment, a `.env` upwards; the first wins."""

import logging
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from etna_magic import InsecureURLError, InvalidCredentialsError, MissingCredentialsError, Secret
from etna_magic.settings import LABELS, VARIABLES, LoginOptions, Setting, Settings, resolve
from tests.helpers import accounts
from tests.helpers.header_values import BAD, MARK
from tests.helpers.leaks import caught, chain, leaks

SOURCES = ["option", "file", "environment", ".env"]
BASE_URL = "https://api.example.com"
DAY = timedelta(hours=24)
KNOWN = {name: Secret("x") for name in ("app_key", "username", "password")} | {"base_url": Secret(BASE_URL)}


def known(**options: Secret) -> Settings:
    """Return settings of which nothing is missing."""
    return Settings.read(KNOWN | options)


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("first", range(4), ids=SOURCES)
def test_the_first_source_wins(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, first: int) -> None:
    """The first source that has a setting counts, and knows what was not used because of it."""
    is_url = name == "base_url"
    values = {source: f"https://{n}.example.com" if is_url else f"{n}h" for n, source in enumerate(SOURCES)}
    has, variable, named = SOURCES[first:], VARIABLES[name], folder / "named.env"
    options = {name: Secret(values["option"])} if "option" in has else {}
    named.write_text(f"{variable}={values['file']}\n" if "file" in has else "OTHER=1\n")
    if "environment" in has:
        monkeypatch.setenv(variable, values["environment"])
    (folder / ".env").write_text(f"{variable}={values['.env']}\n")
    setting = Settings.read(options, named).known[name]
    sources = [
        f"--{name.replace('_', '-')}",
        f"{variable} in named.env line 1",
        f"{variable} from the environment",
        f"{variable} in .env line 1",
    ]
    assert (values[SOURCES[first]], sources[first]) == (setting.value.get_secret_value(), setting.source)
    places = ("of the option", "in named.env line 1", "from the environment", "in .env line 1")
    assert places[first + 1 :] == setting.unused


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_an_env_file_further_up(folder: Path, levels: int) -> None:
    """A `.env` is looked for from the working directory upwards, and the nearest counts."""
    holder = [folder, *folder.parents][levels]
    (holder / ".env").write_text("ETNA_USERNAME=near\n")
    if levels < 2:
        (holder.parent / ".env").write_text("ETNA_USERNAME=far\n")
    settings = Settings.read({})
    assert ("near", holder / ".env") == (settings.text("username"), settings.dotenv)


def test_a_folder_called_env(folder: Path) -> None:
    """It is no `.env`, and the search goes on above it."""
    (folder / ".env").mkdir()
    (folder.parent / ".env").write_text("ETNA_USERNAME=above\n")
    assert folder.parent / ".env" == Settings.read({}).dotenv


def test_no_env_file_at_all() -> None:
    """Nothing is known then, and nothing is reported."""
    assert ({}, None) == (dict(Settings.read({}).known), Settings.read({}).dotenv)


def test_the_env_file_of_the_login_before(folder: Path, tmp_path: Path) -> None:
    """A renewal reads the same `.env` again, whatever the working directory is by then."""
    (folder / ".env").write_text("ETNA_USERNAME=here\n")
    (tmp_path / "first.env").write_text("ETNA_USERNAME=first\n")
    settings = Settings.read({}, None, tmp_path / "first.env")
    assert ("first", tmp_path / "first.env") == (settings.text("username"), settings.dotenv)


def test_a_working_directory_that_was_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no `.env` then, and no error."""
    monkeypatch.setenv("ETNA_USERNAME", "alice")
    shutil.rmtree(folder)
    assert ("alice", None) == (Settings.read({}).text("username"), Settings.read({}).dotenv)


def test_each_setting_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings from several sources make one login."""
    monkeypatch.setenv("ETNA_PASSWORD", "from-environment")
    (folder / ".env").write_text("ETNA_APP_KEY=from-file\nETNA_PIN_CODE=42\nETNA_TOKEN_LIFETIME=90m\n")
    user = Settings.read(
        {"base_url": Secret(f"{BASE_URL}/token/"), "username": Secret("alice")}
    ).credentials()
    assert (BASE_URL, "alice", "from-file", "from-environment", "42", timedelta(minutes=90)) == (
        user.base_url,
        user.username,
        user.app_key.get_secret_value(),
        user.password.get_secret_value(),
        user.pin.get_secret_value(),
        user.lifetime,
    )


def test_only_the_names_that_are_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever needs a PIN is not led to a server that the environment names."""
    monkeypatch.setenv("ETNA_BASE_URL", BASE_URL)
    (folder / ".env").write_text("ETNA_PASSWORD=x\nETNA_PIN_CODE=42\n")
    assert ["pin"] == list(Settings.read({}, names=("pin", "lifetime")).known)


def test_nothing_is_written_to_the_environment(folder: Path) -> None:
    """Reading a file changes no variable of the process."""
    (folder / ".env").write_text("ETNA_USERNAME=alice\nOTHER=1\n")
    (folder / "named.env").write_text("ETNA_PASSWORD=x\n")
    before = dict(os.environ)
    Settings.read({}, folder / "named.env")
    assert before == dict(os.environ)


@pytest.mark.parametrize("source", ["environment", "file"])
def test_an_empty_variable(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """A variable set to nothing wins over what comes after it, and is reported as empty."""
    if source == "environment":
        monkeypatch.setenv("ETNA_PASSWORD", "")
    (folder / "named.env").write_text("ETNA_PASSWORD=\n" if source == "file" else "")
    (folder / ".env").write_text("ETNA_PASSWORD=x\nETNA_USERNAME=alice\n")
    settings = Settings.read({}, folder / "named.env")
    error = caught(settings.credentials)
    assert (("base_url", "app_key", "password"), ["password"]) == (settings.missing, list(settings.empty))
    place = "from the environment" if source == "environment" else "in named.env line 1"
    expected = f" ETNA_PASSWORD {place} is empty and hides the one in .env line 1."
    assert (MissingCredentialsError, True) == (type(error), str(error).endswith(expected))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], "ETNA_BASE_URL, ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not set: set them "),
        (["base_url", "app_key", "username"], "ETNA_PASSWORD is not set: set it "),
        (["base_url", "app_key"], "ETNA_USERNAME and ETNA_PASSWORD are not set: set them "),
    ],
    ids=["all", "one", "two"],
)
def test_missing_variables_are_named(given: list[str], expected: str) -> None:
    """What is missing is named by its variables, in one sentence."""
    error = str(caught(Settings.read({name: KNOWN[name] for name in given}).credentials))
    assert (True, 1) == (error.startswith(expected), len(error.splitlines()))


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "latin-1": lambda path: path.write_bytes(b"ETNA_PASSWORD=FILE-SECRET-\xe4\n"),
    "UTF-16": lambda path: path.write_text("ETNA_PASSWORD=FILE-SECRET\n", encoding="utf-16"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to(path / "nothing"),
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read(folder: Path, make: Callable[[Path], object]) -> None:
    """A file that cannot be read is named, with why, and nothing of it is shown."""
    path = folder / "named.env"
    make(path)
    error = caught(lambda: Settings.read({}, path))
    assert (MissingCredentialsError, True, 1) == (type(error), "named.env" in str(error), len(chain(error)))
    assert [] == leaks(error, ["FILE-SECRET"])


@pytest.mark.parametrize(
    "name", ["~nosuchuser/.env", "x" * 5000, "a\0b"], ids=["unknown home", "long", "NUL"]
)
def test_a_name_that_cannot_be_a_file(name: str) -> None:
    """A path that no file can have is an error of ours too."""
    assert MissingCredentialsError is type(caught(lambda: Settings.read({}, Path(name))))


def test_a_broken_env_file(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It stops no login that needs nothing of it, and is logged; any other it does."""
    (folder / ".env").write_bytes(b"ETNA_PASSWORD=FILE-SECRET-\xff\xfe")
    with caplog.at_level(logging.WARNING, "etna_magic"):
        assert () == known().missing
    line = ".env is not in UTF-8: save it as UTF-8. It was ignored."
    assert [line] == [record.getMessage() for record in caplog.records]
    error = caught(lambda: Settings.read({}))
    assert (MissingCredentialsError, True, []) == (
        type(error),
        "UTF-8" in str(error),
        leaks(error, ["FILE-SECRET"]),
    )


def test_the_home_folder_is_expanded() -> None:
    """A path may begin with ~; a byte order mark and quotes are no part of a value."""
    (Path.home() / "mine.env").write_text("\ufeffETNA_USERNAME='alice b'\n", encoding="utf-8")
    assert "alice b" == Settings.read({}, Path("~/mine.env")).text("username")


def test_a_value_in_a_file_is_taken_literally(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password may hold what looks like a variable; a name without a value sets nothing."""
    monkeypatch.setenv("USER", "somebody")
    (folder / ".env").write_text("ETNA_PASSWORD='demo-${USER}-17'\nETNA_USERNAME\n")
    settings = Settings.read({})
    assert "demo-${USER}-17" == settings.known["password"].value.get_secret_value()
    assert ["password"] == list(settings.known)


@pytest.mark.parametrize("text", ["soon", "0", "-1h", "400d", "24 hours", "nan", "1e3"])
def test_a_lifetime_that_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lifetime that cannot be read is reported with its variable."""
    monkeypatch.setenv("ETNA_TOKEN_LIFETIME", text)
    error = caught(known().credentials)
    assert (InvalidCredentialsError, 1) == (type(error), len(chain(error)))
    assert str(error).startswith(f"ETNA_TOKEN_LIFETIME from the environment: {text!r} is no ")


def test_the_lifetime_where_none_is_set() -> None:
    """What comes after all settings counts then, and a day where nothing is given."""
    hour = timedelta(hours=1)
    settings = known()
    assert (hour, hour, DAY) == (
        settings.lifetime(hour),
        settings.credentials(hour).lifetime,
        settings.credentials().lifetime,
    )
    assert timedelta(hours=2) == known(lifetime=Secret("2h")).credentials(hour).lifetime


@pytest.mark.parametrize(
    ("value", "fault"),
    # No environment can hold a NUL.
    [pytest.param(*case, id=name) for name, case in BAD.items() if name not in ("NUL", "empty")],
)
@pytest.mark.parametrize("name", ["app_key", "username", "password", "pin"])
def test_a_bad_value(name: str, value: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that cannot be a header is refused by its source, and never shown."""
    monkeypatch.setenv(VARIABLES[name], value)
    error = caught(lambda: Settings.read({}))
    source = f"{VARIABLES[name]} from the environment "
    assert (InvalidCredentialsError, True) == (type(error), str(error).startswith(source))
    assert (True, []) == (fault in str(error), leaks(error, [MARK]))


def test_an_insecure_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL is checked as it is read, before a password is asked for."""
    monkeypatch.setenv("ETNA_BASE_URL", "http://api.example.com")
    assert InsecureURLError is type(caught(lambda: Settings.read({})))
    assert InsecureURLError is type(
        caught(lambda: Settings({}).filled({"base_url": Secret("http://x.example")}))
    )


def test_settings_show_no_value() -> None:
    """Settings and each setting show no value, not even one that is no secret."""
    found = {"password": Setting(Secret(accounts.PASSWORD), "typed")}
    assert [] == [secret for secret in accounts.SECRETS if secret in f"{Settings(found)!r} {found}"]


@pytest.mark.parametrize("name", ["app_key", "password", "pin"])
def test_settings_give_no_secret_as_text(name: str) -> None:
    """`text` gives what may be shown, and refuses the rest."""
    with pytest.raises(KeyError):
        Settings({name: Setting(Secret("x"), "typed")}).text(name)
    assert "" == Settings({}).text("username")


def test_what_was_typed_fills_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known stays, and each value has its source."""
    monkeypatch.setenv("ETNA_USERNAME", "alice")
    before = Settings.read({})
    after = before.filled({"username": Secret("bob"), "password": Secret("pw")})
    assert ("alice", "pw") == (after.text("username"), after.known["password"].value.get_secret_value())
    sources = {"username": "ETNA_USERNAME from the environment", "password": "the typed password"}
    assert (sources, ["username"]) == ({n: s.source for n, s in after.known.items()}, list(before.known))
    assert (("base_url", "app_key"), True) == (after.missing, after is after.filled({}))


@pytest.mark.parametrize("name", LABELS)
def test_what_was_typed_is_checked(name: str) -> None:
    """A typed value that cannot be a header is refused by its label."""
    error = caught(lambda: Settings({}).filled({name: Secret(f"{MARK}\n")}))
    label = LABELS[name] if name == "pin" else LABELS[name].lower().replace("url", "URL")
    assert f"The typed {label} holds a line break: copy it without." == str(error)
    assert [] == leaks(error, [MARK])


def test_options_are_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`resolve` takes what the line says first, then the rest."""
    (folder / "named.env").write_text("ETNA_APP_KEY=from-file\nETNA_USERNAME=bob\n")
    monkeypatch.setenv("ETNA_PASSWORD", "pw")
    options = LoginOptions(base_url=BASE_URL, username="alice", lifetime="90m", env_file=folder / "named.env")
    user = resolve(options, DAY).credentials(DAY)
    assert (BASE_URL, "alice", timedelta(minutes=90)) == (user.base_url, user.username, user.lifetime)
    assert ("from-file", "pw") == (user.app_key.get_secret_value(), user.password.get_secret_value())


def test_an_option_that_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as missing as a variable that is empty, and is not looked up elsewhere."""
    monkeypatch.setenv("ETNA_USERNAME", "bob")
    settings = resolve(LoginOptions(username=""), DAY)
    assert (["username"], True) == (list(settings.empty), "username" in settings.missing)


TYPED = {"app_key": Secret("key"), "password": Secret("pw")}


@pytest.mark.parametrize("typed_for", [BASE_URL, "https://other.example.com"])
@pytest.mark.parametrize("how", ["option", "typed"])
def test_what_was_typed_for_a_server(typed_for: str, how: str) -> None:
    """What was typed last time is used for the same server, however it is named, and sent to no other."""
    where = f"{BASE_URL}/token"
    options = (
        LoginOptions(base_url=where, typed=TYPED, typed_for=typed_for)
        if how == "option"
        else LoginOptions(typed=TYPED | {"base_url": Secret(where)}, typed_for=typed_for)
    )
    is_same = typed_for == BASE_URL
    found = resolve(options, DAY).known
    assert (is_same, is_same) == ("app_key" in found, "password" in found)


def test_what_was_typed_without_a_server() -> None:
    """While nobody says which server it is for, it is not used."""
    assert {} == dict(resolve(LoginOptions(typed=TYPED, typed_for=""), DAY).known)
