"""The row of buttons of the form, which knows when all that was typed has arrived in the kernel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import ipywidgets
from traitlets import Int

from etna_magic.ask.event_loop import call_later

if TYPE_CHECKING:
    from collections.abc import Callable

# In seconds: how long to wait for a front end's answer, and how soon to ask after Enter if no value follows.
ANSWER_LIMIT = 1.0
AFTER_ENTER = 0.05


class ButtonRow(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """A row of buttons that asks the front end whether values are on their way.

    Two things can be late. Enter is sent before the value that it ends, if there is a new one. And a front
    end holds a field's value back until the kernel is done with that field's last one, so that Enter or a
    click may overtake it. So the front end is asked after each value: by a link of its own it copies one
    number to another, and sends that. Its answer cannot overtake what was held back, since it was asked when
    the kernel had said that it is done.

    All that was typed before Enter or a click is there when the question is answered that was open then: what
    was held back is sent before that answer, and nothing is held back where no question is open. Mostly
    none is. No wait is guessed; `ANSWER_LIMIT` is for front ends that do not know such links.

    Parameters
    ----------
    has_later_values : bool
        Whether a field may send more than one value; it may not while a cell waits.
    """

    asked = Int(0, help="The last question").tag(sync=True)
    answered = Int(0, help="The last question that was answered").tag(sync=True, echo_update=False)

    def __init__(self, *, has_later_values: bool) -> None:
        super().__init__()
        self._has_later_values = has_later_values
        # The last question that will be asked: before its answer, a value may be on its way.
        self._open = 0
        self._act: Callable[[], object] | None = None
        self._entered: str | None = None
        self._stop_waiting: Callable[[], None] = lambda: None
        self._link = ipywidgets.jsdlink((self, "asked"), (self, "answered"))
        self.observe(lambda _: self._settle_if_answered(), "answered")

    def when_settled(self, act: Callable[[], object], entered: str | None = None) -> None:
        """Call something, once, when all that was typed before now has arrived.

        Parameters
        ----------
        act : callable
            What to call.
        entered : str or None, optional
            The field that Enter was pressed in.
        """
        is_settled = self.answered >= self._open
        if is_settled and entered is None:
            act()
            return
        self._act, self._entered = act, entered if is_settled else None
        self._stop_waiting = call_later(ANSWER_LIMIT, self._settle)
        if is_settled:
            # The value that Enter has ended is the next message, if there is one: then nothing is asked.
            self._ask_later(AFTER_ENTER)

    def value_arrived(self, name: str) -> None:
        """Note that a field has sent a value; later ones may be on their way."""
        if self._entered == name:
            self._settle()  # nothing of this field can be on its way, nor of the others
        elif self._has_later_values and self._act is None:
            self._ask_later(0.0)  # when the kernel has said that it is done with this value

    def stop(self) -> None:
        """Ask nothing and call nothing any more."""
        self._act = None
        self._settle()
        self._link.close()

    def _ask_later(self, seconds: float) -> None:
        self._open += 1
        call_later(seconds, partial(self._ask, self._open))

    def _ask(self, question: int) -> None:
        if self.comm is not None and question == self._open:  # a later one answers this, too
            self.asked = question

    def _settle_if_answered(self) -> None:
        if self.answered >= self._open:
            self._settle()

    def _settle(self) -> None:
        self._stop_waiting()
        self._entered = None
        act, self._act = self._act, None
        if act is not None:
            act()
