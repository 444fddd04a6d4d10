"""What holds for all tests."""

import os
import signal
import tempfile

from hypothesis import settings

# The same few examples in every run, so that a change is blamed for what it broke; `make fuzz` draws others.
settings.register_profile("test", settings.get_profile("ci"), deadline=None, max_examples=25)
settings.register_profile("fuzz", settings.get_profile("default"), deadline=None, print_blob=True)
settings.load_profile("test")


# Nothing of the tests lands in the state of the user who runs them.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="etna_magic-tests-")


def pytest_configure() -> None:
    """Let Ctrl-C be heard, also where the tests run in the background of a shell, which ignores it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
