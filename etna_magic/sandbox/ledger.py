"""An account's books: cash, positions and transactions, all of which follow the fills."""

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from etna_magic.sandbox.market_hours import SECONDS_PER_DAY
from etna_magic.sandbox.order import Order
from etna_magic.sandbox.securities import Security

INITIAL_CASH = 1_000_000.0
FIRST_POSITION_ID, FIRST_TRANSACTION_ID = 9_001, 70_001
MARGIN_OF_SHORTS = 1.5  # of what was sold short, so much is set aside


class Execution(NamedTuple):
    """A part of an order that was filled: what, how much, for how much, and when."""

    order: Order
    security: Security
    quantity: float
    price: float
    time: float

    @property
    def signed(self) -> float:
        """The quantity, negative for a sale."""
        side = self.order.terms.side
        return self.quantity if side in {"Buy", "BuyToCover"} else -self.quantity


@dataclass(slots=True)
class Position:
    """What an account holds of one security; negative if it was sold short. Costs are in dollars."""

    id: int
    security: Security
    created: float
    modified: float = 0.0
    quantity: float = 0.0
    cost: float = 0.0
    realized: float = 0.0
    closed_quantity: float = 0.0
    closed_value: float = 0.0
    day: int = 0
    day_quantity: float = 0.0
    day_realized: float = 0.0

    @property
    def average(self) -> float:
        """The average price at which it was opened."""
        return abs(self.cost / (self.quantity * self.security.multiplier)) if self.quantity else 0.0

    def change(self, execution: Execution) -> None:
        """Take in a fill: one that adds to the position, closes it, or turns it round."""
        quantity, price, multiplier = execution.signed, execution.price, self.security.multiplier
        today = int(execution.time // SECONDS_PER_DAY)
        if today != self.day:
            self.day, self.day_quantity, self.day_realized = today, 0.0, 0.0
        if self.quantity * quantity < 0:
            closed = min(abs(quantity), abs(self.quantity))
            direction = 1 if self.quantity > 0 else -1
            won = direction * (price - self.average) * closed * multiplier
            self.cost -= self.average * closed * multiplier * direction
            self.quantity += closed * -direction
            self.realized += won
            self.day_realized += won
            self.closed_quantity += closed
            self.closed_value += closed * price
            quantity += closed * direction
        self.quantity = round(self.quantity + quantity, 6)
        self.cost = round(self.cost + quantity * price * multiplier, 6) if self.quantity else 0.0
        self.day_quantity = round(self.day_quantity + execution.signed, 6)
        self.modified = execution.time


class Transaction(NamedTuple):
    """One line of an account's books; `value` is what it changes the cash by."""

    id: int
    time: float
    type: str
    value: float
    security: Security | None = None
    order: Order | None = None
    quantity: float = 0.0
    price: float = 0.0
    description: str = ""


@dataclass(slots=True)
class Ledger:
    """The books of one account.

    Parameters
    ----------
    account : int
        Its ID.
    opened : float
        When the first cash was paid in, in seconds since 1970.
    """

    account: int
    opened: float
    cash_cents: int = 0
    reserved_cash: float = 0.0
    positions: dict[int, Position] = field(default_factory=dict)
    reserved_shares: dict[int, float] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    day_trades: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        first = FIRST_TRANSACTION_ID + (self.account % 1000) * 10_000_000
        self._ids = itertools.count(first)
        self._book("Payment", INITIAL_CASH, self.opened, description="Deposit")

    @property
    def cash(self) -> float:
        """The cash, in dollars."""
        return self.cash_cents / 100

    @property
    def buying_power(self) -> float:
        """What can be spent: cash without what is set aside for open orders and for short positions."""
        shorts = sum(-p.cost for p in self.positions.values() if p.quantity < 0)
        return round(self.cash - self.reserved_cash - MARGIN_OF_SHORTS * shorts, 2)

    def held(self, security: Security) -> float:
        """Return how much of a security is held; negative if it was sold short."""
        position = self.positions.get(security.id)
        return position.quantity if position else 0.0

    def free(self, security: Security) -> float:
        """Return how much of a security no open sale has set aside."""
        return self.held(security) - self.reserved_shares.get(security.id, 0.0)

    def reserve(self, order: Order) -> None:
        """Set aside what an order's rest needs; called again, what it needs now."""
        self.release(order)
        terms, security = order.terms, order.terms.security
        if security is None or not order.is_open:
            return
        rest = terms.quantity - order.executed
        if terms.side == "Buy":
            order.reserved = rest * (terms.price or terms.stop_price or order.best) * security.multiplier
            self.reserved_cash += order.reserved
        elif terms.side == "Sell":
            order.reserved = rest
            self.reserved_shares[security.id] = self.reserved_shares.get(security.id, 0.0) + rest

    def release(self, order: Order) -> None:
        """Set nothing aside for an order any more."""
        security = order.terms.security
        if security is None or not order.reserved:
            return
        if order.terms.side == "Buy":
            self.reserved_cash -= order.reserved
        else:
            left = self.reserved_shares.get(security.id, 0.0) - order.reserved
            self.reserved_shares[security.id] = left if abs(left) > 1e-9 else 0.0
        order.reserved = 0.0

    def execute(self, execution: Execution, commission: float) -> Transaction:
        """Take in a fill: the position changes, and the cash by its value and the commission."""
        order, security, time = execution.order, execution.security, execution.time
        position = self.positions.get(security.id)
        if position is None:
            number = FIRST_POSITION_ID + (self.account % 1000) * 1_000_000 + security.id % 1_000_000
            position = self.positions[security.id] = Position(number, security, time)
        closes = position.quantity * execution.signed < 0
        if closes and int(position.created // SECONDS_PER_DAY) == int(time // SECONDS_PER_DAY):
            self.day_trades.append(time)
        position.change(execution)
        if not position.quantity:
            del self.positions[security.id]
        value = -execution.signed * execution.price * security.multiplier
        booked = self._book("OrderExecution", value, time, execution)
        if commission:
            self._book("Commission", -commission, time, execution, f"Commission of order {order.id}")
        return booked

    def _book(
        self, kind: str, value: float, time: float, execution: Execution | None = None, description: str = ""
    ) -> Transaction:
        cents = round(value * 100)
        self.cash_cents += cents
        number = next(self._ids)
        if execution is None:
            booked = Transaction(number, time, kind, cents / 100, description=description)
        else:
            order, security, quantity, price, _ = execution
            booked = Transaction(
                number, time, kind, cents / 100, security, order, quantity, price, description
            )
        self.transactions.append(booked)
        return booked
