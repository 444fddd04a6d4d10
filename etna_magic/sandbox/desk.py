"""Accounts, positions and orders: who owns what, and what was asked for."""

import itertools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from etna_magic.sandbox.market import price
from etna_magic.sandbox.moments import seven_decimals
from etna_magic.sandbox.securities import Security, find
from etna_magic.sandbox.users import USERS

FIRST_USER_ID = 644
FIRST_ACCOUNT = 83_267
FIRST_ORDER = 5_001
STARTED = 1_704_205_800.0  # when demo's first orders were made: 2 January 2024, 14:30 UTC

# symbol, side, quantity, limit in dollars, status: what demo finds at the start
DEMO_ORDERS = (
    ("AAPL", "Buy", 40, 186.5, "Filled"),
    ("MSFT", "Buy", 15, 402.0, "Filled"),
    ("KO", "Buy", 100, 61.25, "Filled"),
    ("AAPL", "Sell", 10, 260.0, "New"),
    ("SPY", "Buy", 5, 410.0, "New"),
)


@dataclass(frozen=True, slots=True)
class Order:
    """An order: prices in dollars, quantities in shares, `created` in seconds since 1970."""

    id: int
    account: int
    user: int
    security: Security
    side: str
    quantity: float
    status: str
    created: float
    kind: str = "Limit"
    price: float | None = None
    stop: float | None = None
    time_in_force: str = "Day"

    def shown(self) -> dict[str, object]:
        """Return the order as the API shows it."""
        filled = self.quantity if self.status == "Filled" else 0
        return {
            "Id": self.id,
            "SecurityId": self.security.id,
            "Symbol": self.security.symbol,
            "Quantity": self.quantity,
            "Price": self.price,
            "StopPrice": self.stop,
            "Side": self.side,
            "Type": self.kind,
            "TimeInForce": self.time_in_force,
            "Status": self.status,
            "ExecutedQuantity": filled,
            "LeavesQuantity": self.quantity - filled if self.status != "Canceled" else 0,
            "AccountId": self.account,
            "UserId": self.user,
            "CreateDate": seven_decimals(self.created),
        }


def user_id(name: str) -> int:
    """Return the number of a user."""
    return FIRST_USER_ID + [user.name for user in USERS].index(name)


def accounts_of(name: str) -> tuple[int, int]:
    """Return the numbers of a user's two accounts."""
    first = FIRST_ACCOUNT + 2 * (user_id(name) - FIRST_USER_ID)
    return first, first + 1


class Desk:
    """Keeps the orders of all accounts.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._orders: dict[int, Order] = {}
        self._numbers = itertools.count(FIRST_ORDER)
        self.clear()

    def clear(self) -> None:
        """Go back to the orders of the start."""
        with self._lock:
            self._numbers = itertools.count(FIRST_ORDER)
            self._orders = {order.id: order for order in self._first_orders()}

    def _first_orders(self) -> Iterable[Order]:
        account, user = accounts_of("demo")[0], user_id("demo")
        for days, (symbol, side, quantity, limit, status) in enumerate(DEMO_ORDERS):
            security = find(symbol)
            if security is not None:
                number, created = next(self._numbers), STARTED + days * 86_400
                order = Order(number, account, user, security, side, quantity, status, created)
                yield replace(order, price=limit)

    def place(self, order: Order) -> Order:
        """Keep an order under a number of its own; the same one sent twice is placed twice."""
        with self._lock:
            placed = replace(order, id=next(self._numbers), created=self._clock())
            self._orders[placed.id] = placed
            return placed

    def orders(self, account: int) -> list[Order]:
        """Return an account's orders, the newest first."""
        with self._lock:
            # What was only received when it was placed has reached the market by now.
            for order in self._orders.values():
                if order.account == account and order.status == "PendingNew":
                    self._orders[order.id] = replace(order, status="New")
            mine = [order for order in self._orders.values() if order.account == account]
        return sorted(mine, key=lambda order: order.id, reverse=True)

    def cancel(self, account: int, number: int) -> Order | None:
        """Cancel an open order; return it as it was before, or None if there is none."""
        with self._lock:
            order = self._orders.get(number)
            if order is None or order.account != account:
                return None
            if order.status in {"PendingNew", "New"}:
                self._orders[number] = replace(order, status="Canceled")
            return order

    def positions(self, account: int) -> list[dict[str, object]]:
        """Return what an account owns: every filled purchase."""
        filled = [order for order in self.orders(account)[::-1] if order.status == "Filled"]
        return [self._position(order) for order in filled]

    def _position(self, order: Order) -> dict[str, object]:
        last, paid = price(order.security, self._clock()), order.price or 0.0
        return {
            "Id": order.id,
            "AccountId": order.account,
            "SecurityId": order.security.id,
            "Symbol": order.security.symbol,
            "Description": order.security.description,
            "Quantity": order.quantity,
            "AverageOpenPrice": paid,
            "CostBasis": round(paid * order.quantity, 2),
            "MarketValue": round(last * order.quantity, 2),
            "ProfitLoss": round((last - paid) * order.quantity, 2),
            "CreateDate": seven_decimals(order.created),
        }
