"""Logging in at prompts: secrets unseen, one step after the other."""

import os
import subprocess
import sys

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.clean_home import environment
from tests.terminal.terminal import Terminal

CODE, PIN = "246810", "1357"


def answer_all(terminal: Terminal, sandbox: Sandbox, user: str = "demo", line: str = "%etna_login") -> None:
    """Log in with a line that knows the server, and answer the three first prompts."""
    terminal.type(f"{line} -b {sandbox.base_url}")
    answers = {"App key: ": sandbox.app_key, "Username: ": user, "Password: ": sandbox.password_of(user)}
    for question, answer in answers.items():
        terminal.wait_for(question)
        terminal.type(answer)


def test_a_log_in(terminal: Terminal, sandbox: Sandbox):
    """App key, user name and password are asked for in this order, and one line says what came of it."""
    answer_all(terminal, sandbox)
    said = terminal.rest()
    assert 1 == len(said)
    assert said[0].startswith(f"Logged in as demo at {sandbox.base_url} (LIVE) until ")
    assert "200" == terminal.ask("etna_session.get('v1.0/users/@me/info').status_code")
    assert 1 == sandbox.token_requests


def test_secrets_are_not_echoed(terminal: Terminal, sandbox: Sandbox):
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


def test_only_what_is_missing_is_asked(terminal: Terminal, sandbox: Sandbox):
    """With all but the password known, the password alone."""
    known = {"ETNA_BASE_URL": sandbox.base_url, "ETNA_APP_KEY": sandbox.app_key}
    terminal.run(f"os.environ.update({known!r})")
    terminal.type("%etna_login -u demo")
    assert "Username" not in terminal.wait_for("Password: ")
    terminal.type(sandbox.password_of("demo"))
    assert terminal.rest()[0].startswith("Logged in as demo")


def test_a_code_with_a_wrong_one_first(terminal: Terminal, sandbox: Sandbox):
    """The server's reason is shown, and a wrong code can be given again."""
    answer_all(terminal, sandbox, "twofactor-again")
    assert "Expecting confirmation code" in terminal.wait_for("Code (sent by e-mail or SMS): ")
    terminal.type("000000")
    assert "Invalid" in terminal.wait_for("Code (sent by e-mail or SMS): ")
    terminal.type(CODE)
    assert terminal.rest()[-1].startswith("Logged in as twofactor-again")
    assert 3 == sandbox.token_requests


def test_codes_that_stay_wrong(terminal: Terminal, sandbox: Sandbox):
    """After three wrong ones, one line ends the log-in."""
    answer_all(terminal, sandbox, "twofactor-again")
    for _ in range(3):
        terminal.wait_for("Code (sent by e-mail or SMS): ")
        terminal.type("000000")
    said = terminal.rest()
    assert ["000000", "VerificationError"] == [line.partition(":")[0] for line in said]
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")


def test_pin_then_code(terminal: Terminal, sandbox: Sandbox):
    """Steps follow one another; a wrong PIN can be given again."""
    answer_all(terminal, sandbox, "pin-twofactor")
    for pin in ("9999", PIN):
        terminal.wait_for("PIN: ")
        terminal.type(pin)
    terminal.wait_for("Code (sent by e-mail or SMS): ")
    terminal.type(CODE)
    assert terminal.rest()[-1].startswith("Logged in as pin-twofactor")
    assert 4 == sandbox.token_requests


def test_a_wrong_password_is_one_line(terminal: Terminal, sandbox: Sandbox):
    """The error is one line, and nothing stands in the namespace."""
    terminal.run(f"os.environ.update(ETNA_APP_KEY={sandbox.app_key!r})")
    terminal.type(f"%etna_login -b {sandbox.base_url} -u demo")
    terminal.wait_for("Password: ")
    terminal.type("wrong-Password-1")
    said = terminal.rest()
    assert ["InvalidCredentialsError"] == [line.partition(":")[0] for line in said]
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")


def test_too_many_log_ins(terminal: Terminal, sandbox: Sandbox):
    """One line says how long to wait; nothing is tried again behind the person's back."""
    answer_all(terminal, sandbox, "throttled")
    said = terminal.rest()
    assert ["RateLimitedError"] == [line.partition(":")[0] for line in said]
    assert "wait 5 s" in said[0]
    assert 1 == sandbox.token_requests
    assert "False" == terminal.ask("'etna_session' in dir() or 'etna_token' in dir()")


def test_the_stale_line_is_plain_text(terminal: Terminal, sandbox: Sandbox):
    """A terminal shows the warning before the cell's output, as text."""
    terminal.run("import time")
    answer_all(terminal, sandbox, line="%etna_login --lifetime 1")
    terminal.rest()
    terminal.run(
        "[time.sleep(.02) for _ in iter(lambda: etna_token.remaining.total_seconds() > 0, False)]; None"
    )
    said = terminal.run("6 * 7")
    assert said[0].startswith("etna: the token expired at ")
    assert said[0].endswith("To log in again: %etna_login")
    assert said[1].endswith("42")


def test_status_is_a_plain_table(terminal: Terminal, sandbox: Sandbox):
    """`%etna_status` is text in columns."""
    answer_all(terminal, sandbox)
    terminal.rest()
    said = terminal.run("%etna_status")
    assert ["Name", "etna"] == [line.split()[0] for line in said]


def test_no_input_fails_at_once(terminal: Terminal, sandbox: Sandbox):
    """`--no-input` asks nothing and names the variables."""
    said = terminal.run(f"%etna_login --no-input -b {sandbox.base_url}")
    assert 1 == len(said)
    assert said[0].startswith(
        "MissingCredentialsError: ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not set"
    )


def test_a_form_is_refused(terminal: Terminal, sandbox: Sandbox):
    """`--form` needs a notebook, and says so."""
    said = terminal.run(f"%etna_login --form -b {sandbox.base_url}")
    assert 1 == len(said)
    assert said[0].startswith("UsageError: --form needs a notebook")


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE], ids=["null", "pipe"])
@pytest.mark.parametrize("option", ["", "--prompt"])
def test_without_a_terminal_it_fails_at_once(tmp_path, sandbox: Sandbox, stdin, option):
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
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert 1 == len(said), said
    assert said[0].startswith(("MissingCredentialsError: ", "NotLoggedInError: "))
    assert 0 == sandbox.token_requests
