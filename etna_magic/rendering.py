"""Every sentence and table that a user sees, as text and as HTML, escaped in one place."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from etna_magic.inert import inert
from etna_magic.timetext import format_duration, format_moment
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from datetime import timedelta

Bundle = dict[str, str]

# JupyterLab's variables follow its theme; the second value serves front ends that have none.
INK = "var(--jp-ui-font-color1, inherit)"
_COLOURS = {
    "etna-note": "var(--jp-border-color1, #bdbdbd)",
    "etna-line": "var(--jp-success-color1, #388e3c)",
    "etna-warning": "var(--jp-warn-color1, #f57c00)",
    "etna-error": "var(--jp-error-color1, #d32f2f)",
}
_TO_TYPE = re.compile(r"(%etna_login(?: \w+)?)$")


def line(text: str, css: str = "etna-line") -> Bundle:
    """Return one line in both forms, for ``display(…, raw=True)``.

    Parameters
    ----------
    text : str
        The line; it is escaped here.
    css : str, optional
        ``etna-line``, ``etna-note``, ``etna-warning`` or ``etna-error``.

    Returns
    -------
    dict of str to str
        By MIME type.
    """
    style = (
        f"border-left: 4px solid {_COLOURS[css]}; padding: 2px 0 2px 10px; margin: 2px 0; color: {INK}; "
        "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
        "line-height: 1.5"
    )
    # The line to type stands out as what it is.
    html = _TO_TYPE.sub(r'<code style="white-space: nowrap">\1</code>', escape(text))
    return {"text/plain": text, "text/html": f'<div class="{css}" style="{style}">{html}</div>'}


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
    seconds = -token.remaining.total_seconds()
    ago = "just now" if seconds < 1 else f"{format_duration(token.remaining)} ago"
    return f"{name}: the token expired at {format_moment(token.expires_at)}, {ago}. To log in again: {mend}"


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
