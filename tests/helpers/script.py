"""A plain Python script, run as cron runs it: in a process of its own, with no terminal."""

import subprocess
import sys
from pathlib import Path

from etna_magic.sandbox import Sandbox
from tests.helpers.clean_home import environment

#: No keyring but the one that a test brings: this machine's user may have one.
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "DBUS_SESSION_BUS_ADDRESS": ""}
#: In front of a script: IPython and what comes with it cannot be imported, as if they were not installed.
WITHOUT_IPYTHON = """
import sys
class _Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("IPython", "ipykernel", "ipywidgets", "traitlets"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, _Absent())
"""


def variables(sandbox: Sandbox, user: str = "demo") -> dict[str, str]:
    """Return what a login at a sandbox needs, by its variables."""
    return {
        "ETNA_BASE_URL": sandbox.base_url,
        "ETNA_APP_KEY": sandbox.app_key,
        "ETNA_USERNAME": user,
        "ETNA_PASSWORD": sandbox.password_of(user),
    }


def write(folder: Path, source: str) -> list[str]:
    """Write a script; return the command that runs it."""
    (folder / "script.py").write_text(source)
    return [sys.executable, "script.py"]


def run(folder: Path, source: str, **values: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder, with these variables, to its end."""
    return subprocess.run(
        write(folder, source),
        cwd=folder,
        env=environment(folder / "home", **NO_KEYRING, **values),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
