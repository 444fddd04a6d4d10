"""Looks at the tokens before and after each cell, and says when one is stale.

It warns, and never raises or logs in by itself. While all tokens are fresh it costs two looks at
the clock: how long nothing can change is worked out once, for both clocks, and again only when
that time is over or a log-in has changed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from etna_magic.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.namespace import Logins
    from etna_magic.notices import Notices
    from etna_magic.token import Token

WARN_MODES = ("always", "used", "once", "never")
_log = logging.getLogger("etna_magic")


class Watcher:
    """The hooks that IPython calls before and after each cell.

    Parameters
    ----------
    logins : Logins
        Whose tokens to look at.
    mode : callable
        Returns the setting ``warn``, one of ``WARN_MODES``.
    transform : callable
        Turns a cell's magics into Python, as IPython's ``transform_cell`` does.
    clock : Clock, optional
        The clocks by which the tokens age.
    """

    def __init__(
        self,
        logins: Logins,
        mode: Callable[[], str],
        transform: Callable[[str], str],
        clock: Clock | None = None,
    ) -> None:
        self._logins = logins
        self._mode = mode
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
                notices = self._notices()
                self._stale = notices.stale()
                self._rest(notices.before(info))
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
                self._rest(self._notices().after(info, self._stale))
        except Exception as error:  # noqa: BLE001 - as above
            self._report(error)

    def _notices(self) -> Notices:
        # What it says drags in what it says it with, and %load_ext must cost nothing.
        from etna_magic.notices import Notices  # noqa: PLC0415

        return Notices(self._logins, self._mode, self._transform)

    def _rest(self, seconds: float) -> None:
        self._version = self._logins.version
        self._quiet_wall, self._quiet_forward = self._wall() + seconds, self._forward() + seconds

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

    @staticmethod
    def _report(error: Exception) -> None:
        # Its kind alone: its text may hold a cell's.
        _log.warning("etna_magic could not look at the tokens (%s).", type(error).__name__)
