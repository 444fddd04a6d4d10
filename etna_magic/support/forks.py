"""What a forked process must not share with its parent: locks that may be held, connections in use."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something with locks or connections."""

    def after_fork(self) -> None:
        """Replace them by new ones; called in the child, before any thread of its own."""


_forkables: WeakSet[Forkable] = WeakSet()


def renew_after_fork(forkable: Forkable) -> None:
    """Have its ``after_fork`` called in every process that is forked from this one."""
    _forkables.add(forkable)


def _renew() -> None:
    for forkable in list(_forkables):
        forkable.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
