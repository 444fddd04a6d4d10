"""The widgets of the form that ipywidgets does not have, and how what was typed arrives in the kernel whole.

ipywidgets sends each value that comes from one front end on to all clients of the kernel: no field here does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import ipywidgets
from traitlets import Bool, Unicode

from etna_magic.ask.event_loop import call_later
from etna_magic.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# In seconds: how long to wait for a front end's answer.
ANSWER_LIMIT = 1.0


class UnseenField(ipywidgets.Password):  # type: ignore[misc]  # ipywidgets publishes no types
    """A password field whose value the kernel sends to nobody."""

    value = Unicode("", help="What was typed").tag(sync=True, echo_update=False)


class CodeField(ipywidgets.Text):  # type: ignore[misc]  # ipywidgets publishes no types
    """A field whose text is seen while it is typed; the kernel sends it to nobody either."""

    value = Unicode("", help="What was typed").tag(sync=True, echo_update=False)


class AnswersField(ipywidgets.Textarea):  # type: ignore[misc]  # ipywidgets publishes no types
    """A field that nobody sees: ``form.js`` puts into it, as JSON, what is in the others at Enter or a click.

    That is one message with all that was typed, and nothing else can be on its way.
    """

    value = Unicode("", help="What is in the fields").tag(sync=True, echo_update=False)

    def take(self, names: Iterable[str]) -> dict[str, Secret]:
        """Return what is in the fields of these names, and keep nothing of it; empty if it is not that."""
        sent, self.value = self.value, ""
        try:
            texts = [Secret(str(text)) for text in json.loads(sent)]
        except (TypeError, ValueError):
            return {}
        named = list(names)
        return dict(zip(named, texts, strict=True)) if len(named) == len(texts) else {}


class ButtonRow(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """A row of buttons that asks the front end, after Enter or a click, whether values are on their way.

    Two things can be late. Enter is sent before the value that it ends, and a front end holds a field's
    value back until the kernel is done with that field's last one. So the front end is asked: by a link of
    its own it copies one value to another, and sends that. It is asked when the kernel has said that it is
    done with all that came before; so what was held back is sent before the answer. No wait is guessed;
    `ANSWER_LIMIT` is for front ends that do not know such links. Where ``form.js`` runs, nothing is asked.
    """

    asked = Bool(default_value=False, help="Whether the front end is asked").tag(sync=True)
    answered = Bool(default_value=False, help="Whether it has answered").tag(sync=True, echo_update=False)

    def __init__(self) -> None:
        super().__init__()
        self._act: Callable[[], object] | None = None
        self._stop_waiting: Callable[[], None] = lambda: None
        self._link = ipywidgets.jsdlink((self, "asked"), (self, "answered"))
        self.observe(lambda _: self._settle(), "answered")

    def when_settled(self, act: Callable[[], object]) -> None:
        """Call something, once, when all that was typed before now has arrived."""
        self._act = act
        self._stop_waiting = call_later(ANSWER_LIMIT, self._settle)
        self.asked = True

    def stop(self) -> None:
        """Call nothing any more."""
        self._act = None
        self._settle()
        self._link.close()

    def _settle(self) -> None:
        self._stop_waiting()
        act, self._act = self._act, None
        if act is not None:
            act()
