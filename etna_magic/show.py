"""Shows a line or a table in the cell that is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

if TYPE_CHECKING:
    from etna_magic.rendering import Bundle


def show(bundle: Bundle) -> None:
    """Display both forms; the front end takes the one that it can show."""
    display(bundle, raw=True)
