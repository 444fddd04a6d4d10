"""Hands each new token of a login to all workers of a Dask cluster, present and future."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin

from etna_magic.exceptions import EtnaError
from etna_magic.session.token_holder import HANDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.authorized_session import AuthorizedSession
    from etna_magic.session.token_holder import TokenHolder
    from etna_magic.token import Account

_log = logging.getLogger("etna_magic")
# Seconds until a hand-over that failed is tried again: twice as long after each, up to the longest, which is
# also how often a client that was closed is noticed.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# Seconds to wait for a cluster that a token is taken back from; the thread goes on after that.
_CLOSING = 10.0


class TokenPlugin(WorkerPlugin):
    """Is sent to each worker, with one token; a later one of the same name takes its place.

    Its pickle is a secret, which the scheduler keeps for workers that join later. It has no session once the
    login has ended.
    """

    def __init__(self, name: str, account: Account, session: AuthorizedSession | None) -> None:
        # One scheduler may have two accounts' plugins, whose logins are named the same.
        digest = hashlib.sha256("\n".join(account).encode()).hexdigest()[:16]
        #: By which Dask knows it.
        self.name = f"etna_magic-{name}-{digest}"
        self._account = account
        self._session = session

    def setup(self, worker: Any) -> None:  # noqa: ARG002 - as distributed calls it
        """Have every worker's session of this process use the token."""
        if self._session is None:
            HANDED.withdraw(self._account)
        else:
            HANDED.put(self._session.token)


class TokenSharing:
    """Sends a plugin to a cluster at once, and again with each new token of a login, until it is closed.

    `make` returns a session for workers. It raises if there is no token, or the client is asynchronous.
    """

    def __init__(self, client: Any, holder: TokenHolder, make: Callable[[], AuthorizedSession]) -> None:
        if client.asynchronous:
            raise EtnaError("The client is asynchronous: give one that is made without asynchronous=True.")
        self._client = client
        self._holder = holder
        self._make = make
        self._changed = threading.Event()
        self._is_closed = False
        self._account: Account = holder.token.account
        self._send(make())
        holder.watchers.append(self._changed.set)
        self._thread = threading.Thread(target=self._run, name="etna_magic-dask", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send no more tokens, and take the last one back: who closes the client next cannot."""
        self._is_closed = True
        self._changed.set()
        self._thread.join(_CLOSING)

    def _run(self) -> None:
        """Send what is new; a thread of its own, since nobody who puts a token in place may wait for it."""
        failures, is_over = 0, False
        while self._client.status not in {"closing", "closed"}:
            pause = _FIRST_PAUSE * 2 ** min(failures - 1, 16) if failures else _LONGEST_PAUSE
            if not self._changed.wait(min(pause, _LONGEST_PAUSE)) and not failures:
                continue  # the client may have been closed
            self._changed.clear()
            is_over = is_over or self._is_closed or self._holder.current() is None
            error = self._try(is_over=is_over)
            if error and not failures:
                what = (
                    "a token could not be taken back from"
                    if is_over
                    else "a new token could not be handed to"
                )
                _log.warning("%s: %s the cluster (%s). It is tried again.", self._holder.name, what, error)
            failures = failures + 1 if error else 0
            if is_over and not failures:
                break
        with contextlib.suppress(ValueError):
            self._holder.watchers.remove(self._changed.set)

    def _try(self, *, is_over: bool) -> str:
        """Send the newest token, or that there is none any more; return what was raised, if anything was."""
        try:
            self._send(None if is_over else self._make())
        except Exception as error:  # noqa: BLE001 - the cluster may be gone; its errors may hold the plugin
            return type(error).__name__
        return ""

    def _send(self, session: AuthorizedSession | None) -> None:
        plugin = TokenPlugin(self._holder.name, self._account, session)
        self._client.register_plugin(plugin)
        if session is None:
            self._client.unregister_worker_plugin(plugin.name)
