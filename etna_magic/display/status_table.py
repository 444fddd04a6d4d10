"""What ``%etna_status`` shows: a card for each login, with a bar of the time left, or the same as text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.display.sentences import FONT, INK, Bundle, badge, breakable, escape
from etna_magic.support import format_duration, format_moment
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Text first, then shape, then colour: each state is told by any one of them.
_MARKS = {TokenState.FRESH: "●", TokenState.EXPIRING: "◐", TokenState.STALE: "✕"}
_COLOURS = {
    TokenState.FRESH: "var(--jp-success-color1, #388e3c)",
    TokenState.EXPIRING: "var(--jp-warn-color1, #f57c00)",
    TokenState.STALE: "var(--jp-error-color1, #d32f2f)",
}
_EDGE = "var(--jp-border-color1, #bdbdbd)"
# The browser shortens the bar by itself: no message goes to the kernel or comes from it.
_RULES = (
    "<style>@keyframes etna-run-down { to { width: 0 } } "
    "@media (prefers-reduced-motion: reduce) { .etna-bar div { animation: none !important } }</style>"
)
# As many columns as fit; a single one where the page is narrow, or its text large.
_CARDS = (
    f"display: grid; grid-template-columns: repeat(auto-fill, minmax(min(27em, 100%), 1fr)); gap: 8px; {FONT}"
)


class Row(NamedTuple):
    """One login, or one token that is only remembered."""

    name: str
    token: Token | None
    #: ``LIVE``, ``DEMO`` or ``SANDBOX``; not shown where there is no token.
    environment: str = ""
    #: Whether a form waits for a user.
    is_waiting: bool = False
    is_read_only: bool = False
    #: Whether no login of this kernel uses it.
    is_only_remembered: bool = False
    #: What else there is to say, a line each: variables, renewal, where it is remembered.
    notes: tuple[str, ...] = ()
    #: Such lines that a person should see.
    warnings: tuple[str, ...] = ()
    #: What to run to log in again, where that is needed.
    hint: str = ""


def status(rows: Sequence[Row]) -> Bundle:
    """Return the logins as text and as HTML."""
    text = "\n\n".join("\n  ".join(_lines(row)) for row in rows)
    cards = "".join(map(_card, rows))
    return {
        "text/plain": text,
        "text/html": f'{_RULES}<div class="etna-status" role="list" style="{_CARDS}">{cards}</div>',
    }


def _lines(row: Row) -> Iterable[str]:
    """Return what is said of a login in a terminal: a line that begins with its name, and the rest of it."""
    yield f"{row.name}: {', '.join(filter(None, (_state(row), _time(row))))}"
    if row.token is not None:
        where = f"{row.environment}, READ-ONLY" if row.is_read_only else row.environment
        yield f"{row.token.account} ({where})"
    yield from row.notes
    yield from row.warnings
    if row.hint:
        yield f"to log in again: {row.hint}"


def _state(row: Row) -> str:
    waiting = "waiting for the login" if row.is_waiting else ""
    remembered = "only remembered" if row.is_only_remembered else ""
    state = row.token.state.value if row.token is not None else ""
    return ", ".join(filter(None, (state, remembered, waiting)))


def _time(row: Row) -> str:
    """Say how long a token is good and until when, or since when and why not any more."""
    token = row.token
    if token is None:
        return ""
    if token.ended:
        return token.ended
    # By what was seen of an earlier token, and not by what the settings say.
    until = f"{format_moment(token.expires_at)}{' (learned)' if token.is_learned else ''}"
    remaining = token.remaining
    if remaining > timedelta(0):
        return f"{format_duration(remaining)} left, until {until}"
    ago = "just now" if remaining > timedelta(seconds=-1) else f"{format_duration(remaining)} ago"
    return f"expired {ago}, at {until}"


def _card(row: Row) -> str:
    token = row.token
    colour = _COLOURS[token.state] if token is not None else _EDGE
    is_stale = token is not None and token.state is TokenState.STALE
    style = (
        f"border: 1px solid {_EDGE}; border-left: 4px solid {colour}; border-radius: 4px; "
        f"padding: 6px 12px 8px; min-width: 0; overflow-wrap: break-word; color: {INK}"
    )
    badges = badge(row.environment, is_read_only=row.is_read_only) if token is not None else ""
    mark = f'<span aria-hidden="true" style="color: {colour}">{_MARKS[token.state]}</span> ' if token else ""
    state = f'<span style="margin-left: auto; font-weight: 600">{mark}{escape(_state(row))}</span>'
    head = (
        '<div style="display: flex; flex-wrap: wrap; gap: 2px 8px; align-items: baseline">'
        f'<strong style="font-size: 1.15em">{escape(row.name)}</strong> {badges} {state}</div>'
    )
    body = ""
    if token is not None:
        body += f"<div>{breakable(str(token.account))}</div>{_bar(token)}<div>{breakable(_time(row))}</div>"
    quiet = "color: var(--jp-ui-font-color2, inherit)"
    body += "".join(f'<div style="{quiet}">{breakable(note)}</div>' for note in row.notes)
    sign = f'<span aria-hidden="true" style="color: {_COLOURS[TokenState.EXPIRING]}">▲</span>'
    body += "".join(f"<div>{sign} {breakable(warning)}</div>" for warning in row.warnings)
    if row.hint:
        # On a line of its own where it does not fit, and broken only where that is too short as well.
        body += f'<div>To log in again: <code style="display: inline-block">{escape(row.hint)}</code></div>'
    css = "etna-card etna-stale" if is_stale else "etna-card"
    return f'<div class="{css}" role="listitem" style="{style}">{head}{body}</div>'


def _bar(token: Token) -> str:
    share = 0.0 if token.ended else max(0.0, min(1.0, token.remaining / token.lifetime))
    run_down = f"animation: etna-run-down {max(token.remaining.total_seconds(), 0):.0f}s linear forwards; "
    return (
        '<div class="etna-bar" aria-hidden="true" style="height: 6px; border-radius: 3px; margin: 5px 0; '
        'overflow: hidden; background: var(--jp-layout-color3, #bdbdbd)">'
        f'<div style="width: {share:.1%}; height: 6px; {run_down if share else ""}'
        f'background: {_COLOURS[token.state]}"></div></div>'
    )
