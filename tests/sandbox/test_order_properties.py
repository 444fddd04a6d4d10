"""Any sequence of placing, replacing, cancelling, filling and closing leaves the books in order."""

from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from etna_magic_sandbox.market_hours import close_of, session_day
from tests.sandbox.direct import ACCOUNT, Direct

MONDAY = 1_750_086_000.0  # 16 June 2025, 15:00 UTC
WORKING = {"New", "PartiallyFilled", "Held"}
ENDED = {"Filled", "Canceled", "Replaced", "Rejected", "DoneForDay", "Expired"}
PAGE = "pageNumber={}&pageSize=100"
SIMPLE = ("Market", "Limit", "Stop", "StopLimit", "TrailingStop")
CONDITIONAL = ("OneCancelOther", "OneTriggerOther", "OneTriggerOneCancelOther")
TIMES = ("Day", "GoodTillCancel", "ImmediateOrCancel", "AtTheOpening")

quantities = st.sampled_from([0, 1, 10, 99, 101, 250])
symbols = st.sampled_from(["KO", "IBM"])
shares = st.sampled_from([0.5, 0.99, 0.999, 1.0, 1.001, 1.01, 1.5])  # of the last price


@st.composite
def terms(draw: Any, direct: Direct) -> dict[str, Any]:
    """Draw what a simple order asks for."""
    symbol = draw(symbols)
    last = direct.last(symbol)
    found = {"Symbol": symbol, "Type": draw(st.sampled_from(SIMPLE)), "Quantity": draw(quantities)}
    found["Side"] = draw(st.sampled_from(["Buy", "Buy", "Buy", "Sell", "Sell", "SellShort", "BuyToCover"]))
    found["TimeInforce"] = draw(st.sampled_from(TIMES))
    for name in ("Price", "StopPrice"):
        found[name] = round(last * draw(shares), 2)
    found["TrailingStopAmount"] = 0.1
    if draw(st.booleans()):
        found["ExecutionInstructions"] = {"PerTradeCommission": "1.25"}
    return found


class Books(RuleBasedStateMachine):
    """Trades in one account, and checks after each step that everything adds up."""

    def __init__(self) -> None:
        super().__init__()
        self.direct = Direct(MONDAY)
        self.seen: dict[int, tuple[str, float]] = {}
        self.shorted: set[str] = set()

    @rule(data=st.data())
    def place_simple(self, data: Any) -> None:
        """Place a simple order."""
        order = data.draw(terms(self.direct))
        self.shorted |= {order["Symbol"]} if order["Side"] == "SellShort" else set()
        self.direct.place_order(**order)

    @rule(
        data=st.data(),
        kind=st.sampled_from(["OneCancelOther", "OneTriggerOther", "OneTriggerOneCancelOther"]),
    )
    def place_conditional(self, data: Any, kind: str) -> None:
        """Place a conditional order whose legs are limit orders."""
        legs = [data.draw(terms(self.direct)) | {"Type": "Limit", "TimeInforce": "Day"} for _ in range(3)]
        legs = legs if kind == "OneTriggerOneCancelOther" else legs[:2]
        self.shorted |= {one["Symbol"] for one in legs if one["Side"] == "SellShort"}
        self.direct.place_order(Symbol="", Type=kind, Legs=legs)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        """Cancel any order or leg, ended or not."""
        number = data.draw(st.sampled_from(sorted(self.seen)))
        is_open = self.direct.order(number)["Status"] not in ENDED
        assert (204 if is_open else 409) == self.direct.cancel(number)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), quantity=quantities, share=shares)
    def replace(self, data: Any, quantity: float, share: float) -> None:
        """Replace any order, ended or not."""
        number = data.draw(st.sampled_from(sorted(self.seen)))
        before = self.direct.order(number)
        price = round(before["Price"] * share, 2)
        change = {"Id": number, "Quantity": quantity, "Price": price}
        status, new = self.direct.call("PUT", f"{ACCOUNT}/orders/{number}", change)
        if before["Status"] in ENDED or quantity <= before["ExecutedQuantity"]:
            assert 409 == status
        if status == 200:
            assert before["ExecutedQuantity"] == new["ExecutedQuantity"]
            assert "Replaced" == self.direct.order(number)["Status"]

    @rule(share=shares, seconds=st.sampled_from([0.0, 0.5, 3.0]))
    def buy_in_steps(self, share: float, seconds: float) -> None:
        """Place a conditional order that buys, and replace it, before or after its trigger is filled."""
        last = self.direct.last("KO")
        buy, sell = (
            {"Symbol": "KO", "Type": "Limit", "Quantity": 10, "Side": one} for one in ("Buy", "Sell")
        )
        legs = [buy | {"Price": round(last * share, 2)}, sell | {"Price": round(last * 2, 2)}]
        root = self.direct.place_order(Symbol="", Type="OneTriggerOther", Legs=legs)["Id"]
        self.direct.now += seconds
        before = self.direct.order(root)
        change = {"Id": root, "Quantity": 10, "Price": 0}
        status, _ = self.direct.call("PUT", f"{ACCOUNT}/orders/{root}", change)
        if before["Status"] in ENDED or before["Legs"][0]["ExecutedQuantity"]:
            assert 409 == status

    @rule(seconds=st.sampled_from([0.25, 0.5, 1.0, 2.0, 60.0, 1800.0]))
    def wait(self, seconds: float) -> None:
        """Let orders be filled."""
        self.direct.now += seconds

    @rule()
    def close(self) -> None:
        """Let the session close."""
        self.direct.now = float(close_of(session_day(self.direct.now)))

    def orders(self) -> list[dict[str, Any]]:
        """Return every order and leg."""
        found: list[dict[str, Any]] = []
        page = {"TotalCount": 1}
        roots = 0
        while roots < page["TotalCount"]:
            page = self.direct.get(f"/orders?{PAGE.format(roots // 100)}&sortField=Id&desc=false")
            roots += len(page["Result"])
            for order in page["Result"]:
                found += [order, *order["Legs"]]
        return found

    @invariant()
    def quantities_and_statuses(self) -> None:
        """Check that filled and left are what was wanted, and that what has ended stays as it is."""
        for order in self.orders():
            wanted, done, left = (order[n] for n in ("Quantity", "ExecutedQuantity", "LeavesQuantity"))
            status = order["Status"]
            assert status in WORKING | ENDED | {"PendingNew"}
            assert 0 <= done <= wanted
            assert left == (wanted - done if status in WORKING else 0)
            if order["SecurityId"] != -1:
                assert (status == "Filled") == (done == wanted > 0) or status in {"Replaced", "Rejected"}
                assert status not in {"Held", "Rejected"} or not done or order["ParentRequestId"] > 0
                assert status != "New" or not done
                assert status != "PartiallyFilled" or 0 < done < wanted
            before = self.seen.get(order["Id"])
            assert before is None or before[0] not in ENDED or before == (status, done)
            self.seen[order["Id"]] = (status, done)

    @invariant()
    def conditional_orders(self) -> None:
        """Of two legs that cancel one another one is filled, and none before its trigger."""
        for order in self.orders():
            legs = order["Legs"]
            if order["Type"] not in CONDITIONAL:
                continue
            assert order["Status"] not in ENDED or all(leg["Status"] in ENDED for leg in legs)
            rivals = legs if order["Type"] == "OneCancelOther" else legs[1:]
            if order["Type"] != "OneTriggerOther":
                assert sum(leg["ExecutedQuantity"] > 0 for leg in rivals) <= 1
            if order["Type"] != "OneCancelOther" and legs[0]["Status"] != "Filled":
                assert all(not leg["ExecutedQuantity"] for leg in rivals)

    @invariant()
    def replaced_conditional_orders(self) -> None:
        """With its replacements, a conditional order buys no more than one of them asks for."""
        bought: defaultdict[int, float] = defaultdict(float)
        asked: defaultdict[int, float] = defaultdict(float)
        first: dict[int, int] = {}
        for order in self.orders():
            if order["Type"] in CONDITIONAL:
                root = first[order["Id"]] = first.get(order["ParentRequestId"], order["Id"])
                buys = [leg for leg in order["Legs"] if leg["Side"] in {"Buy", "BuyToCover"}]
                bought[root] += sum(leg["ExecutedQuantity"] for leg in buys)
                asked[root] = max(asked[root], sum(leg["Quantity"] for leg in buys))
        assert all(bought[root] <= asked[root] for root in bought)

    @invariant()
    def cash_and_positions(self) -> None:
        """Cash is the sum of the transactions, and positions and fills are what was traded."""
        path = f"/transactions?{PAGE.format(0)}&sortBy=Id&isDesc=false"
        page = self.direct.get(path)
        assert page["TotalCount"] <= 100
        info = self.direct.get("/info")
        assert info["cash"] == round(sum(one["Value"] for one in page["Result"]), 2)
        assert info["equityTotal"] == round(info["cash"] + info["marketValue"], 2)
        orders = {order["Id"]: order for order in self.orders()}
        traded: defaultdict[int, float] = defaultdict(float)
        held: defaultdict[str, float] = defaultdict(float)
        for one in page["Result"]:
            if one["Type"] != "OrderExecution":
                continue
            order = orders[one["OrderId"]]
            sign = 1 if order["Side"] in {"Buy", "BuyToCover"} else -1
            assert one["Value"] == round(-sign * one["Quantity"] * one["Price"], 2)
            traded[order["Id"]] += one["Quantity"]
            before = held[one["Symbol"]]
            held[one["Symbol"]] += sign * one["Quantity"]
            if order["Side"] == "Sell":
                assert before > 0 <= held[one["Symbol"]]
            if order["Side"] == "BuyToCover":
                assert before < 0 >= held[one["Symbol"]]
            if order["Side"] == "SellShort":
                assert before <= 0
        for order in orders.values():
            if order["SecurityId"] != -1:
                before = orders.get(order["ParentRequestId"], {"ExecutedQuantity": 0})
                assert order["ExecutedQuantity"] == before["ExecutedQuantity"] + traded[order["Id"]]
        for symbol in ("KO", "IBM"):
            assert held[symbol] == self.direct.held(symbol)
            assert held[symbol] >= 0 or symbol in self.shorted
        sides = {order["Side"] for order in orders.values() if order["Status"] in WORKING}
        if not sides & {"Buy", "SellShort"}:
            assert 0 == info["pendingCash"]


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
