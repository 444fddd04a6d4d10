"""Each value that is refused, unusable or missing is named by where it came from, and by what it hid."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from etna_magic import EtnaError, Secret
from etna_magic.login_flow import LoginAttempt
from etna_magic.settings import LoginOptions, Settings, check_typed, resolve
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer

DAY = timedelta(hours=24)
PLACES = {
    "BASE_URL": "ETNA_BASE_URL in .env line 1",
    "APP_KEY": "ETNA_APP_KEY in .env line 2",
    "USERNAME": "ETNA_USERNAME in .env line 3",
    "PASSWORD": "ETNA_PASSWORD in .env line 4",
    "PIN": "ETNA_PIN_CODE in .env line 5",
}
REFUSED = accounts.body(State="Failed", Step="BaseAuthentication", Reason="Invalid credentials")
SAID = "The server refused this username and password (“Invalid credentials”)"


@pytest.fixture
def server() -> ScriptedServer:
    """Run a server."""
    with ScriptedServer(b"") as running:
        yield running


@pytest.fixture
def log_in(folder: Path, server: ScriptedServer) -> Callable[..., EtnaError]:
    """Return what logs in by a `.env` at a server that gives an answer, and returns the error."""

    def run(status: int, body: bytes, *, password: str = "wrong", **typed: str) -> EtnaError:
        known = {"BASE_URL": server.base_url, "APP_KEY": "a2V5", "USERNAME": "alice", "PASSWORD": password}
        lines = [f"ETNA_{name}={value}" for name, value in (known | {"PIN_CODE": "1"}).items()]
        (folder / ".env").write_text("\n".join(lines))
        server.play(answer(status, body))
        attempt = LoginAttempt(resolve(LoginOptions(), DAY), lifetime=DAY)
        return caught(lambda: attempt.start({name: Secret(value) for name, value in typed.items()}))

    return run


def test_a_stale_password_in_the_environment(log_in, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that the server refused is named with its source, and the one in the file that it hid."""
    monkeypatch.setenv("ETNA_PASSWORD", "stale")
    assert (
        f"{SAID}. Check {PLACES['USERNAME']} and ETNA_PASSWORD from the environment; "
        "the one in .env line 4 was not used."
    ) == str(log_in(401, REFUSED))


def test_two_values_that_hide_others(log_in, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are named, and both places that were not used."""
    monkeypatch.setenv("ETNA_PASSWORD", "stale")
    monkeypatch.setenv("ETNA_USERNAME", "bob")
    assert str(log_in(401, REFUSED)).endswith(
        ". Check ETNA_USERNAME from the environment and ETNA_PASSWORD from the environment; "
        "those in .env line 3 and in .env line 4 were not used."
    )


def test_a_value_that_is_the_same_hides_nothing(log_in, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two equal values was used makes no difference."""
    monkeypatch.setenv("ETNA_PASSWORD", "wrong")
    assert str(log_in(401, REFUSED)).endswith("ETNA_PASSWORD from the environment.")


@pytest.mark.parametrize(
    ("password", "seen"),
    [
        ("Pa55 #FILE-SECRET", "“ #”"),
        ('"Pa55\\FILE-SECRET"', "a backslash"),
        ("Pa55'FILE-SECRET", "an odd quote"),
    ],
)
def test_a_password_that_may_be_misread(log_in, password: str, seen: str) -> None:
    """Its line is said to have what is easily misread; its value is not shown."""
    error = log_in(401, REFUSED, password=password)
    assert str(error).startswith(f"{SAID}; the password's line has {seen}, so check how it is quoted. Check ")
    assert [] == leaks(error, ["FILE-SECRET", "Pa55"])


@pytest.mark.parametrize(
    ("status", "body", "named"),
    [
        (
            401,
            accounts.body(error="Application key is not defined or does not exist"),
            ("APP_KEY", "BASE_URL"),
        ),
        (404, b"", ("BASE_URL",)),
        (302, b"", ("BASE_URL",)),
        (200, b"<html>", ("BASE_URL",)),
        (401, accounts.body(State="Failed", Step="SecutityPin", Reason="Invalid pin"), ("PIN",)),
    ],
    ids=["app key", "no /token", "redirect", "web page", "PIN"],
)
def test_what_else_a_server_refuses(log_in, status: int, body: bytes, named: tuple[str, ...]) -> None:
    """App key, base URL and PIN are named by their lines."""
    assert " and ".join(PLACES[name] for name in named) in str(log_in(status, body))


def test_a_server_that_does_not_answer(folder: Path) -> None:
    """The base URL is named by its line."""
    known = {"BASE_URL": "http://127.0.0.1:9", "APP_KEY": "key", "USERNAME": "alice", "PASSWORD": "x"}
    (folder / ".env").write_text("\n".join(f"ETNA_{name}={value}" for name, value in known.items()))
    error = caught(lambda: LoginAttempt(resolve(LoginOptions(), DAY), lifetime=DAY).start({}))
    assert str(error).endswith(f" Check the network and {PLACES['BASE_URL']}.")


@pytest.mark.parametrize("typed", ["username", "password"])
def test_one_that_was_typed(folder: Path, server: ScriptedServer, typed: str) -> None:
    """Whoever typed one of them is asked to look at that one first, and it alone is said to be refused."""
    known = {"BASE_URL": server.base_url, "APP_KEY": "a2V5", "USERNAME": "alice", "PASSWORD": "wrong"}
    del known[typed.upper()]
    (folder / ".env").write_text("\n".join(f"ETNA_{name}={value}" for name, value in known.items()))
    server.play(answer(401, REFUSED))
    attempt = LoginAttempt(resolve(LoginOptions(), DAY), lifetime=DAY)
    error = caught(lambda: attempt.start({typed: Secret("alice")}))
    other = "ETNA_USERNAME" if typed == "password" else "ETNA_PASSWORD"
    assert (
        f"The server refused the {typed} (“Invalid credentials”). "
        f"Check the typed {typed} and {other} in .env line 3."
    ) == str(error)


def test_one_that_was_typed_before(server: ScriptedServer) -> None:
    """What an earlier login's form was given is not what was typed now."""
    before = {name: Secret(name) for name in ("app_key", "username")} | {"base_url": Secret(server.base_url)}
    settings = resolve(LoginOptions(typed=before, typed_for=server.base_url), DAY)
    assert "that was typed before" == settings.known["username"].place
    server.play(answer(401, REFUSED))
    error = caught(lambda: LoginAttempt(settings, lifetime=DAY).start({"password": Secret("wrong")}))
    assert str(error).endswith(" Check the typed password and the username typed before.")


def test_what_was_typed_is_named_as_typed(log_in, server: ScriptedServer, folder: Path) -> None:
    """At a form or a prompt nobody is told of variables that do not exist."""
    (folder / ".env").unlink(missing_ok=True)
    server.play(answer(401, REFUSED))
    typed = {"base_url": server.base_url, "app_key": "key", "username": "alice", "password": "wrong"}
    attempt = LoginAttempt(resolve(LoginOptions(), DAY), lifetime=DAY)
    error = caught(lambda: attempt.start({name: Secret(value) for name, value in typed.items()}))
    assert f"{SAID}. Check the typed username and the typed password." == str(error)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("password", "a\n", "The typed password holds a line break: copy it without."),
        ("app_key", " a", "The typed app key begins or ends with a blank: copy it without."),
        ("username", "", "The typed username is empty."),
        (
            "base_url",
            "http://api.example.com",
            "The base URL http://api.example.com:80 is not encrypted: give it with https:// "
            "(http is for loopback only). It is the typed base URL.",
        ),
    ],
)
def test_what_was_typed_and_cannot_be_used(name: str, value: str, expected: str) -> None:
    """It is refused as it is typed, and said to be typed."""
    assert expected == str(caught(lambda: check_typed(name, Secret(value))))


def test_a_value_that_cannot_be_used_hides_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not used because of it is named as well."""
    (folder / ".env").write_text("ETNA_PASSWORD=right\nETNA_BASE_URL=https://api.example.com\n")
    monkeypatch.setenv("ETNA_PASSWORD", "blank ")
    assert (
        "ETNA_PASSWORD from the environment begins or ends with a blank: copy it without. "
        "The one in .env line 1 was not used."
    ) == str(caught(lambda: Settings.read({})))
    monkeypatch.setenv("ETNA_PASSWORD", "x")
    monkeypatch.setenv("ETNA_BASE_URL", "example")
    assert str(caught(lambda: Settings.read({}))).endswith(
        " It is ETNA_BASE_URL from the environment; the one in .env line 2 was not used."
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["ETNA_USER"], " Did you mean ETNA_USERNAME instead of ETNA_USER in .env line 1?"),
        (
            ["ETNA_URL", "ETNA_APPKEY"],
            " Did you mean ETNA_BASE_URL instead of ETNA_URL in .env line 1"
            " and ETNA_APP_KEY instead of ETNA_APPKEY in .env line 2?",
        ),
        (["ETNA_PASS"], " Did you mean ETNA_PASSWORD instead of ETNA_PASS in .env line 1?"),
        (["etna_password"], " Did you mean ETNA_PASSWORD instead of etna_password in .env line 1?"),
        (["ETNA_REGION", "OTHER"], "(env_file=)."),
    ],
)
def test_a_variable_with_another_name(folder: Path, names: list[str], expected: str) -> None:
    """One that is near to what is missing is asked about; others are not mentioned."""
    (folder / ".env").write_text("".join(f"{name}=FILE-SECRET\n" for name in names))
    error = caught(Settings.read({}).credentials)
    assert (True, []) == (str(error).endswith(expected), leaks(error, ["FILE-SECRET"]))


def test_a_variable_of_the_environment_with_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for there as well."""
    monkeypatch.setenv("ETNA_USER", "alice")
    assert str(caught(Settings.read({}).credentials)).endswith("instead of ETNA_USER from the environment?")


@pytest.mark.parametrize("reason", ["User is locked out", "Account locked", "Lockout"])
def test_a_user_who_is_locked_out(log_in, reason: str) -> None:
    """Nobody is sent to check a password, since each try keeps the lock."""
    assert f"The server has locked this user out (“{reason}”): wait, or ask the broker. " in str(
        log_in(401, accounts.body(State="Failed", Step="BaseAuthentication", Reason=reason))
    )


@pytest.mark.parametrize("reason", ["User is not active", "User is inactive", "Account disabled"])
def test_a_user_who_is_not_active(log_in, reason: str) -> None:
    """The broker can help, and another try cannot."""
    assert (
        f"The server does not let this user in (“{reason}”): ask the broker. Trying again changes nothing."
    ) == str(log_in(401, accounts.body(State="Failed", Reason=reason)))
