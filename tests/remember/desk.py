"""A user's seat with a folder of state that outlives the log-ins in its kernel."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel import Kernel
from tests.helpers.cell_run import Run
from tests.helpers.notebook_user import NotebookUser
from tests.remember.inside import AS_NEW

#: No keyring but the one that a test brings: this machine's user may have one.
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "DBUS_SESSION_BUS_ADDRESS": ""}


class Desk(NotebookUser):
    """A seat whose kernel keeps its state below a folder of the test.

    Parameters
    ----------
    kernel
        Where cells are run.
    sandbox
        Where its log-ins go.
    folder
        The test's own.
    """

    def __init__(self, kernel: Kernel, sandbox: Sandbox, folder: Path) -> None:
        super().__init__(kernel, sandbox)
        self._work = folder / "work"
        self._work.mkdir()
        #: Where the package keeps its state: locks here, tokens one below.
        self.state = folder / "state" / "etna_magic"
        self.tokens = self.state / "tokens"
        kernel.do(AS_NEW % (str(self._work), True))
        kernel.set_environment(XDG_STATE_HOME=str(folder / "state"))

    def restart(self) -> None:
        """Let the kernel be as if it had been restarted: no log-in, its environment as before."""
        self.kernel.do(AS_NEW % (str(self._work), False))

    def remember(self, line: str = "", user: str = "demo") -> Run:
        """Log in with ``--remember``; it has to work, and be told in one line."""
        run = self.log_in(f"{line} --remember", user)
        assert 1 == len(run.texts), run.texts
        return run

    @contextmanager
    def pause(self, seconds: float) -> Iterator[float]:
        """Let a renewal that has failed be tried again so soon; hand out what it is otherwise."""
        self.kernel.do("import etna_magic.renewal as _r")
        usual = self.kernel.ask("_r.PAUSE")
        self.kernel.do(f"_r.PAUSE = {seconds}")
        try:
            yield usual
        finally:
            self.kernel.do(f"import etna_magic.renewal as _r; _r.PAUSE = {usual}")

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

    def change(self, **members: Any) -> None:
        """Change members of the record that is kept."""
        record = json.loads(self.kept.read_text())
        self.kept.write_text(json.dumps(record | members))

    def value(self, name: str = "etna") -> str:
        """Return the text of the token in the namespace."""
        return self.kernel.ask(f"{name}_token.value")

    def works(self, name: str = "etna") -> bool:
        """Say whether the session makes a call."""
        return self.kernel.ask(f"{name}_session.get('v1.0/users/@me/info').status_code") == 200


@contextmanager
def sandbox_for_tests(**options: Any) -> Iterator[Sandbox]:
    """Run a sandbox without limits on log-ins and calls."""
    with Sandbox(login_limit=None, call_limits=False, **options) as running:
        yield running
