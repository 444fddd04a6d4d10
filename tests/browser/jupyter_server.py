"""``jupyter lab`` or ``jupyter notebook`` of the running venv, in a home directory of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Self

import nbformat

from tests.helpers.clean_home import environment

if TYPE_CHECKING:
    from pathlib import Path

START_LIMIT = 90
END_LIMIT = 15
PAGES = {"lab": "lab/tree/{}?reset", "notebook": "notebooks/{}"}
OPTIONS = {
    "lab": "--LabApp.expose_app_in_browser=True",
    "notebook": "--JupyterNotebookApp.expose_app_in_browser=True",
}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
# Never through a proxy, whatever the environment of the tests says.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_notebook(cells: list[str]) -> nbformat.NotebookNode:
    """Return a notebook of code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return notebook


class JupyterServer:
    """A running Jupyter server; a context manager that ends what it started.

    Parameters
    ----------
    flavour
        ``lab`` or ``notebook``.
    home
        An empty directory, which becomes ``HOME``: all that the server and its kernels write lands below it.
    """

    def __init__(self, flavour: str, home: Path) -> None:
        self.flavour = flavour
        self.home = home
        self.notebooks = home / "notebooks"
        self.notebooks.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{free_port()}/"
        self._log_path = home / "server.log"
        self._written = 0
        for name, values in SETTINGS.items():
            self._write_setting(name, values)

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.notebooks,
                env=environment(
                    self.home,
                    JUPYTERLAB_SETTINGS_DIR=str(self._settings_folder),
                    JUPYTERLAB_WORKSPACES_DIR=str(self.home / "workspaces"),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the server's process group: kindly, then surely."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(END_LIMIT)

    def choose_theme(self, shade: str) -> None:
        """Make pages that are opened from now on light or dark."""
        values = {"theme": THEMES[shade], "adaptive-theme": False}
        self._write_setting("@jupyterlab/apputils-extension/themes", values)

    def write_notebook(self, cells: list[str]) -> Path:
        """Write a new notebook of code cells and return its path."""
        self._written += 1
        path = self.notebooks / f"test{self._written}.ipynb"
        nbformat.write(new_notebook(cells), path)
        return path

    def page_url(self, notebook: Path) -> str:
        """Return the address of a notebook's page."""
        return self.url + PAGES[self.flavour].format(notebook.name)

    @property
    def _settings_folder(self) -> Path:
        return self.home / "settings"

    def _write_setting(self, name: str, values: dict[str, object]) -> None:
        """Write the user's settings of one JupyterLab plugin."""
        path = self._settings_folder / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")

    def _command(self) -> list[str]:
        port = self.url.rstrip("/").rpartition(":")[2]
        return [
            *(sys.executable, "-m", "jupyter", self.flavour),
            *("--no-browser", "--allow-root", OPTIONS[self.flavour]),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
            *("--ServerApp.port_retries=0", "--IdentityProvider.token="),
            f"--ServerApp.root_dir={self.notebooks}",
        ]

    def _wait_until_up(self) -> None:
        limit = time.monotonic() + START_LIMIT
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > limit:
                log = self._log_path.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"jupyter {self.flavour} did not start:\n{log}")
            time.sleep(0.1)

    def _is_up(self) -> bool:
        try:
            with OPENER.open(self.url + "api/status", timeout=5) as answer:
                return "started" in json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return False
