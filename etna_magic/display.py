"""What a user sees: the sentences about a login, and the cards of ``%etna_status``, as text and as HTML.

Every text is plain and HTML is made, and escaped, in here alone. IPython is imported only when something is
shown.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.exceptions import login_hint
from etna_magic.support import format_duration, format_moment, sanitize
from etna_magic.token import Account, Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

#: What can be displayed, by MIME type.
Bundle = dict[str, str]

# JupyterLab's variables follow its theme; the second value serves front ends that have none.
INK = "var(--jp-ui-font-color1, inherit)"
FONT = (
    "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
    "line-height: 1.5"
)
_COLOURS = {
    "etna-note": "var(--jp-border-color1, #bdbdbd)",
    "etna-line": "var(--jp-success-color1, #388e3c)",
    "etna-warning": "var(--jp-warn-color1, #f57c00)",
    "etna-error": "var(--jp-error-color1, #d32f2f)",
}
# Text first, then shape, then colour: each state is told by any one of them.
_MARKS = {
    TokenState.FRESH: ("●", _COLOURS["etna-line"]),
    TokenState.EXPIRING: ("◐", _COLOURS["etna-warning"]),
    TokenState.STALE: ("✕", _COLOURS["etna-error"]),
}
_EDGE = _COLOURS["etna-note"]
# Text first, then shape, then colour: LIVE alone is filled, with colours of its own in every theme. Where
# a system forces its colours, borders remain.
_BADGES = {
    "LIVE": "background: #b3261e; color: #ffffff; border: 2px solid #b3261e",
    "DEMO": f"color: {INK}; border: 1px dashed currentColor",
    "SANDBOX": f"color: {INK}; border: 1px solid currentColor",
    "READ-ONLY": f"color: {INK}; border: 1px dotted currentColor",
}
# As html.escape() does it, whose module brings a table of all entities along: a tenth of a first login.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
# Where the parts of an address or a path begin; a number such as an IP address or a date is one part.
_PARTS = re.compile(r"(?<=/)(?=\w)|(?<=\w[.@\-])(?=[^\W\d])")
# A date is broken at its hyphens by browsers.
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def escape(text: str) -> str:
    """Return a text as it is written in HTML."""
    return text.translate(_ESCAPES)


def breakable(text: str) -> str:
    """Return a text as HTML: an address or a path is broken where its parts end, a date nowhere.

    Examples
    --------
    >>> from etna_magic import display
    >>> display.breakable("https://api.example.com/api").count("<wbr>")
    4
    """
    parts = _PARTS.sub("<wbr>", escape(text))
    return _DATE.sub(r'<span style="white-space: nowrap">\g<0></span>', parts)


def badge(environment: str, *, is_read_only: bool = False) -> str:
    """Return ``LIVE``, ``DEMO`` or ``SANDBOX`` as HTML, and ``READ-ONLY`` where nothing but reads is sent.

    Examples
    --------
    >>> from etna_magic import display
    >>> "LIVE</span>" in display.badge("LIVE")
    True
    """
    names = (environment, "READ-ONLY") if is_read_only else (environment,)
    return " ".join(
        f'<span class="etna-badge etna-{escape(name).lower()}" style="{_BADGES[name]}; border-radius: 3px; '
        "padding: 0 6px; font-size: 0.85em; font-weight: 700; letter-spacing: 0.04em; white-space: nowrap; "
        f'display: inline-block; line-height: 1.3">{escape(name)}</span>'
        for name in names
    )


def line(text: str, css: str = "etna-line") -> Bundle:
    """Return one line as text and as HTML."""
    edge = f"border-left: 4px solid {_COLOURS[css]}; padding: 2px 0 2px 10px; margin: 2px 0"
    style = f"{edge}; color: {INK}; {FONT}"
    before, hint, name = text.rpartition("%etna_login")
    html = breakable(text)
    if hint and (not name or (name[0] == " " and name[1:].isidentifier())):
        html = f'{breakable(before)}<code style="white-space: nowrap">{escape(hint + name)}</code>'
    return {"text/plain": text, "text/html": f'<div class="{css}" style="{style}">{html}</div>'}


def show(bundle: Bundle) -> None:
    """Display something in the cell that is running; the front end takes the form that it can show."""
    from IPython.display import display  # noqa: PLC0415 - the sentences are good without IPython

    display(bundle, raw=True)


def logged_in(
    name: str, token: Token, environment: str, *, read_only: bool = False, is_quiet: bool = False
) -> str:
    """Say who is logged in, where, until when, for how long, and in which variables; if quiet, until when."""
    how_long = format_duration(token.lifetime)
    if is_quiet:
        learned = ", learned" if token.is_learned else ""
        return f"Logged in until {format_moment(token.expires_at)} ({how_long}{learned})."
    badges = f"{environment}, READ-ONLY" if read_only else environment
    return (
        f"Logged in as {token.account} ({badges}) until {format_moment(token.expires_at)} "
        f"({how_long}): {name}_token, {name}_session."
    )


def account_changed(name: str, before: Account, now: Account, *, is_quiet: bool = False) -> str:
    """Say that a login is another account's than before, and what became of the earlier session."""
    if is_quiet:
        whose = "another account"
    elif before.base_url == now.base_url:
        whose = f"{sanitize(before.username)} at the same server"
    else:
        whose = str(before)
    return f"Until now {name} was {whose}: that session is closed, and {name}_session is a new one."


def logged_out(
    name: str,
    token: Token | None,
    lives_on: str,
    not_forgotten: str,
    replaced: Sequence[tuple[Account, datetime]] = (),
) -> tuple[str, str]:
    """Say what became of a token at a logout."""
    if token is None:
        return f"{name}: the login was called off.", "etna-line"
    gone = f"{name}: {sanitize(token.username)} is logged out, and {name}_token is gone"
    ending = _earlier(replaced)
    ending += f" What was remembered could not be deleted: {not_forgotten}." if not_forgotten else ""
    if lives_on:
        until = format_moment(token.expires_at)
        gone = f"{gone} here, but the token may live on at the server until {until}, because {lives_on}."
    else:
        gone = f"{gone} here and on the server."
    return gone + ending, "etna-warning" if lives_on or not_forgotten or replaced else "etna-line"


def forgotten(name: str, token: Token, lives_on: str, not_deleted: str) -> tuple[str, str]:
    """Say what became of a token that was only remembered, at a logout."""
    whose = f"{name}: the remembered token of {token.account}"
    on = f"may live on at the server until {format_moment(token.expires_at)}, because {lives_on}."
    if lives_on and not_deleted:
        said = f"{whose} {on} It could not be deleted here: {not_deleted}."
    elif not_deleted:
        said = f"{whose} is ended on the server, but could not be deleted here: {not_deleted}."
    elif lives_on:
        said = f"{whose} is deleted here, but {on}"
    else:
        said = f"{whose} is ended on the server and deleted here."
    return said, "etna-warning" if lives_on or not_deleted else "etna-line"


def still_remembered(names: Sequence[str]) -> str:
    """Say what is still remembered after a logout, and how to end that."""
    are, lines = "is" if len(names) == 1 else "are", " or ".join(f"%etna_logout {name}" for name in names)
    return f"{', '.join(names)} {are} still remembered; to end that: {lines}"


def _earlier(replaced: Sequence[tuple[Account, datetime]]) -> str:
    """Say of tokens that were replaced whose they are, and how long the server accepts them."""
    said = ""
    for account in dict.fromkeys(account for account, _ in replaced):
        ends = [end for one, end in replaced if one == account]
        tokens = "An earlier token" if len(ends) == 1 else f"{len(ends)} earlier tokens"
        lives = "lives on at the server" if len(ends) == 1 else "live on at the server, the last"
        said += f" {tokens} of {account} {lives} until {format_moment(max(ends))}."
    return said


def stale(name: str, token: Token) -> str:
    """Say that a token has expired or ended, since when, and how to log in again."""
    if token.ended:
        return f"{name}: the token {token.ended}, and calls with it fail. To log in again: {login_hint(name)}"
    seconds = -token.remaining.total_seconds()
    ago = "just now" if seconds < 1 else f"{format_duration(token.remaining)} ago"
    return (
        f"{name}: the token expired at {format_moment(token.expires_at)}, {ago}. "
        f"To log in again: {login_hint(name)}"
    )


def expired_during(name: str, token: Token) -> str:
    """Say that a token expired or ended while a cell ran; as :func:`stale`."""
    if token.ended:
        return f"{name}: while this cell ran, the token {token.ended}. To log in again: {login_hint(name)}"
    return (
        f"{name}: the token expired while this cell ran, at {format_moment(token.expires_at)}. "
        f"To log in again: {login_hint(name)}"
    )


def expiring(name: str, token: Token) -> str:
    """Say that a token will expire soon; as :func:`stale`."""
    return (
        f"{name}: the token ends in {format_duration(token.remaining)}, at "
        f"{format_moment(token.expires_at)}. To log in again: {login_hint(name)}"
    )


def not_renewed(name: str, token: Token, error: Exception, schedule: str) -> str:
    """Say that a token could not be renewed, when that was tried last, when it will be next, and why."""
    is_stale = token.state is TokenState.STALE
    how = token.ended or f"expired at {format_moment(token.expires_at)}"
    end = f"{how} and " if is_stale else ""
    failed = f"{name}: the token {end}could not be renewed ({schedule})."
    return f"{failed} {error} To log in again: {login_hint(name)}"


def lasts(name: str, token: Token | None, duration: timedelta, *, renews: bool) -> tuple[bool, str]:
    """Say whether a token will last for a duration."""
    needed = format_duration(duration)
    hint = login_hint(name)
    if token is not None and token.state is TokenState.STALE and renews:
        return True, f"{name}: the token has ended, and is renewed by itself now."
    if token is None or token.state is TokenState.STALE:
        return False, f"{name}: there is no good token now, let alone for {needed}. To log in: {hint}"
    left = format_duration(token.remaining)
    if token.remaining >= duration:
        return True, f"{name}: the token lasts for {needed}; it ends in {left}."
    ends = f"{name}: the token ends in {left}, at {format_moment(token.expires_at)}"
    if renews:
        return True, f"{ends}, and is renewed by itself before that."
    return False, f"{ends}, and will not last for {needed}. To log in again: {hint}"


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
    sign, colour = _MARKS[token.state] if token is not None else ("", _EDGE)
    is_stale = token is not None and token.state is TokenState.STALE
    style = (
        f"border: 1px solid {_EDGE}; border-left: 4px solid {colour}; border-radius: 4px; "
        f"padding: 6px 12px 8px; min-width: 0; overflow-wrap: break-word; color: {INK}"
    )
    badges = badge(row.environment, is_read_only=row.is_read_only) if token is not None else ""
    mark = f'<span aria-hidden="true" style="color: {colour}">{sign}</span> ' if sign else ""
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
    alert = f'<span aria-hidden="true" style="color: {_COLOURS["etna-warning"]}">▲</span>'
    body += "".join(f"<div>{alert} {breakable(warning)}</div>" for warning in row.warnings)
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
        f'background: {_MARKS[token.state][1]}"></div></div>'
    )
