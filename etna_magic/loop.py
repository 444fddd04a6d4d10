"""Does things later, or elsewhere, and comes back to the thread that asked.

A widget's callback runs on the thread that serves its messages: the main one, or one of a
subshell. What it starts has to end there too.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


def later(seconds: float, act: Callable[[], Any]) -> Callable[[], None]:
    """Do something after a while, and return what calls it off.

    Parameters
    ----------
    seconds : float
        How long to wait.
    act : callable
        What to do then, on this thread where it has a loop.

    Returns
    -------
    callable
        Calls it off, if it has not happened yet.
    """
    try:
        return asyncio.get_running_loop().call_later(seconds, act).cancel
    except RuntimeError:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()
        return timer.cancel


def elsewhere(act: Callable[[], _T], then: Callable[[_T], Any]) -> None:
    """Do something that takes a while without holding up this thread's loop.

    Parameters
    ----------
    act : callable
        What takes a while; it must not raise.
    then : callable
        Takes its result, on this thread. Without a loop both happen here and now.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        then(act())
        return
    future = loop.run_in_executor(None, act)
    future.add_done_callback(lambda done: then(done.result()))
