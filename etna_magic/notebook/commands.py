"""What ``%etna_status`` and ``%etna_logout`` do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic import display
from etna_magic.display.status_table import Row, status
from etna_magic.exceptions import NotLoggedInError
from etna_magic.login_flow import log_out_on_server
from etna_magic.settings import environment_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from datetime import timedelta

    from etna_magic.logins import Login, LoginRegistry
    from etna_magic.notebook.arguments import LogoutOptions, StatusOptions
    from etna_magic.token import Token


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


def clear_outputs(namespace: MutableMapping[str, object], secret: str) -> None:
    """Forget every output that IPython keeps and that has a token's text in it.

    Tokens, and the headers that they gave out, are emptied by themselves. What is looked through here are
    texts, and dicts, lists and tuples of them.
    """
    kept = namespace.get("Out")
    outputs = kept if isinstance(kept, dict) else {}
    for number in [number for number, output in outputs.items() if _has(output, secret)]:
        del outputs[number]
        namespace.pop(f"_{number}", None)
    for name in ("_", "__", "___"):
        if _has(namespace.get(name), secret):
            namespace[name] = ""


def _has(output: object, secret: str) -> bool:
    if isinstance(output, dict | list | tuple):
        return any(_has(part, secret) for part in (output.values() if isinstance(output, dict) else output))
    return isinstance(output, str) and secret in output


def _ended(registry: LoginRegistry, login: Login) -> display.Bundle:
    """End one login, and return the line that says what became of its token."""
    token = login.token
    # Asked even when the clocks call it stale: the server may keep it longer.
    lives_on = "" if token is None or token.ended else _end_on_server(registry, login, token)
    last = registry.drop(login, "was logged out")
    if last is not token and last is not None:
        token = last  # renewed meanwhile
        lives_on = _end_on_server(registry, login, last)
    if login.form is not None:
        login.form.call_off("The login was called off.")
    for known in [one for one in login.tokens if not one.is_copy and one.secrets()[0]]:
        clear_outputs(registry.namespace, known.get_secret_value())
    login.end_tokens("was logged out")
    # After the drop: a renewal that is under way remembers nothing of a login that is gone.
    not_forgotten = "; ".join(filter(None, (forget() for forget in login.forget.values())))
    sentence, css = display.logged_out(login.name, token, lives_on, not_forgotten, login.replaced)
    return display.line(sentence, css)


def _end_on_server(registry: LoginRegistry, login: Login, token: Token) -> str:
    """End a token that no other login uses; return why it may live on."""
    if registry.is_in_use(token, besides=login):
        return "another login uses the same one"
    return log_out_on_server(token, registry.settings.timeout)


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
        import difflib  # noqa: PLC0415 - for this one sentence

        known = [one.name for one in registry]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"Did you mean {near[0]}?" if near else "Log in with %etna_login."
        raise NotLoggedInError(
            f"There is no login called {name} (there is: {', '.join(known) or 'none'}). {hint}"
        )
    return [login]
