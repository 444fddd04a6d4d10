"""Every sentence and table that a user sees, as text and as HTML, escaped in one place."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from etna_magic.inert import inert
from etna_magic.timetext import format_duration, format_moment
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Sequence

Bundle = dict[str, str]

# JupyterLab's variables follow its theme; the second value serves front ends that have none.
_INK = "var(--jp-ui-font-color1, inherit)"
_COLOURS = {
    "etna-line": "var(--jp-success-color1, #388e3c)",
    "etna-warning": "var(--jp-warn-color1, #f57c00)",
    "etna-error": "var(--jp-error-color1, #d32f2f)",
}
_BARS = {
    TokenState.FRESH: "var(--jp-success-color1, #388e3c)",
    TokenState.EXPIRING: "var(--jp-warn-color1, #f57c00)",
    TokenState.STALE: "var(--jp-error-color1, #d32f2f)",
}


def line(text: str, css: str = "etna-line") -> Bundle:
    """Return one line in both forms, for ``display(…, raw=True)``.

    Parameters
    ----------
    text : str
        The line; it is escaped here.
    css : str, optional
        ``etna-line``, ``etna-warning`` or ``etna-error``.

    Returns
    -------
    dict of str to str
        By MIME type.
    """
    style = (
        f"border-left: 4px solid {_COLOURS[css]}; padding: 2px 0 2px 10px; margin: 2px 0; color: {_INK}; "
        "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
        "line-height: 1.5"
    )
    return {"text/plain": text, "text/html": f'<div class="{css}" style="{style}">{escape(text)}</div>'}


def logged_in(token: Token, place: str) -> str:
    """Say who is logged in, where, until when and for how long.

    For example: Logged in as alice at https://api.example.com (LIVE) until 2026-11-25 14:03:22 CET (24 h).
    """
    return (
        f"Logged in as {inert(token.username)} at {inert(token.base_url)} ({place}) until "
        f"{format_moment(token.expires_at)} ({format_duration(token.lifetime)})."
    )


def stale(name: str, token: Token, mend: str) -> str:
    """Say that a token is over, since when, and the line that mends it."""
    if token.ended:
        return f"{name}: the token {token.ended}, and calls with it fail. To log in again: {mend}"
    return (
        f"{name}: the token expired at {format_moment(token.expires_at)}, {format_duration(token.remaining)} "
        f"ago. To log in again: {mend}"
    )


def expired_during(name: str, token: Token, mend: str) -> str:
    """Say that a token came to its end while a cell ran."""
    if token.ended:
        return f"{name}: while this cell ran, the token {token.ended}. To log in again: {mend}"
    return (
        f"{name}: the token expired while this cell ran, at {format_moment(token.expires_at)}. "
        f"To log in again: {mend}"
    )


def expiring(name: str, token: Token, mend: str) -> str:
    """Say that a token is near its end."""
    return (
        f"{name}: the token ends in {format_duration(token.remaining)}, at "
        f"{format_moment(token.expires_at)}. To log in again: {mend}"
    )


def lasts(
    name: str, token: Token | None, duration: timedelta, mend: str, *, renews: bool
) -> tuple[bool, str]:
    """Say whether a token will last so long, and return whether all is well."""
    wanted = format_duration(duration)
    if token is None or token.state is TokenState.STALE:
        return False, f"{name}: there is no good token now, let alone for {wanted}. To log in: {mend}"
    if token.remaining >= duration:
        return True, f"{name}: the token lasts for {wanted}; it ends in {format_duration(token.remaining)}."
    ends = f"the token ends in {format_duration(token.remaining)}, at {format_moment(token.expires_at)}"
    if renews:
        return True, f"{name}: {ends}, and is renewed by itself before that."
    return False, f"{name}: {ends}, and will not last for {wanted}. To log in again: {mend}"


def left(token: Token) -> str:
    """Say how long a token has left, or how long it is over."""
    if token.ended:
        return "none"
    remaining = token.remaining
    gone = remaining <= timedelta(0)
    return f"{format_duration(remaining)} ago" if gone else format_duration(remaining)


_HEADS = ("Name", "User", "Where", "State", "Until", "Left")


def status(rows: Sequence[tuple[str, Token | None, str]]) -> Bundle:
    """Return a table of log-ins: as text, and in HTML with a bar of the time left.

    Parameters
    ----------
    rows : sequence of (name, token, place)
        The log-ins; a token of None is one that is not finished.

    Returns
    -------
    dict of str to str
        By MIME type.
    """
    cells = [_cells(name, token, place) for name, token, place in rows]
    widths = [max(len(row[i]) for row in (_HEADS, *cells)) for i in range(len(_HEADS))]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (_HEADS, *cells)
    )
    bars = [_bar(token) for _, token, _ in rows]
    return {"text/plain": text, "text/html": _table(cells, bars)}


def _cells(name: str, token: Token | None, place: str) -> tuple[str, ...]:
    if token is None:
        return (name, "", "", "waiting for the log-in", "", "")
    where = f"{inert(token.base_url)} ({place})"
    state = token.ended or token.state.value
    return (name, inert(token.username), where, state, format_moment(token.expires_at), left(token))


def _bar(token: Token | None) -> str:
    if token is None:
        return ""
    share = 0.0 if token.ended else max(0.0, min(1.0, token.remaining / token.lifetime))
    # The browser runs the bar down by itself: no message goes to the kernel or comes from it.
    run_down = f"animation: etna-run-down {max(token.remaining.total_seconds(), 0):.0f}s linear forwards; "
    return (
        '<div style="width: 90px; height: 8px; border-radius: 4px; '
        'background: var(--jp-layout-color3, #bdbdbd)">'
        f'<div style="width: {share:.1%}; height: 8px; border-radius: 4px; '
        f'{run_down if share else ""}background: {_BARS[token.state]}"></div></div>'
    )


def _table(cells: Sequence[tuple[str, ...]], bars: Sequence[str]) -> str:
    td = f"text-align: left; white-space: nowrap; padding: 4px 14px 4px 0; color: {_INK}"
    head = "".join(f'<th style="{td}">{h}</th>' for h in (*_HEADS, ""))
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{td}">{escape(c)}</td>' for c in row)
        + f'<td style="{td}">{bar}</td></tr>'
        for row, bar in zip(cells, bars, strict=True)
    )
    style = "<style>@keyframes etna-run-down { to { width: 0 } }</style>"
    # Narrow notebooks scroll it sideways: a moment that is broken over four lines is hard to read.
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    whole = f'<table class="etna-status" style="margin: 0">{table}</table>'
    return f'<div style="overflow-x: auto">{style}{whole}</div>'
