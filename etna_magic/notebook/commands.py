"""What ``%etna_status`` and ``%etna_logout`` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic import display
from etna_magic.display.status_table import Row, status
from etna_magic.exceptions import NotLoggedInError
from etna_magic.login_flow import log_out_on_server
from etna_magic.settings import environment_of
from etna_magic.token import TokenHeaders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from etna_magic.notebook.arguments import LogoutOptions, StatusOptions
    from etna_magic.notebook.registry import Login, LoginRegistry


def show_status(registry: LoginRegistry, options: StatusOptions) -> None:
    """Show the logins as a table, and which tokens will last as long as was asked.

    Raises
    ------
    NotLoggedInError
        If there is no login of the name that was given.
    """
    logins = _chosen(registry, options.name)
    if logins:
        display.show(status([_row(login) for login in logins]))
    else:
        display.show(display.line("Nobody is logged in. To log in: %etna_login"))
    if options.duration is not None:
        for login in logins:
            _show_whether_it_lasts(login, options.duration)


def log_out(registry: LoginRegistry, options: LogoutOptions) -> None:
    """End logins here, and on the server where the server can; say what became of each token.

    Raises
    ------
    NotLoggedInError
        If there is no login of the name that was given.
    """
    logins = _chosen(registry, options.name)
    for login in logins:
        display.show(_ended(registry, login))
    if not logins:
        display.show(display.line("Nobody is logged in."))


def clear_outputs(namespace: Mapping[str, object]) -> None:
    """Empty every dict of headers that IPython keeps as a cell's output, in place.

    The registry empties the `Token` objects of a login. A dict that :meth:`Token.headers` returned does not
    know whose it is, so those of other logins are emptied too: only kept outputs, and ``headers()`` makes
    new ones.
    """
    kept = namespace.get("Out")
    outputs = list(kept.values()) if isinstance(kept, dict) else []
    for output in (*outputs, *(namespace.get(name) for name in ("_", "__", "___"))):
        if isinstance(output, TokenHeaders):
            output.clear()


def _ended(registry: LoginRegistry, login: Login) -> display.Bundle:
    """End one login, and return the line that says what became of its token."""
    token = login.token
    # Asked even when the clocks call it stale: the server may keep it longer.
    lives_on = "" if token is None or token.ended else log_out_on_server(token, registry.settings.timeout)
    last = registry.drop(login, "was logged out")
    if last is not token and last is not None:
        token = last  # renewed meanwhile
        lives_on = log_out_on_server(last, registry.settings.timeout)
    if login.form is not None:
        login.form.call_off("The login was called off.")
    login.end_tokens("was logged out")
    clear_outputs(registry.namespace)
    # After the drop: a renewal that is under way remembers nothing of a login that is gone.
    not_forgotten = "; ".join(filter(None, (forget() for forget in login.forget.values())))
    sentence, css = display.logged_out(login.name, token, lives_on, not_forgotten)
    return display.line(sentence, css)


def _row(login: Login) -> Row:
    token = login.token
    environment = environment_of(token.base_url) if token is not None else ""
    return Row(login.name, token, environment, login.form is not None)


def _show_whether_it_lasts(login: Login, duration: timedelta) -> None:
    refresher = login.session.holder.refresher
    renews = refresher is not None and refresher.error is None and not refresher.needs_person
    lasts, sentence = display.lasts(login.name, login.token, duration, renews=renews)
    display.show(display.line(sentence, "etna-line" if lasts else "etna-warning"))


def _chosen(registry: LoginRegistry, name: str | None) -> list[Login]:
    """Return the login of that name, or all where no name is given."""
    if name is None:
        return list(registry)
    login = registry.get(name)
    if login is None:
        known = ", ".join(one.name for one in registry) or "none"
        raise NotLoggedInError(
            f"There is no login called {name} (there is: {known}). Log in with %etna_login."
        )
    return [login]
