#!/usr/bin/env bash
# xeus-python 0.19.0 (xeus-python-shell 0.8.1), nbclient 0.11.0, ipykernel 7.4.0
#
# A UsageError is what a magic raises for a wrong line. ipykernel answers it with the status "error", so
# that a run without a person stops there. xeus-python prints the same text, and answers "ok": nbclient runs
# the next cells and has no error to report. (Any other exception is an error in both.)
#
# Output seen:
#   python3 UsageError: CellExecutionError, the next cell ran: False
#   python3 ValueError: CellExecutionError, the next cell ran: False
#   xpython UsageError: no error, the next cell ran: True
#   xpython ValueError: CellExecutionError, the next cell ran: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    xeus-python==0.19.0 xeus-python-shell==0.8.1 nbclient==0.11.0 ipykernel==7.4.0 jupyter-client==8.10.0
export HOME="$folder" IPYTHONDIR="$folder" JUPYTER_CONFIG_DIR="$folder" JUPYTER_RUNTIME_DIR="$folder"
export JUPYTER_DATA_DIR="$folder/data" PATH="$folder/venv/bin:$PATH"
cd "$folder"
"$folder/venv/bin/python" -W ignore - 2>/dev/null <<'PY'
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LINES = {"UsageError": "%timeit -z 1", "ValueError": "int('x')"}


def run(kernel, kind):
    """Return whether nbclient reports an error, and whether the cell after it ran."""
    cells = [nbformat.v4.new_code_cell(source) for source in (LINES[kind], "6 * 7")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    error = "no error"
    try:
        NotebookClient(notebook, kernel_name=kernel, timeout=120).execute()
    except CellExecutionError as raised:
        error = type(raised).__name__
    has_run = bool(notebook.cells[1].outputs)
    print(f"{kernel} {kind}: {error}, the next cell ran: {has_run}", flush=True)
    return error, has_run


stopped = ("CellExecutionError", False)
assert stopped == run("python3", "UsageError")
assert stopped == run("python3", "ValueError")
assert ("no error", True) == run("xpython", "UsageError")
assert stopped == run("xpython", "ValueError")
PY
