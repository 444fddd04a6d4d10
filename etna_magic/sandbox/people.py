"""The calls on the user: who it is, the accounts, what they hold, and price alerts."""

from typing import Any

from flask import Blueprint, Response, request

from etna_magic.sandbox import fields
from etna_magic.sandbox.answers import answer, complaint
from etna_magic.sandbox.desk import accounts_of, user_id
from etna_magic.sandbox.gate import body, check_account, user
from etna_magic.sandbox.securities import find_by_id
from etna_magic.sandbox.state import State

OPERATORS = ("GTEQ", "LTEQ", "GT", "LT", "EQ")
FIELDS = ("Bid", "Ask", "Last")


class PeopleCalls:
    """The calls, each a view of the application.

    Parameters
    ----------
    state : State
        Where positions and alerts are kept.
    """

    def __init__(self, state: State) -> None:
        self._desk = state.desk
        self._alerts = state.alerts

    def add_to(self, calls: Blueprint) -> None:
        """Add the routes of these calls."""
        me, alerts = "/v1.0/users/@me", "/v1.0/users/@me/pricealerts"
        positions = "/v1.0/accounts/<int:account>/positions"
        calls.add_url_rule(f"{me}/info", view_func=self.info)
        calls.add_url_rule(f"{me}/accounts", view_func=self.accounts)
        calls.add_url_rule(positions, view_func=self.positions)
        calls.add_url_rule(alerts, view_func=self.list_alerts, methods=["GET"])
        calls.add_url_rule(alerts, view_func=self.add_alert, methods=["POST"])
        one = f"{alerts}/<int:number>"
        calls.add_url_rule(one, view_func=self.remove_alert, methods=["DELETE"])

    def info(self) -> Response:
        """Return who the token belongs to."""
        return answer(
            {
                "UserId": user_id(user()),
                "FirstName": "Sandbox",
                "LastName": "User",
                "Login": user(),
                "Email": f"{user()}@sandbox.invalid",
                "AddedDate": "2019-01-14T12:27:37.6205663Z",
            }
        )

    def accounts(self) -> Response:
        """Return the user's two accounts."""
        return answer([_account(number) for number in accounts_of(user())])

    def positions(self, account: int) -> Response:
        """Return what an account holds: a bare array, or inside `Result` with `?wrapped=1`.

        ETNA's REST documentation shows both shapes.
        """
        check_account(account)
        held = self._desk.positions(account)
        return answer({"Result": held} if request.args.get("wrapped") == "1" else held)

    def list_alerts(self) -> Response:
        """Return the user's price alerts."""
        return answer(self._alerts.of(user()))

    def add_alert(self) -> Response:
        """Keep a price alert."""
        return answer(self._alerts.add(user(), _alert(body())))

    def remove_alert(self, number: int) -> Response:
        """Drop a price alert."""
        if not self._alerts.remove(user(), number):
            return complaint(f"Price alert {number} is not found.", 404)
        return Response(status=204)


def _account(number: int) -> dict[str, object]:
    return {
        "Id": number,
        "ClearingAccount": str(number),
        "Enabled": True,
        "AccessType": "Owner",
        "MarginType": "MarginX2",
        "Currency": "USD",
        "UserId": user_id(user()),
    }


def _alert(sent: dict[str, Any]) -> dict[str, object]:
    number = fields.number(sent, "SecurityId")
    if not isinstance(number, int) or find_by_id(number) is None:
        fields.refuse("The field SecurityId must name a known security.")
    return {
        "State": fields.choice(sent, "State", ("New",), "New"),
        "Operator": fields.choice(sent, "Operator", OPERATORS),
        "SecurityId": number,
        "Field": fields.choice(sent, "Field", FIELDS),
        "Argument": fields.positive(sent, "Argument"),
        "ExpirationDate": fields.number(sent, "ExpirationDate", 0),
    }
