"""What there is to say of the tokens as a cell begins and ends; imported when there may be something."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etna_magic import rendering
from etna_magic.mend import mend
from etna_magic.show import show
from etna_magic.token import Token, TokenState
from etna_magic.usage import uses

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.namespace import Login, Logins

# By automagic too, and from Python.
_OWN_MAGIC = re.compile(r"^\s*%?etna_(?:login|logout|status)\b|\betna_magic\.login\(", re.MULTILINE)


class Notices:
    """The lines about tokens that are stale or near their end.

    Parameters
    ----------
    logins : Logins
        Whose tokens to look at.
    mode : callable
        Returns the setting ``warn``: ``always``, ``used``, ``once`` or ``never``.
    transform : callable
        Turns a cell's magics into Python, as IPython's ``transform_cell`` does.
    """

    def __init__(self, logins: Logins, mode: Callable[[], str], transform: Callable[[str], str]) -> None:
        self._logins = logins
        self._mode = mode
        self._transform = transform

    def before(self, info: Any) -> float:
        """Say what there is to say as a cell begins; return the seconds until there may be more."""
        for login in self._logins:
            if login.notice is not None and _may_show(info):
                notice, login.notice = login.notice, None
                notice()
        for login, token in self._logins.live():
            if token.state is TokenState.STALE:
                self._warn(info, login, "stale", rendering.stale)
            elif _is_near(login, token) and "expiring" not in login.told:
                self._warn(info, login, "expiring", rendering.expiring)
        return self.seconds_ahead()

    def after(self, info: Any, stale_before: tuple[Token, ...]) -> float:
        """Say which tokens became stale while a cell ran; return as :meth:`before` does."""
        for login, token in self._logins.live():
            known = any(token is one for one in stale_before)
            if token.state is TokenState.STALE and not known:
                self._warn(info, login, "stale", rendering.expired_during)
        return self.seconds_ahead()

    def stale(self) -> tuple[Token, ...]:
        """Return the tokens in the namespace that are stale."""
        return tuple(token for _, token in self._logins.live() if token.state is TokenState.STALE)

    def seconds_ahead(self) -> float:
        """Return for how long there is nothing new to say of any token."""
        return min((_seconds_ahead(login, token) for login, token in self._logins.live()), default=86400.0)

    def _warn(self, info: Any, login: Login, what: str, sentence: Callable[[str, Token, str], str]) -> None:
        mode = self._mode()
        if mode == "never" or not _may_show(info):
            return
        if login.token is None or (mode == "once" and what in login.told):
            return
        if mode == "used" and not self._uses(info, login):
            return
        login.told.add(what)
        text = sentence(login.name, login.token, mend(login.name))
        show(rendering.line(text, "etna-warning"))

    def _uses(self, info: Any, login: Login) -> bool:
        cell = getattr(info, "transformed_cell", None) or self._transform(info.raw_cell)
        return uses(cell, self._logins.namespace, (login.token, login.session))


def _may_show(info: Any) -> bool:
    # A variable inspector's run has no history, and a cell that logs in needs no telling to.
    return bool(info.store_history) and not _OWN_MAGIC.search(info.raw_cell)


def _is_near(login: Login, token: Token) -> bool:
    # A token that is replaced by itself needs no line about its end.
    return token.state is TokenState.EXPIRING and login.session.renewal is None


def _seconds_ahead(login: Login, token: Token) -> float:
    if token.state is TokenState.STALE or login.notice is not None:
        return 0.0
    if token.state is TokenState.FRESH:
        return (token.remaining - token.warning_window).total_seconds()
    # Until the line has been shown there is something to say, in the next cell that may show it.
    told = "expiring" in login.told or login.session.renewal is not None
    return max(token.remaining, timedelta(0)).total_seconds() if told else 0.0
