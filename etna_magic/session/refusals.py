"""Which credentials a server has refused, for all logins of a process: five wrong ones lock a user out.

What a server has refused is sent by no renewal for some minutes, then once more, in case the server was in
trouble, and never again. Other values in the settings are sent at once; but after three refusals of an
account, whatever was sent, its renewals send nothing until somebody logs in. A login that a person asks for
is not held up, and counts. All processes of a user count together, where the extra ``remember`` is installed.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

from etna_magic.exceptions import InvalidCredentialsError
from etna_magic.support import Clock, Stopwatch, renew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from etna_magic.exceptions import EtnaError
    from etna_magic.token import Account

#: Seconds after which renewals send refused credentials once more.
AGAIN = 300.0
#: How often a server refuses the same credentials before no renewal sends them.
MOST = 2
#: How often a server refuses an account, with whatever credentials, before no renewal sends any.
MOST_OF_ACCOUNT = 3


class Refusal(NamedTuple):
    """Which credentials of an account a server has refused.

    Parameters
    ----------
    times : int
        How often they were refused.
    since : Stopwatch
        Runs since the last time.
    error : EtnaError
        What it said.
    is_last : bool, optional
        Whether nothing at all is sent for this account any more.
    """

    times: int
    since: Stopwatch
    error: EtnaError
    is_last: bool = False

    @property
    def wait(self) -> float | None:
        """Seconds until they may be sent once more; None if they may not."""
        return None if self.is_last or self.times >= MOST else max(0.0, AGAIN - self.since.seconds())


class Shared(Protocol):
    """What all processes of a user count together."""

    def times(self, account: Account, /) -> int:
        """Return how often the server has refused an account since it was accepted."""

    def note(self, account: Account, /) -> None:
        """Count one refusal more."""

    def forget(self, account: Account, /) -> None:
        """Begin to count again."""

    def exclusive(self, account: Account, /) -> AbstractContextManager[None]:
        """Let one process at a time find out whether its credentials are accepted."""


class Refusals:
    """What the servers have refused since they accepted something, by account and by fingerprint."""

    def __init__(self) -> None:
        self._noted: dict[Account, dict[bytes, Refusal]] = {}
        #: Where other processes count as well; a process without renewals does without.
        self.shared: Shared | None = None
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Have locks of this process's own."""
        self._locks: dict[Account, threading.Lock] = {}

    def note(self, account: Account, fingerprint: bytes, error: EtnaError, clock: Clock) -> None:
        """Note that the server has refused these credentials."""
        noted = self._noted.get(account, {})
        times = noted[fingerprint].times + 1 if fingerprint in noted else 1
        # Where Dask was imported, a copy has the traceback as well.
        kept = copy.copy(error).with_traceback(None)
        # A new dict, since another thread may be counting; the last refusal is the last one of it.
        others = {key: value for key, value in noted.items() if key != fingerprint}
        self._noted[account] = {**others, fingerprint: Refusal(times, Stopwatch(clock), kept)}
        if self.shared is not None:
            self.shared.note(account)

    def forget(self, account: Account) -> None:
        """Note that the server has accepted credentials of an account, or that a person has logged in."""
        self._noted.pop(account, None)
        if self.shared is not None:
            self.shared.forget(account)

    def against(self, account: Account, fingerprint: Callable[[], bytes]) -> Refusal | None:
        """Return why a renewal must not send the credentials that it would, if it must not."""
        noted = self._noted.get(account, {})
        times = max(
            sum(refusal.times for refusal in noted.values()),
            self.shared.times(account) if self.shared is not None else 0,
        )
        if times >= MOST_OF_ACCOUNT:
            last = list(noted.values())[-1] if noted else _elsewhere(times)
            return last._replace(is_last=True)
        if not noted:
            return None  # they are read only where something was refused
        refusal = noted.get(fingerprint())
        return None if refusal is None or refusal.wait == 0.0 else refusal

    @contextlib.contextmanager
    def exclusive(self, account: Account) -> Iterator[None]:
        """Let one renewal of an account after another find out whether its credentials are accepted."""
        together = self.shared.exclusive(account) if self.shared is not None else contextlib.nullcontext()
        with self._locks.setdefault(account, threading.Lock()), together:
            yield


def _elsewhere(times: int) -> Refusal:
    error = InvalidCredentialsError(
        f"Other programs on this machine had {times} logins of this account refused, so none is made here. "
        "Log in by hand, before the server locks the account."
    )
    return Refusal(times, Stopwatch(Clock()), error)


#: Those of this process.
REFUSALS = Refusals()
