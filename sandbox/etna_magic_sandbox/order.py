"""One order: what it asks for, how far it has come, and how the API shows it."""

from dataclasses import dataclass, field

from etna_magic_sandbox.messages import format_date
from etna_magic_sandbox.securities import Security

# The numbers stand in filters; `Held` has none.
STATUS_NUMBERS = {
    "New": 0,
    "PartiallyFilled": 1,
    "Filled": 2,
    "DoneForDay": 3,
    "Canceled": 4,
    "Replaced": 5,
    "PendingCancel": 6,
    "Stopped": 7,
    "Rejected": 8,
    "Suspended": 9,
    "PendingNew": 10,
    "Calculated": 11,
    "Expired": 12,
    "AcceptedForBidding": 13,
    "PendingReplace": 14,
    "Error": 15,
}
OPEN_STATUSES = frozenset({"PendingNew", "New", "PartiallyFilled", "Held"})

CONDITIONAL_TYPES = ("OneCancelOther", "OneTriggerOther", "OneTriggerOneCancelOther")
SIMPLE_TYPES = (
    "Market",
    "Limit",
    "Stop",
    "StopLimit",
    "Pegged",
    "TrailingStop",
    "TrailingStopLimit",
    "External",
    "MutualFundsExchange",
    "StagingBlotter",
)
SIDES = ("Buy", "Sell", "SellShort", "BuyToCover")
TIMES_IN_FORCE = (
    "Day",
    "GoodTillCancel",
    "AtTheOpening",
    "ImmediateOrCancel",
    "FillOrKill",
    "GoodTillCrossing",
    "GoodTillDate",
    "GoodTillTime",
    "AtTheClose",
    "GoodTillCancelPlus",
    "GoodTillDatePlus",
)
UNTIL_CANCELLED = frozenset({"GoodTillCancel", "GoodTillCancelPlus"})
UNTIL_DATE = frozenset({"GoodTillDate", "GoodTillTime", "GoodTillDatePlus"})
AT_AUCTION = frozenset({"AtTheOpening", "AtTheClose"})
AT_ONCE = frozenset({"ImmediateOrCancel", "FillOrKill"})

# Of each status: the state of the request, and what the request was about.
_REQUESTS = {
    "PendingNew": ("RequireValidation", "New"),
    "Held": ("RequireValidation", "New"),
    "New": ("Executing", "New"),
    "Canceled": ("Complete", "Cancel"),
    "Rejected": ("Rejected", "Reject"),
}


@dataclass(slots=True)
class Terms:
    """What an order asks for: prices in dollars, dates in seconds since 1970, 0 or None where unset."""

    security: Security | None
    side: str
    quantity: float
    type: str
    price: float = 0.0
    stop_price: float = 0.0
    time_in_force: str = "Day"
    expires: float | None = None
    exec_inst: str = "None"
    trailing_stop: tuple[str, float] = ("Absolute", 0.0)
    trailing_limit: tuple[str, float] = ("Absolute", 0.0)
    texts: dict[str, str] = field(default_factory=dict)
    instructions: dict[str, str] = field(default_factory=dict)
    validations: int = 0
    legs: list["Terms"] = field(default_factory=list)

    @property
    def is_buy(self) -> bool:
        """Whether it buys."""
        return self.side in {"Buy", "BuyToCover"}


@dataclass(slots=True, eq=False)
class Order:
    """An order and its state; only `Trading` changes it.

    Parameters
    ----------
    id, account, user : int
        Its own ID, and whose it is.
    terms : Terms
        What it asks for.
    created : float
        When it was placed, in seconds since 1970.
    parent : Order or None, optional
        The conditional order or spread of which this is a leg.
    """

    id: int
    account: int
    user: int
    terms: Terms
    created: float
    parent: "Order | None" = None
    legs: list["Order"] = field(default_factory=list)
    status: str = "PendingNew"
    description: str = ""
    changed: float = 0.0
    executed: float = 0.0
    value: float = 0.0
    last_price: float = 0.0
    last_quantity: float = 0.0
    expires: float | None = None
    state_id: int = 0
    replaces: int = -1
    #: The best price that a trailing order has seen.
    best: float = 0.0
    #: What is set aside for it: cash to buy or to sell short, shares to sell or to cover.
    reserved_cash: float = 0.0
    reserved_shares: float = 0.0
    #: Counts its changes, so that an event that was planned before one is known as outdated.
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled, cancelled or replaced."""
        return self.status in OPEN_STATUSES

    @property
    def is_working(self) -> bool:
        """Whether it may be filled now."""
        return self.status in {"New", "PartiallyFilled"}

    @property
    def is_spread_leg(self) -> bool:
        """Whether it is filled with its parent, never alone."""
        return self.parent is not None and self.parent.terms.type not in CONDITIONAL_TYPES

    @property
    def rivals(self) -> "list[Order]":
        """The working legs that a fill of this one cancels."""
        kind = self.parent.terms.type if self.parent else ""
        if self.parent is None or kind not in {"OneCancelOther", "OneTriggerOneCancelOther"}:
            return []
        legs = self.parent.legs if kind == "OneCancelOther" else self.parent.legs[1:]
        return [leg for leg in legs if leg is not self and leg.is_working] if self in legs else []

    @property
    def leaves(self) -> float:
        """What is not filled yet; 0 once it has ended, and as long as it is pending."""
        if self.status in {"New", "PartiallyFilled", "Held"}:
            return _tidy(self.terms.quantity - self.executed)
        return 0

    @property
    def average(self) -> float:
        """The average price of what is filled."""
        return round(self.value / self.executed, 6) if self.executed else 0

    def as_json(self, exec_inst_unset: object = "None") -> dict[str, object]:
        """Return the order as the API shows it."""
        terms, security = self.terms, self.terms.security
        request, target = _REQUESTS.get(self.status, ("Complete", "Modify"))
        shown: dict[str, object] = {
            "Id": self.id,
            "SecurityId": security.id if security else -1,
            "Symbol": security.symbol if security else "",
            "Quantity": terms.quantity,
            "Price": terms.price,
            "StopPrice": terms.stop_price,
            "ClientId": terms.texts.get("ClientId", f"{self.user}-{self.id}"),
            "ExecutedQuantity": _tidy(self.executed),
            "LastPrice": self.last_price,
            "LastQuantity": _tidy(self.last_quantity),
            "LeavesQuantity": self.leaves,
            "AveragePrice": self.average,
            "Side": terms.side,
            "Date": format_date(self.created),
            "TransactionDate": format_date(self.changed or self.created),
            "SettDate": format_date(self.settlement_date),
            "Status": self.status,
            "ExecutionStatus": self.status if self.status in STATUS_NUMBERS else "New",
            "Type": terms.type,
            "RequestStatus": request,
            "Target": target,
            "TimeInForce": terms.time_in_force,
            "ExecInst": exec_inst_unset if terms.exec_inst == "None" else terms.exec_inst,
            "ExpireDate": format_date(self.expires),
            "AccountId": self.account,
            "UserId": self.user,
            "RequestId": self.id,
            "StateId": self.state_id,
            "ParentId": self.parent.id if self.parent else -1,
            "Legs": [leg.as_json(exec_inst_unset) for leg in self.legs],
            "TrailingStopAmountType": terms.trailing_stop[0],
            "TrailingStopAmount": terms.trailing_stop[1],
            "TrailingLimitAmountType": terms.trailing_limit[0],
            "TrailingLimitAmount": terms.trailing_limit[1],
            "CreateDate": format_date(self.created),
            "InitialType": terms.type,
            "IsExternal": terms.type == "External",
            "ExecutionInstructions": terms.instructions
            | {
                "CorrelationId": f"{self.account:08x}-0000-4000-8000-{self.id:012x}",
                "CreateOrderRequestTimeUnix": str(int(self.created * 1000)),
            },
            "TransType": "New",
            "ValidationsToBypass": terms.validations,
            "ParentRequestId": self.replaces,
            "SettlementDate": format_date(self.settlement_date),
        }
        if self.description:
            shown["Description"] = self.description
        return shown | {name: text for name, text in terms.texts.items() if name != "ClientId" and text}

    @property
    def settlement_date(self) -> float | None:
        """The day after the last fill, at midnight; None if nothing is filled."""
        return (self.changed // 86_400 + 1) * 86_400 if self.executed else None


def _tidy(quantity: float) -> float:
    # Sums of fractions of a share may be off by a rounding error.
    rounded = round(quantity, 6)
    return int(rounded) if rounded == int(rounded) else rounded
