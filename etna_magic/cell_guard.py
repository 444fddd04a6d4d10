"""Shuts a form while a cell runs.

A kernel that is busy cannot take a password out of its field, and a notebook that is saved with
the state of its widgets in that moment would have it on disk.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from collections.abc import Callable


class CellGuard:
    """Calls a form before and after each cell.

    Parameters
    ----------
    turn : callable
        Shuts the form, or opens it again: its argument is whether it is to be open.
    """

    def __init__(self, turn: Callable[[bool], None]) -> None:
        self._turn = turn
        self._events: Any = None
        #: Whether a cell is running, and the form is to be shut.
        self.is_shut = False

    def start(self) -> None:
        """Begin to watch, in the cell that shows the form."""
        shell = get_ipython()
        if shell is not None:
            self._events = shell.events
            self._events.register("pre_run_cell", self._shut)
            self._events.register("post_run_cell", self._open)

    def stop(self) -> None:
        """Watch no more."""
        if self._events is not None:
            with contextlib.suppress(ValueError):  # another form's end may have come between
                self._events.unregister("pre_run_cell", self._shut)
                self._events.unregister("post_run_cell", self._open)
            self._events = None

    def _shut(self, _: object) -> None:
        self.is_shut = True
        self._turn(False)  # noqa: FBT003 - as its documentation says

    def _open(self, _: object) -> None:
        self.is_shut = False
        self._turn(True)  # noqa: FBT003
