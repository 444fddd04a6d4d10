"""The calls on orders: list, read, place, replace, cancel, preview."""

from flask import Response

from etna_magic_sandbox.body import Body
from etna_magic_sandbox.call import Call
from etna_magic_sandbox.errors import RefusedError, conflict, no_such_object
from etna_magic_sandbox.ledger import spread_cost
from etna_magic_sandbox.listing import Paging, page_response
from etna_magic_sandbox.messages import empty_response, json_response
from etna_magic_sandbox.order import CONDITIONAL_TYPES, Order, Terms
from etna_magic_sandbox.order_form import MODIFY, PLACE
from etna_magic_sandbox.order_store import FIELDS
from etna_magic_sandbox.prices import quote
from etna_magic_sandbox.securities import find_security
from etna_magic_sandbox.security_views import quote_view
from etna_magic_sandbox.trading import NO_LIMIT

MARGIN_OF_PURCHASE = 0.5  # of its cost
TEXTS = {
    "LimitPriceUndefined": NO_LIMIT,
    "QuotePriceIsInvalid": "Price of the quote is invalid.",
    "InsufficientShares": "There are not enough shares for this order.",
    "DayTradingBuyingPowerExceeded": "Day trading buying power is exceeded.",
    "SymbolNotFound": "The symbol is not found.",
    "InvalidOrderType": "The order is not valid.",
}


def list_orders(call: Call) -> Response:
    """Return a page of an account's orders, newest first where nothing is said."""
    by_default = call.state.has("optional-query")
    paging = Paging.of(call.request, FIELDS, ("sortField", "desc"), by_default=by_default)
    trading = call.state.trading
    with trading.lock:
        trading.settle()
        found = trading.store.find(call.account, paging)
        return page_response(
            call.request,
            paging,
            found,
            lambda order: _shown(call, order),
            null_links=call.state.has("null-links"),
        )


def get_order(call: Call) -> Response:
    """Return one order, or a leg."""
    with call.state.trading.lock:
        return json_response(_shown(call, _order(call)))


def place_order(call: Call) -> Response:
    """Place an order; the response shows it as pending, and it may be rejected after that."""
    terms = call.state.order_form.read_order(Body.of(call.request, PLACE))
    trading = call.state.trading
    if call.state.has("place-preview") and terms.type == "Limit" and not terms.price:
        return json_response(_preview(call, terms, "QuotePriceIsInvalid"))
    with trading.lock:
        return json_response(_shown(call, trading.place_order(call.account, call.user_id, terms)))


def replace_order(call: Call) -> Response:
    """Put another order in an order's place; the response shows the new one as pending."""
    trading = call.state.trading
    body = Body.of(call.request, MODIFY)
    with trading.lock:
        order = _order(call)
        new = trading.replace(order, call.state.order_form.read_change(body, order))
        return json_response(_shown(call, new)) if new else conflict()


def cancel_order(call: Call) -> Response:
    """Cancel an order that is open."""
    trading = call.state.trading
    with trading.lock:
        order = _order(call)
        if not trading.cancel(order):
            return conflict()
        return json_response(_shown(call, order)) if call.state.has("cancel-200") else empty_response()


def preview_order(call: Call) -> Response:
    """Return what an order would cost, with quotes; nothing is placed."""
    body = Body.of(call.request, PLACE)
    symbol = body.raw("Symbol")
    if isinstance(symbol, str) and symbol and find_security(symbol) is None:
        side, kind = body.text("Side", "Buy"), body.text("Type", "Market")
        unknown = Terms(None, side, body.number("Quantity"), kind)
        return json_response(_preview(call, unknown, "SymbolNotFound"))
    terms = call.state.order_form.read_order(body)
    trading = call.state.trading
    with trading.lock:
        now = trading.settle()
        return json_response(_preview(call, terms, trading.ledger(call.account).objection(terms, now)))


def preview_replacement(call: Call) -> Response:
    """Return what an order would cost after a replacement; nothing is replaced."""
    body = Body.of(call.request, MODIFY)
    with call.state.trading.lock:
        order = _order(call)
        terms = call.state.order_form.read_change(body, order)
        if not call.state.trading.can_replace(order, terms):
            return conflict()
        objection = call.state.trading.objection_to_change(order, terms)
        return json_response(_preview(call, terms, objection) | {"OrderId": order.id})


def _shown(call: Call, order: Order) -> dict[str, object]:
    return order.as_json(0 if call.state.has("exec-inst-0") else "None")


def _order(call: Call) -> Order:
    call.state.trading.settle()
    order = call.state.trading.store.get(call.ids["order"])
    if order is None or order.account != call.account:
        raise RefusedError(no_such_object())
    return order


def _preview(call: Call, terms: Terms, objection: str) -> dict[str, object]:
    trading = call.state.trading
    now = trading.settle()
    parts = terms.legs or [terms]
    if terms.legs and terms.type not in CONDITIONAL_TYPES:
        cost = spread_cost(terms, terms.quantity, now)
    else:
        cost = sum(_cost(one, now) for one in parts)
    quantity = sum(one.quantity for one in parts)
    per_trade = trading.commission(terms, 0, is_first=True)
    per_contract = trading.commission(terms, quantity, is_first=False)
    commission = round(per_trade + per_contract, 2)
    securities = [one.security for one in parts if one.security]
    shown: dict[str, object] = {
        "IsSuccessful": not objection,
        "Commission": commission,
        "Commissions": {"Per Trade Commission": per_trade, "Per Contract Commission": per_contract},
        "Cost": round(cost, 2),
        "NetCost": round(cost + commission, 2),
        "TotalCost": round(cost + commission, 2),
        "MarginChange": round(abs(cost) * MARGIN_OF_PURCHASE, 2),
        "Quotes": [quote_view(security, quote(security, now), now) for security in securities],
    }
    if objection:
        shown |= {"ErrorDescription": objection, "ErrorDescriptionText": TEXTS[objection]}
    return shown


def _cost(terms: Terms, now: float) -> float:
    # What is paid; a sale brings it, so that it is negative.
    if terms.security is None:
        return 0.0
    found = quote(terms.security, now)
    each = terms.price or (found.ask if terms.is_buy else found.bid)
    return (1 if terms.is_buy else -1) * each * terms.quantity * terms.security.multiplier
