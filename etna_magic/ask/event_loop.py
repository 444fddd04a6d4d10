"""Does things later or in the background, and comes back to the thread that asked.

A widget's callback runs on the main thread or on one of a subshell; what it starts has to end there too.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


def call_later(seconds: float, act: Callable[[], object]) -> Callable[[], None]:
    """Call something after a while."""
    try:
        return asyncio.get_running_loop().call_later(seconds, act).cancel
    except RuntimeError:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()
        return timer.cancel


def run_in_background(act: Callable[[], _T], then: Callable[[_T], object]) -> None:
    """Call something that takes a while, without blocking this thread's loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        then(act())
        return
    loop.run_in_executor(None, act).add_done_callback(lambda done: then(done.result()))
