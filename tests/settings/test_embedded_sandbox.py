"""The sandbox inside this process: a source of settings, and the one that is known not to be live."""

import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from etna_magic import EtnaError, InvalidCredentialsError, Secret
from etna_magic.sandbox import IS_MISSING
from etna_magic.settings import LoginOptions, embedded_sandbox, environment_of, resolve, sandbox_url
from tests.helpers import accounts
from tests.helpers.leaks import caught

HOUR = timedelta(hours=1)
# All that would lead elsewhere.
ELSEWHERE = {
    "ETNA_BASE_URL": "http://127.0.0.1:9/api",
    "ETNA_APP_KEY": accounts.APP_KEY,
    "ETNA_USERNAME": "nobody",
    "ETNA_PASSWORD": accounts.PASSWORD,
}


@pytest.fixture(autouse=True)
def _not_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without an embedded sandbox, and stop the one that a test starts."""
    running: list = []
    monkeypatch.setattr(embedded_sandbox, "_running", running)
    yield
    for server in running:
        server.stop()


def sandbox_settings(**options: object) -> dict[str, str]:
    """Return what is known for a login to the sandbox."""
    settings = resolve(LoginOptions(sandbox=True, **options), HOUR)
    return {name: setting.value.get_secret_value() for name, setting in settings.known.items()}


@pytest.mark.parametrize("user", ["demo", "pin", "twofactor"])
def test_who_and_where_are_its_own(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither address, app key, user nor password of another server is used."""
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    given = {} if user == "demo" else {"username": user}
    server = embedded_sandbox.sandbox(HOUR)
    expected = {
        "base_url": server.base_url,
        "app_key": server.app_key,
        "username": user,
        "password": server.password_of(user),
    }
    assert expected == sandbox_settings(**given)


def test_each_setting_has_its_source() -> None:
    """A message names the sandbox."""
    settings = resolve(LoginOptions(sandbox=True), HOUR)
    assert ({"from the sandbox"}, "the sandbox's app key", ()) == (
        {setting.place for setting in settings.known.values()},
        settings.known["app_key"].source,
        settings.missing,
    )


def test_pin_and_lifetime_come_as_for_any_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no other server's; an option outranks the environment, and the server keeps to it."""
    monkeypatch.setenv("ETNA_PIN_CODE", "1357")
    monkeypatch.setenv("ETNA_TOKEN_LIFETIME", "90m")
    found = sandbox_settings()
    assert ("1357", "90m", 5_400.0) == (
        found["pin"],
        found["lifetime"],
        embedded_sandbox.sandbox(HOUR * 1.5).lifetime,
    )
    assert ("2h", 7_200.0) == (
        sandbox_settings(lifetime="2h")["lifetime"],
        embedded_sandbox._running[0].lifetime,
    )
    monkeypatch.delenv("ETNA_TOKEN_LIFETIME")
    sandbox_settings()
    assert HOUR.total_seconds() == embedded_sandbox._running[0].lifetime


def test_a_lifetime_that_is_none() -> None:
    """It is reported before anything is started."""
    error = caught(lambda: sandbox_settings(lifetime="soon"))
    assert (InvalidCredentialsError, None) == (type(error), sandbox_url())


@pytest.mark.parametrize("ask", ["form", "prompt"])
def test_who_wants_to_be_asked_is_asked(ask: str) -> None:
    """`--form` and `--prompt` show what they do, though nothing would be missing."""
    assert {"base_url", "app_key"} == set(sandbox_settings(ask=ask))
    assert {"base_url", "app_key", "username"} == set(sandbox_settings(ask=ask, username="pin"))


def test_what_was_typed_for_it_is_used_again() -> None:
    """A bare line logs in as the user who was typed."""
    server = embedded_sandbox.sandbox(HOUR)
    typed = {"username": Secret("pin")}
    found = sandbox_settings(typed=typed, typed_for=server.base_url)
    assert ("pin", server.password_of("pin")) == (found["username"], found["password"])


def test_it_is_started_once() -> None:
    """Every login of this process goes to the same one."""
    assert None is sandbox_url()
    urls = {sandbox_settings(username=user)["base_url"] for user in ("demo", "pin")}
    assert {sandbox_url()} == urls


def test_a_user_that_it_does_not_have() -> None:
    """The error names those that it has."""
    error = caught(lambda: sandbox_settings(username="nobody"))
    assert (EtnaError, True, True) == (type(error), "'nobody'" in str(error), "demo, " in str(error))
    assert 1 == len(str(error).splitlines())


@pytest.mark.parametrize("missing", ["etna_magic_sandbox", "etna_magic_sandbox.sandbox"])
def test_without_its_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra to install."""
    monkeypatch.delitem(sys.modules, "etna_magic.sandbox")
    monkeypatch.delitem(sys.modules, "etna_magic_sandbox")
    monkeypatch.setitem(sys.modules, missing, None)
    error = caught(sandbox_settings)
    assert (EtnaError, IS_MISSING) == (type(error), str(error))
    assert "run pip install 'etna-magic[sandbox]'" in IS_MISSING


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://pub-api-acme-demo-prod.etnasoft.us/api", "DEMO"),
        ("https://PUB-API-ACME-DEMO-PROD.etnasoft.us:443", "DEMO"),
        ("https://pub-api-acme-live-prod.etnasoft.us/api", "LIVE"),
        ("https://demo.etnasoft.us", "LIVE"),
        ("https://api.etnasoft.us/-demo-/", "LIVE"),
        ("https://pub-api-acme-demo-prod.etnasoft.us.example.com", "LIVE"),
        ("https://x-demo-etnasoft.us", "LIVE"),
        ("https://x-demo-y.example.com", "LIVE"),
        ("http://127.0.0.1:5000/api", "LIVE"),
        ("http://localhost", "LIVE"),
    ],
)
def test_the_environment(base_url: str, expected: str) -> None:
    """What is not known for a demo may be real money; a tunnel to it may end on loopback."""
    assert expected == environment_of(base_url)


def test_the_environment_of_the_sandbox() -> None:
    """The embedded one is known, and no other server on loopback is taken for it."""
    base_url = sandbox_settings()["base_url"]
    assert ("SANDBOX", "LIVE") == (environment_of(base_url), environment_of(f"{base_url}9"))
