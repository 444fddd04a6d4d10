"""`python -m etna_magic.sandbox` as a real program."""

# What is expected stands first in an assert.

import contextlib
import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from etna_magic.sandbox import APP_KEY, USERS, Sandbox

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30  # seconds
COMMAND = [sys.executable, "-m", "etna_magic.sandbox"]


@contextlib.contextmanager
def running(*options):
    """Run the sandbox; yield the program and what it printed up to its last line."""
    with subprocess.Popen(
        [*COMMAND, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as program:
        lines = queue.Queue()
        threading.Thread(target=lambda: [*map(lines.put, program.stdout)], daemon=True).start()
        try:
            greeting = lines.get(timeout=LIMIT)
            while "Ctrl-C" not in greeting:
                greeting += lines.get(timeout=LIMIT)
            yield program, greeting
        finally:
            program.kill()


def run(*options, code=None):
    """Run a command that ends by itself."""
    command = [sys.executable, "-c", code] if code else COMMAND
    return subprocess.run(
        [*command, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_runs_until_stopped(number):
    """It prints all that is needed to log in, and a signal stops it without a word."""
    with running() as (program, greeting):
        url = re.search(r"Base URL: (\S+)", greeting)[1]
        assert APP_KEY in greeting
        assert f"%etna_login -b {url} -u demo" in greeting
        headers = {"Et-App-Key": APP_KEY, "Username": "demo", "Password": USERS[0].password}
        assert 200 == requests.post(f"{url}/token", headers=headers, timeout=10).status_code
        program.send_signal(number)
        assert 0 == program.wait(LIMIT)
        assert "" == program.stderr.read()
        for user in USERS:
            assert re.search(rf"{user.name} +{user.password} .*{re.escape(user.shows)}", greeting)


def test_no_limits():
    """The option takes the limit on log-ins away."""
    with running("--no-limits", "--lifetime", "90m") as (_, greeting):
        url = re.search(r"Base URL: (\S+)", greeting)[1]
        headers = {"Et-App-Key": APP_KEY, "Username": "demo", "Password": USERS[0].password}
        answers = [requests.post(f"{url}/token", headers=headers, timeout=10) for _ in range(12)]
        assert {200} == {answer.status_code for answer in answers}


def test_help():
    """The help lists the users and what each shows."""
    shown = run("--help")
    assert (0, "") == (shown.returncode, shown.stderr)
    assert all(user.name in shown.stdout and user.shows in shown.stdout for user in USERS)


def test_a_port_in_use():
    """A port that is taken is told in one line."""
    with Sandbox() as sandbox:
        port = sandbox.base_url.removesuffix("/api").rpartition(":")[2]
        refused = run("--port", port)
    assert (1, "", 1) == (refused.returncode, refused.stdout, refused.stderr.count("\n"))
    assert f"cannot listen on port {port}" in refused.stderr


def test_not_loopback():
    """Any other address is refused in one line."""
    refused = run("--host", "0.0.0.0")  # noqa: S104 - to be refused
    assert (1, 1) == (refused.returncode, refused.stderr.count("\n"))
    assert "loopback only" in refused.stderr


@pytest.mark.parametrize("options", [("--lifetime", "1y"), ("--lifetime", "0"), ("--port", "x")])
def test_wrong_options(options):
    """Wrong options are told as every program tells them."""
    refused = run(*options)
    assert (2, False) == (refused.returncode, "Traceback" in refused.stderr)


def test_without_flask():
    """Without Flask one line tells what to install, and the help still works."""
    code = (
        "import runpy, sys\n"
        "sys.modules['flask'] = None\n"
        "sys.argv[0] = 'sandbox'\n"
        "runpy.run_module('etna_magic.sandbox', run_name='__main__')\n"
    )
    refused = run(code=code)
    assert (1, 1) == (refused.returncode, refused.stderr.count("\n"))
    assert "pip install 'etna-magic[sandbox]'" in refused.stderr
    assert 0 == run("--help", code=code).returncode
