"""Programs that run a whole notebook or file, with nobody there."""

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pexpect
from nbformat.v4 import new_code_cell, new_notebook

from etna_magic.sandbox import Sandbox
from tests.front_ends.scenarios import (
    PROMPT,
    QUESTION,
    TOGETHER,
    WARN,
    NotSeenError,
    Scenario,
    said,
    said_in_turn,
    variables,
)
from tests.helpers.clean_home import environment

LIMIT = 180  # seconds; what runs longer waits for somebody
TRIES = 5
LATE_SERVER = "its Jupyter server took longer than the 20 seconds that mystmd waits"
Driver = Callable[[Path, Path, Scenario, Sandbox], str]


def process_environment(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> dict[str, str]:
    """Return the environment of a program whose venv has this Python."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    config = folder / "config"
    config.mkdir(exist_ok=True)
    # Tests may run as root, which a server refuses by itself.
    (config / "jupyter_server_config.py").write_text("c.ServerApp.allow_root = True\n")
    return environment(folder, PATH=path, **variables(sandbox, scenario))


def notebook(*command: str, is_quiet: bool = False) -> Driver:
    """Return what runs a notebook by a command; ``book.ipynb`` in it and ``done.ipynb`` are in its folder.

    A program that ends well although a cell has failed is quiet; any other one counts as failed then.
    """

    def drive(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
        goes_on = {"tags": ["raises-exception"]} if scenario is TOGETHER else {}
        cells = [new_code_cell(source, metadata=goes_on) for source in scenario.cells]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made = new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(made, folder / "book.ipynb")
        if scenario is TOGETHER:
            _ran(command, python, folder, scenario, sandbox)
            return " / ".join(said_in_turn(_outputs(folder / "done.ipynb")))
        return _run(command, python, folder, scenario, sandbox, is_quiet=is_quiet)

    return drive


def file(name: str, *command: str) -> Driver:
    """Return what runs a file of all cells by a command."""

    def drive(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
        (folder / name).write_text("\n".join(scenario.cells) + "\n")
        return _run((*command, name), python, folder, scenario, sandbox)

    return drive


def markdown(*command: str) -> Driver:
    """Return what runs a document of MyST; what its cells have printed is in its cache."""

    def drive(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
        head = "---\nkernelspec:\n  name: python3\nexports:\n  - format: md\n    output: done.md\n---\n"
        cells = [f"```{{code-cell}} python\n{source}\n```\n" for source in scenario.cells]
        (folder / "book.md").write_text("\n".join([head, *cells]))
        (folder / "myst.yml").write_text("version: 1\nproject:\n  title: Book\n")
        for _ in range(TRIES):
            with contextlib.suppress(NotSeenError):
                return _run(command, python, folder, scenario, sandbox, is_quiet=True)
        raise NotSeenError(LATE_SERVER)

    return drive


def _outputs(path: Path) -> list[str]:
    """Return what each code cell of a notebook has shown."""
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    return ["\n".join(map(_text, cell.outputs)) for cell in cells if cell.source in TOGETHER.cells]


def _text(output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return output.text if output.output_type == "stream" else output.data.get("text/plain", "")


def _run(
    command: tuple[str, ...],
    python: Path,
    folder: Path,
    scenario: Scenario,
    sandbox: Sandbox,
    *,
    is_quiet: bool = False,
) -> str:
    before = sandbox.token_requests
    child, asks = _ran(command, python, folder, scenario, sandbox)
    shown = child.logfile_read.getvalue()
    if "Jupyter server did not respond" in shown:
        raise NotSeenError(LATE_SERVER)
    written = [path for path in folder.rglob("*") if path.name.startswith("done.") or "_build" in path.parts]
    texts = [path.read_text(errors="replace") for path in written if path.suffix in {".ipynb", ".json"}]
    text = shown + "".join(texts)
    seen = said(scenario, text.replace("\\n", "\n"), asks=asks)
    works = scenario.knows_password or seen == PROMPT
    assert (works or is_quiet) == (child.exitstatus == 0), (child.exitstatus, text[-3000:])
    assert works == bool(sandbox.token_requests - before), text[-3000:]
    if scenario is not WARN and not is_quiet:
        assert works == ("went on" in text), text[-3000:]
    return seen


def _ran(
    command: tuple[str, ...], python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox
) -> tuple[pexpect.spawn, bool]:
    """Run a command to its end, and answer it where it asks; return also whether it did."""
    # At a terminal, so that nobody is refused for want of one; whoever asks is answered.
    child = pexpect.spawn(
        command[0],
        list(command[1:]),
        cwd=str(folder),
        env=process_environment(python, folder, scenario, sandbox),
        encoding="utf-8",
        codec_errors="replace",
        timeout=LIMIT,
        dimensions=(50, 400),
    )
    child.logfile_read = io.StringIO()
    asks = 0 == child.expect([QUESTION, pexpect.EOF])
    if asks:
        child.sendline(sandbox.password_of("demo"))
        child.expect(pexpect.EOF)
    child.close()
    return child, asks
