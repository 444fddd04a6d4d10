"""Cells in a fresh process with an IPython shell and no kernel: for what a kernel would be too heavy."""

import shlex
import subprocess
import sys
from pathlib import Path

from tests.helpers.clean_home import environment
from tests.remember.desk import NO_KEYRING

LIMIT = 60.0
_PROGRAM = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_line_magic("load_ext", "etna_magic")
for cell in sys.argv[1:]:
    shell.run_cell(cell, store_history=True)
"""


def command(*cells: str) -> list[str]:
    """Return the command that runs cells in a process of their own and prints what they show."""
    return [sys.executable, "-c", _PROGRAM, *cells]


def run_cells(home: Path, *cells: str, **variables: str) -> str:
    """Run cells in a fresh process whose every path lies below `home`; return what was printed."""
    return run(home, command(*cells), **NO_KEYRING | variables)


def run(home: Path, words: list[str], **variables: str) -> str:
    """Run a command to its end, which must be a good one; return what it printed."""
    done = subprocess.run(
        words,
        env=environment(home, **variables),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def quoted(*cells: str) -> str:
    """Return :func:`command` as a line for a shell."""
    return shlex.join(command(*cells))
