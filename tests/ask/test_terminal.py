"""Logging in at the prompts of a real IPython: secrets unseen, one step after the other, refused at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.ask.conftest import answer_all
from tests.helpers.clean_home import environment
from tests.helpers.terminal import Terminal

CODE, PIN = "246810", "1357"
CODE_PROMPT = "Code (sent by e-mail or SMS): "
QUESTIONS = ("Base URL: ", "App key: ", "Username: ", "Password: ")


def asked(shown: str) -> list[str]:
    """Return the questions that were asked."""
    return [question for question in QUESTIONS if question in shown]


def check_nothing_was_made(terminal: Terminal) -> None:
    """Check that the namespace has no variable of ours."""
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")


def test_a_login(terminal: Terminal, sandbox: Sandbox) -> None:
    """App key, user name and password are asked for in this order, and one line says what came of it."""
    answer_all(terminal, sandbox)
    lines = terminal.rest()
    assert 1 == len(lines)
    assert lines[0].startswith(f"Logged in as demo at {sandbox.base_url} (LIVE) until ")
    assert lines[0].endswith("): etna_token, etna_session.")
    assert "200" == terminal.ask("etna_session.get('v1.0/users/@me/info').status_code")
    assert 1 == sandbox.token_requests


def test_secrets_are_not_echoed(terminal: Terminal, sandbox: Sandbox) -> None:
    """The user name is seen as it is typed; app key, password and PIN are not, nor is the token."""
    answer_all(terminal, sandbox, "pin")
    terminal.wait_for("PIN: ")
    terminal.type(PIN)
    assert terminal.rest()[-1].startswith("Logged in as pin")
    terminal.run("etna_token")
    after = terminal.screen.rpartition("App key: ")[2]
    assert "Username: pin" in after
    assert "\nPIN: \r\n" in after
    secrets = (sandbox.app_key, sandbox.password_of("pin"))
    assert [] == [secret for secret in secrets if secret in terminal.screen]


def test_only_what_is_missing_is_asked(terminal: Terminal, sandbox: Sandbox) -> None:
    """With all but the password known, the password alone."""
    known = {"ETNA_BASE_URL": sandbox.base_url, "ETNA_APP_KEY": sandbox.app_key}
    terminal.run(f"os.environ.update({known!r})")
    terminal.type("%etna_login -u demo")
    assert "Username" not in terminal.wait_for("Password: ")
    terminal.type(sandbox.password_of("demo"))
    assert terminal.rest()[0].startswith("Logged in as demo")


def test_a_code_with_a_wrong_one_first(terminal: Terminal, sandbox: Sandbox) -> None:
    """The server's reason is shown, and a wrong code can be given again."""
    answer_all(terminal, sandbox, "twofactor-again")
    assert "Expecting confirmation code" in terminal.wait_for(CODE_PROMPT)
    terminal.type("000000")
    assert "Invalid" in terminal.wait_for(CODE_PROMPT)
    terminal.type(CODE)
    assert terminal.rest()[-1].startswith("Logged in as twofactor-again")
    assert 3 == sandbox.token_requests


def test_codes_that_stay_wrong(terminal: Terminal, sandbox: Sandbox) -> None:
    """After three wrong ones, one line ends the login."""
    answer_all(terminal, sandbox, "twofactor-again")
    for _ in range(3):
        terminal.wait_for(CODE_PROMPT)
        terminal.type("000000")
    assert ["000000", "VerificationError"] == [line.partition(":")[0] for line in terminal.rest()]
    check_nothing_was_made(terminal)


def test_pin_then_code(terminal: Terminal, sandbox: Sandbox) -> None:
    """Steps follow one another; a wrong PIN can be given again."""
    answer_all(terminal, sandbox, "pin-twofactor")
    for pin in ("9999", PIN):
        terminal.wait_for("PIN: ")
        terminal.type(pin)
    terminal.wait_for(CODE_PROMPT)
    terminal.type(CODE)
    assert terminal.rest()[-1].startswith("Logged in as pin-twofactor")
    assert 4 == sandbox.token_requests


def test_a_wrong_password(terminal: Terminal, sandbox: Sandbox) -> None:
    """The error is two lines, and nothing is in the namespace."""
    terminal.run(f"os.environ.update(ETNA_APP_KEY={sandbox.app_key!r})")
    terminal.type(f"%etna_login -b {sandbox.base_url} -u demo")
    terminal.wait_for("Password: ")
    terminal.type("wrong-Password-1")
    name, check = terminal.rest()
    assert ("InvalidCredentialsError", "Check the typed password and --username.") == (
        name.partition(":")[0], check,
    )  # fmt: skip
    check_nothing_was_made(terminal)


def test_too_many_logins(terminal: Terminal, sandbox: Sandbox) -> None:
    """A line says how long to wait; nothing is tried again by itself."""
    answer_all(terminal, sandbox, "throttled")
    line, _ = terminal.rest()
    assert line.startswith("RateLimitedError: ")
    assert "wait 5 s" in line
    assert 1 == sandbox.token_requests
    check_nothing_was_made(terminal)


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
def test_a_base_url_that_cannot_be_used(terminal: Terminal, typed, kind) -> None:
    """It ends the login with one line, and neither app key nor password is asked for."""
    terminal.type("%etna_login")
    terminal.wait_for("Base URL: ")
    terminal.type(typed)
    shown = terminal.raw_rest()
    errors = [line for line in shown.splitlines() if "Error: " in line]
    assert ([], [kind]) == (asked(shown), [line.partition(":")[0] for line in errors]), shown
    check_nothing_was_made(terminal)


def test_a_base_url_that_is_good(terminal: Terminal, sandbox: Sandbox) -> None:
    """A good one, with the /token that users paste, leads to the other questions and to a login."""
    terminal.type("%etna_login")
    answers = (f"{sandbox.base_url}/token/", sandbox.app_key, "demo", sandbox.password_of("demo"))
    for question, answer in zip(QUESTIONS, answers, strict=True):
        assert [] == asked(terminal.wait_for(question))
        terminal.type(answer)
    assert terminal.rest()[-1].startswith(f"Logged in as demo at {sandbox.base_url} (LIVE) until ")


@pytest.mark.parametrize("number", [1, 2], ids=["app key", "user name"])
def test_another_answer_that_cannot_be_used(terminal: Terminal, sandbox: Sandbox, number) -> None:
    """An app key or a user name that no header can have is refused before the password is asked for."""
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


@pytest.mark.parametrize(
    ("option", "line"),
    [
        (
            "--no-input",
            "MissingCredentialsError: ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not set",
        ),
        ("--form", "UsageError: --form needs a notebook"),
    ],
)
def test_an_option_that_asks_at_no_prompt(terminal: Terminal, sandbox: Sandbox, option, line) -> None:
    """`--no-input` names the variables, and `--form` needs a notebook: a line or two."""
    lines = terminal.run(f"%etna_login {option} -b {sandbox.base_url}")
    assert (True, True) == (len(lines) <= 2, lines[0].startswith(line)), lines


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE], ids=["null", "pipe"])
@pytest.mark.parametrize("option", ["", "--prompt"])
def test_without_a_terminal_it_fails_at_once(tmp_path: Path, sandbox: Sandbox, stdin, option) -> None:
    """Where standard input is no terminal nothing is asked, and no warning of getpass is shown."""
    code = f"%load_ext etna_magic\n%etna_login {option} -b {sandbox.base_url}"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", code],
        env=environment(tmp_path, TERM="dumb"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **({"stdin": stdin} if stdin == subprocess.DEVNULL else {"input": "typed" + os.linesep}),
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert 2 == len(lines), lines
    assert lines[0].startswith("MissingCredentialsError: ")
    assert 0 == sandbox.token_requests
