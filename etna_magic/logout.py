"""Ends a log-in: here, and on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic import rendering
from etna_magic.inert import inert
from etna_magic.server_logout import end_on_server
from etna_magic.timetext import format_moment

if TYPE_CHECKING:
    from etna_magic.namespace import Login, Logins


def log_out(logins: Logins, login: Login, timeout: float) -> rendering.Bundle:
    """End a log-in here, and on the server where that can be done.

    Parameters
    ----------
    logins : Logins
        Where its variables stand.
    login : Login
        Which one.
    timeout : float
        Seconds to wait for the server.

    Returns
    -------
    dict of str to str
        The line that says what became of the token.
    """
    token = login.token
    # Asked even when the clocks call it stale: the server may keep it longer.
    lives_on = "" if token is None or token.ended else end_on_server(token, timeout)
    if login.form is not None:
        login.form.call_off("The log-in was called off.")
    logins.drop(login, "was logged out")
    if login.token is not token and login.token is not None:
        token = login.token  # renewed meanwhile
        lives_on = end_on_server(token, timeout)
    # After the drop: a renewal that is under way keeps nothing of a log-in that is gone.
    kept = "; ".join(filter(None, (forget() for forget in login.forgets.values())))
    if token is None:
        return rendering.line(f"{login.name}: the log-in was called off.")
    gone = f"{login.name}: {inert(token.username)} is logged out, and {login.name}_token is gone"
    told = f" What was remembered could not be dropped: {kept}." if kept else ""
    if not lives_on:
        return rendering.line(
            f"{gone} here and on the server.{told}", "etna-warning" if kept else "etna-line"
        )
    return rendering.line(
        f"{gone} here, but the token may live on at the server until {format_moment(token.expires_at)}, "
        f"because {lives_on}.{told}",
        "etna-warning",
    )
