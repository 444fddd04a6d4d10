"""The life of an order: accepted or rejected, filled as the market comes to its price, cancelled, ended.

Nothing happens by itself: whoever looks at the orders first lets everything happen that was due by
then, in the order of time. So a clock that a test moves moves the market too.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import NamedTuple

from etna_magic_sandbox.crossing import best_of_session, first_fill, is_out_of_reach
from etna_magic_sandbox.ledger import NO_SHARES, Execution, Ledger
from etna_magic_sandbox.market_hours import close_of, is_open, next_weekday, open_of, session_day
from etna_magic_sandbox.order import (
    AT_AUCTION,
    AT_ONCE,
    CONDITIONAL_TYPES,
    UNTIL_CANCELLED,
    UNTIL_DATE,
    Order,
    Terms,
)
from etna_magic_sandbox.order_store import OrderStore
from etna_magic_sandbox.prices import price

FIRST_ORDER_ID = 5_001
FILL_DELAY = 0.5  # seconds from the acceptance of an order to its first fill
PART_DELAY = 2.0  # seconds from a fill of one half to the other
LARGE = 100  # more than that is filled in two halves
MAX_SESSIONS = 60  # how many sessions without a fill are passed over at once

EXPIRED = "Expired by OMS"
NO_LIMIT = "Limit price is not defined."


class Event(NamedTuple):
    """What is due for an order: `accept`, `fill`, or `close` at the end of a session."""

    time: float
    number: int
    order: Order
    version: int
    what: str
    price: float = 0.0


class Trading:
    """All orders and books; its methods may be called from many threads.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """Forget every order and account."""
        with self.lock:
            self.store = OrderStore()
            self.ledgers: dict[int, Ledger] = {}
            self._ids = itertools.count(FIRST_ORDER_ID)
            self._state_ids = itertools.count(1)
            self._event_numbers = itertools.count()
            self._events: list[Event] = []

    def ledger(self, account: int) -> Ledger:
        """Return an account's books; they begin with a payment on 2 January 2024."""
        with self.lock:
            if account not in self.ledgers:
                self.ledgers[account] = Ledger(account, 1_704_186_000.0)
            return self.ledgers[account]

    def settle(self) -> float:
        """Let everything happen that is due, and return the time."""
        now = self.clock()
        with self.lock:
            while self._events and self._events[0].time <= now:
                event = heapq.heappop(self._events)
                if event.version == event.order.version and event.order.is_open:
                    self._happen(event)
        return now

    def place_order(self, account: int, user: int, terms: Terms, created: float | None = None) -> Order:
        """Keep an order under a new ID; the same order sent twice is placed twice."""
        with self.lock:
            now = self.settle() if created is None else created
            order = self._new(account, user, terms, now, None)
            self.store.add(order)
            self._plan(now, order, "accept")
            return order

    def cancel(self, order: Order) -> bool:
        """Cancel an order; return False if it has ended already."""
        with self.lock:
            now = self.settle()
            if not order.is_open:
                return False
            self._end(order, "Canceled", now)
            return True

    def replace(self, order: Order, terms: Terms) -> Order | None:
        """Put another order in an order's place; return None if it cannot be, and the order works on.

        The old one is `Replaced`; the new one, with an ID of its own, goes on with what was filled.
        """
        with self.lock:
            now = self.settle()
            if not self.can_replace(order, terms) or self.objection_to_change(order, terms):
                return None
            self._end(order, "Replaced", now)
            new = self._new(order.account, order.user, terms, now, None)
            new.executed, new.value, new.replaces = order.executed, order.value, order.id
            new.last_price, new.last_quantity = order.last_price, order.last_quantity
            self.store.add(new)
            self._plan(now, new, "accept")
            return new

    def can_replace(self, order: Order, terms: Terms) -> bool:
        """Return whether an order is open, and none of what is filled would be bought or sold again."""
        is_whole = order.is_open and order.parent is None
        return is_whole and terms.quantity > order.executed and not any(leg.executed for leg in order.legs)

    def objection_to_change(self, order: Order, terms: Terms) -> str:
        """Return why an order's replacement would be rejected; what the order has set aside may be used."""
        with self.lock:
            now, ledger = self.settle(), self.ledger(order.account)
            parts = [order, *order.legs]
            for one in parts:
                ledger.release(one)
            objection = ledger.objection(terms, now, order.executed)
            for one in parts:
                ledger.reserve(one, now)
            return objection

    def _new(self, account: int, user: int, terms: Terms, now: float, parent: Order | None) -> Order:
        order = Order(next(self._ids), account, user, terms, now, parent)
        order.state_id = next(self._state_ids)
        order.expires = self._expires(terms, now)
        order.legs = [self._new(account, user, leg, now, order) for leg in terms.legs]
        return order

    def _expires(self, terms: Terms, now: float) -> float | None:
        if terms.time_in_force in UNTIL_CANCELLED:
            return None
        if terms.time_in_force in UNTIL_DATE:
            return terms.expires
        return float(close_of(session_day(now)))

    def _plan(self, time: float, order: Order, what: str, price: float = 0.0) -> None:
        heapq.heappush(
            self._events, Event(time, next(self._event_numbers), order, order.version, what, price)
        )

    def _set(self, order: Order, status: str, time: float, description: str = "") -> None:
        self.store.set_status(order, status)
        order.description = description or order.description
        order.changed = time
        order.version += 1
        order.state_id = next(self._state_ids)

    def _happen(self, event: Event) -> None:
        order, time = event.order, event.time
        if event.what == "accept":
            self._accept(order, time)
        elif event.what == "fill":
            self._fill(order, time, event.price)
        else:
            self._close(order, time)

    def _accept(self, order: Order, time: float) -> None:
        if order.terms.type in CONDITIONAL_TYPES:
            self._set(order, "New", time)
            waits = order.terms.type != "OneCancelOther"
            for number, leg in enumerate(order.legs):
                if waits and number:
                    self._set(leg, "Held", time)
            self._start(order.legs[:1] if waits else order.legs, time)
            return
        if order.terms.security is None:  # a spread: its legs follow it
            for leg in order.legs:
                self._set(leg, "New", time)
        ledger = self.ledger(order.account)
        objection = ledger.objection(order.terms, time, order.executed, ledger.shared_shares(order))
        if objection:
            self._end(order, "Rejected", time, NO_LIMIT if objection == "LimitPriceUndefined" else objection)
            return
        self._set(order, "PartiallyFilled" if order.executed else "New", time)
        if order.terms.security:
            order.best = order.best or price(order.terms.security, time)
        ledger.reserve(order, time)
        self._seek(order, time + FILL_DELAY)

    def _start(self, legs: list[Order], time: float) -> None:
        for leg in legs:
            if leg.is_open:
                self._accept(leg, time)

    def _seek(self, order: Order, time: float) -> None:
        # Plans what comes next for an order that works: a fill, or the end of a session without one.
        terms = order.terms
        if terms.time_in_force in AT_ONCE:
            found = first_fill(order, session_day(time), time) if is_open(time) else None
            at_once = found is not None and found.time == time
            self._plan(time, order, "fill" if at_once else "close", found.price if found else 0.0)
            return
        day = session_day(time)
        start = max(time, float(open_of(day)))
        lasts = terms.time_in_force in UNTIL_CANCELLED | UNTIL_DATE
        passed = 0
        while lasts and passed < MAX_SESSIONS and is_out_of_reach(terms, day):
            if order.expires is not None and close_of(day) >= order.expires:
                break
            day, passed = next_weekday(day), passed + 1
            start = float(open_of(day))
        if terms.time_in_force == "AtTheOpening" and start > open_of(day):
            day = next_weekday(day)
            order.expires = float(close_of(day))
        found = first_fill(order, day, start)
        if (
            found
            and terms.time_in_force in AT_AUCTION
            and found.time not in {open_of(day), close_of(day) - 1.0}
        ):
            found = None
        ends = float(close_of(day))
        if order.expires is not None and terms.time_in_force in UNTIL_DATE:
            ends = min(ends, max(order.expires, time))
        if found is not None and found.time < ends:
            self._plan(found.time, order, "fill", round(found.price, 4))
        else:
            self._plan(ends, order, "close")

    def _fill(self, order: Order, time: float, at: float) -> None:
        terms, ledger = order.terms, self.ledger(order.account)
        left = terms.quantity - order.executed
        in_halves = left > LARGE and not order.executed and terms.security is not None
        if terms.time_in_force in AT_ONCE or terms.exec_inst == "AllOrNone":
            in_halves = False
        quantity = float(int(left / 2)) if in_halves else left
        ledger.release(order)
        if not ledger.allows(order, quantity):  # another order has changed the position
            self._end(order, "Canceled", time, NO_SHARES)
            return
        commission = self.commission(terms, quantity, is_first=not order.executed)
        order.executed = round(order.executed + quantity, 6)
        order.value += quantity * at
        order.last_price, order.last_quantity = at, quantity
        is_whole = order.executed >= terms.quantity
        self._set(order, "Filled" if is_whole else "PartiallyFilled", time)
        if terms.security is not None:
            ledger.execute(Execution(order, terms.security, quantity, at, time), commission)
        for leg in order.legs:
            if leg.terms.security:
                paid, size = price(leg.terms.security, time), quantity * leg.terms.quantity
                leg.executed, leg.value = size, size * paid
                leg.last_price, leg.last_quantity = paid, size
                self._set(leg, "Filled", time)
                ledger.execute(Execution(leg, leg.terms.security, size, paid, time), commission)
                commission = 0.0
        if not is_whole:
            ledger.reserve(order, time)
            # In the same minute, so that its candle holds both.
            self._plan(min(time + PART_DELAY, time // 60 * 60 + 59.9), order, "fill", at)
        if order.parent:
            self._leg_filled(order, time)

    def commission(self, terms: Terms, quantity: float, *, is_first: bool) -> float:
        """Return what a fill costs beside its price: only what the order's instructions say."""
        per_trade = terms.instructions.get("PerTradeCommission", "0")
        per_contract = terms.instructions.get("PerContractCommission", "0")
        is_option = terms.security is None or terms.security.underlying is not None
        total = float(per_trade) if is_first else 0.0
        return round(total + (float(per_contract) * quantity / 100 if is_option else 0.0), 2)

    def _close(self, order: Order, time: float) -> None:
        terms = order.terms
        if terms.time_in_force in AT_ONCE:
            self._end(order, "Canceled", time, EXPIRED)
        elif terms.time_in_force in UNTIL_CANCELLED:
            self._go_on(order, time)
        elif terms.time_in_force in UNTIL_DATE:
            if order.expires is not None and time >= order.expires:
                self._end(order, "Expired", time, EXPIRED)
            else:
                self._go_on(order, time)
        else:
            self._end(order, "DoneForDay", time, EXPIRED)

    def _go_on(self, order: Order, time: float) -> None:
        if order.terms.type.startswith("Trailing"):
            day = session_day(time - 1.0)
            order.best = best_of_session(order, day, max(order.changed, float(open_of(day))))
        self._seek(order, time)

    def _end(self, order: Order, status: str, time: float, description: str = "") -> None:
        # Ends an order, and what hangs on it.
        self._set(order, status, time, description)
        ledger = self.ledger(order.account)
        ledger.release(order)
        for rival in order.rivals:  # it needs now what it has shared
            ledger.reserve(rival, time)
        for leg in order.legs:
            if leg.is_open:
                self._set(leg, status, time, description)
                ledger.release(leg)
        root = order.parent
        if root is None or not root.is_open:
            return
        is_trigger = root.terms.type != "OneCancelOther" and order is root.legs[0]
        if is_trigger or not any(leg.is_open for leg in root.legs):
            self._end(root, status, time, description)

    def _leg_filled(self, leg: Order, time: float) -> None:
        root = leg.parent
        if root is None or root.terms.type not in CONDITIONAL_TYPES:
            return
        is_trigger = root.terms.type != "OneCancelOther" and leg is root.legs[0]
        if is_trigger:
            if leg.status == "Filled":
                self._start([other for other in root.legs if other.status == "Held"], time)
            return
        for other in root.legs:
            if other is not leg and other.is_open:
                self._set(other, "Canceled", time)
                self.ledger(other.account).release(other)
        self.ledger(leg.account).reserve(leg, time)
        if leg.status == "Filled" and root.is_open:
            self._set(root, "Filled", time)
