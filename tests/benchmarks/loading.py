"""What ``%load_ext etna_magic`` and the first ``%etna_login`` take in a new process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping

from tests.benchmarks.calling import lean_server
from tests.benchmarks.pairs import Figure, paired

PAIRS = 21

# A process of its own for each run: an extension is imported once. The first cell has run, as in
# any notebook; the byte code was compiled, as by any installation.
_BEGIN = """
import contextlib, io, os, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("None", store_history=False)
began = time.perf_counter()
"""
_LOAD = """
shell.extension_manager.load_extension(sys.argv[1])
print(time.perf_counter() - began)
heavy = {"requests", "urllib3", "ipywidgets", "cheroot"} | ({"dotenv"} if sys.argv[1] != "dotenv" else set())
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
_LOG_IN = """
with contextlib.redirect_stdout(io.StringIO()):
    shell.run_line_magic("load_ext", "etna_magic")
    shell.run_line_magic("etna_login", "")
print(time.perf_counter() - began)
assert shell.user_ns["etna_token"].get_secret_value()
"""
_BY_HAND = """
import requests
headers = {"Et-App-Key": os.environ["ETNA_APP_KEY"], "Username": os.environ["ETNA_USERNAME"]}
headers |= {"Password": os.environ["ETNA_PASSWORD"], "Accept": "application/json"}
token = requests.post(os.environ["ETNA_BASE_URL"] + "/token", headers=headers, timeout=30).json()["Token"]
print(time.perf_counter() - began)
assert token
"""


def figures() -> Iterator[Figure]:
    """Measure ours and python-dotenv's extension, then a first login and one by hand, in pairs."""
    load, dotenv = (lambda name=name: seconds(_LOAD, {}, name) for name in ("etna_magic", "dotenv"))
    load(), dotenv()  # the first run of each compiles
    ours, theirs, ratio = paired(load, dotenv, PAIRS)
    spent = f"{ours * 1e3:.2f} ms to {theirs * 1e3:.2f} ms"
    yield Figure(
        "%load_ext etna_magic", ratio, 0.6, "x", f", against %load_ext dotenv (before: 1.02): {spent}"
    )
    with lean_server() as variables:
        own, by_hand = (lambda part=part: seconds(part, variables) for part in (_LOG_IN, _BY_HAND))
        own(), by_hand()
        ours, theirs, ratio = paired(own, by_hand, PAIRS)
    spent = f"{ours * 1e3:.0f} ms to {theirs * 1e3:.0f} ms"
    against = f", against import requests and a post by hand (before: 1.84 to 2.34): {spent}"
    yield Figure("%load_ext and the first %etna_login", ratio, 1.25, "x", against)


def seconds(part: str, variables: Mapping[str, str], *arguments: str) -> float:
    """Run a part in a new IPython and return the seconds that it took."""
    command = [sys.executable, "-c", _BEGIN + part, *arguments]
    with tempfile.TemporaryDirectory() as empty:
        env = environment() | variables
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=env, cwd=empty)
    return float(done.stdout)


def environment() -> dict[str, str]:
    """Return the environment, without what would have Python compile the source at every run."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
