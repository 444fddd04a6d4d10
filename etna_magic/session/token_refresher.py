"""The refresh policy: when a token is replaced, by which thread, and how often that is tried.

Five wrong passwords lock a user out, so all logins of a process know which credentials a server has refused:
those are sent by no renewal for some minutes, then once more, in case the server was in trouble, and never
again. Other values in the settings are sent at once; but after three refusals of an account, whatever was
sent, its renewals send nothing until somebody logs in. A login that a person asks for is not held up, and
counts. All processes of a user count together, where the extra ``remember`` is installed.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from etna_magic import callbacks
from etna_magic.exceptions import EtnaError, InvalidCredentialsError, RateLimitedError, TokenExpiredError
from etna_magic.support import Clock, Stopwatch, format_moment, renew_after_fork
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from etna_magic.token import Account

#: Seconds between two tries for calls. Ten logins a minute are the server's limit, and one in trouble should
#: see fewer.
PAUSE = 60.0
#: While nothing is called nobody waits, so each pause is twice the one before, up to this.
LONGEST_PAUSE = 900.0
#: How many tokens in a row a server refuses as soon as it has handed them out, before there is such a pause.
MOST_REFUSED = 2
#: Seconds after which renewals send refused credentials once more.
AGAIN = 300.0
#: How often a server refuses the same credentials before no renewal sends them.
MOST = 2
#: How often a server refuses an account, with whatever credentials, before no renewal sends any.
MOST_OF_ACCOUNT = 3

# The refreshers at work for which something is called now, a user's function for codes above all.
_at_work: ContextVar[tuple[TokenRefresher, ...]] = ContextVar("etna_magic_renewals", default=())


class Refusal(NamedTuple):
    """Which credentials of an account a server has refused."""

    #: How often.
    times: int
    #: Runs since the last time.
    since: Stopwatch
    #: What it said.
    error: EtnaError
    #: Whether nothing at all is sent for this account any more.
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


class TokenRefresher:
    """The way to a fresh token for one login.

    Near the token's end it tries without making anybody wait, and goes on with the old token if
    it cannot; past the end callers wait for it, or get its error. The timer does the same while
    nothing is called.

    `refresh` makes one login and puts its token in place, or raises `EtnaError`; `current` returns the token
    in use, and `fingerprint` that of the credentials that a login would send now. `report` is called with
    ``renewed``, or with ``renewal_failed`` and why.
    """

    def __init__(
        self,
        refresh: Callable[[], None],
        current: Callable[[], Token],
        clock: Clock | None = None,
        *,
        fingerprint: Callable[[], bytes] = bytes,
        report: Callable[[str, str], None] = lambda _event, _error: None,
    ) -> None:
        self._refresh = refresh
        self._current = current
        self._clock = clock or Clock()
        self._fingerprint = fingerprint
        self._report = report
        # How many tries in a row brought no fresher token: some servers give out the same text again.
        self._failures = 0
        self._tried: Stopwatch | None = None
        self._refreshed: Stopwatch | None = None
        # How many tokens in a row were refused within a minute of a renewal.
        self._refused = 0
        #: Whether each login needs a code from a person, so that none happens by itself.
        self.needs_person = False
        #: Why the last try failed; None when none has, or one has worked since. It is never raised itself:
        #: the traceback of an exception that is raised again grows with each time.
        self.error: EtnaError | None = None
        self.after_fork()

    def after_fork(self) -> None:
        """Have a lock of this process's own."""
        self._lock = threading.Lock()

    @property
    def renews(self) -> bool:
        """Whether a fresh token is coming by itself, as far as is known: nobody is needed for it.

        After a failure that is so again as soon as the next try is due.
        """
        if self.needs_person:
            return False
        return self.error is None or self._lock.locked() or self._left(is_idle=True) == 0.0

    @property
    def tried_at(self) -> datetime | None:
        """When a renewal was tried last, in UTC; None if none was."""
        return datetime.fromtimestamp(self._tried.began_at, UTC) if self._tried else None

    @property
    def next_try_at(self) -> datetime | None:
        """When it is tried next after a failure, in UTC; None if not before somebody does something."""
        if self.needs_person or self._tried is None:
            return None
        left = self._left(is_idle=True)
        now = datetime.fromtimestamp(self._clock.wall(), UTC)
        return None if left is None else now + timedelta(seconds=left)

    @property
    def schedule(self) -> str:
        """When a renewal was tried last, and when it is tried next, for a sentence in brackets."""
        tried, following = self.tried_at, self.next_try_at
        last = f"tried last at {format_moment(tried)}, " if tried else ""
        return f"{last}next at {format_moment(following)}" if following else f"{last}not again by itself"

    def token(self) -> Token:
        """Return a token to sign with, renewed if it is time; raise if it has ended and none can be had."""
        token = self._current()
        if token.state is TokenState.FRESH:
            return token
        with callbacks.held():
            if token.state is TokenState.STALE:
                self._insist()
            elif self._lock.acquire(blocking=False):  # else another thread is doing it
                try:
                    self._try(token, is_idle=False)
                finally:
                    self._lock.release()
        return self._current()

    def seconds_left(self, token: Token) -> float | None:
        """Return the seconds until a token is to be renewed while nothing is called, 0 if it is now.

        None where the next token needs a person.
        """
        if self.needs_person:
            return None
        if token.state is TokenState.FRESH:
            # A little more, so that it is time when the time has come, however it is rounded.
            return max((token.remaining - token.warning_window).total_seconds(), 0.0) + 0.001
        left = self._left(is_idle=True)
        return LONGEST_PAUSE if left is None else left

    def renew_if_due(self) -> None:
        """Renew the token while nothing is called, if it is time and nobody is needed.

        It raises `NotLoggedInError` if it was logged out meanwhile.
        """
        token = self._current()
        if token.state is not TokenState.FRESH and not self.needs_person:
            with callbacks.held(), self._lock:
                self._try(token, is_idle=True)

    def _try(self, token: Token, *, is_idle: bool) -> None:
        if self._current() is not token:
            return  # another thread has done it
        self._note_refusal()
        if self._left(is_idle=is_idle) == 0.0:
            self._renew()  # if that fails, the old token may still be good

    def _insist(self) -> None:
        if self in _at_work.get():
            raise TokenExpiredError(
                "The token has ended, and its renewal waits for this function: use another session in it."
            )
        with self._lock:
            # Another thread may have done it while this one waited.
            if self._current().state is not TokenState.STALE:
                return
            self._note_refusal()
            if self._left(is_idle=False) == 0.0:
                self._renew()
            # Without an error it may be the same text once more, which the server may well accept.
            if self.error is not None:
                raise self._dated(self.error)

    def _dated(self, error: EtnaError) -> EtnaError:
        """Return a copy of an error, that says when it was, and when the next try will be."""
        # Where Dask was imported, a copy has the traceback as well.
        dated = copy.copy(error).with_traceback(None)
        dated.args = (f"The token could not be renewed ({self.schedule}). {error}", *error.args[1:])
        return dated

    def _note_refusal(self) -> None:
        """Look at a token that was refused: one is replaced at once, and several in a row are a failure."""
        if not self._current().ended or self.error is not None:
            return
        is_young = self._refreshed is not None and self._refreshed.seconds() < PAUSE
        self._refused = self._refused + 1 if is_young else 0
        if self._refused >= MOST_REFUSED:
            self._fail(
                TokenExpiredError("The server hands out tokens and then refuses them: wait for the next try.")
            )
        else:
            self._failures = 0  # the same text that came again has ended now

    def _left(self, *, is_idle: bool) -> float | None:
        """Return the seconds until a try may be made; None if none may before somebody does something."""
        if self._tried is None or not self._failures:
            return 0.0
        doubled = min(PAUSE * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        asked = self.error.retry_after if isinstance(self.error, RateLimitedError) else None
        left = max(max(doubled if is_idle else PAUSE, asked or 0.0) - self._tried.seconds(), 0.0)
        refusal = REFUSALS.against(self._current().account, self._fingerprint) if self.error else None
        if refusal is None:
            return left
        return None if refusal.wait is None else max(left, refusal.wait)

    def _renew(self) -> None:
        """Replace the token, or keep why that failed: for the next cell, and for calls past its end."""
        old, refusal = self._current(), None
        error: EtnaError
        try:
            with REFUSALS.exclusive(old.account):
                # Another login of this account may have found out that they are refused.
                refusal = REFUSALS.against(old.account, self._fingerprint)
                if refusal is None:
                    before = _at_work.set((*_at_work.get(), self))
                    try:
                        self._refresh()
                    finally:
                        _at_work.reset(before)
        except EtnaError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001 - whatever it is, it must not stop calls that can go on
            kind = type(caught).__name__
            error = EtnaError(f"The renewal failed with a {kind}: log in again by hand.")
        else:
            if refusal is None:
                self._succeed(old)
                return
            error = copy.copy(refusal.error)
        self._fail(error, refusal.since if refusal else None)

    def _succeed(self, old: Token) -> None:
        REFUSALS.forget(old.account)
        self.error = None
        self._tried = self._refreshed = Stopwatch(self._clock)
        token = self._current()
        is_fresh = token.state is TokenState.FRESH
        self._failures = 0 if is_fresh else self._failures + 1
        if is_fresh and token is not old:
            self._report("renewed", "")

    def _fail(self, error: EtnaError, since: Stopwatch | None = None) -> None:
        self._tried = since or Stopwatch(self._clock)  # nothing may have been sent now
        self._failures += 1
        self.error = copy.copy(error).with_traceback(None)
        self._report("renewal_failed", str(self._dated(error)))
