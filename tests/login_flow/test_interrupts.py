"""Ctrl-C and signals in the middle of a request: it is abandoned at once, and no frame holds a secret."""

import _thread
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts
from tests.helpers.leaks import chain, leaks
from tests.helpers.logins import log_in
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
            number = signal.SIGINT if how == "KeyboardInterrupt" else signal.SIGTERM
            os.kill(child.pid, number)
            # Python misses one that comes just before a system call waits; a person presses the keys again.
            while not server.over.wait(5):
                os.kill(child.pid, number)

        server.play(*first, interrupt, SUCCESS)
        command = [sys.executable, "-m", "tests.login_flow.interrupted", what, how, server.base_url]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output, shown = child.communicate(timeout=40)
    assert len(first) + 2 == len(server.received)
    assert OUTCOMES[how] == (child.returncode, json.loads(output)), shown
    assert [] == [secret for secret in (*accounts.SECRETS, "Et-App-Key") if secret in shown]


ACTS = {
    "login": lambda base_url: log_in(accounts.credentials(base_url), timeout=120.0),
    "logout": lambda base_url: log_out_on_server(accounts.token(base_url), 120.0),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_interrupt_without_a_signal(server, act) -> None:
    """What front ends do on Windows, where no signal wakes a thread that waits, ends a request as well."""

    def interrupt(connection, received) -> None:
        _thread.interrupt_main()
        ended.wait(60)

    ended = threading.Event()
    server.play(interrupt)
    with pytest.raises(KeyboardInterrupt) as raised:
        act(server.base_url)
    ended.set()
    assert (1, []) == (len(chain(raised.value)), leaks(raised.value, accounts.SECRETS))
