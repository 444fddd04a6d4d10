"""Which credentials a server has refused, for all logins of a process: five wrong ones lock a user out.

What a server has refused is sent by no renewal for some minutes, then once more, in case the server was in
trouble, and never again, until somebody logs in or the settings have other values. A login that a person asks
for is not held up, and counts.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, NamedTuple

from etna_magic.support import Clock, Stopwatch, renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from etna_magic.exceptions import EtnaError
    from etna_magic.token import Account

#: Seconds after which renewals send refused credentials once more.
AGAIN = 300.0
#: How often a server refuses the same credentials before no renewal sends them.
MOST = 2


class Refusal(NamedTuple):
    """What a server has refused last.

    Parameters
    ----------
    fingerprint : bytes
        Of the credentials.
    times : int
        How often in a row they were refused.
    since : Stopwatch
        Runs since the last time.
    error : EtnaError
        What it said.
    """

    fingerprint: bytes
    times: int
    since: Stopwatch
    error: EtnaError

    @property
    def wait(self) -> float | None:
        """Seconds until they may be sent once more; None if they may not."""
        return None if self.times >= MOST else max(0.0, AGAIN - self.since.seconds())


class Refusals:
    """What the servers have refused last, by account."""

    def __init__(self) -> None:
        self._last: dict[Account, Refusal] = {}
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Have locks of this process's own."""
        self._locks: dict[Account, threading.Lock] = {}

    def note(self, account: Account, fingerprint: bytes, error: EtnaError, clock: Clock) -> None:
        """Note that the server has refused these credentials."""
        before = self._last.get(account)
        times = before.times + 1 if before is not None and before.fingerprint == fingerprint else 1
        # Where Dask was imported, a copy has the traceback as well.
        kept = copy.copy(error).with_traceback(None)
        self._last[account] = Refusal(fingerprint, times, Stopwatch(clock), kept)

    def forget(self, account: Account) -> None:
        """Note that the server has accepted credentials of an account."""
        self._last.pop(account, None)

    def against(self, account: Account, fingerprint: Callable[[], bytes]) -> Refusal | None:
        """Return why a renewal must not send the credentials that it would, if it must not."""
        last = self._last.get(account)
        # They are read only where something was refused.
        if last is None or last.wait == 0.0 or last.fingerprint != fingerprint():
            return None
        return last

    @contextlib.contextmanager
    def exclusive(self, account: Account) -> Iterator[None]:
        """Let one renewal of an account after another find out whether its credentials are accepted."""
        with self._locks.setdefault(account, threading.Lock()):
            yield


#: Those of this process.
REFUSALS = Refusals()
