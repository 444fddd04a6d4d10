"""The function that a user gives as ``code=``: it is asked for a one-time code whenever one is needed."""

from __future__ import annotations

import contextvars
import inspect
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from etna_magic.credentials import header_fault
from etna_magic.exceptions import VerificationError
from etna_magic.secret import Secret

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

#: Seconds that the function may take: a mail with a code takes a while to come.
CODE_TIMEOUT = 120.0


class CodeSource:
    """Asks a function for codes.

    Like a `Secret` it holds the function where nothing that reads attributes finds it: a function often
    holds the seed of its codes, and a ``repr`` of it shows that.

    Parameters
    ----------
    function : callable
        Called without arguments on a thread of its own; it returns the code as a ``str`` or a `Secret`, or
        something to await that does.
    loop : asyncio.AbstractEventLoop or None, optional
        Where that is awaited; a loop of its own, where there is none.
    timeout : float, optional
        Seconds that it may take; then it is abandoned, and what is awaited is cancelled.
    """

    __slots__ = ("_abandoned", "_awaited", "_get", "_loop", "timeout")

    def __init__(
        self,
        function: Callable[[], object],
        loop: asyncio.AbstractEventLoop | None = None,
        timeout: float = CODE_TIMEOUT,
    ) -> None:
        self._get = lambda: function
        self._loop = loop
        self._awaited: Future[Any] | None = None
        # Set when a call of the function that was abandoned has come to its end.
        self._abandoned: threading.Event | None = None
        self.timeout = timeout

    def on_loop(self, loop: asyncio.AbstractEventLoop | None) -> CodeSource:
        """Return one of the same function that awaits on this loop, or on one of its own."""
        return CodeSource(self._get(), loop, self.timeout)

    def get_code(self) -> Secret:
        """Ask for a code.

        Raises
        ------
        VerificationError
            If the function fails, takes too long, or returns no code; nothing of what it did is in it.
        """
        from etna_magic.support.http import call_in_time  # noqa: PLC0415 - settings alone need no requests
        from etna_magic.support.safe_call import Failure  # noqa: PLC0415 - as above

        if self._abandoned is not None and not self._abandoned.is_set():
            # Each try would leave one more thread behind.
            raise _no_code("has not returned yet from the last time")
        began, ended = time.monotonic(), threading.Event()
        # What it calls is a part of this login, and a renewal must not wait for itself.
        ask = partial(contextvars.copy_context().run, self._asked, ended)
        # A little longer than what is awaited may take, so that it is that which ends.
        outcome = call_in_time(ask, self.timeout + (1.0 if self._loop is None else 2.0), ())
        if isinstance(outcome, Secret):
            fault = header_fault(outcome)
            if not fault:
                return outcome
            outcome = f"returned a code that {fault}"
        elif isinstance(outcome, Failure):
            is_late = time.monotonic() - began >= self.timeout
            self._abandoned = ended if is_late else None
            took = f"took longer than {self.timeout:g} s"
            outcome = took if is_late else f"failed with a {outcome.kind.__name__}"
        raise _no_code(outcome)

    def cancel(self) -> None:
        """Cancel what is awaited on the loop that was given, if something is."""
        if self._awaited is not None:
            self._awaited.cancel()

    def _asked(self, ended: threading.Event) -> Secret | str:
        """Return the code, or why there is none; called on a thread that is abandoned when it is late."""
        try:
            return self._code()
        finally:
            ended.set()

    def _code(self) -> Secret | str:
        ending = time.monotonic() + self.timeout
        answer = self._get()()
        if inspect.isawaitable(answer):
            answer = self._await(answer, max(ending - time.monotonic(), 0.0))
        if isinstance(answer, Secret):
            return answer or "returned an empty Secret"
        if not isinstance(answer, str):
            return f"returned a {type(answer).__name__} in place of a str"
        # A line of a file or of a mail ends in a line break.
        return Secret(answer.strip()) if answer.strip() else "returned an empty str"

    def _await(self, awaitable: Awaitable[object], seconds: float) -> object:
        import asyncio  # noqa: PLC0415 - for functions that are async

        async def wait() -> object:
            return await asyncio.wait_for(awaitable, seconds)

        if self._loop is None:
            return asyncio.run(wait())
        self._awaited = asyncio.run_coroutine_threadsafe(wait(), self._loop)
        return self._awaited.result(seconds + 1.0)

    def __repr__(self) -> str:
        return "CodeSource(***)"

    def __copy__(self) -> CodeSource:
        return self

    def __deepcopy__(self, memo: object) -> CodeSource:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle ends up on a disk: it never fails, and never holds the function.
        return CodeSource, (_lost,)


def _no_code(reason: str) -> VerificationError:
    return VerificationError(
        f"The function that was given as code= {reason}, so there is no code to log in with. "
        "Call it by itself to see why, then log in again."
    )


def _lost() -> str:
    """Return no code: what was pickled has lost its function."""
    return ""
