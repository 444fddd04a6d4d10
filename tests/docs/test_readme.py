"""The README's session is run as it stands, and its tables are held against the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import etna_magic
from etna_magic.magics import EtnaMagics
from etna_magic.sandbox import USERS
from etna_magic.settings import VARIABLES
from etna_magic.watcher import WARN_MODES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_PROMPT = re.compile(r"^In \[(\d+)\]: (.*)$")


def session() -> list[tuple[str, list[str]]]:
    """Return the cells of the README's session, each with the lines that it shows."""
    (block,) = re.findall(r"```ipython\n(.*?)```", README, re.DOTALL)
    cells: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if match := _PROMPT.match(line):
            cells.append((match[2], []))
        elif line:
            cells[-1][1].append(line)
    return cells


def shown(number: int, outputs: list[Any]) -> list[str]:
    """Return what a terminal would show of a cell's outputs."""
    lines: list[str] = []
    for output in outputs:
        if output["output_type"] == "error":
            lines += output["traceback"]
        elif output["output_type"] == "execute_result":
            lines += f"Out[{number}]: {output['data']['text/plain']}".splitlines()
        elif output["output_type"] == "display_data":
            lines += output["data"]["text/plain"].splitlines()
        else:
            lines += output["text"].splitlines()
    return lines


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Return the lines that each cell of the README's session shows when it is run."""
    cells = [nbformat.v4.new_code_cell(source) for source, _ in session()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("readme"))}}
    quiet = ["--log-level=40"]
    NotebookClient(notebook, allow_errors=True, resources=place, extra_arguments=quiet).execute()
    return [shown(number, cell["outputs"]) for number, cell in enumerate(notebook.cells, 1)]


@pytest.mark.parametrize("number", range(len(session())))
def test_readme_session(number: int, ran: list[list[str]]) -> None:
    """Each cell of the README's session shows what the README says, with … for what varies."""
    _, expected = session()[number]
    patterns = [".*".join(re.escape(part) for part in line.split("…")) for line in expected]
    assert len(expected) == len(ran[number]), ran[number]
    for pattern, line in zip(patterns, ran[number], strict=True):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


def test_readme_names_everything() -> None:
    """The README names every error, variable, sandbox user, warn mode and notebook that there is."""
    errors = {name for name in etna_magic.__all__ if name.endswith("Error")} - {"EtnaError"}
    users = {user.name for user in USERS}
    notebooks = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    wanted = errors | users | notebooks | set(VARIABLES.values()) | {f"'{mode}'" for mode in WARN_MODES}
    assert set() == {name for name in wanted if name not in README}


def test_readme_knows_the_password_of_demo() -> None:
    """What the README and the quickstart tell to type into the form is the sandbox's user."""
    quickstart = (ROOT / "notebooks" / "01_quickstart.ipynb").read_text(encoding="utf-8")
    typed = f"`demo` with the password `{USERS[0].password}`"
    assert [True, True] == [typed in " ".join(text.split()) for text in (README, quickstart)]


def test_readme_names_every_option() -> None:
    """The README names every option of the magics."""
    magics = (EtnaMagics.etna_login, EtnaMagics.etna_status, EtnaMagics.etna_logout)
    options = {o for magic in magics for action in magic.parser._actions for o in action.option_strings}
    assert set() == {option for option in options - {"--all"} if option not in README}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document: str) -> None:
    """Every relative link and picture of a document exists."""
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    assert [] == [target for target in targets if "://" not in target and not (ROOT / target).exists()]


def test_contributing_names_every_module() -> None:
    """The contributor's table has every module of the package and every folder of tests."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    modules = {path.name for path in (ROOT / "etna_magic").glob("*.py")} - {"__init__.py"}
    folders = {f"{path.name}/" for path in (ROOT / "tests").iterdir() if (path / "__init__.py").exists()}
    assert set() == {name for name in modules | folders if f"`{name}`" not in text}
