"""The tutorials that use the embedded sandbox run unchanged against the minimal members of the API."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers.clean_home import REPOSITORY, environment

# The small server takes the embedded sandbox's place before the notebook's first cell.
SETUP = """
from etna_magic.settings import embedded_sandbox
from tests.helpers.minimal_server import MinimalServer
embedded_sandbox._running.append(MinimalServer().start())
"""


@pytest.mark.parametrize("name", ["01_first_login"])
def test_it_needs_no_more(name: str, tmp_path: Path) -> None:
    """No cell reads a member that only the sandbox has."""
    notebook = nbformat.read(REPOSITORY / "notebooks" / f"{name}.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SETUP))
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
        extra_arguments=["--log-level=40"],
    )
    client.execute(env=environment(tmp_path / "home", PYTHONPATH=str(REPOSITORY)))
