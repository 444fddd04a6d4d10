"""Holds a form until the server takes log-ins again."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from etna_magic.loop import later
from etna_magic.timetext import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.form_view import FormView


def count_down(view: FormView, seconds: float, is_current: Callable[[], bool]) -> None:
    """Hold a view until the server takes a log-in again, and say how long that is."""
    end = time.monotonic() + seconds
    view.is_busy = True
    view.enable(is_enabled=False)

    def tick() -> None:
        left = end - time.monotonic()
        if not is_current():
            return
        if left > 0:
            wait = format_duration(timedelta(seconds=math.ceil(left)))
            view.say(f"The server takes no more log-ins of this user for now: wait {wait}.", is_error=True)
            later(min(1.0, left), tick)
            return
        view.is_busy = False
        view.enable(is_enabled=True)
        view.say("You can log in again now.")
        view.focus()

    tick()
