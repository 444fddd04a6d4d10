"""What the magics do once their line is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from etna_magic import embedded, login_command, logout, rendering, status_table
from etna_magic.exceptions import NotLoggedInError
from etna_magic.mend import mend
from etna_magic.options import DEFAULT_NAME, parse
from etna_magic.place import place_of
from etna_magic.show import show
from etna_magic.timetext import parse_duration

if TYPE_CHECKING:
    from datetime import timedelta

    from etna_magic.magics import EtnaMagics
    from etna_magic.namespace import Login, Logins


def log_in(magics: EtnaMagics, line: str) -> None:
    """Run ``%etna_login``."""
    login_command.run(magics, parse(magics.etna_login, line))


def show_status(magics: EtnaMagics, line: str) -> None:
    """Run ``%etna_status``."""
    options = parse(magics.etna_status, line)
    logins = [_known(magics.logins, options.name)] if options.name else list(magics.logins)
    duration = _duration(options.duration)
    sandbox = embedded.sandbox_url()
    rows = [
        status_table.Row(
            login.name,
            login.token,
            place_of(login.token.base_url, sandbox) if login.token else "",
            login.form is not None,
        )
        for login in logins
    ]
    show(status_table.status(rows) if rows else rendering.line("Nobody is logged in. To log in: %etna_login"))
    if duration is not None:
        for login in logins:
            _show_whether_it_lasts(login, duration)


def log_out(magics: EtnaMagics, line: str) -> None:
    """Run ``%etna_logout``."""
    options = parse(magics.etna_logout, line)
    if options.name and options.all:
        raise UsageError("Give a name or --all, not both.")
    logins = list(magics.logins) if options.all else [_known(magics.logins, options.name or DEFAULT_NAME)]
    for login in logins:
        show(logout.log_out(magics.logins, login, magics.timeout))
    if not logins:
        show(rendering.line("Nobody is logged in."))


def _show_whether_it_lasts(login: Login, duration: timedelta) -> None:
    renewal = login.session.renewal
    renews = renewal is not None and renewal.error is None and not renewal.needs_person
    lasts, sentence = rendering.lasts(login.name, login.token, duration, mend(login.name), renews=renews)
    show(rendering.line(sentence, "etna-line" if lasts else "etna-warning"))


def _duration(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--for {error}.") from None


def _known(logins: Logins, name: str) -> Login:
    login = logins.get(name)
    if login is None:
        known = ", ".join(login.name for login in logins) or "none"
        raise NotLoggedInError(
            f"There is no log-in called {name} (there is: {known}). Log in with %etna_login."
        )
    return login
