"""``%etna_status`` and ``%etna_logout``."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from etna_magic import NotLoggedInError
from etna_magic.notebook import commands
from etna_magic.notebook.arguments import LogoutOptions, StatusOptions
from etna_magic.notebook.registry import LoginRegistry
from etna_magic.token import Token
from tests.notebook.tokens import MovedClock, token


class Server:
    """What ``POST /logout`` would do."""

    def __init__(self) -> None:
        self.ended: list[tuple[Token, float]] = []
        self.answer = ""
        self.during = lambda: None

    def __call__(self, ended: Token, timeout: float) -> str:
        """End a token."""
        self.ended.append((ended, timeout))
        during, self.during = self.during, lambda: None
        during()
        return self.answer


class Form:
    """A form that waits for a user."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def call_off(self, sentence: str) -> None:
        """Close it."""
        self.sentences.append(sentence)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Answer logouts without a network."""
    made = Server()
    monkeypatch.setattr(commands, "log_out_on_server", made)
    return made


@pytest.fixture
def registry() -> LoginRegistry:
    """Return a registry of two logins with a namespace like IPython's."""
    made = LoginRegistry({"Out": {}})
    for name in ("etna", "paper"):
        made.put(name, token(MovedClock()), None)
    return made


def names(registry: LoginRegistry) -> list[str]:
    """Return our variables in the namespace."""
    return sorted(name for name in registry.namespace if name.endswith(("_token", "_session")))


def test_a_status_of_all(registry: LoginRegistry, shown: list[str]) -> None:
    """One table with a row for each."""
    commands.show_status(registry, StatusOptions())
    (table,) = shown
    assert ["Name", "etna", "paper"] == [line.split()[0] for line in table.splitlines()]
    assert "https://api.example.com" in table


def test_a_status_of_one(registry: LoginRegistry, shown: list[str]) -> None:
    """Its row alone."""
    commands.show_status(registry, StatusOptions("paper"))
    assert ["Name", "paper"] == [line.split()[0] for line in shown[0].splitlines()]


def test_a_status_of_a_login_that_waits(shown: list[str]) -> None:
    """A form that waits is a row without a token."""
    registry = LoginRegistry({})
    registry.wait_for_form("etna", Form())
    commands.show_status(registry, StatusOptions(duration=timedelta(hours=6)))
    assert "waiting for the login" in shown[0]
    assert "no good token" in shown[1]


@pytest.mark.parametrize("act", [commands.show_status, commands.log_out])
def test_nobody_is_logged_in(shown: list[str], act) -> None:
    """One line that says so."""
    act(LoginRegistry({}), SimpleNamespace(name=None, duration=None))
    assert [True] == [line.startswith("Nobody is logged in.") for line in shown]


@pytest.mark.parametrize("act", [commands.show_status, commands.log_out])
def test_a_name_that_is_not_there(registry: LoginRegistry, act) -> None:
    """The error names those that are."""
    with pytest.raises(NotLoggedInError, match=r"no login called live \(there is: etna, paper\)"):
        act(registry, SimpleNamespace(name="live", duration=None))


@pytest.mark.parametrize(
    ("hours", "refresher", "said"),
    [
        (6, None, "lasts for"),
        (48, None, "will not last"),
        (48, SimpleNamespace(error=None, needs_person=False), "renewed by itself"),
        (48, SimpleNamespace(error=NotLoggedInError("x"), needs_person=False), "will not last"),
        (48, SimpleNamespace(error=None, needs_person=True), "will not last"),
    ],
)
def test_which_tokens_last(registry: LoginRegistry, shown: list[str], hours, refresher, said) -> None:
    """A line for each login."""
    registry.get("etna").session.holder.refresher = refresher
    commands.show_status(registry, StatusOptions("etna", timedelta(hours=hours)))
    assert said in shown[1]


def test_a_log_out(registry: LoginRegistry, server: Server, shown: list[str]) -> None:
    """The token is ended on the server and emptied, its variables are gone, and the others are untouched."""
    registry.settings.timeout = 7.0
    ended = registry.get("etna").token
    commands.log_out(registry, LogoutOptions())
    assert [(ended, 7.0)] == server.ended
    assert ["paper_session", "paper_token"] == names(registry)
    assert ["etna: demo is logged out, and etna_token is gone here and on the server."] == shown
    assert "was logged out" == ended.ended
    with pytest.raises(NotLoggedInError):
        ended.get_secret_value()


def test_a_log_out_of_all(registry: LoginRegistry, server: Server, shown: list[str]) -> None:
    """A line for each."""
    commands.log_out(registry, LogoutOptions(None))
    assert (2, [], 2) == (len(server.ended), names(registry), len(shown))


def test_a_token_that_may_live_on(registry: LoginRegistry, server: Server, shown: list[str]) -> None:
    """The line says why, and until when; here it is gone all the same."""
    server.answer = "the server did not answer"
    commands.log_out(registry, LogoutOptions())
    assert "may live on at the server until" in shown[0]
    assert "because the server did not answer." in shown[0]
    assert registry.get("etna") is None


def test_a_token_that_the_server_refused(registry: LoginRegistry, server: Server) -> None:
    """There is nothing to end on the server."""
    registry.get("etna").token.refuse()
    commands.log_out(registry, LogoutOptions())
    assert [] == server.ended


def test_a_token_that_is_replaced_meanwhile(registry: LoginRegistry, server: Server) -> None:
    """A refresh that ends while the server is asked leaves no live token either."""
    first, second = registry.get("etna").token, token()
    server.during = lambda: registry.put("etna", second, None)
    commands.log_out(registry, LogoutOptions())
    assert [first, second] == [ended for ended, _ in server.ended]
    assert "was logged out" == second.ended


def test_a_log_out_while_a_form_waits(server: Server, shown: list[str]) -> None:
    """The form is called off; there was nothing to end."""
    registry, form = LoginRegistry({}), Form()
    registry.wait_for_form("etna", form)
    commands.log_out(registry, LogoutOptions())
    assert (["The login was called off."], ["etna: the login was called off."]) == (form.sentences, shown)
    assert ([], [], []) == (server.ended, names(registry), list(registry))


def test_what_was_remembered_is_forgotten(registry: LoginRegistry, server: Server, shown: list[str]) -> None:
    """After the login is gone; where that fails, the line says why."""
    seen = []

    def forget() -> str:
        seen.append(registry.get("etna"))
        return "the keyring is locked"

    registry.get("etna").forget["demo"] = forget
    commands.log_out(registry, LogoutOptions())
    assert [None] == seen
    assert shown[0].endswith("could not be deleted: the keyring is locked.")


def test_no_headers_are_left_in_the_outputs(registry: LoginRegistry, server: Server) -> None:
    """What cells have returned is emptied itself, and so under every name that IPython gives it."""
    held = registry.get("etna").token
    headers, last = held.headers(), held.headers()
    own = {"Authorization": "mine"}
    registry.namespace.update({"Out": {1: headers, 2: own}, "_1": headers, "_": last, "__": own})
    commands.log_out(registry, LogoutOptions())
    assert ({}, {}, {}, {"Authorization": "mine"}) == (headers, registry.namespace["_1"], last, own)


@pytest.mark.parametrize("namespace", [{}, {"Out": "mine", "_": None}])
def test_a_namespace_without_outputs(namespace) -> None:
    """Plain Python has none, and a user may have put something of his own there."""
    commands.clear_outputs(namespace)
