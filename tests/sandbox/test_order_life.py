"""The life of an order by the clock: what becomes of it, and of cash and positions."""

import pytest

from tests.sandbox.direct import ACCOUNT, Direct

MONDAY = 1_750_086_000.0  # 16 June 2025, 15:00 UTC: half an hour into the session
CLOSE = 1_750_107_600.0  # 21:00
CASH = 1_000_000.0


@pytest.fixture
def direct():
    """Return demo's calls on a Monday, while the market is open."""
    return Direct(MONDAY)


def statuses(direct, *numbers):
    """Return the statuses of orders."""
    return [direct.order(number)["Status"] for number in numbers]


def minutes(direct, symbol="KO", until=CLOSE):
    """Return the session's minute candles that there will be by a time, without changing the clock."""
    now, direct.now = direct.now, until
    settings = {"StartDate": int(now), "EndDate": int(until), "CandlesCount": -1, "Period": "1m"}
    settings |= {"Interval": 0, "IncludeNonMarketData": False}
    body = {"Security": {"Symbol": symbol}, "SecurityHistorySettings": settings}
    body["IndicatorsHistorySettings"] = []
    _, found = direct.call("PUT", "/api/v1.0/history/symbols", body)
    direct.now = now
    return found["SecurityHistory"][0]


def candle_at(candles, date):
    """Return the candle of the minute in which something happened."""
    return next(candle for candle in candles if candle["DateTime"][:16] == date[:16])


def test_a_market_order(direct):
    """It is pending, then new, then filled within a second, at the price of its minute's candle."""
    candles = minutes(direct)
    placed = direct.place_order(Type="Market")
    assert "PendingNew" == placed["Status"]
    assert ["New"] == statuses(direct, placed["Id"])
    direct.now += 0.5
    filled = direct.order(placed["Id"])
    assert ("Filled", "Complete", "Modify") == tuple(
        filled[name] for name in ("Status", "RequestStatus", "Target")
    )
    assert (10, 0, 10) == tuple(
        filled[name] for name in ("ExecutedQuantity", "LeavesQuantity", "LastQuantity")
    )
    assert filled["AveragePrice"] == filled["LastPrice"] == direct.last()
    candle = candle_at(candles, filled["TransactionDate"])
    assert candle["Low"] <= filled["LastPrice"] <= candle["High"]
    assert "2025-06-17T00:00:00Z" == filled["SettDate"]
    assert 10 == direct.held()
    assert direct.get("/info")["cash"] == round(CASH - 10 * filled["LastPrice"], 2)


def test_a_large_order_is_filled_in_parts(direct):
    """It is partially filled for two seconds."""
    number = direct.place_order(Type="Market", Quantity=250)["Id"]
    direct.now += 0.5
    part = direct.order(number)
    assert ("PartiallyFilled", 125, 125) == tuple(
        part[name] for name in ("Status", "ExecutedQuantity", "LeavesQuantity")
    )
    assert 125 == direct.held()
    direct.now += 2
    assert ["Filled"] == statuses(direct, number)
    assert 250 == direct.held()


def test_a_part_is_kept_when_the_rest_is_cancelled(direct):
    """Cancelling leaves what was filled."""
    number = direct.place_order(Type="Market", Quantity=250)["Id"]
    direct.now += 0.5
    assert 204 == direct.cancel(number)
    ended = direct.order(number)
    assert ("Canceled", 125, 0) == tuple(
        ended[name] for name in ("Status", "ExecutedQuantity", "LeavesQuantity")
    )
    assert 125 == direct.held()


def test_a_part_goes_on_in_the_replacement(direct):
    """A replacement has filled what the order before it had, and no less can be wanted."""
    number = direct.place_order(Type="Market", Quantity=250)["Id"]
    direct.now += 0.5
    less = {"Id": number, "Quantity": 125, "Price": 1}
    assert 409 == direct.call("PUT", f"{ACCOUNT}/orders/{number}", less)[0]
    _, new = direct.call("PUT", f"{ACCOUNT}/orders/{number}", {"Id": number, "Quantity": 200, "Price": 0})
    assert "PartiallyFilled" == direct.order(new["Id"])["Status"]
    direct.now += 5
    assert ["Replaced", "Filled"] == statuses(direct, number, new["Id"])
    assert 200 == direct.held()


@pytest.mark.parametrize("side", ["Buy", "SellShort"])
def test_a_limit_order_waits_for_its_price(direct, side):
    """It is filled in the first minute whose candle touches its limit, and not before."""
    candles = minutes(direct)
    last = direct.last()
    if side == "Buy":
        limit = round((last + min(candle["Low"] for candle in candles)) / 2, 2)
        first = next(candle for candle in candles if candle["Low"] <= limit)
    else:
        limit = round((last + max(candle["High"] for candle in candles)) / 2, 2)
        first = next(candle for candle in candles if candle["High"] >= limit)
    number = direct.place_order(Side=side, Price=limit)["Id"]
    direct.now = first["Time"] - 1.0
    assert ["New"] == statuses(direct, number)
    direct.now = first["Time"] + 60.0
    filled = direct.order(number)
    assert ("Filled", limit) == (filled["Status"], filled["AveragePrice"])
    assert (10 if side == "Buy" else -10) == direct.held()


def test_a_day_order_ends_with_the_session(direct):
    """At the session's close it is done for the day, and what it had set aside is free again."""
    number = direct.place_order(Price=1.0, Quantity=1000)["Id"]
    assert "New" == direct.order(number)["Status"]
    assert CASH - 1000 == direct.get("/info")["stockBuyingPower"]
    direct.now = CLOSE - 1
    assert ["New"] == statuses(direct, number)
    direct.now = CLOSE
    ended = direct.order(number)
    assert ("DoneForDay", "Expired by OMS") == (ended["Status"], ended["Description"])
    assert "2025-06-16T21:00:00Z" == ended["TransactionDate"] == ended["ExpireDate"]
    assert CASH == direct.get("/info")["stockBuyingPower"]


def test_at_night_orders_wait_for_the_morning(direct):
    """An order of the evening is filled when the market opens, the next day."""
    direct.now = CLOSE + 3600
    placed = direct.place_order(Type="Market")
    assert "2025-06-17T21:00:00Z" == placed["ExpireDate"]
    direct.now = CLOSE + 17 * 3600
    assert ["New"] == statuses(direct, placed["Id"])
    direct.now = CLOSE + 17.5 * 3600
    assert "2025-06-17T14:30:00Z" == direct.order(placed["Id"])["TransactionDate"]


def test_good_till_cancel(direct):
    """It outlives many sessions, until the price comes or it is cancelled."""
    number = direct.place_order(Price=1.0, TimeInforce="GoodTillCancel")["Id"]
    direct.now += 30 * 86_400
    assert ["New"] == statuses(direct, number)
    assert 204 == direct.cancel(number)


def test_good_till_date(direct):
    """It expires at its date."""
    until = "2025-06-18T16:00:00Z"
    number = direct.place_order(Price=1.0, TimeInforce="GoodTillDate", ExpireDate=until)["Id"]
    direct.now = MONDAY + 2 * 86_400
    assert ["New"] == statuses(direct, number)
    direct.now += 3600
    ended = direct.order(number)
    assert ("Expired", until) == (ended["Status"], ended["TransactionDate"])


def test_immediate_or_cancel(direct):
    """It is filled at once or not at all; at night not at all."""
    near, far = (
        direct.place_order(Price=price, TimeInforce="ImmediateOrCancel")["Id"]
        for price in (direct.last() + 1, direct.last() - 1)
    )
    direct.now += 1
    assert ["Filled", "Canceled"] == statuses(direct, near, far)
    direct.now = CLOSE + 60
    late = direct.place_order(Type="Market", TimeInforce="FillOrKill")["Id"]
    direct.now += 1
    assert ["Canceled"] == statuses(direct, late)


def test_stop_orders(direct):
    """A stop order becomes a market order when the price comes to it."""
    candles = minutes(direct)
    direct.place_order(Type="Market", Quantity=20)
    direct.now += 1
    stop = round((direct.last() + min(candle["Low"] for candle in candles)) / 2, 2)
    plain = direct.place_order(Type="Stop", Side="Sell", StopPrice=stop)["Id"]
    limited = direct.place_order(Type="StopLimit", Side="Sell", StopPrice=stop, Price=stop)["Id"]
    first = next(candle for candle in candles if candle["Low"] <= stop)
    direct.now = first["Time"] - 1.0
    assert ["New", "New"] == statuses(direct, plain, limited)
    direct.now = first["Time"] + 60.0
    assert ["Filled", "Filled"] == statuses(direct, plain, limited)
    assert 0 == direct.held()


def test_trailing_stop(direct):
    """A trailing stop follows the best price, and is filled when the price has come back by its amount."""
    candles = minutes(direct)
    direct.place_order(Type="Market")
    direct.now += 1
    begun = direct.now
    amount = {"TrailingStopAmountType": "Absolute", "TrailingStopAmount": 0.2}
    number = direct.place_order(Type="TrailingStop", Side="Sell", **amount)["Id"]
    direct.now = CLOSE - 1
    filled = direct.order(number)
    assert "Filled" == filled["Status"]
    before = [
        candle["Close"]
        for candle in candles
        if candle["Time"] + 60 > begun and candle["DateTime"] < filled["TransactionDate"]
    ]
    assert filled["LastPrice"] <= max(before) - 0.2 + 1e-9


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"Price": 0}, "Limit price is not defined."),
        ({"Price": 1, "Side": "Sell"}, "InsufficientShares"),
        ({"Price": 1, "Side": "BuyToCover"}, "InsufficientShares"),
        ({"Price": 1, "Quantity": 2_000_000}, "DayTradingBuyingPowerExceeded"),
        ({"Type": "Stop"}, "QuotePriceIsInvalid"),
        ({"Type": "Market", "Quantity": 0}, "InvalidOrderType"),
    ],
)
def test_rejected(direct, terms, reason):
    """A 200 is no acceptance: an order that cannot be worked is rejected after that."""
    placed = direct.place_order(**terms)
    assert "PendingNew" == placed["Status"]
    rejected = direct.order(placed["Id"])
    assert ("Rejected", reason, 0) == tuple(
        rejected[name] for name in ("Status", "Description", "LeavesQuantity")
    )
    assert 409 == direct.cancel(placed["Id"])
    assert CASH == direct.get("/info")["stockBuyingPower"]


def test_shares_are_sold_once(direct):
    """What one open order would sell, another cannot."""
    direct.place_order(Type="Market")
    direct.now += 1
    first, second = (direct.place_order(Side="Sell", Price=900, Quantity=6)["Id"] for _ in range(2))
    assert ["New", "Rejected"] == statuses(direct, first, second)


def test_shorts(direct):
    """A short sale makes a negative position, and buying it back books what was won."""
    direct.place_order(Type="Market", Side="SellShort")
    direct.now += 1
    (short,) = direct.get("/positions/KO")
    assert -10 == short["Quantity"]
    assert short["CostBasis"] == round(-10 * short["AverageOpenPrice"], 2)
    direct.now += 3600
    direct.place_order(Type="Market", Side="BuyToCover")
    direct.now += 1
    assert [] == direct.get("/positions/KO")
    page = direct.get("/transactions?pageNumber=0&pageSize=9&sortBy=Id&isDesc=false")
    total = sum(one["Value"] for one in page["Result"])
    assert direct.get("/info")["cash"] == round(total, 2)


def test_commissions(direct):
    """An order's commission is taken once, as a transaction of its own."""
    number = direct.place_order(Type="Market", ExecutionInstructions={"PerTradeCommission": "4.95"})["Id"]
    direct.now += 1
    filled = direct.order(number)
    page = direct.get("/transactions?pageNumber=0&pageSize=9&sortBy=Id&isDesc=true")
    assert [("Commission", -4.95), ("OrderExecution", round(-10 * filled["LastPrice"], 2))] == [
        (one["Type"], one["Value"]) for one in page["Result"][:2]
    ]


def conditional(direct, kind, *legs):
    """Place a conditional order; return its ID and those of its legs."""
    placed = direct.place_order(Symbol="", Type=kind, Legs=list(legs))
    return [placed["Id"], *(leg["Id"] for leg in placed["Legs"])]


def leg(**terms):
    """Return a leg."""
    return {"Symbol": "KO", "Type": "Limit", "Side": "Sell", "Quantity": 10, "Price": 900.0} | terms


def test_one_cancels_other(direct):
    """When one leg is filled the other is cancelled, and the order is filled."""
    direct.place_order(Type="Market")
    direct.now += 1
    stop = {"Type": "Stop", "StopPrice": direct.last() + 5}  # to be filled at once
    root, take, cut = conditional(direct, "OneCancelOther", leg(), leg(**stop))
    assert ["New", "New", "New"] == statuses(direct, root, take, cut)
    assert [root] == sorted({direct.order(take)["ParentId"], direct.order(cut)["ParentId"]})
    direct.now += 1
    assert ["Filled", "Canceled", "Filled"] == statuses(direct, root, take, cut)
    assert 0 == direct.held()


def test_one_triggers_other(direct):
    """The second leg is held until the first is filled."""
    root, first, second = conditional(
        direct, "OneTriggerOther", leg(Side="Buy", Price=direct.last() + 1), leg(Price=direct.last() - 1)
    )
    assert ["New", "New", "Held"] == statuses(direct, root, first, second)
    direct.now += 0.5
    assert ["New", "Filled", "New"] == statuses(direct, root, first, second)
    direct.now += 0.5
    assert ["Filled", "Filled", "Filled"] == statuses(direct, root, first, second)


def test_one_triggers_one_cancels_other(direct):
    """After the trigger two legs work, of which one cancels the other."""
    legs = (leg(Side="Buy", Price=direct.last() + 1), leg(Price=direct.last() - 1), leg())
    numbers = conditional(direct, "OneTriggerOneCancelOther", *legs)
    assert ["New", "New", "Held", "Held"] == statuses(direct, *numbers)
    direct.now += 0.5
    assert ["New", "Filled", "New", "New"] == statuses(direct, *numbers)
    direct.now += 0.5
    assert ["Filled", "Filled", "Filled", "Canceled"] == statuses(direct, *numbers)


@pytest.mark.parametrize("which", [0, 1])
def test_the_trigger_or_the_parent_cancels_the_rest(direct, which):
    """Cancelling the conditional order, or its trigger, cancels all that has not ended."""
    numbers = conditional(direct, "OneTriggerOneCancelOther", leg(Side="Buy", Price=1), leg(), leg())
    direct.order(numbers[0])
    assert 204 == direct.cancel(numbers[which])
    assert ["Canceled"] * 4 == statuses(direct, *numbers)


def test_conditional_orders_end_with_the_session(direct):
    """Without a fill all of it is done for the day."""
    numbers = conditional(direct, "OneTriggerOther", leg(Side="Buy", Price=1), leg())
    direct.now = CLOSE
    assert ["DoneForDay"] * 3 == statuses(direct, *numbers)


def test_spreads(direct):
    """A spread of options is filled at once, each leg at its price, and both are held."""
    legs = [
        {"Symbol": f"KO    260618{kind}", "Side": side, "Quantity": 1}
        for kind, side in (("C00060000", "Buy"), ("C00065000", "Sell"))
    ]
    placed = direct.place_order(Symbol="", Type="Market", Quantity=2, Legs=legs)
    direct.now += 1
    filled = direct.order(placed["Id"])
    assert ["Filled"] * 3 == [filled["Status"], *(one["Status"] for one in filled["Legs"])]
    paid = [one["LastPrice"] for one in filled["Legs"]]
    assert filled["LastPrice"] == round(paid[0] - paid[1], 2)
    assert [2, -2] == [direct.held(one["Symbol"]) for one in legs]
    assert direct.get("/info")["cash"] == round(CASH - 200 * (paid[0] - paid[1]), 2)


def test_the_sandbox_can_be_moved_ahead(client):
    """`advance` moves the whole sandbox: its orders and its tokens."""
    client.sandbox.advance(86_400 + 3600)  # to Monday, 16:06
    token, path = client.token(), "v1.0/accounts/83267/orders"
    order = {"Symbol": "KO", "Type": "Market", "Side": "Buy", "Quantity": 1}
    number = client.call("POST", path, token, json=order).json()["Id"]
    client.sandbox.advance(1)
    assert "Filled" == client.call("GET", f"{path}/{number}", token).json()["Status"]
    client.sandbox.advance(86_400)
    assert 401 == client.status_of(token)
    with pytest.raises(ValueError, match="moves on"):
        client.sandbox.advance(-1)
