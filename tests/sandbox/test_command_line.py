"""`python -m etna_magic.sandbox` as a real process."""

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

from etna_magic_sandbox import APP_KEY, USERS, VARIANTS, Sandbox
from etna_magic_sandbox.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 30  # seconds
COMMAND = [sys.executable, "-m", "etna_magic.sandbox"]


@contextlib.contextmanager
def running(*options):
    """Run the sandbox; yield the process and what it printed, up to the last line."""
    with subprocess.Popen(
        [*COMMAND, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        lines = queue.Queue()
        threading.Thread(target=lambda: [*map(lines.put, process.stdout)], daemon=True).start()
        try:
            output = lines.get(timeout=TIMEOUT)
            while "Ctrl-C" not in output:
                output += lines.get(timeout=TIMEOUT)
            yield process, output
        finally:
            process.kill()


def run(*options, code=None):
    """Run a command that exits by itself."""
    command = [sys.executable, "-c", code] if code else COMMAND
    return subprocess.run(
        [*command, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_runs_until_stopped(number):
    """It prints everything needed to log in, and a signal stops it without further output."""
    with running() as (process, output):
        url = re.search(r"Base URL: (\S+)", output)[1]
        assert APP_KEY in output
        assert [url, APP_KEY] == [line.split()[-1] for line in output.splitlines()[:2]]
        assert f"%etna_login -b {url} -u demo" in output
        headers = {"Et-App-Key": APP_KEY, "Username": "demo", "Password": USERS[0].password}
        assert 200 == requests.post(f"{url}/token", headers=headers, timeout=10).status_code
        process.send_signal(number)
        assert 0 == process.wait(TIMEOUT)
        assert "" == process.stderr.read()
        for user in USERS:
            assert re.search(rf"{user.name} +{user.password} .*{re.escape(user.shows)}", output)


def test_no_limits():
    """The option switches the limit on logins off."""
    with running("--no-limits", "--lifetime", "90m") as (_, output):
        url = re.search(r"Base URL: (\S+)", output)[1]
        headers = {"Et-App-Key": APP_KEY, "Username": "demo", "Password": USERS[0].password}
        responses = [requests.post(f"{url}/token", headers=headers, timeout=10) for _ in range(12)]
        assert {200} == {response.status_code for response in responses}


def test_help():
    """The help lists the users, the variants and the calls, and what each shows."""
    shown = run("--help")
    assert (0, "") == (shown.returncode, shown.stderr)
    assert all(user.name in shown.stdout and user.shows in shown.stdout for user in USERS)
    assert all(variant.name in shown.stdout and variant.shows in shown.stdout for variant in VARIANTS)
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert [] == [route for route in ROUTES if [route.method, route.path] not in [line[:2] for line in lines]]


def test_variants_and_time():
    """The options choose another reading, and the time at which the sandbox begins."""
    with running("--variant", "one-session", "--variant", "app-key-401", "--at", "2025-06-16T15:00:00") as (
        _,
        output,
    ):
        url = re.search(r"Base URL: (\S+)", output)[1]
        assert 401 == requests.post(f"{url}/token", timeout=10).status_code
        headers = {"Et-App-Key": APP_KEY, "Username": "demo", "Password": USERS[0].password}
        first, second = (
            requests.post(f"{url}/token", headers=headers, timeout=10).json()["Token"] for _ in range(2)
        )
        path = f"{url}/v1.0/accounts/83267/orders"
        order = {"Symbol": "KO", "Type": "Market", "Side": "Buy", "Quantity": 1}
        call = {"Et-App-Key": APP_KEY, "Authorization": f"Bearer {second}"}
        placed = requests.post(path, headers=call, json=order, timeout=10).json()
        assert placed["CreateDate"].startswith("2025-06-16T15:0")
        call["Authorization"] = f"Bearer {first}"
        assert 401 == requests.post(path, headers=call, json=order, timeout=10).status_code


def test_port_in_use():
    """A port in use is an error of one line."""
    with Sandbox() as sandbox:
        port = sandbox.base_url.removesuffix("/api").rpartition(":")[2]
        refused = run("--port", port)
    assert (1, "", 1) == (refused.returncode, refused.stdout, refused.stderr.count("\n"))
    assert f"cannot listen on port {port}" in refused.stderr


def test_not_loopback():
    """Any other address is an error of one line."""
    refused = run("--host", "0.0.0.0")  # noqa: S104 - to be refused
    assert (1, 1) == (refused.returncode, refused.stderr.count("\n"))
    assert "loopback only" in refused.stderr


@pytest.mark.parametrize(
    "options", [("--lifetime", "1y"), ("--lifetime", "0"), ("--port", "x"), ("--variant", "x"), ("--at", "x")]
)
def test_wrong_options(options):
    """Wrong options get a usage message and exit code 2."""
    refused = run(*options)
    assert (2, False) == (refused.returncode, "Traceback" in refused.stderr)
