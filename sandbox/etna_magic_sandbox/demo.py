"""The orders that the user demo has at the start."""

from etna_magic_sandbox.market_hours import SECONDS_PER_DAY, open_of, previous_weekday
from etna_magic_sandbox.order import Terms
from etna_magic_sandbox.prices import price
from etna_magic_sandbox.securities import find_security
from etna_magic_sandbox.trading import Trading
from etna_magic_sandbox.users import account_ids, user_id

FIRST_DAY = 19_724  # 2 January 2024; one order a day from then on
FILLED = (("AAPL", 40), ("MSFT", 15), ("KO", 100))
# Symbol, side, quantity, and the limit as a share of the price when the sandbox starts: far away.
OPEN = (("AAPL", "Sell", 10, 1.5), ("SPY", "Buy", 5, 0.6))


def place_demo_orders(trading: Trading) -> None:
    """Give demo's first account three filled orders, and two that wait for a price far away."""
    account, user = account_ids("demo")[0], user_id("demo")
    now = trading.clock()
    for number, (symbol, quantity) in enumerate(FILLED):
        security, time = find_security(symbol), float(open_of(FIRST_DAY + number) + 60)
        if security is not None:
            limit = round(price(security, time) * 1.01, 2)
            trading.place_order(account, user, Terms(security, "Buy", quantity, "Limit", limit), time)
    today = int(now // SECONDS_PER_DAY)
    for symbol, side, quantity, share in OPEN:
        security = find_security(symbol)
        if security is not None:
            limit = round(price(security, now) * share, 2)
            terms = Terms(security, side, quantity, "Limit", limit, time_in_force="GoodTillCancel")
            trading.place_order(account, user, terms, min(now, float(open_of(previous_weekday(today)) + 60)))
    trading.settle()
