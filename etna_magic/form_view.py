"""The widgets of one step of the log-in form; every step and every try gets new ones.

JupyterLab's front end and ipykernel hand a widget's messages to whichever thread published on it
last, and hold back a second value while a cell awaits. Widgets that are made anew have neither
trouble.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import ipywidgets

from etna_magic.form_fields import CodeField, UnseenField, close_tree
from etna_magic.loop import later
from etna_magic.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etna_magic.challenge import Challenge
    from etna_magic.token import Token

#: The field of a challenge.
ANSWER = "answer"
_KEPT = "•••••••• (kept until you log in)"
_WIDE = {"width": "420px"}
# Under the fields and not under their labels, which ipywidgets makes so wide.
_UNDER_FIELDS = {"margin": "4px 0 4px 88px"}


class FormView:
    """A title, fields, a message and buttons.

    Secrets that are typed do not stay in their widgets: a notebook that is saved with the state of
    its widgets would have them on disk.

    Parameters
    ----------
    title, message : str
        What stands above and below the fields; both are escaped here.
    fields : mapping of str to (label, is_unseen)
        What to ask for.
    values : mapping of str to Secret
        What is known of that: shown if it is no secret, and kept unseen if it is one.
    act : callable
        What the first button starts; takes the values of the fields.
    is_error : bool, optional
        Whether the message says what went wrong.
    is_awaited : bool, optional
        Whether a cell waits for it: the front end sends a field's first value then and holds
        back the later ones, so that a field that was used is made anew.
    """

    def __init__(  # noqa: PLR0913 - a step is what these say, and nothing is left to set later
        self,
        title: str,
        message: str,
        fields: Mapping[str, tuple[str, bool]],
        values: Mapping[str, Secret],
        act: Callable[[dict[str, Secret]], Token | Challenge],
        *,
        is_error: bool = False,
        is_awaited: bool = False,
    ) -> None:
        #: The challenge that it asks for, if it does not ask for credentials.
        self.challenge: Challenge | None = None
        self.is_busy = False
        #: The field that Enter was pressed in, while the value is awaited that follows.
        self.entered: str | None = None
        #: Whether Enter or a click has happened and was not acted upon yet.
        self.is_meant = False
        self.values = {name: values[name] for name in fields if name in values}
        self._specs = dict(fields)
        self.act = act
        self._is_awaited = is_awaited
        self.fields = {name: self._field(name) for name in fields}
        # Each in a box of its own, so that one can be replaced without a stir among the others.
        self._boxes = {name: ipywidgets.VBox([field]) for name, field in self.fields.items()}
        self.buttons: list[ipywidgets.Button] = []
        self._row = ipywidgets.HBox(layout=_UNDER_FIELDS)
        self._title = ipywidgets.HTML(f'<b class="etna-title">{escape(title)}</b>')
        self._message = ipywidgets.HTML()
        self.say(message, is_error=is_error)
        #: Called with the field's name on Enter, and when a value has come.
        self.on_enter: Callable[[str], None] = lambda _: None
        self.on_value: Callable[[str], None] = lambda _: None

    def _field(self, name: str) -> ipywidgets.Text:
        label, is_unseen = self._specs[name]
        kind = UnseenField if is_unseen else CodeField if name == ANSWER else ipywidgets.Text
        kept, is_secret = name in self.values, self._is_secret(name)
        field = kind(
            value="" if is_secret or not kept else self.values[name].reveal(),
            placeholder=_KEPT if is_secret and kept else "",
            description=label,
            continuous_update=False,
            layout=_WIDE,
        )
        field.observe(lambda change: self._take(name, change), "value")
        field.on_msg(lambda _, content, __: self._hear(name, content))
        return field

    def _is_secret(self, name: str) -> bool:
        # A one-time code is seen while it is typed, and is a secret all the same.
        return name == ANSWER or self._specs[name][1]

    def _take(self, name: str, change: Mapping[str, object]) -> None:
        value = Secret(str(change["new"]))
        if self._is_secret(name):
            if not value:
                return  # our own clearing comes back here
            field = self.fields[name]
            # In one message: an empty field that says nothing looks as if nothing had been typed.
            with field.hold_sync():
                field.value = ""
                field.placeholder = _KEPT
        self.values[name] = value
        if self._is_awaited:
            later(0.0, lambda: self._renew(name))
        self.on_value(name)

    def _renew(self, name: str) -> None:
        """Put a new field in the place of one that was used."""
        old = self.fields[name]
        if old.comm is None:
            return  # the view was closed in the meantime
        self.fields[name] = self._field(name)
        self.fields[name].disabled = old.disabled
        self._boxes[name].children = (self.fields[name],)
        close_tree(old)

    def _hear(self, name: str, content: Mapping[str, object]) -> None:
        if content.get("event") == "submit":
            self.on_enter(name)

    def button(self, label: str, style: str, act: Callable[[], None]) -> None:
        """Add a button and what a click on it does."""
        made = ipywidgets.Button(description=label, button_style=style)
        made.on_click(lambda _: act())
        self.buttons.append(made)
        self._row.children = (*self._row.children, made)

    def lacking(self) -> list[str]:
        """Return the labels of the fields that have nothing in them."""
        return [field.description for name, field in self.fields.items() if not self.values.get(name)]

    def children(self) -> tuple[ipywidgets.Widget, ...]:
        """Return what the form's box shows."""
        return (self._title, *self._boxes.values(), self._row, self._message)

    def say(self, message: str, *, is_error: bool = False) -> None:
        """Show a message under the fields."""
        colour = "var(--jp-error-color1, #d32f2f)" if is_error else "var(--jp-ui-font-color1, inherit)"
        css = "etna-message etna-error" if is_error else "etna-message"
        self._message.value = (
            f'<div class="{css}" style="color: {colour}; max-width: 560px; line-height: 1.4; '
            f'white-space: normal">{escape(message)}</div>'
        )

    def enable(self, *, is_enabled: bool) -> None:
        """Let a person use the fields and buttons, or not."""
        for widget in (*self.fields.values(), *self.buttons):
            widget.disabled = not is_enabled

    def focus(self) -> None:
        """Put the cursor into the first field that has nothing in it."""
        empty = [field for name, field in self.fields.items() if not self.values.get(name)]
        if empty:
            empty[0].focus()

    def forget(self) -> None:
        """Drop the secrets that were typed."""
        for name, field in self.fields.items():
            if self._is_secret(name):
                self.values.pop(name, None)
                field.placeholder = ""

    def close(self) -> None:
        """Take the widgets away, here and in the front end."""
        self.values = {}
        for widget in self.children():
            close_tree(widget)
