"""The line that every login takes, driven without a notebook: no IPython is imported for it."""

import subprocess
import sys

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.environment import clear_environment

HEAVY = ["IPython", "ipywidgets", "traitlets"]
LOG_IN = f"""
import sys
from etna_magic.logins import LoginRegistry
from etna_magic.logins.login_command import LoginCommand
from etna_magic.settings import LoginOptions

registry = LoginRegistry({{}})
command = LoginCommand(registry, LoginOptions(auto_renew=True), None)
attempt = command.attempt()
line = command.first_step(attempt)
session = registry.get("etna").session
first = session.token
first.end("was ended by a test")
print(session.get("v1.0/users/@me/info").status_code, session.token is first)
print([name for name in {HEAVY} if name in sys.modules])
"""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Run a sandbox, and put what a login needs into the environment."""
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    with Sandbox(login_limit=None, call_limits=False) as running:
        monkeypatch.setenv("ETNA_BASE_URL", running.base_url)
        monkeypatch.setenv("ETNA_APP_KEY", running.app_key)
        monkeypatch.setenv("ETNA_USERNAME", "demo")
        monkeypatch.setenv("ETNA_PASSWORD", running.password_of("demo"))
        yield running


def test_no_ipython(sandbox: Sandbox) -> None:
    """A login and a renewal are made without IPython, traitlets and ipywidgets."""
    done = subprocess.run([sys.executable, "-c", LOG_IN], check=False, capture_output=True, text=True)
    assert ("200 False\n[]\n", "") == (done.stdout, done.stderr)
    assert 2 == sandbox.token_requests
