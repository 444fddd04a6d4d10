"""Ctrl-C and Ctrl-D at every prompt of a real IPython leave everything as it was, with one line."""

import pytest

from etna_magic.sandbox import Sandbox
from tests.ask.conftest import answer_all
from tests.helpers.terminal import Terminal

FIRST = ("App key: ", "Username: ", "Password: ")
CODE_PROMPT = "Code (sent by e-mail or SMS): "
CODE, PIN = "246810", "1357"
KEYS = ("c", "d")
GIVEN_UP = "NotLoggedInError: The login was given up; nothing has changed. Log in again to go on."


def give_up(terminal: Terminal, key: str) -> None:
    """Press Ctrl and a key at a prompt; the error is the one line, and does not follow the question."""
    terminal.press(key)
    shown = terminal.raw_rest()
    lines = [line.strip().removeprefix("^C") for line in shown.splitlines()]
    assert [GIVEN_UP] == [line for line in lines if line]
    assert f"\n{GIVEN_UP}" in shown


def go_to(terminal: Terminal, sandbox: Sandbox, question: str) -> None:
    """Begin a login and answer prompts until this one is reached."""
    answers = dict(zip(FIRST, (sandbox.app_key, "demo", sandbox.password_of("demo")), strict=True))
    terminal.type(f"%etna_login -b {sandbox.base_url}")
    for before in FIRST[: FIRST.index(question)]:
        terminal.wait_for(before)
        terminal.type(answers[before])
    terminal.wait_for(question)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("question", FIRST)
def test_at_the_first_prompts(terminal: Terminal, sandbox: Sandbox, question, key) -> None:
    """No variable, no request, and the next line works."""
    go_to(terminal, sandbox, question)
    give_up(terminal, key)
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")
    assert 0 == sandbox.token_requests
    assert "42" in terminal.ask("6 * 7")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("question", FIRST)
def test_an_earlier_login_goes_on(terminal: Terminal, sandbox: Sandbox, question, key) -> None:
    """Giving up a second login leaves the first one, its token and its session."""
    answer_all(terminal, sandbox)
    terminal.rest()
    terminal.run("_kept = (etna_token, etna_session)")
    go_to(terminal, sandbox, question)
    give_up(terminal, key)
    assert "True" == terminal.ask("_kept == (etna_token, etna_session) and etna_session.token is etna_token")
    assert "200" == terminal.ask("etna_session.get('v1.0/users/@me/info').status_code")


@pytest.mark.parametrize("key", KEYS)
def test_at_the_code(terminal: Terminal, sandbox: Sandbox, key) -> None:
    """At the code, also after a wrong one, nothing is left behind."""
    answer_all(terminal, sandbox, "twofactor-again")
    terminal.wait_for(CODE_PROMPT)
    terminal.type("000000")
    terminal.wait_for(CODE_PROMPT)
    give_up(terminal, key)
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")


@pytest.mark.parametrize("key", KEYS)
def test_at_the_pin(terminal: Terminal, sandbox: Sandbox, key) -> None:
    """At the PIN as well; and then the whole login works."""
    answer_all(terminal, sandbox, "pin-twofactor")
    terminal.wait_for("PIN: ")
    give_up(terminal, key)
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")
    answer_all(terminal, sandbox, "pin-twofactor")
    terminal.wait_for("PIN: ")
    terminal.type(PIN)
    terminal.wait_for(CODE_PROMPT)
    terminal.type(CODE)
    assert terminal.rest()[-1].startswith("Logged in as pin-twofactor")


def test_half_a_line_is_dropped(terminal: Terminal, sandbox: Sandbox) -> None:
    """What was typed before Ctrl-C is neither used nor shown."""
    go_to(terminal, sandbox, "Password: ")
    terminal.type_half("half-a-Password")
    give_up(terminal, "c")
    assert "half-a-Password" not in terminal.screen
