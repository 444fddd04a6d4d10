"""Ctrl-C in the middle of a request: a KeyboardInterrupt that carries nothing of it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

ROOT = Path(__file__).resolve().parents[2]

# Runs in a process of its own, since a signal is for a whole process.
PROGRAM = """
import json, sys
from etna_magic import LoginFlow, Secret
from etna_magic.logout import end_on_server
from etna_magic.session import EtnaSession
from tests.helpers import accounts, traces

def log_in():
    LoginFlow(accounts.credentials(base_url), timeout=30).start()

def call(method):
    with EtnaSession("etna", 30.0) as session:
        session.bind(accounts.token(base_url))
        session.request(method, "v1.0/orders")

def log_out():
    end_on_server(accounts.token(base_url), 30.0)

what, base_url = sys.argv[1:]
acts = {"log-in": log_in, "GET": lambda: call("GET"), "POST": lambda: call("POST"), "log-out": log_out}
try:
    acts[what]()
except BaseException as error:
    deep = what == "log-in"
    leaks = traces.leaks(error, accounts.SECRETS, deep=deep)
    # The frames of this program itself know nothing but the URL.
    print(json.dumps([type(error).__name__, len(traces.chain(error)), leaks]))
"""


# A log-out needs the status alone, and is over when the body begins.
@pytest.mark.parametrize(
    ("what", "silent"),
    [(what, "before its answer") for what in ("log-in", "GET", "POST", "log-out")]
    + [(what, "within its body") for what in ("log-in", "GET", "POST")],
)
def test_interrupt(what: str, silent: str) -> None:
    """Ctrl-C ends the request as Ctrl-C, and no secret is left in its frames."""
    with ScriptedServer(b"") as server:

        def interrupt(connection, received) -> None:
            if silent == "within its body":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            os.kill(child.pid, signal.SIGINT)
            server.stay_silent(connection, received)

        server.play(interrupt)
        command = [sys.executable, "-c", PROGRAM, what, server.base_url]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        output, _ = child.communicate(timeout=40)
    assert 1 == len(server.received)
    assert ["KeyboardInterrupt", 1, []] == json.loads(output)


@pytest.mark.parametrize("log_in", ["first", "later"])
def test_interrupt_at_each_moment(log_in: str) -> None:
    """Whenever Ctrl-C comes while a log-in's time is watched, the next log-in and the next limit work."""
    command = [sys.executable, "-m", "tests.hostile.interrupting"]
    with ScriptedServer(answer(200, accounts.SUCCESS)) as server:
        child = subprocess.run(
            [*command, server.base_url, log_in], cwd=ROOT, stdout=subprocess.PIPE, timeout=200, check=True
        )
    moments, troubles = json.loads(child.stdout)
    assert (True, []) == (moments > 20, troubles)
