"""What ``%load_ext etna_magic`` takes in an IPython that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.pairs import Figure, paired

# A process of its own for each run: an extension is imported once. The first cell has run, as in
# any notebook; the byte code was compiled, as by any installation.
_PROGRAM = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("None", store_history=False)
began = time.perf_counter()
shell.extension_manager.load_extension(sys.argv[1])
print(time.perf_counter() - began)
heavy = {"requests", "urllib3", "ipywidgets", "flask"} | ({"dotenv"} if sys.argv[1] != "dotenv" else set())
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


def figures() -> Iterator[Figure]:
    """Measure ours and python-dotenv's extension in pairs."""
    load("etna_magic"), load("dotenv")  # the first run of each compiles
    ours, theirs, _ = paired(lambda: load("etna_magic"), lambda: load("dotenv"), 15)
    yield Figure(
        "%load_ext etna_magic", ours * 1e3, 6.0, "ms", f"; python-dotenv's takes {theirs * 1e3:.2f} ms"
    )


def load(extension: str) -> float:
    """Load an extension in a new IPython and return the seconds that it took."""
    command = [sys.executable, "-c", _PROGRAM, extension]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    return float(done.stdout)


def environment() -> dict[str, str]:
    """Return the environment, without what would have Python compile the source at every run."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
