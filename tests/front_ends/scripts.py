"""Kernels without a front end, engines, and apps: a script in their own venv runs the cells or the app."""

import contextlib
import subprocess
from pathlib import Path

from playwright.sync_api import Error

from etna_magic.sandbox import Sandbox
from tests.browser.jupyter_server import free_port
from tests.front_ends.pages import _page, _running
from tests.front_ends.runners import Driver, process_environment
from tests.front_ends.scenarios import SET, WAIT, Scenario, said

HERE = Path(__file__).parent
LIMIT = 120
NOT_TRIED = "(no cells)"


def kernel(name: str, kind: str, *, is_asked: bool = True) -> Driver:
    """Return what runs the cells in a kernel, sent as a kind of front end sends them."""

    def drive(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
        password = sandbox.password_of("demo") if is_asked else "-"
        shown = _output("talk.py", [name, kind, password, *scenario.cells], python, folder, scenario, sandbox)
        return said(scenario, shown, asks="asked: " in shown)

    return drive


def engines(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
    """Run the cells by ``%%px`` on an engine of ipyparallel."""
    return said(scenario, _output("engines.py", list(scenario.cells), python, folder, scenario, sandbox))


def _output(
    script: str, arguments: list[str], python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox
) -> str:
    done = subprocess.run(
        [python, HERE / script, *arguments],
        cwd=folder,
        env=process_environment(python, folder, scenario, sandbox),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.stdout or done.stderr


def app(*command: str, path: str = "") -> Driver:
    """Return what runs an app that loads the extension and logs in; one with a port is looked at."""

    def drive(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
        if scenario not in {SET, WAIT}:
            return NOT_TRIED
        source = (HERE / "app.py").read_text()
        # marimo's apps are functions of cells.
        (folder / "app.py").write_text(source)
        (folder / "cell.py").write_text(
            "import marimo\napp = marimo.App()\n@app.cell\ndef _():\n    import runpy\n"
            "    runpy.run_path('app.py')\n    return\n"
        )
        variables = process_environment(python, folder, SET, sandbox)
        port = str(free_port())
        words = [word.replace("{port}", port) for word in command]
        if "{port}" not in " ".join(command):
            subprocess.run(words, cwd=folder, env=variables, capture_output=True, timeout=LIMIT, check=False)
        else:
            url = f"http://127.0.0.1:{port}/"
            with _running(words, folder, variables, url), _page() as page, contextlib.suppress(Error):
                page.goto(url + path)
                page.wait_for_timeout(5000)
        lines = (folder / "seen.txt").read_text().splitlines()
        loaded, awaited, connected = (line.partition(" | ")[2] for line in lines[:3])
        assert connected == "a session", lines
        return said(scenario, loaded if scenario is SET else awaited)

    return drive
