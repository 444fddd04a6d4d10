"""An IPython in this process, and log-ins at a sandbox."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from etna_magic import Credentials, LoginFlow, Secret, Token
from etna_magic.support import Clock
from etna_magic.sandbox import Sandbox

LIMIT = 30.0  # seconds after which something that should have come has not


@contextlib.contextmanager
def shell() -> Iterator[InteractiveShell]:
    """Run an IPython with the extension loaded and no history."""
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    try:
        made.run_line_magic("load_ext", "etna_magic")
        yield made
        made.run_line_magic("etna_logout", "--all")
    finally:
        InteractiveShell.clear_instance()


def know(patch: pytest.MonkeyPatch, sandbox: Sandbox, **more: str) -> None:
    """Put demo's credentials for that sandbox into the environment."""
    credentials = {
        "ETNA_APP_KEY": sandbox.app_key,
        "ETNA_USERNAME": "demo",
        "ETNA_PASSWORD": sandbox.password_of("demo"),
    }
    for name, value in (credentials | more).items():
        patch.setenv(name, value)


def log_in(sandbox: Sandbox, clock: Clock | None = None, lifetime: float = 86_400.0) -> Token:
    """Log in to that sandbox as demo."""
    credentials = Credentials(
        sandbox.base_url,
        Secret(sandbox.app_key),
        "demo",
        Secret(sandbox.password_of("demo")),
        lifetime=timedelta(seconds=lifetime),
    )
    token = LoginFlow(credentials, clock=clock).start()
    assert isinstance(token, Token)
    return token


def wait_until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end, "never true"
        time.sleep(0.01)
