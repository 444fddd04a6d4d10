"""The calls on users and accounts: details, balances, positions, transactions."""

from collections.abc import Iterable

from flask import Response

from etna_magic_sandbox.call import Call
from etna_magic_sandbox.errors import RefusedError, no_such_object, server_error
from etna_magic_sandbox.ledger import Ledger, Position, Transaction
from etna_magic_sandbox.listing import Found, Getter, Paging, page_response
from etna_magic_sandbox.market_hours import close_of, day_of, is_weekday, previous_weekday
from etna_magic_sandbox.messages import format_date, json_response
from etna_magic_sandbox.prices import previous_close, price
from etna_magic_sandbox.securities import find_security
from etna_magic_sandbox.users import account_ids, user_id

MAINTENANCE = 0.3  # of the market value of positions
BALANCES = [
    "cash",
    "netCash",
    "excess",
    "changeAbsolute",
    "changePercent",
    "equityTotal",
    "pendingOrdersCount",
    "netLiquidity",
    "stockLongMarketValue",
    "stockShortMarketValue",
    "optionLongMarketValue",
    "optionShortMarketValue",
    "forexLongMarketValue",
    "forexShortMarketValue",
    "dayTrades",
    "stockBuyingPower",
    "optionBuyingPower",
    "forexBuyingPower",
    "dayTradingBuyingPower",
    "pendingCash",
    "maintenanceMargin",
    "optionMaintenanceMargin",
    "openPL",
    "openPLDay",
    "openPLPercent",
    "closePL",
    "marketValue",
    "totalPL",
]
SECONDS_OF_DAY_TRADES = 7 * 86_400.0

POSITION_FIELDS: dict[str, Getter] = {
    "createdate": lambda position: position.created,
    "modifydate": lambda position: position.modified,
    "quantity": lambda position: position.quantity,
    "securityid": lambda position: position.security.id,
    "symbol": lambda position: position.security.symbol,
    "id": lambda position: position.id,
}
TRANSACTION_FIELDS: dict[str, Getter] = {
    "id": lambda one: one.id,
    "date": lambda one: one.time,
    "value": lambda one: one.value,
    "type": lambda one: one.type,
    "quantity": lambda one: one.quantity,
    "securityid": lambda one: one.security.id if one.security else -1,
}


def info(call: Call) -> Response:
    """Return the user's details."""
    return json_response(_owner(call.user))


def accounts(call: Call) -> Response:
    """Return the user's two accounts; there are no pages."""
    return json_response([_account(call.user, number) for number in account_ids(call.user)])


def account_info(call: Call) -> Response:
    """Return an account's balances."""
    return json_response(_balances(call, (call.account,)))


def balance_info(call: Call) -> Response:
    """Return the balances of all of the user's accounts together."""
    return json_response(_balances(call, account_ids(call.user)))


def positions(call: Call) -> Response:
    """Return a page of an account's positions."""
    paging = Paging.of(call.request, POSITION_FIELDS, ("sortField", "desc"), by_default=False)
    trading = call.state.trading
    with trading.lock:
        now = trading.settle()
        found = paging.select(trading.ledger(call.account).positions.values(), POSITION_FIELDS)
        return page_response(
            call.request,
            paging,
            found,
            lambda position: _position(position, call.account, now),
            bare=call.state.has("positions-array"),
            null_links=call.state.has("null-links"),
        )


def positions_of_symbol(call: Call) -> Response:
    """Return an account's position in one security: a list of one, or an empty one."""
    symbol = call.texts["symbol"]
    security = find_security(symbol)
    if security is None:
        raise RefusedError(server_error() if symbol.isdecimal() else no_such_object())
    trading = call.state.trading
    with trading.lock:
        now = trading.settle()
        position = trading.ledger(call.account).positions.get(security.id)
        return json_response([_position(position, call.account, now)] if position else [])


def transactions(call: Call) -> Response:
    """Return a page of an account's transactions; the last ones first where nothing is said."""
    paging = Paging.of(call.request, TRANSACTION_FIELDS, ("sortBy", "isDesc"), by_default=True)
    trading = call.state.trading
    with trading.lock:
        trading.settle()
        booked = trading.ledger(call.account).transactions
        if not paging.conditions and paging.sort_field in {"", "id", "date"}:
            # They were booked in this order.
            found = Found(len(booked), reversed(booked) if paging.descending else iter(booked))
        else:
            found = paging.select(booked, TRANSACTION_FIELDS)
        return page_response(
            call.request,
            paging,
            found,
            lambda one: _transaction(one, call.account),
            null_links=call.state.has("null-links"),
        )


def _owner(user: str) -> dict[str, object]:
    return {
        "UserId": user_id(user),
        "FirstName": "Sandbox",
        "MiddleName": "",
        "LastName": "User",
        "Login": user,
        "Email": f"{user}@sandbox.invalid",
        "AddedDate": "2019-01-14T12:27:37.6205663Z",
        "Salutation": "NoSalutation",
        "Suffix": "NoSuffix",
        "Role": 1,
        "DateOfBirth": "0001-01-01T00:00:00Z",
    }


def _account(user: str, number: int) -> dict[str, object]:
    return {
        "Id": number,
        "ClearingAccount": str(number),
        "AccessType": "Owner",
        "MarginType": "Margin",
        "OwnerType": "IndividualCustomer",
        "Enabled": True,
        "ClearingFirm": "SANDBOX",
        "IsAverageAccount": False,
        "Owners": [_owner(user)],
        "Currency": "USD",
    }


def _balances(call: Call, accounts: Iterable[int]) -> dict[str, float]:
    trading = call.state.trading
    total = dict.fromkeys(BALANCES, 0.0)
    with trading.lock:
        now = trading.settle()
        for account in accounts:
            ledger = trading.ledger(account)
            total["pendingOrdersCount"] += trading.store.count(
                account, "PendingNew", "New", "PartiallyFilled"
            )
            _add(total, ledger, now)
    before = total["equityTotal"] - total["changeAbsolute"]
    cost = total["marketValue"] - total["openPL"]
    total["changePercent"] = 100 * total["changeAbsolute"] / before if before else 0.0
    total["openPLPercent"] = 100 * total["openPL"] / cost if cost else 0.0
    total["totalPL"] = total["openPL"] + total["closePL"]
    return {name: round(value, 2) for name, value in total.items()}


def _add(total: dict[str, float], ledger: Ledger, now: float) -> None:
    market_value = 0.0
    for position in ledger.positions.values():
        security, size = position.security, position.quantity * position.security.multiplier
        last = price(security, now)
        worth, kind = size * last, "option" if security.underlying else "stock"
        market_value += worth
        total[f"{kind}{'Long' if size > 0 else 'Short'}MarketValue"] += worth
        total["openPL"] += worth - position.cost
        total["changeAbsolute"] += size * (last - previous_close(security, now))
        total["closePL"] += position.day_realized if position.day == day_of(now) else 0.0
        if security.underlying:
            total["optionMaintenanceMargin"] += MAINTENANCE * abs(worth)
        total["maintenanceMargin"] += MAINTENANCE * abs(worth)
    equity = ledger.cash + market_value
    total["openPLDay"] = total["changeAbsolute"]
    total["marketValue"] += market_value
    total["cash"] += ledger.cash
    total["netCash"] += ledger.cash
    total["pendingCash"] += ledger.reserved_cash
    total["equityTotal"] += equity
    total["netLiquidity"] += equity
    margin = MAINTENANCE * sum(
        abs(one.quantity) * one.security.multiplier * price(one.security, now)
        for one in ledger.positions.values()
    )
    total["excess"] += equity - margin - ledger.reserved_cash
    for name in ("stock", "option", "dayTrading"):
        total[f"{name}BuyingPower"] += ledger.buying_power
    total["dayTrades"] += sum(time > now - SECONDS_OF_DAY_TRADES for time in ledger.day_trades)


def _position(position: Position, account: int, now: float) -> dict[str, object]:
    security, today = position.security, position.day == day_of(now)
    closed = position.closed_value / position.closed_quantity if position.closed_quantity else 0
    return {
        "Id": position.id,
        "AccountId": account,
        "SecurityId": security.id,
        "Symbol": security.symbol,
        "Name": security.description,
        "CompanyName": security.description,
        "SecurityCurrency": "USD",
        "SecurityType": security.type,
        "ContractSize": security.multiplier,
        "CostBasis": round(position.cost, 2),
        "DailyCostBasis": round(position.cost, 2),
        "CreateDate": format_date(position.created),
        "ModifyDate": format_date(position.modified),
        "Quantity": _whole_if_it_is(position.quantity),
        "RealizedProfitLoss": round(position.realized, 2),
        "AverageOpenPrice": round(position.average, 6),
        "AverageClosePrice": round(closed, 6),
        "StopLossPrice": 0,
        "TakeProfitPrice": 0,
        "DailyCloseProfitLoss": round(position.day_realized, 2) if today else 0,
        "ExcessChanges": 0,
        "DayQuantity": _whole_if_it_is(position.day_quantity) if today else 0,
        "MarketValueEOD": round(
            position.quantity * security.multiplier * price(security, _last_close(now)), 2
        ),
    }


def _last_close(now: float) -> float:
    day = day_of(now)
    return close_of(day if is_weekday(day) and now >= close_of(day) else previous_weekday(day))


def _transaction(one: Transaction, account: int) -> dict[str, object]:
    shown: dict[str, object] = {
        "Id": one.id,
        "SecurityId": one.security.id if one.security else -1,
        "OrderStateId": one.state_id,
        "AccountId": account,
        "Date": format_date(one.time),
        "Value": one.value,
        "Quantity": _whole_if_it_is(one.quantity),
        "LeavesQuantity": 0,
        "Type": one.type,
        "IsDayTrade": one.is_day_trade,
    }
    if one.description:
        shown["Description"] = one.description
    if one.order and one.security:
        shown |= {"Symbol": one.security.symbol, "Price": one.price, "OrderId": one.order.id}
    return shown


def _whole_if_it_is(number: float) -> float:
    return int(number) if number == int(number) else number
