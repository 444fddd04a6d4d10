"""What a client may send to place, preview or replace an order."""

import math
from dataclasses import replace

from etna_magic_sandbox.body import Body
from etna_magic_sandbox.errors import RefusedError, server_error
from etna_magic_sandbox.order import (
    CONDITIONAL_TYPES,
    SIDES,
    SIMPLE_TYPES,
    TIMES_IN_FORCE,
    UNTIL_DATE,
    Order,
    Terms,
)
from etna_magic_sandbox.securities import Security, find_security

PLACE, MODIFY = "placeParams", "modifyParams"  # ETNA's names; the second is made after the first
AMOUNT_TYPES = ("Absolute", "Persentage")  # the API's own spelling
# ETNA's CashAmountOrder, which has dollars in Quantity, is not built: it is refused, not taken for shares.
EXEC_INSTRUCTIONS = (
    "None",
    "FullLiquidation",
    "DoNotIncrease",
    "DoNotReduce",
    "AllOrNone",
)
EXTENDED_HOURS = ("", "PRE", "REG", "REGPOST", "PREREG", "POST", "REGPRE", "ALL")
# How a broker's pages write times in force; the API description has the long names alone.
SHORT_NAMES = {
    "GTC": "GoodTillCancel",
    "IOC": "ImmediateOrCancel",
    "FOK": "FillOrKill",
    "GTD": "GoodTillDate",
}
MOST_COMMISSION = 1e6
TEXTS = ("ClientId", "Comment", "Token", "Exchange")
LEGS = {"OneCancelOther": 2, "OneTriggerOther": 2, "OneTriggerOneCancelOther": 3}


class OrderForm:
    """Reads orders from bodies.

    Parameters
    ----------
    short_names : bool
        Whether `GTC`, `IOC`, `FOK` and `GTD` are times in force too.
    market_day_only : bool
        Whether a market order that lasts until it is cancelled is refused.
    """

    def __init__(self, *, short_names: bool, market_day_only: bool) -> None:
        self._short_names = short_names
        self._market_day_only = market_day_only

    def read_order(self, body: Body) -> Terms:
        """Return what a place request asks for; an unusable one is refused."""
        kind = body.choice("Type", (*SIMPLE_TYPES, *CONDITIONAL_TYPES), required=True)
        leg_bodies = body.list_of("Legs")
        if kind in CONDITIONAL_TYPES:
            terms = self._conditional(body, kind, leg_bodies)
        elif leg_bodies:
            terms = self._spread(body, kind, leg_bodies)
        else:
            terms = self._simple(body, kind)
        body.check()
        return terms

    def read_change(self, body: Body, order: Order) -> Terms:
        """Return an order's terms with the changes that a modify request asks for."""
        old = order.terms
        if body.integer("Id", required=True, least=1) != order.id:
            body.problem("Id")
        terms = replace(
            old,
            quantity=body.number("Quantity", old.quantity, required=True, least=0),
            type=body.choice("Type", (old.type,) if old.legs else SIMPLE_TYPES, old.type),
            price=body.number("Price", old.price, least=0),
            stop_price=body.number("StopPrice", old.stop_price, least=0),
            time_in_force=self._time_in_force(body, old.time_in_force),
            expires=body.date("ExpireDate") or old.expires,
            trailing_stop=_trailing(body, "TrailingStop", old.trailing_stop),
            trailing_limit=_trailing(body, "TrailingLimit", old.trailing_limit),
            texts=old.texts | _texts(body),
            instructions=old.instructions | _instructions(body),
        )
        _check_together(body, terms)
        legs = body.list_of("Legs")
        if legs and len(legs) != len(old.legs):
            body.problem("Legs")
        elif legs:
            terms.legs = [_changed_leg(leg, before) for leg, before in zip(legs, old.legs, strict=True)]
            for leg, changed in zip(legs, terms.legs, strict=True):
                _check_together(leg, changed)
        body.check()
        return terms

    def _simple(self, body: Body, kind: str) -> Terms:
        symbol = body.text("Symbol", required=True)
        side = body.choice("Side", SIDES, required=True)
        quantity = body.number("Quantity", required=True, least=0)
        terms = self._common(body, Terms(None, side, quantity, kind))
        if self._market_day_only and kind == "Market" and terms.time_in_force.startswith("GoodTillCancel"):
            body.problem("TimeInforce")
        body.check()
        terms.security = _known(symbol)
        return terms

    def _conditional(self, body: Body, kind: str, legs: list[Body]) -> Terms:
        if len(legs) != LEGS[kind]:
            body.problem("Legs")
        kinds = [leg.choice("Type", SIMPLE_TYPES, required=True) for leg in legs]
        # The trigger must not be a market order, and of two that cancel one another not both.
        triggers = kinds[:1] if kind != "OneCancelOther" else []
        if "Market" in triggers or (kind == "OneCancelOther" and kinds == ["Market", "Market"]):
            body.problem("Legs")
        terms = Terms(None, body.choice("Side", SIDES, "Buy"), body.number("Quantity", 1, least=0) or 1, kind)
        terms = self._common(body, terms)
        terms.legs = [self._simple(leg, one) for leg, one in zip(legs, kinds, strict=True)]
        return terms

    def _spread(self, body: Body, kind: str, legs: list[Body]) -> Terms:
        if kind not in {"Market", "Limit"}:
            body.problem("Type")
        side = body.choice("Side", SIDES, "Buy")
        terms = self._common(body, Terms(None, side, body.number("Quantity", required=True, least=0), kind))
        for leg in legs:
            symbol = leg.text("Symbol", required=True)
            one = Terms(
                None,
                leg.choice("Side", SIDES, required=True),
                leg.number("Quantity", required=True, least=0),
                kind,
            )
            body.check()
            one.security = _known(symbol)
            if one.security.underlying is None:  # spreads are of options alone
                leg.problem("Symbol")
            terms.legs.append(one)
        return terms

    def _common(self, body: Body, terms: Terms) -> Terms:
        terms.price = body.number("Price", least=0)
        terms.stop_price = body.number("StopPrice", least=0)
        # A place request spells it TimeInforce; the case of members is ignored.
        terms.time_in_force = self._time_in_force(body, "Day")
        terms.expires = body.date("ExpireDate")
        terms.exec_inst = body.choice("ExecInst", EXEC_INSTRUCTIONS, "None")
        terms.trailing_stop = _trailing(body, "TrailingStop", terms.trailing_stop)
        terms.trailing_limit = _trailing(body, "TrailingLimit", terms.trailing_limit)
        terms.texts = _texts(body)
        terms.instructions = _instructions(body)
        terms.validations = body.integer("ValidationsToBypass")
        _check_together(body, terms)
        return terms

    def _time_in_force(self, body: Body, default: str) -> str:
        given = body.raw("TimeInforce")
        if self._short_names and given in SHORT_NAMES:
            return SHORT_NAMES[given]
        return body.choice("TimeInforce", TIMES_IN_FORCE, default)


def _known(symbol: str) -> Security:
    security = find_security(symbol)
    if security is None:
        raise RefusedError(server_error())
    return security


def _check_together(body: Body, terms: Terms) -> None:
    # What is right alone may be wrong together.
    if terms.time_in_force in UNTIL_DATE and terms.expires is None:
        body.problem("ExpireDate")
    if terms.quantity != int(terms.quantity) and terms.type != "Limit":
        body.problem("Quantity")  # a fraction of a share needs a limit


def _trailing(body: Body, name: str, default: tuple[str, float]) -> tuple[str, float]:
    kind, amount = default
    return (
        body.choice(f"{name}AmountType", AMOUNT_TYPES, kind),
        body.number(f"{name}Amount", amount, least=0),
    )


def _texts(body: Body) -> dict[str, str]:
    texts = {name: body.text(name) for name in TEXTS if body.has(name)}
    if hours := body.choice("ExtendedHours", EXTENDED_HOURS):
        texts["ExtendedHours"] = hours
    return texts


def _instructions(body: Body) -> dict[str, str]:
    given = body.raw("ExecutionInstructions")
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(_is_amount(value) for value in given.values()):
        body.problem("ExecutionInstructions")
        return {}
    return {name: str(value) for name, value in given.items()}


def _is_amount(value: object) -> bool:
    # The values are texts; those that this sandbox reads are amounts.
    try:
        return isinstance(value, str) and math.isfinite(float(value)) and 0 <= float(value) < MOST_COMMISSION
    except ValueError:
        return False


def _changed_leg(body: Body, old: Terms) -> Terms:
    return replace(
        old,
        quantity=body.number("Quantity", old.quantity, least=0),
        price=body.number("Price", old.price, least=0),
        stop_price=body.number("StopPrice", old.stop_price, least=0),
    )
