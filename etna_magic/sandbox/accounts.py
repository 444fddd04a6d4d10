"""The calls on the user: details, accounts, positions and price alerts."""

import itertools
import threading
from collections.abc import Callable

from flask import Blueprint, Response, request

from etna_magic.sandbox.auth import check_account, current_user
from etna_magic.sandbox.messages import RequestBody, error_response, format_date, json_response, refuse
from etna_magic.sandbox.orders import OrderBook
from etna_magic.sandbox.securities import find_security_by_id
from etna_magic.sandbox.users import account_ids, user_id

FIRST_ALERT_ID = 301
OPERATORS = ("GTEQ", "LTEQ", "GT", "LT", "EQ")
QUOTE_FIELDS = ("Bid", "Ask", "Last")


class AlertStore:
    """Keeps the price alerts of all users; none is ever triggered.

    Parameters
    ----------
    clock : callable
        Returns the time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._alerts: dict[tuple[str, int], dict[str, object]] = {}
        self._ids = itertools.count(FIRST_ALERT_ID)

    def of_user(self, user: str) -> list[dict[str, object]]:
        """Return a user's alerts, oldest first."""
        with self._lock:
            return [alert for (owner, _), alert in self._alerts.items() if owner == user]

    def add(self, user: str, fields: dict[str, object]) -> dict[str, object]:
        """Add an alert and return it with its ID and date."""
        with self._lock:
            alert_id = next(self._ids)
            alert = {"Id": alert_id, **fields, "CreatedDate": format_date(self._clock())}
            self._alerts[user, alert_id] = alert
            return alert

    def remove(self, user: str, alert_id: int) -> bool:
        """Remove a user's alert; return whether there was one."""
        with self._lock:
            return self._alerts.pop((user, alert_id), None) is not None

    def clear(self) -> None:
        """Remove every alert and restart the IDs."""
        with self._lock:
            self._alerts.clear()
            self._ids = itertools.count(FIRST_ALERT_ID)


class AccountCalls:
    """The calls, as views of the Flask application.

    Parameters
    ----------
    book : OrderBook
        Knows the positions.
    alerts : AlertStore
        The price alerts.
    """

    def __init__(self, book: OrderBook, alerts: AlertStore) -> None:
        self._book = book
        self._alerts = alerts

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes of these calls."""
        me, alerts = "/v1.0/users/@me", "/v1.0/users/@me/pricealerts"
        positions = "/v1.0/accounts/<int:account>/positions"
        blueprint.add_url_rule(f"{me}/info", view_func=self.info)
        blueprint.add_url_rule(f"{me}/accounts", view_func=self.accounts)
        blueprint.add_url_rule(positions, view_func=self.positions)
        blueprint.add_url_rule(alerts, view_func=self.list_alerts, methods=["GET"])
        blueprint.add_url_rule(alerts, view_func=self.add_alert, methods=["POST"])
        blueprint.add_url_rule(f"{alerts}/<int:alert_id>", view_func=self.remove_alert, methods=["DELETE"])

    def info(self) -> Response:
        """Return the user's details."""
        return json_response(
            {
                "UserId": user_id(current_user()),
                "FirstName": "Sandbox",
                "LastName": "User",
                "Login": current_user(),
                "Email": f"{current_user()}@sandbox.invalid",
                "AddedDate": "2019-01-14T12:27:37.6205663Z",
            }
        )

    def accounts(self) -> Response:
        """Return the user's two accounts."""
        return json_response([_account(number) for number in account_ids(current_user())])

    def positions(self, account: int) -> Response:
        """Return an account's positions: an array, or an object with `Result` for `?wrapped=1`.

        ETNA's REST documentation shows both.
        """
        check_account(account)
        positions = self._book.positions(account)
        is_wrapped = request.args.get("wrapped") == "1"
        return json_response({"Result": positions} if is_wrapped else positions)

    def list_alerts(self) -> Response:
        """Return the user's price alerts."""
        return json_response(self._alerts.of_user(current_user()))

    def add_alert(self) -> Response:
        """Add a price alert."""
        fields = _alert_fields(RequestBody.of_current_request())
        return json_response(self._alerts.add(current_user(), fields))

    def remove_alert(self, alert_id: int) -> Response:
        """Remove a price alert."""
        if not self._alerts.remove(current_user(), alert_id):
            return error_response(f"Price alert {alert_id} is not found.", 404)
        return Response(status=204)


def _account(number: int) -> dict[str, object]:
    return {
        "Id": number,
        "ClearingAccount": str(number),
        "Enabled": True,
        "AccessType": "Owner",
        "MarginType": "MarginX2",
        "Currency": "USD",
        "UserId": user_id(current_user()),
    }


def _alert_fields(body: RequestBody) -> dict[str, object]:
    security_id = body.number("SecurityId")
    if not isinstance(security_id, int) or find_security_by_id(security_id) is None:
        refuse("The field SecurityId must name a known security.")
    return {
        "State": body.choice("State", ("New",), "New"),
        "Operator": body.choice("Operator", OPERATORS),
        "SecurityId": security_id,
        "Field": body.choice("Field", QUOTE_FIELDS),
        "Argument": body.positive("Argument"),
        "ExpirationDate": body.number("ExpirationDate", 0),
    }
