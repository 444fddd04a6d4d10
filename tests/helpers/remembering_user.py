"""A user of a notebook whose state outlives the logins in its kernel, and whose cells may wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.running_cell import RunningCell

#: No keyring but the one that a test brings: this machine's user may have one.
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "DBUS_SESSION_BUS_ADDRESS": ""}
# One function, so that nothing of it stays among the user's variables.
_RESTART = """
def _restart():
    from etna_magic import callbacks
    shell = get_ipython()
    registry = shell.magics_manager.registry["EtnaMagics"].registry
    for login in registry:
        if login.form is not None:
            login.form.call_off("reset by a test")
        registry.drop(login, "ended with its kernel")
    callbacks.clear()
    registry.learned.clear()
    registry.taught.clear()
    shell.reset(new_session=False)
_restart()
"""


class RememberingUser(NotebookUser):
    """A user whose kernel keeps its state below a folder of the test.

    Parameters
    ----------
    kernel
        Where cells are run.
    sandbox
        Where its logins go.
    folder
        The test's own.
    """

    def __init__(self, kernel: Kernel, sandbox: Sandbox, folder: Path) -> None:
        super().__init__(kernel, sandbox)
        #: Where the package keeps its state: locks here, tokens one below.
        self.state = folder / "state" / "etna_magic"
        self.tokens = self.state / "tokens"
        self._cells: list[RunningCell] = []
        kernel.set_environment(**NO_KEYRING, XDG_STATE_HOME=str(self.state.parent))

    def restart(self) -> None:
        """Let the kernel be as if it had been restarted: no login, its environment as before."""
        self.kernel.do(_RESTART)

    def leave(self) -> None:
        """End what a test left running."""
        for cell in self._cells:
            if not cell.has_ended:
                cell.stop()
        self.restart()

    def start(self, code: str, *, stop_on_error: bool = False) -> RunningCell:
        """Start a cell in a front end where a user can be asked, and do not wait for its end."""
        self._cells.append(RunningCell(self.kernel, code, stop_on_error=stop_on_error))
        return self._cells[-1]

    def remember(self, line: str = "", user: str = "demo") -> str:
        """Log in with ``--remember``, which has to work; return the one line that reports it."""
        (text,) = self.log_in(f"{line} --remember", user).texts
        return text

    @contextmanager
    def pause(self, seconds: float) -> Iterator[float]:
        """Let a renewal that has failed be tried again so soon; give what it is otherwise."""
        refresher = "__import__('sys').modules['etna_magic.session.token_refresher']"
        usual = self.kernel.ask(f"{refresher}.PAUSE")
        self.kernel.do(f"{refresher}.PAUSE = {seconds}")
        try:
            yield usual
        finally:
            self.kernel.do(f"{refresher}.PAUSE = {usual}")

    @property
    def files(self) -> list[str]:
        """Every file that is kept, by its path below the folder of state."""
        return sorted(
            str(path.relative_to(self.state)) for path in self.state.rglob("*") if not path.is_dir()
        )

    @property
    def kept(self) -> Path:
        """The one file that holds a token."""
        (path,) = self.tokens.iterdir()
        return path

    def value(self, name: str = "etna") -> str:
        """Return the text of the token in the namespace."""
        return self.kernel.ask(f"{name}_token.get_secret_value()")

    def works(self, name: str = "etna") -> bool:
        """Say whether the session makes a call."""
        return self.kernel.ask(f"{name}_session.get('v1.0/users/@me/info').status_code") == 200


@pytest.fixture
def remembering_user(kernel: Kernel, sandbox: Sandbox, tmp_path: Path) -> Iterator[RememberingUser]:
    """Return a user who has not logged in yet, in a kernel that is as new."""
    user = RememberingUser(kernel, sandbox, tmp_path)
    yield user
    user.leave()
