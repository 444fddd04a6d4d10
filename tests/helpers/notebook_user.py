"""A user's seat: a kernel, a sandbox, and the credentials that lead from one to the other."""

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel_reset import AGE
from tests.helpers.kernel import Kernel
from tests.helpers.cell_run import Run

DAY = 86_400


class NotebookUser:
    """Logs in to the sandbox from a kernel's environment, and lets tokens grow old.

    Parameters
    ----------
    kernel
        Where cells are run.
    sandbox
        Where its log-ins go.
    """

    def __init__(self, kernel: Kernel, sandbox: Sandbox) -> None:
        self.kernel = kernel
        self.sandbox = sandbox

    def credentials(self, user: str = "demo") -> dict[str, str]:
        """Return the variables by which a user logs in."""
        return {
            "ETNA_BASE_URL": self.sandbox.base_url,
            "ETNA_APP_KEY": self.sandbox.app_key,
            "ETNA_USERNAME": user,
            "ETNA_PASSWORD": self.sandbox.password_of(user),
        }

    def know(self, user: str = "demo", **more: str) -> None:
        """Put a user's credentials into the kernel's environment."""
        self.kernel.set_environment(**self.credentials(user), **more)

    def log_in(self, line: str = "", user: str = "demo") -> Run:
        """Log in with credentials from the environment; it has to work."""
        self.know(user)
        run = self.kernel.run(f"%etna_login {line}")
        assert run.status == "ok", run.texts
        return run

    def age(self, name: str = "etna", *, left: float, lifetime: float = DAY) -> None:
        """Let a log-in's token have this many seconds left of its lifetime; negative is over."""
        self.kernel.do(AGE % (name, left, lifetime))

    def log_in_stale(self, name: str = "etna") -> None:
        """Log in, and let the token's day be over for three seconds."""
        self.log_in("" if name == "etna" else name)
        self.age(name, left=-3)
