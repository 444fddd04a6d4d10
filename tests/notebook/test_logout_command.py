"""What ``%etna_logout`` ends."""

import socket
from collections.abc import Iterator

import pytest

from etna_magic import NotLoggedInError
from etna_magic.logins import LoginRegistry
from etna_magic.notebook.commands import clear_outputs, log_out
from tests.helpers.server import Received, ScriptedServer, answer
from tests.notebook.tokens import token


class Form:
    """A form that waits for a user."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def call_off(self, sentence: str) -> None:
        """Close it."""
        self.sentences.append(sentence)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that ends tokens."""
    with ScriptedServer(answer(200)) as running:
        yield running


@pytest.fixture
def registry(server: ScriptedServer) -> LoginRegistry:
    """Return a registry of two logins with a namespace like IPython's."""
    made = LoginRegistry({"Out": {}})
    for name in ("etna", "paper"):
        made.put(name, token(text=f"dG9rZW4-{name}", base_url=server.base_url), None)
    return made


def ended(server: ScriptedServer) -> list[str]:
    """Return the logins whose tokens the server was asked to end."""
    heads = [(one.target, one.values("Authorization")) for one in server.received]
    return [value.removeprefix("Bearer dG9rZW4-") for target, (value,) in heads if target == "/api/logout"]


def names(registry: LoginRegistry) -> list[str]:
    """Return our variables in the namespace."""
    return sorted(name for name in registry.namespace if name.endswith(("_token", "_session")))


def test_nobody_is_logged_in(shown: list[str]) -> None:
    """One line that says so."""
    log_out(LoginRegistry({}), None)
    assert [True] == [line.startswith("Nobody is logged in.") for line in shown]


def test_a_name_that_is_not_there(registry: LoginRegistry) -> None:
    """The error names those that are."""
    with pytest.raises(NotLoggedInError, match=r"no login called live \(there is: etna, paper\)"):
        log_out(registry, "live")


def test_a_name_that_is_nearly_right(registry: LoginRegistry, server: ScriptedServer) -> None:
    """The nearest is named, and it stays logged in."""
    with pytest.raises(NotLoggedInError, match=r"Did you mean paper\?$"):
        log_out(registry, "papers")
    assert ([], 4) == (ended(server), len(names(registry)))


def test_a_log_out(registry: LoginRegistry, server: ScriptedServer, shown: list[str]) -> None:
    """The token is ended on the server and emptied, its variables are gone, and the others are untouched."""
    held = registry.get("etna").token
    log_out(registry, "etna")
    assert ["etna"] == ended(server)
    assert ["paper_session", "paper_token"] == names(registry)
    assert ["etna: demo is logged out, and etna_token is gone here and on the server."] == shown
    assert "was logged out" == held.ended
    with pytest.raises(NotLoggedInError):
        held.get_secret_value()


def test_a_log_out_of_all(registry: LoginRegistry, server: ScriptedServer, shown: list[str]) -> None:
    """A line for each."""
    log_out(registry, None)
    assert (["etna", "paper"], [], 2) == (ended(server), names(registry), len(shown))


def test_a_token_that_may_live_on(registry: LoginRegistry, server: ScriptedServer, shown: list[str]) -> None:
    """The line says why, and until when; here it is gone all the same."""
    server.play(answer(404))
    log_out(registry, "etna")
    assert "may live on at the server until" in shown[0]
    assert "because this server does not end tokens (status 404)." in shown[0]
    assert registry.get("etna") is None


def test_a_token_that_another_login_uses(server: ScriptedServer, shown: list[str]) -> None:
    """A server may hand out the same text twice: the other login goes on, and the line says so."""
    registry = LoginRegistry({})
    for name in ("etna", "paper"):
        registry.put(name, token(base_url=server.base_url), None)
    log_out(registry, "etna")
    assert (200, []) == (registry.get("paper").session.get("v1.0/x").status_code, ended(server))
    assert "may live on at the server until" in shown[0]
    assert shown[0].endswith("because another login uses the same one.")


def test_a_token_that_the_server_refused(registry: LoginRegistry, server: ScriptedServer) -> None:
    """There is nothing to end on the server."""
    registry.get("etna").token.refuse()
    log_out(registry, "etna")
    assert [] == server.received


def test_a_token_that_is_replaced_meanwhile(registry: LoginRegistry, server: ScriptedServer) -> None:
    """A refresh that ends while the server is asked leaves no live token either."""
    second = token(text="dG9rZW4-later", base_url=server.base_url)

    def replace_first(connection: socket.socket, _: Received) -> None:
        registry.put("etna", second, None)
        connection.sendall(answer(200))

    server.play(replace_first, answer(200))
    log_out(registry, "etna")
    assert (["etna", "later"], "was logged out") == (ended(server), second.ended)


def test_a_log_out_while_a_form_waits(server: ScriptedServer, shown: list[str]) -> None:
    """The form is called off; there was nothing to end."""
    registry, form = LoginRegistry({}), Form()
    registry.wait_for_form("etna", form)
    log_out(registry, "etna")
    assert (["The login was called off."], ["etna: the login was called off."]) == (form.sentences, shown)
    assert ([], [], []) == (server.received, names(registry), list(registry))


def test_what_was_remembered_is_forgotten(
    registry: LoginRegistry, server: ScriptedServer, shown: list[str]
) -> None:
    """After the login is gone; where that fails, the line says why."""
    seen = []

    def forget() -> str:
        seen.append(registry.get("etna"))
        return "the keyring is locked"

    registry.get("etna").forget["demo"] = forget
    log_out(registry, "etna")
    assert [None] == seen
    assert shown[0].endswith("could not be deleted: the keyring is locked.")


def test_no_headers_are_left_in_the_outputs(registry: LoginRegistry) -> None:
    """Headers that were given out are emptied wherever they are, those of another login are not."""
    held, other = registry.get("etna").token, registry.get("paper").token.headers()
    headers, nested = held.headers(), {"headers": held.headers()}
    own = {"Authorization": "mine"}
    registry.namespace.update({"Out": {1: headers, 2: own, 3: nested, 4: other}, "_1": headers, "__": own})
    log_out(registry, "etna")
    assert ({}, {"headers": {}}, {"Authorization": "mine"}, 2) == (headers, nested, own, len(other))


def test_no_text_is_left_in_the_outputs(registry: LoginRegistry) -> None:
    """Outputs that have the token's text in them are forgotten, and others are kept."""
    held = registry.get("etna").token
    text = held.get_secret_value()
    outputs = {1: text, 2: dict(held.headers()), 3: [f"Bearer {text}"], 4: "mine", 5: {"a": ("b",)}}
    registry.namespace.update({"Out": outputs, "_1": text, "_4": "mine", "_": text, "__": "mine"})
    log_out(registry, "etna")
    assert {4: "mine", 5: {"a": ("b",)}} == outputs
    kept = {name: registry.namespace.get(name) for name in ("_1", "_4", "_", "__")}
    assert {"_1": None, "_4": "mine", "_": "", "__": "mine"} == kept


@pytest.mark.parametrize("namespace", [{}, {"Out": "mine", "_": None}])
def test_a_namespace_without_outputs(namespace) -> None:
    """Plain Python has none, and a user may have put something of his own there."""
    before = dict(namespace)
    clear_outputs(namespace, "dG9rZW4=")
    assert before == namespace
