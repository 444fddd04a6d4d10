"""When a kernel speaks to the network: never to load the extension, and never longer than was set."""

import subprocess
import sys
import time

import pytest

from tests.helpers.clean_home import environment
from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import LIMIT
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import ScriptedServer

# The last line shows that a socket would have been seen.
WATCHED = """
import socket, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_cell("6 * 7", silent=True)
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
shell.run_line_magic("load_ext", "etna_magic")
shell.run_cell("6 * 7", silent=True)
print(seen)
socket.socket().close()
print(seen)
"""


def test_loading_opens_no_socket(tmp_path):
    """Neither `%load_ext` nor a cell after it makes, connects or looks up anything."""
    script = tmp_path / "watched.py"
    script.write_text(WATCHED)
    done = subprocess.run(
        [sys.executable, script],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ["[]", "['socket.__new__']"] == done.stdout.splitlines()[-2:]


@pytest.fixture
def silent():
    """Run a server that never answers."""
    with ScriptedServer() as server:
        yield server.play(server.stay_silent)


def test_the_timeout_of_the_settings(seat: NotebookUser, silent: ScriptedServer):
    """`%config EtnaMagics.timeout` is how long a log-in waits for its answer."""
    seat.know()
    seat.kernel.set_environment(ETNA_BASE_URL=silent.base_url)
    seat.kernel.run("%config EtnaMagics.timeout = 0.3")
    began = time.monotonic()
    run = seat.kernel.run("%etna_login --no-input")
    # The default is as long as a cell may take here.
    assert (True, 1) == (0.3 <= time.monotonic() - began < LIMIT / 2, len(silent.received))
    assert ("error", "ConnectionFailedError") == (run.status, run.reply["ename"])
    assert ("it took too long to answer" in run.error, []) == (True, seat.kernel.ask(NAMES)), run.error
