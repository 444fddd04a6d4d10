"""Orders: the book that keeps them, and the calls to list, place and cancel them."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from etna_magic.sandbox.auth import check_account, current_user
from etna_magic.sandbox.messages import RequestBody, error_response, format_date, json_response, refuse
from etna_magic.sandbox.securities import SECONDS_PER_DAY, Security, find_security, price
from etna_magic.sandbox.users import account_ids, user_id

FIRST_ORDER_ID = 5_001
FIRST_ORDER_TIME = 1_704_205_800.0  # 2 January 2024, 14:30 UTC; one order a day from then on

# The orders that demo has at the start: symbol, side, quantity, limit in dollars, status.
DEMO_ORDERS = (
    ("AAPL", "Buy", 40, 186.5, "Filled"),
    ("MSFT", "Buy", 15, 402.0, "Filled"),
    ("KO", "Buy", 100, 61.25, "Filled"),
    ("AAPL", "Sell", 10, 260.0, "New"),
    ("SPY", "Buy", 5, 410.0, "New"),
)

OPEN_STATUSES = {"PendingNew", "New"}
TYPES = ("Market", "Limit", "Stop", "StopLimit")
SIDES = ("Buy", "Sell", "SellShort", "BuyToCover")
TIMES_IN_FORCE = ("Day", "GoodTillCancel", "AtTheOpening", "ImmediateOrCancel", "FillOrKill")
MAX_PAGE_SIZE = 100


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
    order_type: str = "Limit"
    price: float | None = None
    stop_price: float | None = None
    time_in_force: str = "Day"

    def as_json(self) -> dict[str, object]:
        """Return the order as the API shows it."""
        executed = self.quantity if self.status == "Filled" else 0
        return {
            "Id": self.id,
            "SecurityId": self.security.id,
            "Symbol": self.security.symbol,
            "Quantity": self.quantity,
            "Price": self.price,
            "StopPrice": self.stop_price,
            "Side": self.side,
            "Type": self.order_type,
            "TimeInForce": self.time_in_force,
            "Status": self.status,
            "ExecutedQuantity": executed,
            "LeavesQuantity": self.quantity - executed if self.status != "Canceled" else 0,
            "AccountId": self.account,
            "UserId": self.user,
            "CreateDate": format_date(self.created),
        }


class OrderBook:
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
        self._ids = itertools.count(FIRST_ORDER_ID)
        self.reset()

    def reset(self) -> None:
        """Go back to the initial orders."""
        with self._lock:
            self._ids = itertools.count(FIRST_ORDER_ID)
            self._orders = {order.id: order for order in self._initial_orders()}

    def _initial_orders(self) -> Iterator[Order]:
        account, user = account_ids("demo")[0], user_id("demo")
        for day, (symbol, side, quantity, limit, status) in enumerate(DEMO_ORDERS):
            security = find_security(symbol)
            if security is not None:
                created = FIRST_ORDER_TIME + day * SECONDS_PER_DAY
                order = Order(next(self._ids), account, user, security, side, quantity, status, created)
                yield replace(order, price=limit)

    def place(self, order: Order) -> Order:
        """Keep an order under a new ID; the same order sent twice is placed twice."""
        with self._lock:
            placed = replace(order, id=next(self._ids), created=self._clock())
            self._orders[placed.id] = placed
            return placed

    def orders(self, account: int) -> list[Order]:
        """Return an account's orders, newest first."""
        with self._lock:
            # Orders are pending only in the response to their placement.
            for order in self._orders.values():
                if order.account == account and order.status == "PendingNew":
                    self._orders[order.id] = replace(order, status="New")
            found = [order for order in self._orders.values() if order.account == account]
        return sorted(found, key=lambda order: order.id, reverse=True)

    def cancel(self, account: int, order_id: int) -> Order | None:
        """Cancel an open order; return it as it was before, or None if there is none."""
        with self._lock:
            order = self._orders.get(order_id)
            if order is None or order.account != account:
                return None
            if order.status in OPEN_STATUSES:
                self._orders[order_id] = replace(order, status="Canceled")
            return order

    def positions(self, account: int) -> list[dict[str, object]]:
        """Return an account's positions as the API shows them: one for each filled order."""
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
            "CreateDate": format_date(order.created),
        }


class OrderCalls:
    """The calls, as views of the Flask application.

    Parameters
    ----------
    book : OrderBook
        The orders.
    """

    def __init__(self, book: OrderBook) -> None:
        self._book = book

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes of these calls."""
        path = "/v1.0/accounts/<int:account>/orders"
        blueprint.add_url_rule(path, view_func=self.list_orders, methods=["GET"])
        blueprint.add_url_rule(path, view_func=self.place_order, methods=["POST"])
        blueprint.add_url_rule(f"{path}/<int:order_id>", view_func=self.cancel_order, methods=["DELETE"])

    def list_orders(self, account: int) -> Response:
        """Return one page of an account's orders, newest first."""
        check_account(account)
        page, size = _query_number("pageNumber", 0), _query_number("pageSize", 20)
        if page is None or page < 0 or size is None or not 1 <= size <= MAX_PAGE_SIZE:
            return error_response(f"pageNumber counts from 0, and pageSize from 1 to {MAX_PAGE_SIZE}.")
        orders = self._book.orders(account)
        has_next = len(orders) > (page + 1) * size
        return json_response(
            {
                "Result": [order.as_json() for order in orders[page * size : (page + 1) * size]],
                "NextPageLink": _page_link(page + 1, size) if has_next else "",
                "PreviousPageLink": _page_link(page - 1, size) if page else "",
                "TotalCount": len(orders),
            }
        )

    def place_order(self, account: int) -> Response:
        """Place an order; the response shows it as pending."""
        check_account(account)
        order = _order_from(RequestBody.of_current_request(), account)
        return json_response(self._book.place(order).as_json())

    def cancel_order(self, account: int, order_id: int) -> Response:
        """Cancel an open order."""
        check_account(account)
        order = self._book.cancel(account, order_id)
        if order is None:
            return error_response(f"Order {order_id} is not found.", 404)
        if order.status not in OPEN_STATUSES:
            return error_response(f"Order {order_id} is {order.status} and cannot be cancelled.")
        return Response(status=204)


def _query_number(name: str, default: int) -> int | None:
    text = request.args.get(name, str(default))
    # Nine digits always fit into the API's 32 bits.
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _page_link(page: int, size: int) -> str:
    query = request.args.to_dict() | {"pageNumber": str(page), "pageSize": str(size)}
    return f"{request.base_url}?{urlencode(query)}"


def _order_from(body: RequestBody, account: int) -> Order:
    security = find_security(body.text("Symbol"))
    if security is None:
        refuse("The field Symbol must name a known security.")
    order_type = body.choice("Type", TYPES)
    return Order(
        id=0,  # set when the order is placed, like `created`
        account=account,
        user=user_id(current_user()),
        security=security,
        side=body.choice("Side", SIDES),
        quantity=body.positive("Quantity"),
        status="PendingNew",
        created=0.0,
        order_type=order_type,
        price=body.positive("Price") if "Limit" in order_type else None,
        stop_price=body.positive("StopPrice") if "Stop" in order_type else None,
        time_in_force=body.choice("TimeInForce", TIMES_IN_FORCE, "Day"),
    )
