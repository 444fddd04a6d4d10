"""What a handler of a signal raises in the middle of a request: it comes out as it is, without a secret."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.server import ScriptedServer

ROOT = Path(__file__).resolve().parents[2]

# Runs in a process of its own, since a signal is for a whole process.
PROGRAM = """
import json, signal, sys
from etna_magic import LoginFlow
from etna_magic.session import EtnaSession
from tests.helpers import accounts, traces

what, how, base_url = sys.argv[1:]

class JobTimeout(Exception):
    pass

def hand(*_):
    if how == "exit":
        sys.exit(143)
    raise JobTimeout("the job's time is over")

def log_in():
    LoginFlow(accounts.credentials(base_url), timeout=30).start()

def call():
    with EtnaSession("etna", 30.0) as session:
        session.bind(accounts.token(base_url))
        session.request(what, "v1.0/orders")

signal.signal(signal.SIGTERM, hand)
try:
    log_in() if what == "log-in" else call()
except BaseException as error:
    leaks = traces.leaks(error, accounts.SECRETS, deep=what == "log-in")
    print(json.dumps([type(error).__name__, str(error), len(traces.chain(error)), leaks]))
    raise
"""

RAISED = {
    "exit": (143, ["SystemExit", "143", 1, []]),
    "own": (1, ["JobTimeout", "the job's time is over", 1, []]),
}


@pytest.mark.parametrize("silent", ["before its answer", "within its body"])
@pytest.mark.parametrize(
    ("what", "how"), [(what, how) for what in ("log-in", "GET", "POST") for how in RAISED]
)
def test_signal(what: str, silent: str, how: str) -> None:
    """An exit keeps its code, and an exception of the user's own is that one; no frame has a secret."""
    with ScriptedServer(b"") as server:

        def terminate(connection, received) -> None:
            if silent == "within its body":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            os.kill(child.pid, signal.SIGTERM)
            server.stay_silent(connection, received)

        server.play(terminate)
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, what, how, server.base_url],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        output, shown = child.communicate(timeout=40)
    assert 1 == len(server.received)
    assert RAISED[how] == (child.returncode, json.loads(output))
    assert [] == [name for name in ("Bearer", "Et-App-Key") if name in shown]
