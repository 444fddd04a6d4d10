"""The README's session and examples are run as they are, and its tables are compared with the code."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from types import FunctionType
from typing import Any

import httpx
import nbformat
import pytest
import requests
from nbclient import NotebookClient

import etna_magic
from etna_magic import Secret
from etna_magic.notebook.arguments import parser
from etna_magic.notebook.watcher import WARN_MODES
from etna_magic.sandbox import USERS, Sandbox
from etna_magic.settings import VARIABLES
from tests.helpers.logins import log_in, put
from tests.helpers.script import variables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
_PROMPT = re.compile(r"^In \[(\d+)\]: (.*)$")


def blocks(language: str) -> list[str]:
    """Return the README's blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def session() -> list[tuple[str, list[str]]]:
    """Return the cells of the README's session, each with the lines that it shows."""
    (block,) = blocks("ipython")
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
            lines += "\n".join(output["traceback"]).splitlines()
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
    folder = {"metadata": {"path": str(tmp_path_factory.mktemp("readme"))}}
    quiet = ["--log-level=40"]
    NotebookClient(notebook, allow_errors=True, resources=folder, extra_arguments=quiet).execute()
    return [shown(number, cell["outputs"]) for number, cell in enumerate(notebook.cells, 1)]


@pytest.mark.parametrize("number", range(len(session())))
def test_session(number: int, ran: list[list[str]]) -> None:
    """Each cell of the README's session shows what the README says, with … for what varies."""
    _, expected = session()[number]
    patterns = [".*".join(re.escape(part) for part in line.split("…")) for line in expected]
    assert len(expected) == len(ran[number]), ran[number]
    for pattern, line in zip(patterns, ran[number], strict=True):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


@pytest.mark.parametrize("source", blocks("python"), ids=["connect", "token and session", "httpx"])
def test_examples(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example in Python runs, with the names that it takes for granted."""
    monkeypatch.chdir(tmp_path)
    with Sandbox() as sandbox:
        values = variables(sandbox).items()
        Path("night.env").write_text("".join(f"{name}={value!r}\n" for name, value in values))
        credentials = etna_magic.Credentials(
            sandbox.base_url, Secret(sandbox.app_key), "demo", Secret(sandbox.password_of("demo"))
        )
        login = put(log_in(credentials))
        names = {"etna_token": login.token, "etna_session": login.session}
        names |= {"requests": requests, "httpx": httpx, "url": f"{sandbox.base_url}/v1.0/users/@me/info"}
        names["account"] = login.session.get("v1.0/users/@me/accounts").json()[0]["Id"]
        names["order"] = {"Symbol": "AAPL", "Type": "Market", "Side": "Buy", "Quantity": 1}
        code = compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if inspect.iscoroutine(running := FunctionType(code, names)()):
            asyncio.run(running)
        login.session.close()
        calls = [seen.status for seen in sandbox.seen]
    assert [] == [status for status in calls if status >= 400]


def test_secrets_are_warned_of() -> None:
    """The README says where no promise is made: errors of a user's own call, and a worker's pickle."""
    text = " ".join(README.split())
    assert "`auth=etna_token` in a `requests.get` of your own" in text
    assert "nobody can promise there that no secret is in the frames" in text
    assert "Its pickle is a secret: no `%store`, no cache on a disk." in text


def test_everything_is_named() -> None:
    """The README names every error, variable, sandbox user, warn mode and notebook that there is."""
    errors = {name for name in etna_magic.__all__ if name.endswith("Error")} - {"EtnaError"}
    users = {user.name for user in USERS}
    notebooks = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    needed = errors | users | notebooks | set(VARIABLES.values()) | {f"'{mode}'" for mode in WARN_MODES}
    assert set() == {name for name in needed if name not in README}


def test_the_password_of_demo_is_right() -> None:
    """What a reader of README and quickstart types into the form is the sandbox's user."""
    quickstart = (ROOT / "notebooks" / "01_quickstart.ipynb").read_text(encoding="utf-8")
    typed = f"`demo` with the password `{USERS[0].password}`"
    assert [True, True] == [typed in " ".join(text.split()) for text in (README, quickstart)]


def test_every_option_is_named() -> None:
    """The README names every option of the magics."""
    usages = [parser(magic).format_usage() for magic in ("etna_login", "etna_status", "etna_logout")]
    options = {option for usage in usages for option in re.findall(r"(?<!\w)--?[a-z][a-z-]*", usage)}
    assert {"-b", "--sandbox", "--for"} <= options
    assert set() == {option for option in options - {"--all"} if option not in README}


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document: str) -> None:
    """Every relative link and picture of a document exists."""
    targets = re.findall(r"\]\(([^)#]+)\)", document)
    assert [] == [target for target in targets if "://" not in target and not (ROOT / target).exists()]


def test_contributing_names_every_module() -> None:
    """CONTRIBUTING names every module of the client and every folder, of the package and of the tests."""
    package = ROOT / "etna_magic"
    modules = {path.name for path in package.rglob("*.py") if "sandbox" not in path.parts} - {"__init__.py"}
    folders = {path.parent.name for path in (*package.rglob("*.py"), *(ROOT / "tests").rglob("*.py"))}
    names = modules | {f"{name}/" for name in folders - {"etna_magic", "tests"}}
    assert set() == {name for name in names if name not in CONTRIBUTING}
