"""A user of a notebook: a kernel, a sandbox, and the credentials to log in from one to the other."""

from etna_magic.sandbox import Sandbox
from tests.helpers.cell_run import Run
from tests.helpers.front_end import FrontEnd, show_form
from tests.helpers.kernel import Kernel
from tests.helpers.kernel_reset import AGE

DAY = 86_400


class NotebookUser:
    """Logs in to the sandbox from a kernel's environment, and lets tokens grow old.

    Parameters
    ----------
    kernel
        Where cells are run.
    sandbox
        Where its logins go.
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
        """Put a user's credentials into the kernel's environment; an empty variable counts as missing."""
        self.kernel.set_environment(**self.credentials(user) | more)

    def log_in(self, line: str = "", user: str = "demo") -> Run:
        """Log in with credentials from the environment; it has to work."""
        self.know(user)
        run = self.kernel.run(f"%etna_login {line}")
        assert run.status == "ok", run.texts
        return run

    def show_form(self, line: str = "") -> FrontEnd:
        """Show a login form that knows the sandbox's base URL, and what the environment knows."""
        return show_form(self.kernel, f"%etna_login {line} -b {self.sandbox.base_url}")

    def fill(self, form: FrontEnd, user: str = "demo", password: str = "") -> None:
        """Type app key, user name and password of one of the sandbox's users."""
        form.fill(self.sandbox.app_key, user, password or self.sandbox.password_of(user))

    def age(self, name: str = "etna", *, left: float, lifetime: float = DAY) -> None:
        """Let a login's token have this many seconds left of its lifetime; it has expired if negative."""
        self.kernel.do(AGE % (name, left, lifetime))

    def log_in_stale(self, name: str = "etna") -> None:
        """Log in, and let the token have expired three seconds ago."""
        self.log_in("" if name == "etna" else name)
        self.age(name, left=-3)
