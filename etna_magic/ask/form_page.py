"""The parts of the form that stay over all its steps: its box, its heading and what it says.

A screen reader reads out what changes in a region that stays, and not a region that is new.
"""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import ipywidgets

from etna_magic.display import badge, breakable
from etna_magic.exceptions import EtnaError
from etna_magic.settings import LABELS, environment_of
from etna_magic.support import checked_base_url, sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etna_magic.settings import Settings

_CSS, _SCRIPT = (files(__package__).joinpath(name).read_text("utf-8") for name in ("form.css", "form.js"))
# A style element may have a handler and runs it wherever it is drawn; a script element that is put
# into a page by its HTML, as ipywidgets does it, never runs.
_ASSETS = f'<style onload="{escape(f"({_SCRIPT.strip()})(this)")}">{_CSS}</style>'


def close_tree(widget: ipywidgets.Widget) -> None:
    """Close a widget with its children, layout and style."""
    for child in getattr(widget, "children", ()):
        close_tree(child)
    for part in ("layout", "style"):
        if getattr(widget, part, None) is not None:
            getattr(widget, part).close()
    widget.close()


class Heading(NamedTuple):
    """Who logs in, where, and what is known already.

    Parameters
    ----------
    username, base_url : str
        Empty where they are not known yet.
    known : str, optional
        Which values are known, and from where.
    is_read_only : bool, optional
        Whether the login will send nothing but reads.
    """

    username: str
    base_url: str
    known: str = ""
    is_read_only: bool = False

    @classmethod
    def of(cls, settings: Settings, *, is_read_only: bool = False) -> Heading:
        """Return the heading of a login that knows these settings."""
        known = [
            f"{label if name == 'pin' else label[0].lower() + label[1:]} {settings.known[name].place}"
            for name, label in LABELS.items()
            if name in settings.known and not settings.is_typed(name)
        ]
        listed = f"Known: {', '.join(known)}." if known else ""
        return cls(settings.text("username"), settings.text("base_url"), listed, is_read_only)

    def html(self, title: str) -> str:
        """Return it as HTML; the title, with who and where, names the group, as text with these blanks."""
        try:
            base_url = checked_base_url(self.base_url) if self.base_url else ""
        except EtnaError:  # it is said when it was typed
            base_url = ""
        where = f'at <span class="etna-url">{breakable(sanitize(base_url))}</span>'
        who = f"as <b>{escape(sanitize(self.username))}</b> " if self.username else ""
        mark = badge(environment_of(base_url), is_read_only=self.is_read_only) if base_url else ""
        place = where if base_url else "at a base URL that is still to be typed"
        known = f'<div class="etna-known">{_prose(self.known)}</div>' if self.known else ""
        first = f'<div class="etna-title"><span>{escape(title)}</span> {mark}</div>'
        return f'<div class="etna-who">{first} <div>{who}{place}</div></div>{known}'


def _prose(text: str) -> str:
    """Return a sentence as HTML; an option in it is not broken after its dashes."""
    return re.sub(r"--[a-z-]+", r'<span class="etna-option">\g<0></span>', escape(text))


class FormPage:
    """The form's box, with its heading, what it says, and a place for the widgets of a step."""

    def __init__(self) -> None:
        self.heading = ipywidgets.HTML().add_class("etna-heading")
        self.error = ipywidgets.HTML().add_class("etna-alert")
        self.said = ipywidgets.HTML().add_class("etna-said")
        self._count = ipywidgets.HTML().add_class("etna-count")
        self._body = ipywidgets.VBox()
        assets = ipywidgets.HTML(_ASSETS).add_class("etna-assets")
        # The first of them stays in its place in the page when the others go; it is drawn above the fields.
        parts = (self.said, self._count, assets, self.heading, self.error, self._body)
        self.box = ipywidgets.VBox(parts).add_class("etna-login")
        self._error_id = f"etna-{self.box.model_id}-error"
        self._title = self._proof = ""

    def show(self, heading: Heading, title: str, proof: str, widgets: Iterable[ipywidgets.Widget]) -> None:
        """Show a step instead of the one before."""
        self._title, self._proof = title, proof
        self.head(heading)
        self._body.children = tuple(widgets)

    def head(self, heading: Heading) -> None:
        """Show another heading above the same fields."""
        self.heading.value = heading.html(self._title) + self._proof

    def say(self, message: str, note: str = "", *, is_error: bool = False) -> None:
        """Say something, at once if it is an error, instead of what was said before."""
        more = f"<div>{_prose(note)}</div>" if note else ""
        error = f'<div class="etna-error" role="alert" id="{self._error_id}">{_prose(message)}{more}</div>'
        self.count("")
        self.said.value = "" if is_error else _prose(message)
        # Emptied first: the same error a second time would be no change, and not be read out.
        self.error.value = ""
        self.error.value = error if is_error and message else ""

    def count(self, text: str) -> None:
        """Show how long something takes, below what was said."""
        self._count.value = escape(text)

    def show_line(self, html: str) -> None:
        """Say what came of it, as HTML, where the form was; nothing else stays."""
        self.said.value = html
        self.box.add_class("etna-ended")

    def close_all_but_line(self) -> None:
        """Take every widget away but the line and its box: Voila shows nothing else of what came of it."""
        # It stays, and must hold nothing of the form's by whoever watches it.
        for watched in (self.box, self.box.layout):
            watched.unobserve_all("_view_count")
        closed = [part for part in self.box.children if part is not self.said]
        self.box.children = (self.said,)
        for part in closed:
            close_tree(part)
