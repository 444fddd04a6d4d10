"""What an order may not do: buy twice, sell what is not there, or spend what is not there."""

import pytest

from tests.sandbox.direct import ACCOUNT, Direct

MONDAY = 1_750_086_000.0  # 16 June 2025, 15:00 UTC: half an hour into the session
CALLS = "KO    260618C00060000", "KO    260618C00065000"


@pytest.fixture
def direct():
    """Return demo's calls on a Monday, while the market is open."""
    return Direct(MONDAY)


def trade(direct, **terms):
    """Place a market order, wait for its fill, and return it."""
    placed = direct.place_order(**({"Type": "Market"} | terms))
    direct.now += 3
    return direct.order(placed["Id"])


def place(direct, **terms):
    """Place an order, and return it as it is after its acceptance or rejection."""
    return direct.order(direct.place_order(**terms)["Id"])


def put(direct, number, **change):
    """Replace an order; return the status of the answer, and its body."""
    return direct.call(
        "PUT", f"{ACCOUNT}/orders/{number}", {"Id": number, "Quantity": 1, "Price": 0} | change
    )


def post(direct, path="orders", **terms):
    """Send an order that may be refused; return the status of the answer, and its body."""
    order = {"Symbol": "KO", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 1}
    return direct.call("POST", f"{ACCOUNT}/{path}", order | terms)


def leg(**terms):
    """Return a leg."""
    return {"Symbol": "KO", "Type": "Limit", "Side": "Sell", "Quantity": 10, "Price": 900.0} | terms


def spread(*symbols, **terms):
    """Return a spread: the first symbol is bought, the second sold."""
    legs = [
        {"Symbol": symbol, "Side": side, "Quantity": 1}
        for symbol, side in zip(symbols or CALLS, ("Buy", "Sell"), strict=True)
    ]
    return {"Symbol": "", "Type": "Market", "Quantity": 1, "Legs": legs} | terms


def test_a_triggered_order_is_not_replaced(direct):
    """Its trigger would buy again."""
    legs = [leg(Side="Buy", Quantity=7), leg(Quantity=7)]
    root = direct.place_order(Symbol="", Type="OneTriggerOther", Legs=legs)["Id"]
    direct.now += 1
    assert 7 == direct.held()
    assert 409 == put(direct, root)[0]
    path = f"{ACCOUNT}/preview/orders/{root}"
    assert 409 == direct.call("PUT", path, {"Id": root, "Quantity": 1, "Price": 0})[0]
    direct.now += 60
    assert 7 == direct.held()


def test_a_replacement_keeps_the_kind(direct):
    """A simple order does not become a conditional one, nor the other way round."""
    simple = direct.place_order(Price=1)["Id"]
    assert 422 == put(direct, simple, Price=1, Type="OneCancelOther")[0]
    legs = [leg(Side="Buy", Price=1), leg()]
    root = direct.place_order(Symbol="", Type="OneTriggerOther", Legs=legs)["Id"]
    assert 422 == put(direct, root, Type="Market")[0]
    assert 422 == put(direct, root, Type="OneCancelOther")[0]
    assert 200 == put(direct, root, Type="OneTriggerOther")[0]
    assert 200 == put(direct, simple, Price=1, Type="Limit")[0]


def test_rivals_of_two_securities_share_nothing(direct):
    """Each of the legs needs its own shares."""
    for symbol in ("KO", "IBM"):
        trade(direct, Symbol=symbol)
    shown = place(direct, Symbol="", Type="OneCancelOther", Legs=[leg(), leg(Symbol="IBM", Quantity=20)])
    assert ["New", "Rejected"] == [one["Status"] for one in shown["Legs"]]
    assert 204 == direct.cancel(shown["Id"])
    place(direct, Symbol="", Type="OneCancelOther", Legs=[leg(), leg(Symbol="IBM")])
    assert ["Rejected"] * 2 == [
        place(direct, Symbol=symbol, Side="Sell", Price=900, Quantity=1)["Status"] for symbol in ("KO", "IBM")
    ]


def test_a_pair_sets_aside_the_larger(direct):
    """Of two legs that would sell the same one alone does; when one ends the other needs its own."""
    trade(direct)
    root = place(direct, Symbol="", Type="OneCancelOther", Legs=[leg(Quantity=8), leg(Quantity=5)])
    assert ["New", "New"] == [one["Status"] for one in root["Legs"]]
    rest = place(direct, Side="Sell", Price=900, Quantity=2)
    assert "New" == rest["Status"]
    assert "Rejected" == place(direct, Side="Sell", Price=900, Quantity=1)["Status"]
    assert 204 == direct.cancel(root["Legs"][0]["Id"])
    assert "Rejected" == place(direct, Side="Sell", Price=900, Quantity=4)["Status"]
    assert "New" == place(direct, Side="Sell", Price=900, Quantity=3)["Status"]


def test_a_short_is_covered_once(direct):
    """What one open order would buy back, another cannot."""
    trade(direct, Side="SellShort", Quantity=50)
    for _ in range(2):
        direct.place_order(Type="Market", Side="BuyToCover", Quantity=50)
    direct.now += 3
    assert 0 == direct.held()


def test_no_short_sale_while_long(direct):
    """What is held is sold first."""
    trade(direct)
    rejected = trade(direct, Side="SellShort", Quantity=5)
    assert ("Rejected", "InvalidOrderType", 10) == (
        rejected["Status"],
        rejected["Description"],
        direct.held(),
    )


def test_short_sales_need_buying_power(direct):
    """Those that wait count too."""
    for _ in range(4):
        direct.place_order(Symbol="AAPL", Type="Market", Side="SellShort", Quantity=4000)
    direct.now += 3
    assert direct.held("AAPL") in {-4000, -8000}
    assert direct.get("/info")["stockBuyingPower"] >= 0
    place(direct, Symbol="KO", Side="SellShort", Price=900, Quantity=100)
    assert 45_000 == direct.get("/info")["pendingCash"]


@pytest.mark.parametrize(
    ("before", "late", "held"),
    [
        (None, "SellShort", 10),
        ("SellShort", "BuyToCover", 0),
    ],
)
def test_a_position_is_not_turned_round(direct, before, late, held):
    """An order that the position does not fit any more is cancelled when it would be filled."""
    if before:
        trade(direct, Side=before)
    direct.place_order(Type="Market", Side="Buy")
    direct.now += 0.25
    order = place(direct, Type="Market", Side=late)
    assert "New" == order["Status"]
    direct.now += 3
    ended = direct.order(order["Id"])
    assert ("Canceled", "InsufficientShares", held) == (
        ended["Status"],
        ended["Description"],
        direct.held(),
    )


def test_a_market_order_costs_the_market_price(direct):
    """A price that it happens to have does not make it cheap."""
    rejected = place(direct, Type="Market", Quantity=100_000, Price=0.01)
    assert ("Rejected", "DayTradingBuyingPowerExceeded") == (rejected["Status"], rejected["Description"])


def test_spreads_need_buying_power(direct):
    """As many as nobody can pay are rejected, and a preview says so."""
    rejected = place(direct, **spread(Quantity=100_000))
    assert ("Rejected", "DayTradingBuyingPowerExceeded") == (rejected["Status"], rejected["Description"])
    _, preview = post(direct, "preview/orders", **spread(Quantity=100_000))
    assert "DayTradingBuyingPowerExceeded" == preview["ErrorDescription"]
    _, preview = post(direct, "preview/orders", **spread())
    assert preview["IsSuccessful"], preview
    cash = direct.get("/info")["cash"]
    assert "Filled" == trade(direct, **spread())["Status"]
    assert preview["Cost"] == pytest.approx(cash - direct.get("/info")["cash"], abs=20)


def test_many_spreads_need_buying_power(direct):
    """Those that wait count too."""
    _, preview = post(direct, "preview/orders", **spread())
    for _ in range(8):
        direct.place_order(**spread(Quantity=int(300_000 / abs(preview["Cost"]))))
    direct.now += 3
    assert direct.get("/info")["stockBuyingPower"] > -20_000
    assert direct.get("/info")["cash"] > 0


def test_legs_of_spreads(direct):
    """They are options, and what is filled is the ratio times the quantity."""
    assert 422 == post(direct, **spread("KO", CALLS[1]))[0]
    filled = trade(direct, **spread(Quantity=3))
    assert [3, 3] == [one["ExecutedQuantity"] for one in filled["Legs"]]
    assert [3, -3] == [direct.held(symbol) for symbol in CALLS]


def test_cash_amounts_are_refused(direct):
    """`CashAmountOrder` is not built; nothing is bought by a number of shares instead."""
    amount = {"Type": "Market", "Quantity": 500, "Price": 500}
    assert 422 == post(direct, ExecInst="CashAmountOrder", **amount)[0]


@pytest.mark.parametrize("commission", ["inf", "nan", "1e307", "1000000", "-1"])
def test_commissions_are_finite(direct, commission):
    """Amounts that no books can hold are refused."""
    assert 422 == post(direct, ExecutionInstructions={"PerTradeCommission": commission})[0]


def test_transactions_keep_their_state(direct):
    """What was booked does not change when the order goes on; a day trade is marked."""

    def booked():
        page = direct.get("/transactions?pageNumber=0&pageSize=9&sortBy=Id&isDesc=false")
        return page["Result"][1:]

    number = direct.place_order(Type="Market", Quantity=250)["Id"]
    direct.now += 0.5
    (first,) = booked()
    assert first["OrderStateId"] == direct.order(number)["StateId"]
    direct.now += 3
    assert first == booked()[0]
    trade(direct, Side="Sell", Quantity=250)
    marks = [one["IsDayTrade"] for one in booked()]
    assert [False, False, True, True] == marks
    assert sum(marks) == direct.get("/info")["dayTrades"]


def test_a_preview_of_a_replacement_may_use_what_is_set_aside(direct):
    """As the replacement itself may."""
    trade(direct)
    sale = direct.place_order(Side="Sell", Price=900)["Id"]
    change = {"Id": sale, "Quantity": 10, "Price": 800}
    assert direct.call("PUT", f"{ACCOUNT}/preview/orders/{sale}", change)[1]["IsSuccessful"]
    assert "Rejected" == place(direct, Side="Sell", Price=900, Quantity=1)["Status"]
    assert 200 == put(direct, sale, Quantity=10, Price=800)[0]


def test_a_replacement_that_would_be_rejected(direct):
    """The order works on."""
    trade(direct)
    sale = direct.place_order(Side="Sell", Price=900)["Id"]
    assert 409 == put(direct, sale, Quantity=11, Price=900)[0]
    assert ("New", 10) == tuple(direct.order(sale)[name] for name in ("Status", "LeavesQuantity"))
    assert "Rejected" == place(direct, Side="Sell", Price=900, Quantity=1)["Status"]


@pytest.mark.parametrize(
    "terms",
    [
        {"TimeInforce": "GoodTillDate"},
        {"TimeInforce": "GoodTillTime"},
        {"Type": "Market", "Quantity": 0.5},
        {"Type": "OneTriggerOther", "Symbol": "", "Legs": [leg(Type="Stop", Quantity=0.5), leg()]},
    ],
)
def test_terms_that_do_not_fit_together(direct, terms):
    """A date that is missing, and a fraction of a share without a limit, are refused."""
    assert 422 == post(direct, **terms)[0]
    number = direct.place_order(Price=1)["Id"]
    if "Legs" not in terms:
        assert 422 == put(direct, number, **{"Quantity": 10, "Price": 1} | terms)[0]


def test_an_expired_option_is_rejected(direct):
    """Nobody trades it any more."""
    rejected = place(direct, Symbol="KO    250613C00060000", Type="Market", Quantity=1)
    assert ("Rejected", "InvalidOrderType") == (rejected["Status"], rejected["Description"])
