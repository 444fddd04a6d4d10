"""What cannot be right is refused at the prompt where it was typed, before anything else is asked for."""

import pytest

from etna_magic.sandbox import Sandbox
from tests.terminal.terminal import Terminal

QUESTIONS = ("Base URL: ", "App key: ", "Username: ", "Password: ")


def asked(shown: str) -> list[str]:
    """Return the questions that were put."""
    return [question for question in QUESTIONS if question in shown]


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("http://api.example.com", "InsecureURLError"),
        ("http://192.0.2.1/api", "InsecureURLError"),
        ("api.example.com", "InsecureURLError"),
        ("https://", "InsecureURLError"),
        (" ", "InvalidCredentialsError"),
        ("", "InvalidCredentialsError"),
    ],
)
def test_a_base_url(terminal: Terminal, typed, kind):
    """A wrong base URL ends the log-in with one line, and neither app key nor password is asked for."""
    terminal.type("%etna_login")
    terminal.wait_for("Base URL: ")
    terminal.type(typed)
    shown = terminal.raw_rest()
    errors = [line for line in shown.splitlines() if "Error: " in line]
    assert ([], [kind]) == (asked(shown), [line.partition(":")[0] for line in errors]), shown
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")


def test_a_base_url_that_is_good(terminal: Terminal, sandbox: Sandbox):
    """A good one, with the /token that people paste, leads to the other questions and to a log-in."""
    terminal.type("%etna_login")
    answers = (f"{sandbox.base_url}/token/", sandbox.app_key, "demo", sandbox.password_of("demo"))
    for question, answer in zip(QUESTIONS, answers, strict=True):
        assert [] == asked(terminal.wait_for(question))
        terminal.type(answer)
    assert terminal.rest()[-1].startswith(f"Logged in as demo at {sandbox.base_url} (LIVE) until ")


@pytest.mark.parametrize("number", [1, 2], ids=["app key", "user name"])
def test_another_answer(terminal: Terminal, sandbox: Sandbox, number):
    """An app key or a user name that no header can carry is refused before the password is asked for."""
    answers = (sandbox.base_url, sandbox.app_key, "demo")
    terminal.type("%etna_login")
    for question, answer in zip(QUESTIONS[:number], answers, strict=False):
        terminal.wait_for(question)
        terminal.type(answer)
    terminal.wait_for(QUESTIONS[number])
    terminal.type("10 €uro")
    shown = terminal.raw_rest()
    assert ([], 1) == (asked(shown), shown.count("InvalidCredentialsError: ")), shown
    assert 0 == sandbox.token_requests
