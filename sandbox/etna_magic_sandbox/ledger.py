"""An account's books: cash, positions and transactions, all of which follow the fills."""

import itertools
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from etna_magic_sandbox.crossing import net_price
from etna_magic_sandbox.market_hours import SECONDS_PER_DAY, close_of
from etna_magic_sandbox.order import CONDITIONAL_TYPES, Order, Terms
from etna_magic_sandbox.prices import quote
from etna_magic_sandbox.securities import Security

INITIAL_CASH = 1_000_000.0
FIRST_POSITION_ID, FIRST_TRANSACTION_ID = 9_001, 70_001
MARGIN_OF_SHORTS = 1.5  # of what was sold short, so much is set aside
CONTRACT = 100  # a spread's price is per share, and its legs are options on so many

NO_SHARES = "InsufficientShares"
NO_BUYING_POWER = "DayTradingBuyingPowerExceeded"
INVALID = "InvalidOrderType"


class Execution(NamedTuple):
    """A part of an order that was filled: what, how much, for how much, and when."""

    order: Order
    security: Security
    quantity: float
    price: float
    time: float
    is_day_trade: bool = False

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
    state_id: int = 0
    is_day_trade: bool = False


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
    # By security and side: long shares are set aside for sales, short ones for purchases that cover.
    reserved_shares: defaultdict[tuple[int, str], float] = field(default_factory=lambda: defaultdict(float))
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

    def free(self, security: Security, side: str) -> float:
        """Return how much may be sold, or bought to cover, beside what open orders have set aside."""
        held = self.held(security) if side == "Sell" else -self.held(security)
        return held - self.reserved_shares.get((security.id, side), 0.0)

    def allows(self, order: Order, quantity: float) -> bool:
        """Return whether a fill leaves a long position long, and a short one short."""
        held = self.held(order.terms.security) if order.terms.security else 0.0
        match order.terms.side if order.terms.security else "":
            case "Sell":
                return held >= quantity
            case "BuyToCover":
                return -held >= quantity
            case "SellShort":
                return held <= 0
        return True

    def objection(self, terms: Terms, now: float, executed: float = 0.0, shared: float = 0.0) -> str:
        """Return why an order would be rejected, as a preview says it, or an empty text.

        `executed` is what is filled already, and `shared` what rivals have set aside that it may use.
        """
        if terms.type in CONDITIONAL_TYPES:
            starting = terms.legs if terms.type == "OneCancelOther" else terms.legs[:1]
            found = [*map(_missing_price, terms.legs), *(self.objection(leg, now) for leg in starting)]
            return next(filter(None, found), "")
        rest, security = terms.quantity - executed, terms.security
        if missing := _missing_price(terms):
            return missing
        if rest <= 0 or any(not one.quantity or _is_over(one.security, now) for one in terms.legs or [terms]):
            return INVALID
        if security and terms.side in {"Sell", "BuyToCover"}:
            return NO_SHARES if self.free(security, terms.side) + shared < rest else ""
        if security and terms.side == "SellShort" and self.held(security) > 0:
            return INVALID  # what is held is sold first
        needed = self.cash_needed(terms, rest, now)
        return NO_BUYING_POWER if needed and needed > self.buying_power else ""

    def cash_needed(self, terms: Terms, quantity: float, now: float) -> float:
        """Return what buying power an order takes: its cost, and the margin of what it sells short."""
        security = terms.security
        if security is None:
            needed = spread_cost(terms, quantity, now)
            for leg in terms.legs:
                if leg.security and not leg.is_buy:
                    shorted = max(0.0, quantity * leg.quantity - max(0.0, self.held(leg.security)))
                    needed += MARGIN_OF_SHORTS * shorted * quote(leg.security, now).ask * CONTRACT
            return max(0.0, needed)
        at = quote(security, now).ask
        if terms.side == "SellShort":
            return (MARGIN_OF_SHORTS - 1) * quantity * max(terms.price, at) * security.multiplier
        if terms.side != "Buy":
            return 0.0
        if terms.type == "Stop":
            at = max(terms.stop_price, at)
        elif terms.type not in {"Market", "TrailingStop", "TrailingStopLimit"}:
            at = terms.price or at
        return quantity * at * security.multiplier

    def shared_shares(self, order: Order) -> float:
        """Return what rivals have set aside that an order needs too: one of them alone is filled."""
        security, side = order.terms.security, order.terms.side
        return sum(
            rival.reserved_shares
            for rival in order.rivals
            if rival.terms.side == side and rival.terms.security == security
        )

    def reserve(self, order: Order, now: float) -> None:
        """Set aside what an order's rest needs; called again, what it needs now."""
        self.release(order)
        terms, security = order.terms, order.terms.security
        if not order.is_working or order.is_spread_leg or terms.type in CONDITIONAL_TYPES:
            return
        rest = terms.quantity - order.executed
        order.reserved_cash = self.cash_needed(terms, rest, now)
        self.reserved_cash += order.reserved_cash
        if security and terms.side in {"Sell", "BuyToCover"}:
            order.reserved_shares = max(0.0, rest - self.shared_shares(order))
            self.reserved_shares[security.id, terms.side] += order.reserved_shares

    def release(self, order: Order) -> None:
        """Set nothing aside for an order any more."""
        self.reserved_cash -= order.reserved_cash
        if order.reserved_shares and order.terms.security:
            key = order.terms.security.id, order.terms.side
            self.reserved_shares[key] = round(self.reserved_shares[key] - order.reserved_shares, 6)
        order.reserved_cash = order.reserved_shares = 0.0

    def execute(self, execution: Execution, commission: float) -> Transaction:
        """Take in a fill: the position changes, and the cash by its value and the commission."""
        order, security, time = execution.order, execution.security, execution.time
        position = self.positions.get(security.id)
        if position is None:
            number = FIRST_POSITION_ID + (self.account % 1000) * 1_000_000 + security.id % 1_000_000
            position = self.positions[security.id] = Position(number, security, time)
        closes = position.quantity * execution.signed < 0
        is_day_trade = closes and int(position.created // SECONDS_PER_DAY) == int(time // SECONDS_PER_DAY)
        if is_day_trade:
            self.day_trades.append(time)
        position.change(execution)
        if not position.quantity:
            del self.positions[security.id]
        value = -execution.signed * execution.price * security.multiplier
        booked = self._book("OrderExecution", value, time, execution._replace(is_day_trade=is_day_trade))
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
            order, security, quantity, price, _, is_day_trade = execution
            booked = Transaction(
                number,
                time,
                kind,
                cents / 100,
                security,
                order,
                quantity,
                price,
                description,
                order.state_id,
                is_day_trade,
            )
        self.transactions.append(booked)
        return booked


def spread_cost(terms: Terms, quantity: float, now: float) -> float:
    """Return what a spread costs, at its limit if it has one; what it brings is negative."""
    net = terms.price if terms.type == "Limit" else net_price(terms, now)
    return (1 if terms.is_buy else -1) * net * quantity * CONTRACT


def _missing_price(terms: Terms) -> str:
    if terms.type in {"Limit", "StopLimit"} and not terms.price:
        return "LimitPriceUndefined"
    if terms.type in {"Stop", "StopLimit"} and not terms.stop_price:
        return "QuotePriceIsInvalid"
    if terms.type.startswith("Trailing") and not terms.trailing_stop[1]:
        return "QuotePriceIsInvalid"
    return ""


def _is_over(security: Security | None, now: float) -> bool:
    # Whether it is an option that has expired.
    return security is not None and security.underlying is not None and now >= close_of(security.expires)
