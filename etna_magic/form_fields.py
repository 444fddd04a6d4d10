"""The widgets that the log-in form is made of, and how they go away without a rest."""

from __future__ import annotations

import ipywidgets
from traitlets import Unicode


class UnseenField(ipywidgets.Password):
    """A password field whose value the kernel tells nobody.

    ipywidgets sends each value that comes from one front end on to all clients of the kernel.
    """

    value = Unicode("", help="What was typed").tag(sync=True, echo_update=False)


class CodeField(ipywidgets.Text):
    """A field whose text is seen while it is typed; the kernel tells it nobody either."""

    value = Unicode("", help="What was typed").tag(sync=True, echo_update=False)


def close_tree(widget: ipywidgets.Widget) -> None:
    """Close a widget with its children, layout and style."""
    for child in getattr(widget, "children", ()):
        close_tree(child)
    for part in ("layout", "style"):
        if getattr(widget, part, None) is not None:
            getattr(widget, part).close()
    widget.close()
