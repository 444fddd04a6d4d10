"""What the watcher costs a cell while all tokens are fresh."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult

from etna_magic import Secret, Token
from etna_magic.logins import LoginRegistry
from etna_magic.notebook.watcher import Watcher
from tests.benchmarks.pairs import Figure, paired

CELLS = 20_000


def figures() -> Iterator[Figure]:
    """Measure both hooks with one login and with a hundred, against two functions that do nothing."""
    for count in (1, 100):
        yield hooks(registry(count), f"both hooks a cell, {count} fresh login(s)")


def hooks(kept: LoginRegistry, what: str) -> Figure:
    """Measure both hooks with these logins."""
    watcher = Watcher(kept, str)
    ours, theirs, _ = paired(
        lambda: cells(watcher.pre_run_cell, watcher.post_run_cell), lambda: cells(nothing, nothing), 15
    )
    return Figure(what, (ours - theirs) / CELLS * 1e6, 2.0, "µs", " (before: 0.45)")


def registry(count: int) -> LoginRegistry:
    """Return that many logins whose tokens have just been issued."""
    kept = LoginRegistry({})
    for number in range(count):
        token = Token(
            Secret("dG9rZW4="),
            app_key=Secret("a2V5"),
            username="demo",
            base_url="https://api.example.com",
            lifetime=timedelta(hours=24),
            issued=(time.time(), time.monotonic()),
        )
        kept.put(f"login{number}", token, None)
    return kept


def nothing(_: object) -> None:
    """Do what a hook does that does nothing."""


def cells(before: object, after: object) -> float:
    """Return the seconds that both hooks take over many cells."""
    info = ExecutionInfo("pass", store_history=True, silent=False, shell_futures=True, cell_id=None)
    result = ExecutionResult(info)
    began = time.perf_counter()
    for _ in range(CELLS):
        before(info)
        after(result)
    return time.perf_counter() - began
