"""The calls on price alerts."""

from collections.abc import Callable

from flask import Response

from etna_magic_sandbox.alerts import Alert
from etna_magic_sandbox.body import Body
from etna_magic_sandbox.call import Call
from etna_magic_sandbox.errors import RefusedError, conflict, no_such_object
from etna_magic_sandbox.listing import Getter, Paging, page_response
from etna_magic_sandbox.messages import empty_response, json_response
from etna_magic_sandbox.securities import find_security_by_id

OPERATORS = ("GTEQ", "LTEQ")
QUOTE_FIELDS = ("Ask", "Bid", "Last")
STATES = ("New", "Expired", "Completed", "Stopped")
MEMBERS = ("State", "Operator", "SecurityId", "Field", "Argument", "ExpirationDate")


def _getter(name: str) -> Getter:
    return lambda alert: alert[name]


FIELDS: dict[str, Getter] = {
    name.lower(): _getter(name) for name in ("Id", "CreatedDate", "Symbol", *MEMBERS)
}


def list_alerts(call: Call) -> Response:
    """Return a page of the user's price alerts."""
    paging = Paging.of(call.request, FIELDS, ("sortBy", "isDesc"), by_default=False)
    found = paging.select(call.state.alerts.of_user(call.user), FIELDS)
    null_links = call.state.has("null-links")
    return page_response(call.request, paging, found, dict, null_links=null_links)


def add_alert(call: Call) -> Response:
    """Add a price alert."""
    fields = _fields(Body.of(call.request, "priceAlert"))
    return json_response(call.state.alerts.put(call.user, fields))


def get_alert(call: Call) -> Response:
    """Return a price alert."""
    return json_response(_alert(call))


def change_alert(call: Call) -> Response:
    """Change a price alert."""
    alert = _alert(call, conflict)
    fields = _fields(Body.of(call.request, "priceAlert"))
    return json_response(call.state.alerts.put(call.user, fields, alert["Id"]))


def remove_alert(call: Call) -> Response:
    """Remove a price alert."""
    return empty_response() if call.state.alerts.remove(call.user, call.ids["alert"]) else conflict()


def _alert(call: Call, refusal: Callable[[], Response] = no_such_object) -> Alert:
    alert = call.state.alerts.get(call.user, call.ids["alert"])
    if alert is None:
        raise RefusedError(refusal())
    return alert


def _fields(body: Body) -> Alert:
    if not all(body.has(name) for name in MEMBERS):
        raise RefusedError(conflict())  # ETNA's answer to a member that is missing
    security = find_security_by_id(body.integer("SecurityId"))
    if security is None:
        body.problem("SecurityId")
    fields: Alert = {
        "State": body.choice("State", STATES),
        "Operator": body.choice("Operator", OPERATORS),
        "SecurityId": security.id if security else 0,
        "Symbol": security.symbol if security else "",
        "Field": body.choice("Field", QUOTE_FIELDS),
        "Argument": body.number("Argument", least=0),
        "ExpirationDate": body.integer("ExpirationDate", least=0),
    }
    body.check()
    return fields
