"""All that a running sandbox remembers, in one place that can be wiped."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from etna_magic.sandbox.alerts import Alerts
from etna_magic.sandbox.desk import Desk
from etna_magic.sandbox.limits import Limits, Lockouts
from etna_magic.sandbox.records import Records
from etna_magic.sandbox.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Rules:
    """Which of the sandbox's rules are switched on.

    Parameters
    ----------
    login_limit : int or None, optional
        Log-ins a minute for each user; None switches the limit off.
    call_limits : bool, optional
        Whether the limits on orders and history hold.
    logout : bool, optional
        Whether there is a `/logout`: not every installation of ETNA has one.
    """

    login_limit: int | None = 10
    call_limits: bool = True
    logout: bool = True


class State:
    """What changes while the sandbox runs.

    Parameters
    ----------
    rules : Rules
        Which rules are switched on.
    lifetime : float
        How long a token lives, in seconds.
    clock : callable, optional
        Returns the time in seconds since 1970; tests move it.
    """

    def __init__(self, rules: Rules, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self.rules = rules
        self.clock = clock
        self.tokens = Tokens(clock, lifetime)
        self.limits = Limits(clock)
        self.lockouts = Lockouts()
        self.records = Records()
        self.desk = Desk(clock)
        self.alerts = Alerts(clock)

    def reset(self) -> None:
        """Go back to how it was at the start, except for the lifetime and the rules."""
        self.tokens.end_all()
        self.limits.clear()
        self.lockouts.clear()
        self.records.clear()
        self.desk.clear()
        self.alerts.clear()
