"""Run a tutorial notebook without a browser, and print what a user of it would see.

``python notebooks/show.py 01_quickstart.ipynb``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent


def main() -> int:
    """Execute the notebook named on the command line, in memory, and print its cells as they end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", help="a notebook beside this file")
    path = HERE / parser.parse_args().notebook
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        on_cell_executed=lambda cell, **_: print_cell(cell),
        # Its remark on unencrypted loopback connections is no part of the tutorial.
        extra_arguments=["--log-level=40"],
    )
    try:
        client.execute()
    except CellExecutionError:
        return 1  # the cell was printed with its error
    return 0


def print_cell(cell: dict[str, Any]) -> None:
    """Print a cell's source and the text of its outputs."""
    for number, line in enumerate(cell["source"].splitlines()):
        print(("   … " if number else "\n>>> ") + line)
    for output in cell["outputs"]:
        print(text_of(output).rstrip())
    sys.stdout.flush()


def text_of(output: dict[str, Any]) -> str:
    """Return the text form of one output."""
    if output["output_type"] == "stream":
        return str(output["text"])
    if output["output_type"] == "error":
        return "\n".join(output["traceback"])
    return str(output["data"].get("text/plain", ""))


if __name__ == "__main__":
    sys.exit(main())
