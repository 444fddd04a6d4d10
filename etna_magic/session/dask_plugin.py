"""Hands each new token of a login to all workers of a Dask cluster, present and future."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol

from distributed import WorkerPlugin

from etna_magic.exceptions import EtnaError
from etna_magic.session.handed_tokens import HANDED

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.session.token_holder import TokenHolder
    from etna_magic.token import Account, Token

_log = logging.getLogger("etna_magic")


class HasToken(Protocol):
    """A session for workers."""

    @property
    def token(self) -> Token:
        """Its token."""


class TokenPlugin(WorkerPlugin):
    """Is sent to each worker, with one token; a later one of the same name takes its place.

    Its pickle is a secret, which the scheduler keeps for workers that join later.

    Parameters
    ----------
    name : str
        The login's name.
    account : Account
        Whose token it is.
    session : WorkerSession or None
        What has the token; None once the login has ended.
    """

    def __init__(self, name: str, account: Account, session: HasToken | None) -> None:
        #: By which Dask knows it.
        self.name = f"etna_magic-{name}"
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

    Parameters
    ----------
    client : distributed.Client
        The cluster's client; not an asynchronous one.
    holder : TokenHolder
        The login's token.
    make : callable
        Returns a session for workers.

    Raises
    ------
    EtnaError
        If there is no token, or the client is asynchronous.
    """

    def __init__(self, client: Any, holder: TokenHolder, make: Callable[[], HasToken]) -> None:
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
        threading.Thread(target=self._run, name="etna_magic-dask", daemon=True).start()

    def close(self) -> None:
        """Send no more tokens; workers keep the last one as long as it lasts, and new ones get none."""
        self._is_closed = True
        self._changed.set()

    def _run(self) -> None:
        """Send what is new; a thread of its own, since nobody who puts a token in place may wait for it."""
        while not self._is_closed and self._client.status == "running":
            if not self._changed.wait(timeout=60.0):
                continue  # the client may have been closed
            self._changed.clear()
            if self._is_closed or self._holder.current() is None:
                break
            with contextlib.suppress(EtnaError):  # logged out meanwhile
                self._try(self._make())
        with contextlib.suppress(ValueError):
            self._holder.watchers.remove(self._changed.set)
        if self._client.status == "running":
            self._try(None)

    def _try(self, session: HasToken | None) -> None:
        try:
            self._send(session)
        except Exception as error:  # noqa: BLE001 - the cluster may be gone; its errors may hold the plugin
            _log.warning(
                "%s: a new token could not be handed to the cluster (%s).",
                self._holder.name,
                type(error).__name__,
            )

    def _send(self, session: HasToken | None) -> None:
        self._client.register_plugin(TokenPlugin(self._holder.name, self._account, session))
        if session is None:
            self._client.unregister_worker_plugin(f"etna_magic-{self._holder.name}")
