"""Looks at the tokens before and after each cell, and says when one is stale.

It warns, and never raises or logs in by itself. While all tokens are fresh it costs two looks at
the clock: how long nothing can change is worked out once, for both clocks, and again only when
that time is over or a log-in has changed.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etna_magic import rendering
from etna_magic.clock import Clock
from etna_magic.token import Token, TokenState
from etna_magic.usage import uses

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.namespace import Login, Logins

ALWAYS, USED, ONCE, NEVER = WARN_MODES = ("always", "used", "once", "never")

_OWN_MAGIC = re.compile(r"^\s*%etna_\w", re.MULTILINE)
_log = logging.getLogger("etna_magic")


class Watcher:
    """The hooks that IPython calls before and after each cell.

    Parameters
    ----------
    logins : Logins
        Whose tokens to look at.
    mode : callable
        Returns the setting ``warn``: ``always``, ``used``, ``once`` or ``never``.
    show : callable
        Shows a line in the cell that is running.
    transform : callable
        Turns a cell's magics into Python, as IPython's ``transform_cell`` does.
    clock : Clock, optional
        The clocks by which the tokens age.
    """

    def __init__(
        self,
        logins: Logins,
        mode: Callable[[], str],
        show: Callable[[rendering.Bundle], None],
        transform: Callable[[str], str],
        clock: Clock | None = None,
    ) -> None:
        self._logins = logins
        self._mode = mode
        self._show = show
        self._transform = transform
        clock = clock or Clock()
        self._wall, self._forward = clock.wall, clock.forward
        # Nothing can change before these moments, as long as the log-ins are of this version.
        self._quiet_wall = self._quiet_forward = 0.0
        self._version = -1
        self._cell: Any = None
        self._stale: tuple[Token, ...] = ()

    def pre_run_cell(self, info: Any) -> None:
        """Warn of tokens that are stale or near their end as a cell begins."""
        try:
            if self._is_nested(info):
                return
            self._cell = info
            self._stale = ()
            if not self._is_quiet():
                self._before(info)
        except Exception as error:  # noqa: BLE001 - IPython shows a hook's error in every cell, with the cell's text
            self._report(error)

    def post_run_cell(self, result: Any) -> None:
        """Warn of tokens that have become stale while a cell ran."""
        try:
            info = self._cell
            if info is None or not self._ends(result, info):
                return
            self._cell = None
            if not self._is_quiet():
                self._after(info)
        except Exception as error:  # noqa: BLE001 - as above
            self._report(error)

    def _is_quiet(self) -> bool:
        return (
            self._version == self._logins.version
            and self._wall() < self._quiet_wall
            and self._forward() < self._quiet_forward
        )

    def _is_nested(self, info: Any) -> bool:
        # A cell that another cell runs has no id; one that a front end sends has its own.
        outer = self._cell
        return outer is not None and (info.cell_id is None or info.cell_id == outer.cell_id)

    @staticmethod
    def _ends(result: Any, info: Any) -> bool:
        # A cancelled async cell brings no result, and one that broke off brings a new info.
        if result is None or result.info is info:
            return True
        return (result.info.raw_cell, result.info.cell_id) == (info.raw_cell, info.cell_id)

    def _before(self, info: Any) -> None:
        live = self._logins.live()
        self._stale = tuple(token for _, token in live if token.state is TokenState.STALE)
        for login, token in live:
            if token.state is TokenState.STALE:
                self._warn(info, login, "stale", rendering.stale)
            elif token.state is TokenState.EXPIRING and "expiring" not in login.told:
                self._warn(info, login, "expiring", rendering.expiring)
        self._look_ahead(live)

    def _after(self, info: Any) -> None:
        live = self._logins.live()
        for login, token in live:
            new = not any(token is known for known in self._stale)
            if token.state is TokenState.STALE and new:
                self._warn(info, login, "stale", rendering.expired_during)
        self._look_ahead(live)

    def _warn(self, info: Any, login: Login, what: str, sentence: Callable[[str, Token, str], str]) -> None:
        mode = self._mode()
        if mode == NEVER or not info.store_history or _OWN_MAGIC.search(info.raw_cell):
            return
        if login.token is None or (mode == ONCE and what in login.told):
            return
        if mode == USED and not self._uses(info, login):
            return
        login.told.add(what)
        text = sentence(login.name, login.token, login.session.mend)
        self._show(rendering.line(text, "etna-warning"))

    def _uses(self, info: Any, login: Login) -> bool:
        cell = getattr(info, "transformed_cell", None) or self._transform(info.raw_cell)
        return uses(cell, self._logins.namespace, (login.token, login.session))

    def _look_ahead(self, live: list[tuple[Login, Token]]) -> None:
        self._version = self._logins.version
        ahead = min((self._until_change(login, token) for login, token in live), default=86400.0)
        self._quiet_wall, self._quiet_forward = self._wall() + ahead, self._forward() + ahead

    @staticmethod
    def _until_change(login: Login, token: Token) -> float:
        """Return the seconds for which there is nothing new to say of a token."""
        if token.state is TokenState.STALE:
            return 0.0
        if token.state is TokenState.FRESH:
            return (token.remaining - token.warning_window).total_seconds()
        # Until the line has been shown there is something to say, in the next cell that may show it.
        return max(token.remaining, timedelta(0)).total_seconds() if "expiring" in login.told else 0.0

    @staticmethod
    def _report(error: Exception) -> None:
        # Its kind alone: its text may hold a cell's.
        _log.warning("etna_magic could not look at the tokens (%s).", type(error).__name__)
