"""Ends a token on the server, where the server can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from etna_magic import rendering
from etna_magic.inert import inert
from etna_magic.origin import Origin
from etna_magic.timetext import format_moment
from etna_magic.token import Token, TokenState
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from etna_magic.namespace import Login, Logins


def end_on_server(token: Token, timeout: float) -> str:
    """Ask the server to end a token, once.

    ``POST {base URL}/logout`` is documented by one broker; other installations may not have it.

    Parameters
    ----------
    token : Token
        What to end.
    timeout : float
        Seconds to wait.

    Returns
    -------
    str
        Why the token may live on, to stand after "because "; empty if it is over for certain.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted.
    """
    outcome = attempt(lambda: _post(token, timeout))
    if isinstance(outcome, Failure):
        if outcome.is_interrupt:
            raise outcome.kind
        return f"the server could not be asked: {outcome.reason}"
    if outcome in (200, 204, 401):  # 401: the token is dead already
        return ""
    return f"this server does not end tokens (status {outcome})"


def _post(token: Token, timeout: float) -> int:
    with requests.Session() as http:
        http.trust_env = not Origin.of(token.base_url).is_loopback
        url = f"{token.base_url}/logout"
        return http.post(url, auth=token, allow_redirects=False, timeout=timeout).status_code


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
    lives_on = "" if token is None or token.state is TokenState.STALE else end_on_server(token, timeout)
    kept = ""
    if login.form is not None:
        login.form.call_off("The log-in was called off.")
    if login.forget is not None:
        kept = login.forget()
    logins.drop(login, "was logged out")
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
