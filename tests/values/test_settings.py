"""Where settings come from: options, the named file, the environment, a `.env` upwards; first wins."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from etna_magic import InsecureURLError, InvalidCredentialsError, MissingCredentialsError, Secret
from etna_magic.settings import VARIABLES, Settings
from tests.helpers.leaks import caught, chain, leaks

PLACES = ["option", "file", "environment", ".env"]
URL = "https://{}.example.com"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, deep enough for a `.env` above it."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", ["username", "password", "app_key", "pin", "lifetime", "base_url"])
@pytest.mark.parametrize("first", range(4), ids=PLACES)
def test_order(here: Path, monkeypatch: pytest.MonkeyPatch, name: str, first: int) -> None:
    """The first place that has a setting wins, whatever stands behind it."""
    values = {place: URL.format(n) if name == "base_url" else f"{n}h" for n, place in enumerate(PLACES)}
    has = PLACES[first:]
    variable = VARIABLES[name]
    options = {name: Secret(values["option"])} if "option" in has else {}
    named = here / "named.env"
    named.write_text(f"{variable}={values['file']}\n" if "file" in has else "OTHER=1\n")
    if "environment" in has:
        monkeypatch.setenv(variable, values["environment"])
    (here / ".env").write_text(f"{variable}={values['.env']}\n")
    setting = Settings.read(options, named).known[name]
    source = [f"--{name.replace('_', '-')}", f"{variable} in {named}", f"{variable} in the environment"]
    assert values[PLACES[first]] == setting.value.get_secret_value()
    assert [*source, f"{variable} in {here / '.env'}"][first] == setting.source


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_env_file_upwards(here: Path, levels: int) -> None:
    """A `.env` is looked for from the working directory upwards, and the nearest counts."""
    folder = [here, *here.parents][levels]
    (folder / ".env").write_text("ETNA_USERNAME=near\n")
    if levels < 2:
        (folder.parent / ".env").write_text("ETNA_USERNAME=far\n")
    assert "near" == Settings.read({}).text("username")


def test_each_setting_by_itself(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings from several places make one log-in."""
    monkeypatch.setenv("ETNA_PASSWORD", "from-environment")
    (here / ".env").write_text("ETNA_APP_KEY=from-file\nETNA_PIN_CODE=42\nETNA_TOKEN_LIFETIME=90m\n")
    options = {"base_url": Secret("https://api.example.com"), "username": Secret("alice")}
    who = Settings.read(options).credentials()
    assert ("from-file", "from-environment", "42") == (
        who.app_key.get_secret_value(), who.password.get_secret_value(), who.pin.get_secret_value(),
    )  # fmt: skip
    assert timedelta(minutes=90) == who.lifetime


def test_nothing_is_written_to_the_environment(here: Path) -> None:
    """Reading a file changes no variable of the process."""
    (here / ".env").write_text("ETNA_USERNAME=alice\nOTHER=1\n")
    (here / "named.env").write_text("ETNA_PASSWORD=x\n")
    before = dict(os.environ)
    Settings.read({}, here / "named.env")
    assert before == dict(os.environ)


@pytest.mark.parametrize("place", ["environment", "file"])
def test_empty_variable(here: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """A variable set to nothing wins over what stands behind it, and is told as empty."""
    if place == "environment":
        monkeypatch.setenv("ETNA_PASSWORD", "")
    (here / "named.env").write_text("ETNA_PASSWORD=\n" if place == "file" else "")
    (here / ".env").write_text("ETNA_PASSWORD=x\nETNA_USERNAME=alice\n")
    settings = Settings.read({}, here / "named.env")
    error = caught(settings.credentials)
    assert ("base_url", "app_key", "password") == settings.missing
    assert (MissingCredentialsError, True) == (type(error), "ETNA_PASSWORD (it is empty)" in str(error))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(
            [], "ETNA_BASE_URL, ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not set: ", id="all"
        ),
        pytest.param(["base_url", "app_key", "username"], "ETNA_PASSWORD is not set: set it ", id="one"),
        pytest.param(["base_url", "app_key"], "ETNA_USERNAME and ETNA_PASSWORD are not set: ", id="two"),
    ],
)
def test_missing_variables_are_named(here: Path, known: list[str], expected: str) -> None:
    """What is missing is named by its variables, in one sentence."""
    given = {name: Secret("https://api.example.com") for name in known}
    assert str(caught(Settings.read(given).credentials)).startswith(expected)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "latin-1": lambda path: path.write_bytes(b"ETNA_PASSWORD=FILE-SECRET-\xe4\n"),
    "UTF-16": lambda path: path.write_text("ETNA_PASSWORD=FILE-SECRET\n", encoding="utf-16"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to(path / "nothing"),
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE)
def test_file_that_cannot_be_read(here: Path, make: Callable[[Path], object]) -> None:
    """A file that cannot be read is named, with why, and nothing of it is told."""
    path = here / "named.env"
    make(path)
    error = caught(lambda: Settings.read({}, path))
    assert (MissingCredentialsError, True, 1) == (type(error), "named.env" in str(error), len(chain(error)))
    assert [] == leaks(error, ["FILE-SECRET"])


@pytest.mark.parametrize(
    "name", ["~nosuchuser/.env", "x" * 5000, "a\0b"], ids=["unknown home", "long", "NUL"]
)
def test_name_that_cannot_be_a_file(here: Path, name: str) -> None:
    """A path that no file can have is an error of ours too."""
    assert MissingCredentialsError is type(caught(lambda: Settings.read({}, Path(name))))


def test_home_is_expanded(here: Path) -> None:
    """A path may begin with ~."""
    (Path.home() / "mine.env").write_text("\ufeffETNA_USERNAME='alice b'\n", encoding="utf-8")
    assert "alice b" == Settings.read({}, Path("~/mine.env")).text("username")


@pytest.mark.parametrize("text", ["soon", "0", "-1h", "400d", "24 hours", "nan", "1e3"])
def test_lifetime_that_is_none(here: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lifetime that cannot be read is told with its variable."""
    for name in ("APP_KEY", "USERNAME", "PASSWORD"):
        monkeypatch.setenv(f"ETNA_{name}", "x")
    monkeypatch.setenv("ETNA_BASE_URL", "https://api.example.com")
    monkeypatch.setenv("ETNA_TOKEN_LIFETIME", text)
    error = caught(Settings.read({}).credentials)
    assert (InvalidCredentialsError, 1) == (type(error), len(chain(error)))
    assert str(error).startswith("ETNA_TOKEN_LIFETIME in the environment: ")


def test_insecure_base_url_is_refused_at_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL is checked as it is read, before a password is asked for."""
    monkeypatch.setenv("ETNA_BASE_URL", "http://api.example.com")
    assert InsecureURLError is type(caught(lambda: Settings.read({})))
