"""What ``%etna_logout`` does: ends tokens here, on their servers, and where they are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic import display
from etna_magic.login_flow import log_out_on_server
from etna_magic.notebook.status_command import app_keys, entries_of
from etna_magic.token_cache import RememberedTokens

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from etna_magic.logins import Login, LoginRegistry
    from etna_magic.notebook.arguments import LogoutOptions
    from etna_magic.token import Token
    from etna_magic.token_cache import Remembered


def log_out(registry: LoginRegistry, options: LogoutOptions) -> None:
    """End logins here, and on the server where the server can; say what became of each token.

    A name is that of a login of this kernel or, where there is none, that of tokens that are only
    remembered. Without a name every login of this kernel is ended; what is remembered beside them may be in
    use by another kernel: it is named, and stays.

    Raises
    ------
    NotLoggedInError
        If there is nothing of the name that was given.
    """
    remembered = RememberedTokens.of_this_user()
    entries = entries_of(registry, remembered, options.name)
    logins = [entry.login for entry in entries if entry.login is not None]
    for login in logins:
        display.show(_ended(registry, login))
    if options.name is None and not logins:
        display.show(display.line("Nobody is logged in."))
    if remembered is None:
        return
    if logins or options.name is None:
        names = sorted({kept.name for kept in remembered if options.name in (None, kept.name)})
        if names:
            display.show(display.line(display.still_remembered(names), "etna-note"))
        return
    for kept in [entry.remembered for entry in entries if entry.remembered is not None]:
        display.show(_deleted(registry, remembered, kept))


def _deleted(registry: LoginRegistry, remembered: RememberedTokens, kept: Remembered) -> display.Bundle:
    """End a token that is only remembered, and return the line that says what became of it."""
    token = remembered.read(kept, app_keys(registry))
    if isinstance(token, str):
        lives_on = token
    elif registry.is_in_use(token):
        lives_on = "a login of this kernel uses the same one"
    else:
        lives_on = log_out_on_server(token, registry.settings.timeout, registry.settings.trust)
    sentence, css = display.forgotten(kept.name, kept.token, lives_on, remembered.delete(kept))
    return display.line(sentence, css)


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
    login.session.holder.report("logged_out")
    sentence, css = display.logged_out(login.name, token, lives_on, not_forgotten, login.replaced)
    return display.line(sentence, css)


def _end_on_server(registry: LoginRegistry, login: Login, token: Token) -> str:
    """End a token that no other login uses; return why it may live on."""
    if registry.is_in_use(token, besides=login):
        return "another login uses the same one"
    return log_out_on_server(token, registry.settings.timeout, registry.settings.trust)
