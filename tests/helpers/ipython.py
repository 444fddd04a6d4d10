"""An IPython in this process, with the extension loaded."""

import contextlib
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from etna_magic.sandbox import Sandbox


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


def set_credentials(patch: pytest.MonkeyPatch, sandbox: Sandbox, **more: str) -> None:
    """Put demo's credentials for that sandbox into the environment."""
    credentials = {
        "ETNA_APP_KEY": sandbox.app_key,
        "ETNA_USERNAME": "demo",
        "ETNA_PASSWORD": sandbox.password_of("demo"),
    }
    for name, value in (credentials | more).items():
        patch.setenv(name, value)
