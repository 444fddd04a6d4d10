"""The orders of all accounts, found without looking at each: by ID, status, security and date."""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from etna_magic_sandbox.listing import Condition, Found, Getter, Paging
from etna_magic_sandbox.order import STATUS_NUMBERS, Order

# The fields by which orders can be filtered and sorted; sources name the first three for filters.
FIELDS: dict[str, Getter] = {
    "createdate": lambda order: order.created,
    "securityid": lambda order: order.terms.security.id if order.terms.security else -1,
    "status": lambda order: STATUS_NUMBERS.get(order.status, -1),
    "id": lambda order: order.id,
    "date": lambda order: order.created,
    "quantity": lambda order: order.terms.quantity,
    "price": lambda order: order.terms.price,
    "symbol": lambda order: order.terms.security.symbol if order.terms.security else "",
    "side": lambda order: order.terms.side,
    "type": lambda order: order.terms.type,
    "executedquantity": lambda order: order.executed,
}
_IN_ORDER_OF_ID = {"", "id", "createdate", "date"}

Ids = Sequence[int]


class OrderStore:
    """Keeps orders, which are never removed; IDs rise with the time of placement."""

    def __init__(self) -> None:
        self._orders: dict[int, Order] = {}
        # Of each account: the IDs of its orders that are no legs, and the times of their creation.
        self._ids: defaultdict[int, list[int]] = defaultdict(list)
        self._created: defaultdict[int, list[float]] = defaultdict(list)
        # The same by status and by security, always in order.
        self._by_status: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        self._by_security: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, order_id: int) -> Order | None:
        """Return an order or a leg."""
        return self._orders.get(order_id)

    def add(self, order: Order) -> None:
        """Keep a new order, and its legs."""
        self._orders[order.id] = order
        for leg in order.legs:
            self._orders[leg.id] = leg
        self._ids[order.account].append(order.id)
        self._created[order.account].append(order.created)
        self._by_status[order.account, FIELDS["status"](order)].append(order.id)
        self._by_security[order.account, FIELDS["securityid"](order)].append(order.id)

    def set_status(self, order: Order, status: str) -> None:
        """Change an order's status, which is indexed."""
        if order.parent is None:
            before = self._by_status[order.account, FIELDS["status"](order)]
            del before[bisect_left(before, order.id)]
            insort(self._by_status[order.account, STATUS_NUMBERS.get(status, -1)], order.id)
        order.status = status

    def with_status(self, account: int, *statuses: str) -> list[Order]:
        """Return the account's orders in any of these statuses, oldest first."""
        lists = [self._by_status[account, STATUS_NUMBERS[status]] for status in statuses]
        return [self._orders[number] for number in heapq.merge(*lists)]

    def count(self, account: int, *statuses: str) -> int:
        """Return how many of the account's orders are in any of these statuses."""
        return sum(len(self._by_status[account, STATUS_NUMBERS[status]]) for status in statuses)

    def find(self, account: int, paging: Paging) -> Found:
        """Return an account's orders as a request wants them; newest first where it does not say."""
        descending = paging.descending if paging.sort_field else True
        if paging.sort_field not in _IN_ORDER_OF_ID:
            return paging.select(map(self._orders.__getitem__, self._ids[account]), FIELDS)
        candidates, rest = self._candidates(account, paging.conditions)
        total = sum(map(len, candidates))
        ids: Iterator[int] = heapq.merge(
            *map(reversed, candidates) if descending else candidates, reverse=descending
        )
        found = (self._orders[number] for number in ids)
        if not rest:
            return Found(total, found)
        chosen = [order for order in found if all(one.holds(FIELDS[one.field](order)) for one in rest)]
        return Found(len(chosen), iter(chosen))

    def _candidates(self, account: int, conditions: Iterable[Condition]) -> tuple[list[Ids], list[Condition]]:
        # The lists of the condition that leaves fewest orders, and the conditions that are still to be held.
        best: list[Ids] = [self._ids[account]]
        used: Condition | None = None
        for condition in conditions:
            lists = self._indexed(account, condition)
            if lists is not None and (used is None or sum(map(len, lists)) < sum(map(len, best))):
                best, used = lists, condition
        return best, [condition for condition in conditions if condition is not used]

    def _indexed(self, account: int, condition: Condition) -> list[Ids] | None:
        index = {"status": self._by_status, "securityid": self._by_security}.get(condition.field)
        if index is not None and condition.operator in {"=", "in"}:
            return [index.get((account, value), []) for value in dict.fromkeys(condition.values)]
        if condition.field in {"createdate", "date"}:
            low, high = self._slice(account, condition)
            return None if low is None else [_Slice(self._ids[account], low, high)]
        return None

    def _slice(  # noqa: PLR0911 - one for each operator
        self, account: int, condition: Condition
    ) -> tuple[int | None, int]:
        created, values = self._created[account], condition.values
        if not all(isinstance(value, int | float) for value in values):
            return None, 0
        first, last = values[0], values[-1]
        match condition.operator:
            case "<":
                return 0, bisect_left(created, last)
            case "<=":
                return 0, bisect_right(created, last)
            case ">":
                return bisect_right(created, first), len(created)
            case ">=":
                return bisect_left(created, first), len(created)
            case "between" | "=":
                low = bisect_left(created, first)
                return low, max(low, bisect_right(created, last))
        return None, 0


class _Slice(Sequence[int]):
    # A part of a list that is not copied.

    def __init__(self, ids: Ids, low: int, high: int) -> None:
        self._ids, self._low, self._high = ids, low, high

    def __len__(self) -> int:
        return self._high - self._low

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._ids[self._low + index]
