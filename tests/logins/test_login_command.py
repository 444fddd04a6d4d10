"""The line that every login takes, driven without a notebook: no IPython is imported for it."""

from tests.helpers.script import run, variables

LOG_IN = """
import sys
from etna_magic.logins import LoginRegistry
from etna_magic.logins.login_command import LoginCommand
from etna_magic.settings import LoginOptions

registry = LoginRegistry({})
command = LoginCommand(registry, LoginOptions(auto_renew=True), None)
command.first_step(command.attempt())
session = command.logged_in().session
first = session.token
first.end("was ended by a test")
print(session.get("v1.0/users/@me/info").status_code, session.token is first)
print([name for name in ("IPython", "ipywidgets", "traitlets") if name in sys.modules])
"""


def test_no_ipython(sandbox, folder) -> None:
    """A login and a renewal are made without IPython, traitlets and ipywidgets."""
    done = run(folder, LOG_IN, **variables(sandbox))
    assert ("200 False\n[]\n", "") == (done.stdout, done.stderr)
    assert 2 == sandbox.token_requests
