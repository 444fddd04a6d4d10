"""Ctrl-C and signals in the middle of a request: it is abandoned at once, and no frame holds a secret."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import accounts
from tests.helpers.server import ScriptedServer
from tests.login_flow.answers import SUCCESS, asks_for

ROOT = Path(__file__).resolve().parents[2]
# How the program ends: by Ctrl-C, by a handler that exits, and by one that raises what it likes.
OUTCOMES = {
    "KeyboardInterrupt": (-signal.SIGINT, ["KeyboardInterrupt", "", 1, [], True]),
    "SystemExit": (143, ["SystemExit", "143", 1, [], True]),
    "JobTimeoutError": (1, ["JobTimeoutError", "the job took too long", 1, [], True]),
}


@pytest.mark.parametrize("silent", ["before its answer", "within its body"])
@pytest.mark.parametrize("how", OUTCOMES)
@pytest.mark.parametrize("what", ["login", "challenge", "logout", "GET", "POST"])
def test_interrupt(what: str, how: str, silent: str) -> None:
    """It comes out as what it is, long before the time limit, and the next login works."""
    first = [asks_for("VerificationCode")] if what == "challenge" else []
    with ScriptedServer() as server:

        def interrupt(connection, received) -> None:
            if silent == "within its body":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            os.kill(child.pid, signal.SIGINT if how == "KeyboardInterrupt" else signal.SIGTERM)
            server.stay_silent(connection, received)

        server.play(*first, interrupt, SUCCESS)
        command = [sys.executable, "-m", "tests.login_flow.interrupted", what, how, server.base_url]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output, shown = child.communicate(timeout=40)
    assert len(first) + 2 == len(server.received)
    assert OUTCOMES[how] == (child.returncode, json.loads(output)), shown
    assert [] == [secret for secret in (*accounts.SECRETS, "Et-App-Key") if secret in shown]
