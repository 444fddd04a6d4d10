"""The calls on orders: list them page by page, place one, cancel one."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from etna_magic.sandbox import fields
from etna_magic.sandbox.answers import answer, complaint
from etna_magic.sandbox.desk import Desk, Order, user_id
from etna_magic.sandbox.gate import body, check_account, user
from etna_magic.sandbox.securities import find

TYPES = ("Market", "Limit", "Stop", "StopLimit")
SIDES = ("Buy", "Sell", "SellShort", "BuyToCover")
TIMES_IN_FORCE = ("Day", "GoodTillCancel", "AtTheOpening", "ImmediateOrCancel", "FillOrKill")
MOST_A_PAGE = 100


class OrderCalls:
    """The calls, each a view of the application.

    Parameters
    ----------
    desk : Desk
        Where the orders are kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, calls: Blueprint) -> None:
        """Add the routes of these calls."""
        path = "/v1.0/accounts/<int:account>/orders"
        calls.add_url_rule(path, view_func=self.list_orders, methods=["GET"])
        calls.add_url_rule(path, view_func=self.place_order, methods=["POST"])
        one = f"{path}/<int:number>"
        calls.add_url_rule(one, view_func=self.cancel_order, methods=["DELETE"])

    def list_orders(self, account: int) -> Response:
        """Return one page of an account's orders, the newest first."""
        check_account(account)
        page, size = _asked("pageNumber", 0), _asked("pageSize", 20)
        if page is None or page < 0 or size is None or not 1 <= size <= MOST_A_PAGE:
            return complaint(f"pageNumber counts from 0, and pageSize from 1 to {MOST_A_PAGE}.")
        orders = self._desk.orders(account)
        more = len(orders) > (page + 1) * size
        shown = [order.shown() for order in orders[page * size : (page + 1) * size]]
        return answer(
            {
                "Result": shown,
                "NextPageLink": _link(page + 1, size) if more else "",
                "PreviousPageLink": _link(page - 1, size) if page else "",
                "TotalCount": len(orders),
            }
        )

    def place_order(self, account: int) -> Response:
        """Place an order; the answer shows it before it reached the market."""
        check_account(account)
        order = _read(body(), account)
        return answer(self._desk.place(order).shown())

    def cancel_order(self, account: int, number: int) -> Response:
        """Cancel an order that is not completed."""
        check_account(account)
        order = self._desk.cancel(account, number)
        if order is None:
            return complaint(f"Order {number} is not found.", 404)
        if order.status not in {"PendingNew", "New"}:
            return complaint(f"Order {number} is {order.status} and cannot be cancelled.")
        return Response(status=204)


def _asked(name: str, default: int) -> int | None:
    text = request.args.get(name, str(default))
    # Nine digits always fit into the API's 32 bits.
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _link(page: int, size: int) -> str:
    asked = request.args.to_dict() | {"pageNumber": str(page), "pageSize": str(size)}
    return f"{request.base_url}?{urlencode(asked)}"


def _read(sent: dict[str, Any], account: int) -> Order:
    security = find(fields.text(sent, "Symbol"))
    if security is None:
        fields.refuse("The field Symbol must name a known security.")
    kind = fields.choice(sent, "Type", TYPES)
    return Order(
        id=0,
        account=account,
        user=user_id(user()),
        security=security,
        side=fields.choice(sent, "Side", SIDES),
        quantity=fields.positive(sent, "Quantity"),
        status="PendingNew",
        created=0.0,
        kind=kind,
        price=fields.positive(sent, "Price") if "Limit" in kind else None,
        stop=fields.positive(sent, "StopPrice") if "Stop" in kind else None,
        time_in_force=fields.choice(sent, "TimeInForce", TIMES_IN_FORCE, "Day"),
    )
