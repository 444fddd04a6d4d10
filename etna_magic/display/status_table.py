"""The table of ``%etna_status``: as text, and as HTML with a bar of the time left."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.display.sentences import INK, Bundle
from etna_magic.support import format_duration, format_moment, sanitize
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Sequence

_BARS = {
    TokenState.FRESH: "var(--jp-success-color1, #388e3c)",
    TokenState.EXPIRING: "var(--jp-warn-color1, #f57c00)",
    TokenState.STALE: "var(--jp-error-color1, #d32f2f)",
}
_HEADS = ("Name", "User", "Where", "State", "Until", "Left")


class Row(NamedTuple):
    """One login in the table."""

    name: str
    token: Token | None
    #: ``LIVE``, ``DEMO`` or ``SANDBOX``; not shown where there is no token.
    environment: str
    #: Whether a form waits for a user.
    is_waiting: bool


def status(rows: Sequence[Row]) -> Bundle:
    """Return a table of logins as text and as HTML."""
    cells = [_cells(row) for row in rows]
    widths = [max(len(row[i]) for row in (_HEADS, *cells)) for i in range(len(_HEADS))]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEADS, *cells)
    )
    return {"text/plain": text, "text/html": _table(cells, [_bar(row.token) for row in rows])}


def _cells(row: Row) -> tuple[str, ...]:
    token, waiting = row.token, "waiting for the login" if row.is_waiting else ""
    if token is None:
        return (row.name, "", "", waiting, "", "")
    where = f"{sanitize(token.base_url)} ({row.environment})"
    state = ", ".join(filter(None, (token.ended or token.state.value, waiting)))
    # By what was seen of an earlier token, and not by what the settings say.
    until = f"{format_moment(token.expires_at)}{' (learned)' if token.is_learned else ''}"
    remaining = token.remaining
    left = f"{format_duration(remaining)} ago" if remaining <= timedelta(0) else format_duration(remaining)
    return (row.name, sanitize(token.username), where, state, until, "none" if token.ended else left)


def _bar(token: Token | None) -> str:
    if token is None:
        return ""
    share = 0.0 if token.ended else max(0.0, min(1.0, token.remaining / token.lifetime))
    # The browser shortens the bar by itself: no message goes to the kernel or comes from it.
    run_down = f"animation: etna-run-down {max(token.remaining.total_seconds(), 0):.0f}s linear forwards; "
    return (
        '<div style="width: 90px; height: 8px; border-radius: 4px; '
        'background: var(--jp-layout-color3, #bdbdbd)">'
        f'<div style="width: {share:.1%}; height: 8px; border-radius: 4px; '
        f'{run_down if share else ""}background: {_BARS[token.state]}"></div></div>'
    )


def _table(cells: Sequence[tuple[str, ...]], bars: Sequence[str]) -> str:
    td = f"text-align: left; padding: 4px 14px 4px 0; color: {INK}; white-space: "
    # Only the URL may wrap: a time over four lines is hard to read.
    styles = [td + ("normal; overflow-wrap: anywhere" if head == "Where" else "nowrap") for head in _HEADS]
    head = "".join(f'<th style="{style}">{head}</th>' for style, head in zip(styles, _HEADS, strict=True))
    body = ""
    for row, bar in zip(cells, bars, strict=True):
        *texts, left = map(escape, row)
        columns = zip(styles, (*texts, left + bar), strict=True)
        body += "<tr>" + "".join(f'<td style="{style}">{text}</td>' for style, text in columns) + "</tr>"
    keyframes = "<style>@keyframes etna-run-down { to { width: 0 } }</style>"
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    whole = f'<table class="etna-status" style="margin: 0">{table}</table>'
    return f'<div style="overflow-x: auto">{keyframes}{whole}</div>'
