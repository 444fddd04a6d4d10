"""A home directory of its own for a Jupyter server: settings, environment, notebooks."""

from __future__ import annotations

import json
import os
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LEFT_OUT = ("ETNA_", "JUPYTER", "IPYTHON", "XDG_", "PYTEST_")
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}


class JupyterHome:
    """Everything that a Jupyter server and its kernels write lands under one root.

    Parameters
    ----------
    root
        An empty directory, which becomes ``HOME``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notebooks = root / "notebooks"
        self.temporary = root / "tmp"
        for directory in (self.notebooks, self.temporary):
            directory.mkdir(parents=True)
        for name, values in SETTINGS.items():
            self.write_setting(name, values)

    def write_setting(self, name: str, values: dict[str, object]) -> None:
        """Write the user's settings of one JupyterLab plugin."""
        path = self.root / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")

    def choose_theme(self, shade: str) -> None:
        """Make pages that are opened from now on light or dark."""
        self.write_setting(
            "@jupyterlab/apputils-extension/themes",
            {"theme": THEMES[shade], "adaptive-theme": False},
        )

    def environment(self) -> dict[str, str]:
        """Return the process environment of the server: no proxies, no credentials."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(LEFT_OUT) and not name.lower().endswith("_proxy")
        }
        own = {
            "HOME": self.root,
            "TMPDIR": self.temporary,
            "IPYTHONDIR": self.root / "ipython",
            "JUPYTER_CONFIG_DIR": self.root / "config",
            "JUPYTER_DATA_DIR": self.root / "data",
            "JUPYTER_RUNTIME_DIR": self.root / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": self.root / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": self.root / "workspaces",
            "PYTHONPATH": REPOSITORY,
        }
        return kept | {name: str(value) for name, value in own.items()}
