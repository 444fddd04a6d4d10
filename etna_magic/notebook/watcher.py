"""Looks at the tokens before and after each cell, and warns when one is stale.

It never raises, and never logs in. While all tokens are fresh it reads two clocks: how long nothing can
change is worked out again only when that time has passed by either of them, or a login has changed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.logins import LoginRegistry
    from etna_magic.notebook.notices import CellInfo, CellResult, Notices
    from etna_magic.support import Clock
    from etna_magic.token import Token

WARN_MODES = ("always", "used", "once", "never")
_log = logging.getLogger("etna_magic")


class Watcher:
    """The hooks that IPython calls before and after each cell.

    The registry's settings say when to warn; `transform` turns a cell's magics into Python, as IPython's
    ``transform_cell`` does.
    """

    def __init__(
        self, registry: LoginRegistry, transform: Callable[[str], str], clock: Clock | None = None
    ) -> None:
        self._registry = registry
        self._transform = transform
        self._clock = clock
        # Nothing can change before these moments, as long as the registry is of this version.
        self._quiet_wall = self._quiet_forward = 0.0
        # Without a login nothing can change at all, and nothing needs to be imported to know it.
        self._version = -1 if any(registry) else registry.version
        self._cell: CellInfo | None = None
        self._stale: tuple[Token, ...] = ()

    def pre_run_cell(self, info: CellInfo) -> None:
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

    def post_run_cell(self, result: CellResult | None) -> None:
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
        from etna_magic.notebook.notices import Notices  # noqa: PLC0415 - %load_ext must not pay for the sentences

        return Notices(self._registry, self._transform)

    def _rest(self, seconds: float) -> None:
        if self._clock is None:
            from etna_magic.support import Clock  # noqa: PLC0415 - as above

            self._clock = Clock()
        self._version = self._registry.version
        self._quiet_wall = self._clock.wall() + seconds
        self._quiet_forward = self._clock.forward() + seconds

    def _is_quiet(self) -> bool:
        if self._version != self._registry.version:
            return False
        clock = self._clock
        return clock is None or (clock.wall() < self._quiet_wall and clock.forward() < self._quiet_forward)

    def _is_nested(self, info: CellInfo) -> bool:
        # A cell that another cell runs has no id; one that a front end sends has its own.
        return self._cell is not None and info.cell_id in (None, self._cell.cell_id)

    @staticmethod
    def _ends(result: CellResult | None, info: CellInfo) -> bool:
        # A cancelled async cell brings no result, and an interrupted one brings a new info.
        if result is None or result.info is info:
            return True
        return (result.info.raw_cell, result.info.cell_id) == (info.raw_cell, info.cell_id)

    @staticmethod
    def _report(error: Exception) -> None:
        # Its kind alone: its text may hold a cell's.
        _log.warning("etna_magic could not look at the tokens (%s).", type(error).__name__)
