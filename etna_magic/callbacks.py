"""Calls back what happens to the logins: ``etna_magic.on(event, callback)``.

A callback runs on the thread where it happened, and no lock of ours is held meanwhile, so that it may use
the session. Whoever holds a lock while something may happen does so inside of `held`.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

#: What can happen to a login.
EVENTS = ("logged_in", "renewed", "renewal_failed", "stale", "logged_out")
_log = logging.getLogger("etna_magic")


class Listener(Protocol):
    """What has to know of a callback."""

    def callback_added(self) -> None:
        """Take note that there is one more."""
        ...


@dataclass(frozen=True, slots=True)
class LoginEvent:
    """What happened to a login; it holds no secret, and does not change.

    Parameters
    ----------
    event : str
        ``logged_in``, ``renewed``, ``renewal_failed``, ``stale`` or ``logged_out``.
    name : str
        The login's name, as in ``%etna_login NAME``.
    username, base_url : str
        Whose login it is, and where.
    environment : str, optional
        ``LIVE``, ``DEMO`` or ``SANDBOX``.
    expires_at : datetime or None, optional
        When its token ends, in UTC; None where it has none any more.
    error : str, optional
        Why a renewal failed, when it was tried last and when it will be next; else nothing.

    Examples
    --------
    >>> LoginEvent("renewed", "etna", "alice", "https://api.example.com", "LIVE").account
    'alice at https://api.example.com'
    """

    event: str
    name: str
    username: str
    base_url: str
    environment: str = ""
    expires_at: datetime | None = None
    error: str = ""

    @property
    def account(self) -> str:
        """Whose login it is, and where, in one text."""
        return f"{self.username} at {self.base_url}"


# By an object that nothing else is. Each change of a dict is one step, so that no lock is needed.
_callbacks: dict[object, tuple[str, Callable[[LoginEvent], object]]] = {}
_listeners: WeakSet[Listener] = WeakSet()
_waiting: ContextVar[list[LoginEvent] | None] = ContextVar("etna_magic_events", default=None)


def on(event: str, callback: Callable[[LoginEvent], object]) -> Callable[[], None]:
    """Have a function called when something happens to a login.

    It is called on the thread where it happens: of a login, of a call whose token was renewed, or of a
    renewal while nothing is called. So keep it short, and hand longer work to a thread of your own. What it
    raises is logged by the logger ``etna_magic``, and stops nothing, ``SystemExit`` included.
    ``%unload_ext etna_magic`` takes all callbacks away, and so does ``%reload_ext etna_magic``.

    Parameters
    ----------
    event : str
        ``logged_in``; ``renewed``, when a fresh token is in place; ``renewal_failed``, at each try that
        failed; ``stale``, once for each token that has ended and that no renewal is about to replace, also
        while nothing is called; ``logged_out``, also when another account takes the name, or what
        `connect` returned is closed.
    callback : callable
        Gets one `LoginEvent`. It may use the session. It is no coroutine function, which nothing would await.

    Returns
    -------
    callable
        Call it, without arguments, and the callback is not called any more.

    Raises
    ------
    ValueError
        If there is no such event; the sentence lists those there are.
    TypeError
        If the callback cannot be called, or is a coroutine function.

    Examples
    --------
    >>> from etna_magic import on
    >>> remove = on("renewal_failed", lambda event: print(event.name, event.error))
    >>> remove()
    """
    if event not in EVENTS:
        raise ValueError(f"There is no event {event!r}: there are {', '.join(EVENTS)}.")
    if not callable(callback):
        raise TypeError(f"A callback is a function, and this is of type {type(callback).__name__}.")
    if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(type(callback).__call__):
        raise TypeError("A callback is a plain function: nothing would await a coroutine function.")
    key = object()
    _callbacks[key] = (event, callback)
    for listener in list(_listeners):
        listener.callback_added()

    def remove() -> None:
        _callbacks.pop(key, None)

    return remove


def is_awaited(event: str) -> bool:
    """Say whether somebody has asked to be called at this event."""
    return any(asked == event for asked, _ in list(_callbacks.values()))


def clear() -> None:
    """Take every callback away."""
    _callbacks.clear()


def listen(listener: Listener) -> None:
    """Let something know of each callback that is added, as long as anything else refers to it."""
    _listeners.add(listener)


def emit(event: LoginEvent) -> None:
    """Call back what has happened: now, or at the end of the outermost `held` that this is inside of."""
    waiting = _waiting.get()
    if waiting is not None:
        waiting.append(event)
        return
    _emit_all([event])


def _emit_all(events: list[LoginEvent]) -> None:
    """Call back each; an interrupt is raised when all that happened was called back."""
    interrupt: KeyboardInterrupt | None = None
    for event in events:
        for asked, callback in list(_callbacks.values()):
            if asked != event.event:
                continue
            try:
                callback(event)
            except KeyboardInterrupt as error:
                interrupt = error
            # A user's own code, and what happened has happened: sys.exit() there ends no login either.
            except BaseException:  # noqa: BLE001
                _log.exception("A callback failed that etna_magic.on(%r, …) was given.", asked)
    if interrupt is not None:
        raise interrupt


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Call nothing back inside: what happens there is called back when the outermost such block has ended."""
    if _waiting.get() is not None:
        yield
        return
    happened: list[LoginEvent] = []
    before = _waiting.set(happened)
    try:
        yield
    finally:
        _waiting.reset(before)
        _emit_all(happened)
