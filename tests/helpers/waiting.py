"""How long a test waits for what should come at once."""

import time
from collections.abc import Callable

LIMIT = 30.0  # seconds after which something that should have come has not


def wait_until(true: Callable[[], object], limit: float = LIMIT) -> None:
    """Wait until something is true."""
    end = time.monotonic() + limit
    while not true():
        assert time.monotonic() < end, "never true"
        time.sleep(0.01)
