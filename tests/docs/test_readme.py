"""README and manual: their examples are run, and what they list is compared with the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import requests
from nbclient import NotebookClient

import etna_magic
from etna_magic import Secret
from etna_magic.notebook.watcher import WARN_MODES
from etna_magic.sandbox import USERS, Sandbox
from etna_magic.settings import VARIABLES
from tests.helpers.logins import log_in, put

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "notebooks/README.md",
        "findings/README.md",
        "sandbox/README.md",
    )
]
_PROMPT = re.compile(r"^In \[(\d+)\]: (.*)$")


def page(name: str) -> str:
    """Return the text of a page of the manual."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


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


def variables(sandbox: Sandbox) -> dict[str, str]:
    """Return the variables by which demo logs in to a sandbox."""
    values = (sandbox.base_url, sandbox.app_key, "demo", sandbox.password_of("demo"))
    return dict(zip(("ETNA_BASE_URL", "ETNA_APP_KEY", "ETNA_USERNAME", "ETNA_PASSWORD"), values, strict=True))


def credentials(sandbox: Sandbox) -> etna_magic.Credentials:
    """Return the same as credentials."""
    base_url, app_key, username, password = variables(sandbox).values()
    return etna_magic.Credentials(base_url, Secret(app_key), username, Secret(password))


@pytest.mark.parametrize("number", range(len(session())))
def test_session(number: int, ran: list[list[str]]) -> None:
    """Each cell of the README's session shows what the README says, with … for what varies."""
    _, expected = session()[number]
    patterns = [".*".join(re.escape(part) for part in line.split("…")) for line in expected]
    assert len(expected) == len(ran[number]), ran[number]
    for pattern, line in zip(patterns, ran[number], strict=True):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


def test_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls that the README shows are answered, in a script and in a notebook."""
    script, notebook, _ = blocks("python")
    with Sandbox() as sandbox:
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        exec(script, {})  # noqa: S102 - it is our own
        login = put(log_in(credentials(sandbox)))
        names = {"etna_token": login.token, "requests": requests}
        exec(notebook, names | {"url": f"{sandbox.base_url}/v1.0/users/@me/info"})  # noqa: S102 - as above
        login.session.close()
        calls = [seen.status for seen in sandbox.seen if not seen.path.endswith("/token")]
    assert [200, 200] == calls


def test_by_hand_is_true() -> None:
    """The lines by hand log in, as the README says, and take an expired password for a login."""
    source = blocks("python")[2]
    with Sandbox() as sandbox:
        for user, is_good in (("demo", True), ("expired", False)):
            names = {"requests": requests, "base_url": sandbox.base_url, "key": sandbox.app_key, "user": user}
            exec(source, names | {"password": sandbox.password_of(user)}, found := {})  # noqa: S102 - it is our own
            assert found["token"]
            assert is_good == (200 == sandbox.seen[-1].status)


def test_everything_is_named() -> None:
    """README and manual name every variable, error, mode of the warning and tutorial."""
    errors = {name for name in etna_magic.__all__ if name.endswith("Error")}
    assert set() == {name for name in VARIABLES.values() if name not in page("reference/settings.md")}
    assert set() == {name for name in errors if name not in page("reference/errors.md")}
    assert set() == {
        f"'{mode}'" for mode in WARN_MODES if f"'{mode}'" not in page("explanation/stale-warning.md")
    }
    assert set() == {
        path.stem for path in (ROOT / "notebooks").glob("*.ipynb") if path.stem not in page("tutorials.md")
    }


def test_every_public_name_is_documented() -> None:
    """Each public name is in one of the two pages that Sphinx makes from docstrings."""
    text = page("reference/python.md") + page("reference/errors.md")
    hooks = {"load_ipython_extension", "unload_ipython_extension"}
    assert set() == {name for name in set(etna_magic.__all__) - hooks if not re.search(rf":: {name}\b", text)}


def test_the_password_of_demo_is_right() -> None:
    """What a reader of README and first tutorial types into the form is the sandbox's user."""
    tutorial = (ROOT / "notebooks" / "01_first_login.ipynb").read_text(encoding="utf-8")
    password = f"`{USERS[0].password}`"
    assert [True, True] == [password in text for text in (README, tutorial)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link and picture of a document that Sphinx does not read exists; others are https."""
    document = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", document) + re.findall(r'(?:src|srcset)="([^"]+)"', document)
    assert [] == [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert [] == [target for target in targets if "://" in target and not target.startswith("https://")]


def test_each_promise_has_its_tests() -> None:
    """SECURITY names, for each promise, test files that exist."""
    rows = re.findall(r"^\| (?!promise|-)(.+) \| (.+) \|$", SECURITY, re.MULTILINE)
    assert len(rows) > 10
    for promise, tests in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)`", tests)
        assert named, promise
        assert [] == [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_code_that_is_not_run_is_no_python(page: Path) -> None:
    """A block of Python in the manual is one that is run, or one of a few lines for a file of settings."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert [] == [block for block in blocks if len(block.splitlines()) > 2]


def test_contributing_names_every_module() -> None:
    """CONTRIBUTING names every module of the client and every folder, of the package and of the tests."""
    package = ROOT / "etna_magic"
    modules = {path.name for path in package.rglob("*.py")} - {"__init__.py"}
    folders = {path.parent.name for path in (*package.rglob("*.py"), *(ROOT / "tests").rglob("*.py"))}
    names = modules | {f"{name}/" for name in folders - {"etna_magic", "tests"}}
    assert set() == {name for name in names if name not in CONTRIBUTING}


def test_every_picture_is_shown() -> None:
    """Each one that is kept is on a page, in the README or in a notebook, and each that is shown is kept."""
    places = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", *(ROOT / "notebooks").glob("*.ipynb")]
    shown = {name for one in places for name in re.findall(r"pictures/([\w-]+\.png)", one.read_text("utf-8"))}
    assert {path.name for path in (ROOT / "docs" / "pictures").iterdir()} == shown
