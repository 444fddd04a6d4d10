"""What ``%etna_status`` and ``%etna_logout`` do.

The first gathers what there is to say of each login, asks the servers, and shows it; the second ends tokens
here, on their servers, and where they are remembered.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from etna_magic import display
from etna_magic.exceptions import EtnaError, NotLoggedInError, login_hint
from etna_magic.login_flow import log_out_on_server
from etna_magic.session import EtnaSession, ServerAnswer, ask_servers
from etna_magic.settings import Settings, environment_of
from etna_magic.token import TokenState
from etna_magic.token_cache import Remembered, RememberedTokens

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from datetime import datetime, timedelta

    from etna_magic.logins import Login, LoginRegistry
    from etna_magic.notebook.arguments import StatusOptions
    from etna_magic.secret import Secret
    from etna_magic.session import TokenRefresher
    from etna_magic.token import Token


class Entry(NamedTuple):
    """One login of this kernel, or one token that is only remembered."""

    name: str
    token: Token | None
    login: Login | None = None
    remembered: Remembered | None = None
    #: What its server said, where it was asked; or why it was not.
    answer: ServerAnswer | None = None

    @property
    def refresher(self) -> TokenRefresher | None:
        """What renews its token, if anything does."""
        return self.login.session.holder.refresher if self.login else None

    @property
    def renews(self) -> bool:
        """Whether its token is renewed by itself."""
        return self.refresher is not None and self.refresher.renews

    @property
    def is_waiting(self) -> bool:
        """Whether a form waits for a person."""
        return self.login is not None and self.login.form is not None

    @property
    def is_read_only(self) -> bool:
        """Whether its session sends reads only."""
        return self.login is not None and self.login.session.read_only

    @property
    def location(self) -> str:
        """Where its token is remembered, for a person; empty where it is not."""
        if self.remembered is not None:
            return self.remembered.location
        is_kept = self.login is not None and self.token is not None and not self.token.ended
        return self.login.remembered if self.login is not None and is_kept else ""


def show_status(registry: LoginRegistry, options: StatusOptions) -> None:
    """Show the logins, and which tokens will last as long as was asked; raises as :func:`entries_of`."""
    remembered = RememberedTokens.of_this_user()
    entries = entries_of(registry, remembered, options.name)
    if options.check:
        entries = _asked(registry, remembered, entries, is_shown=not options.json)
    if options.json:
        logins = [_facts(registry, entry, options.duration) for entry in entries]
        said = {"logins": logins, "problems": remembered.problems}
        sys.stdout.write(json.dumps(said, indent=2) + "\n")
        return
    if entries:
        display.show(display.status([_row(registry, entry) for entry in entries]))
    else:
        display.show(display.line("Nobody is logged in. To log in: %etna_login"))
    for problem in remembered.problems:
        display.show(display.line(f"Not all that is remembered can be listed: {problem}.", "etna-warning"))
    if options.duration is not None:
        for entry in entries:
            lasts, sentence = _lasts(entry, options.duration)
            display.show(display.line(sentence, "etna-line" if lasts else "etna-warning"))


def entries_of(registry: LoginRegistry, remembered: RememberedTokens, name: str | None) -> list[Entry]:
    """Return the logins and what is only remembered, of a name or of all.

    If there is nothing of the name that was given, that is a `NotLoggedInError`.
    """
    logins = [Entry(login.name, login.token, login) for login in registry]
    kept = {entry.token.account for entry in logins if entry.location and entry.token is not None}
    others = [one for one in remembered if one.token.account not in kept]
    others.sort(key=lambda one: (one.name, one.token.account))  # as they are kept, they have no order
    entries = [*logins, *(Entry(one.name, one.token, remembered=one) for one in others)]
    chosen = [entry for entry in entries if name in (None, entry.name)]
    if name is not None and not chosen:
        import difflib  # noqa: PLC0415 - for this one sentence

        known = list(dict.fromkeys(entry.name for entry in entries))
        near = difflib.get_close_matches(name, known, 1)
        hint = f"Did you mean {near[0]}?" if near else "Log in with %etna_login."
        raise NotLoggedInError(
            f"There is no login called {name} (there is: {', '.join(known) or 'none'}). {hint}"
        )
    return chosen


def app_keys(registry: LoginRegistry) -> list[Secret]:
    """Return the app keys that are known here: those of the logins, and the one in the settings."""
    found = [token.app_key() for login in registry if (token := login.token) is not None]
    try:
        setting = Settings.read({}, names=("app_key",)).known.get("app_key")
    except EtnaError:
        setting = None  # a file that cannot be read is the next login's to report
    return [*found, *([setting.value] if setting else [])]


def _asked(
    registry: LoginRegistry, remembered: RememberedTokens, entries: Sequence[Entry], *, is_shown: bool
) -> list[Entry]:
    """Ask every server about its token, all at once; note what it said on the token, and on the entry."""
    asked: dict[int, tuple[EtnaSession, Token]] = {}
    answers: dict[int, ServerAnswer] = {}
    for number, entry in enumerate(entries):
        if entry.login is not None and entry.token is not None:
            asked[number] = (entry.login.session, entry.token)
        elif entry.remembered is not None:
            token = remembered.read(entry.remembered, app_keys(registry))
            if isinstance(token, str):
                answers[number] = ServerAnswer("no answer", f"it was not asked, since {token}")
                continue
            session = EtnaSession(entry.name)
            session.trust = registry.settings.trust
            session.holder.put(token)
            asked[number] = (session, token)

    def meanwhile() -> None:
        if is_shown:
            count = f"{len(asked)} servers" if len(asked) > 1 else "the server"
            display.show(display.line(f"Asking {count}…", "etna-note"))

    said = ask_servers(asked.values(), registry.settings.timeout, meanwhile)
    answers |= dict(zip(asked, said, strict=True))
    for number, (_, token) in asked.items():
        _note(entries[number], token, answers[number], remembered)
    return [entry._replace(answer=answers.get(number)) for number, entry in enumerate(entries)]


def _note(entry: Entry, token: Token, answer: ServerAnswer, remembered: RememberedTokens) -> None:
    """Note on a token what its server said of it; one that is only remembered and refused is deleted."""
    if entry.remembered is not None:
        if answer.said == "refused":
            remembered.delete(entry.remembered)
            entry.remembered.token.refuse()
    elif entry.login is not None:
        holder = entry.login.session.holder
        if answer.said == "refused" and not token.ended:
            token.refuse()
            holder.on_change(token)
        elif answer.said == "accepted" and token.ended:
            token.accept()
            holder.on_change(token)
        elif answer.said == "accepted":
            holder.note_accepted(token)


def _lasts(entry: Entry, duration: timedelta) -> tuple[bool, str]:
    if entry.login is not None:
        entry.login.session.holder.wake_timer()  # one that has slept renews now
    return display.lasts(entry.name, entry.token, duration, renews=entry.renews)


def _variables(registry: LoginRegistry, entry: Entry) -> list[str]:
    """Return the names of its variables, those that are in the namespace."""
    if entry.login is None:
        return []
    own = {f"{entry.name}_token": entry.token, f"{entry.name}_session": entry.login.session}
    return [name for name, value in own.items() if value and registry.namespace.get(name) is value]


def _row(registry: LoginRegistry, entry: Entry) -> display.Row:
    token, notes, warnings = entry.token, [], []
    if variables := ", ".join(_variables(registry, entry)):
        notes.append(f"in {variables}")
    refresher, renews = entry.refresher, entry.renews
    is_stale = token is not None and token.state is TokenState.STALE
    if refresher is not None and refresher.error is not None and not renews:
        warnings.append(f"its renewal failed ({refresher.schedule}): {refresher.error}")
    elif refresher is not None and refresher.needs_person:
        notes.append("renews by itself, with a code that a person has to give")
    elif renews:
        notes.append("is being renewed by itself" if is_stale else "renews by itself")
    elif entry.login is not None and token is not None:
        notes.append("is not renewed by itself")
    if entry.location:
        notes.append(f"remembered in {entry.location}")
    if entry.answer is not None:
        is_good = entry.answer.said == "accepted"
        (notes if is_good else warnings).append(_said(entry.answer))
    return display.Row(
        entry.name,
        token,
        environment_of(token.base_url) if token is not None else "",
        is_waiting=entry.is_waiting,
        is_read_only=entry.is_read_only,
        is_only_remembered=entry.remembered is not None,
        notes=tuple(notes),
        warnings=tuple(warnings),
        hint=login_hint(entry.name) if is_stale and not (renews or entry.is_waiting) else "",
    )


def _said(answer: ServerAnswer) -> str:
    said = {"accepted": "the server accepts it", "refused": "the server refuses it"}.get(answer.said)
    return said or f"whether the server accepts it is not known: {answer.reason}"


def _facts(registry: LoginRegistry, entry: Entry, duration: timedelta | None) -> dict[str, Any]:
    """Return what a program may want to know; the docstring of ``%etna_status`` lists the keys."""
    token, refresher, answer = entry.token, entry.refresher, entry.answer
    return {
        "name": entry.name,
        "username": token.username if token else None,
        "base_url": token.base_url if token else None,
        "environment": environment_of(token.base_url) if token else None,
        "state": token.state.value if token else None,
        "ended": (token.ended or None) if token else None,
        "issued_at": _iso(token.issued_at) if token else None,
        "expires_at": _iso(token.expires_at) if token else None,
        "seconds_left": round(token.remaining.total_seconds(), 3) if token else None,
        "learned": token.is_learned if token else None,
        "waiting": entry.is_waiting,
        "variables": _variables(registry, entry),
        "read_only": entry.is_read_only,
        "renews": entry.renews,
        "renewal_error": str(refresher.error) if refresher and refresher.error else None,
        "renewal_tried_at": _iso(refresher.tried_at) if refresher else None,
        "renewal_next_at": _iso(refresher.next_try_at) if refresher else None,
        "remembered_in": entry.location or None,
        "only_remembered": entry.remembered is not None,
        "server": answer.said if answer else None,
        "server_reason": (answer.reason or None) if answer else None,
        "lasts": _lasts(entry, duration)[0] if duration is not None else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def log_out(registry: LoginRegistry, name: str | None) -> None:
    """End logins here, and on the server where the server can; say what became of each token.

    A name is that of a login of this kernel or, where there is none, that of tokens that are only
    remembered. Without a name every login of this kernel is ended; what is remembered beside them may be in
    use by another kernel: it is named, and stays. It raises as :func:`entries_of`.
    """
    remembered = RememberedTokens.of_this_user()
    entries = entries_of(registry, remembered, name)
    logins = [entry.login for entry in entries if entry.login is not None]
    for login in logins:
        display.show(_ended(registry, login))
    if name is None and not logins:
        display.show(display.line("Nobody is logged in."))
    if logins or name is None:
        names = sorted({kept.name for kept in remembered if name in (None, kept.name)})
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
