"""Runs a notebook as nbclient does, below a HOME of its own."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.helpers.clean_home import REPOSITORY, environment

NOTEBOOKS = REPOSITORY / "notebooks"


def read(path: Path) -> NotebookNode:
    """Read a notebook as it stands on disk."""
    return nbformat.read(path, as_version=4)


def execute(path: Path, home: Path) -> NotebookNode:
    """Execute a notebook; nothing is written beside it."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=40"],
    )
    client.execute(env=environment(home))
    return notebook


def texts(cell: NotebookNode) -> list[str]:
    """Return the plain text of each output of a cell."""
    return [_text(output) for output in cell.outputs]


def _text(output: NotebookNode) -> str:
    match output.output_type:
        case "stream":
            return output.text
        case "error":
            return "\n".join(output.traceback)
    return output.data.get("text/plain", "")
