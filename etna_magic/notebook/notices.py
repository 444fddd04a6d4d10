"""What there is to say of the tokens as a cell begins and ends; imported when there may be something."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from etna_magic import display
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from etna_magic.logins import Login, LoginRegistry

_Sentence = Callable[[str, Token], str]
# By automagic too, behind another magic such as %time, and from Python.
_OWN_MAGIC = re.compile(
    r"^\s*(?:\w+\s*=\s*)?(?:%{1,2}\w+\b.*\s)?%?etna_(?:login|logout|status)\b"
    r"|\betna_magic\.login\(|\bawait\s+login\(|\brun_line_magic\(\s*['\"]etna_",
    re.MULTILINE,
)


class CellInfo(Protocol):
    """What IPython says of a cell that begins: its ``ExecutionInfo``."""

    raw_cell: str
    store_history: bool
    cell_id: str | None


class CellResult(Protocol):
    """What IPython says of a cell that has ended: its ``ExecutionResult``."""

    info: CellInfo


class Notices:
    """The lines about tokens that are stale or near their end; parameters as of `Watcher`."""

    def __init__(self, registry: LoginRegistry, transform: Callable[[str], str]) -> None:
        self._registry = registry
        self._transform = transform

    def before(self, info: CellInfo) -> float:
        """Say what there is to say as a cell begins."""
        said = set()
        for login in self._registry:
            if login.notice is not None and _may_show(info):
                notice, login.notice = login.notice, None
                notice()
                said.add(login.name)
        for login, token in self._registry.live():
            if token.state is TokenState.STALE:
                login.session.holder.note_stale(token)
                if login.name not in said and not _is_renewed_by_itself(login):
                    self._warn(info, login, token, "stale", _stale(login))
            elif token.state is TokenState.EXPIRING and not _said_of_end(login):
                self._warn(info, login, token, "expiring", display.expiring)
        return self._seconds_ahead()

    def after(self, info: CellInfo, stale_before: tuple[Token, ...]) -> float:
        """Say which tokens became stale while a cell ran."""
        for login, token in self._registry.live():
            if token.state is TokenState.STALE and not any(token is one for one in stale_before):
                login.session.holder.note_stale(token)
                if not _is_renewed_by_itself(login):
                    self._warn(info, login, token, "stale", _stale(login, display.expired_during))
        return self._seconds_ahead()

    def stale(self) -> tuple[Token, ...]:
        """Return the tokens in the namespace that are stale."""
        return tuple(token for _, token in self._registry.live() if token.state is TokenState.STALE)

    def _seconds_ahead(self) -> float:
        """Return for how long there is nothing new to say of any token."""
        return min((_seconds_ahead(login, token) for login, token in self._registry.live()), default=86400.0)

    def _warn(self, info: CellInfo, login: Login, token: Token, what: str, sentence: _Sentence) -> None:
        mode = self._registry.settings.warn
        is_said = mode == "never" or (mode == "once" and what in login.warned)
        if is_said or not _may_show(info) or (mode == "used" and not self._uses(info, login, token)):
            return
        login.warned.add(what)
        display.show(display.line(sentence(login.name, token), "etna-warning"))

    def _uses(self, info: CellInfo, login: Login, token: Token) -> bool:
        from etna_magic.notebook.cell_usage import uses  # noqa: PLC0415 - only the mode "used" asks

        # IPython hands the cell on as Python since 9; before, it is turned into Python here.
        cell = getattr(info, "transformed_cell", None) or self._transform(info.raw_cell)
        return uses(cell, self._registry.namespace, (token, login.session), self._transform)


def _may_show(info: CellInfo) -> bool:
    # A variable inspector's run has no history, and a cell that logs in needs no warning.
    return bool(info.store_history) and not _OWN_MAGIC.search(info.raw_cell)


def _said_of_end(login: Login) -> bool:
    # A token that is replaced by itself needs no line about its end.
    return "expiring" in login.warned or login.session.holder.refresher is not None


def _is_renewed_by_itself(login: Login) -> bool:
    """Say whether a fresh token comes, so that there is nothing to say; see to it that it does."""
    refresher = login.session.holder.refresher
    if refresher is None or not refresher.renews:
        return False
    # A laptop may have slept until now. Nobody waits for this: a call that needs the token does.
    login.session.holder.wake_timer()
    return True


def _stale(login: Login, otherwise: _Sentence = display.stale) -> _Sentence:
    """Return what says that a token is stale; where a renewal has failed, when that was and why."""
    refresher = login.session.holder.refresher
    error = refresher.error if refresher is not None else None
    if refresher is None or error is None:
        return otherwise
    schedule = refresher.schedule
    return lambda name, token: display.not_renewed(name, token, error, schedule)


def _seconds_ahead(login: Login, token: Token) -> float:
    if token.state is TokenState.STALE or login.notice is not None:
        return 0.0
    if token.state is TokenState.FRESH:
        return (token.remaining - token.warning_window).total_seconds()
    # Until the line has been shown there is something to say, in the next cell that may show it.
    return max(token.remaining.total_seconds(), 0.0) if _said_of_end(login) else 0.0
