"""A server that answers with the members that every source has, and with no others.

The tutorials run against it unchanged: so they read nothing that only the sandbox sends.
"""

import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

APP_KEY, USERNAME, PASSWORD = "bWluaW1hbA==", "demo", "minimal-Sesame-17"
ACCOUNT = 83_267
DATE = "2019-01-14T12:27:37.6205663Z"
UNSET = "0001-01-01T00:00:00Z"

USER = {
    "UserId": 644,
    "FirstName": "A",
    "MiddleName": "",
    "LastName": "B",
    "Login": USERNAME,
    "Email": "a@b.invalid",
    "AddedDate": DATE,
    "Salutation": "NoSalutation",
    "Suffix": "NoSuffix",
}
ACCOUNTS = [
    {
        "Id": ACCOUNT,
        "ClearingAccount": str(ACCOUNT),
        "AccessType": "Owner",
        "MarginType": "Margin",
        "OwnerType": "IndividualCustomer",
        "Enabled": True,
        "ClearingFirm": "X",
        "IsAverageAccount": False,
        "Owners": [USER],
    }
]
POSITION = {
    **dict.fromkeys(("ContractSize", "DayQuantity", "ExcessChanges", "StopLossPrice", "TakeProfitPrice"), 0),
    **dict.fromkeys(("RealizedProfitLoss", "AverageClosePrice", "DailyCloseProfitLoss", "MarketValueEOD"), 0),
    **dict.fromkeys(("CostBasis", "DailyCostBasis"), 400),
    "Id": 1,
    "AccountId": ACCOUNT,
    "SecurityId": 4,
    "Symbol": "AAPL",
    "Quantity": 40,
    "AverageOpenPrice": 10,
    **dict.fromkeys(("Name", "CompanyName"), "Apple Inc."),
    "SecurityCurrency": "USD",
    "SecurityType": "CommonStock",
    "CreateDate": DATE,
    "ModifyDate": DATE,
}
QUOTE = {"Ask": 10.02, "Bid": 10.0, "Last": 10.01, "Volume": 100, "OpenInterest": 0}
PREVIEW = {
    "IsSuccessful": True,
    "Commission": 0,
    "Commissions": {},
    "Cost": 100,
    "NetCost": 100,
    "TotalCost": 100,
    "MarginChange": 50,
    "Quotes": [QUOTE],
}
DENIED = {"Message": "Authorization has been denied for this request."}


class MinimalServer:
    """The server, on a free port of loopback; a context manager.

    It has what `--sandbox` asks of the embedded sandbox, and can stand in its place.
    """

    app_key = APP_KEY

    def __init__(self) -> None:
        self.lifetime = 86_400.0
        self.orders: dict[int, dict[str, Any]] = {}
        self.alerts: dict[int, dict[str, Any]] = {}
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/api"
        self.add_order({"Symbol": "AAPL", "Type": "Market", "Side": "Buy", "Quantity": 40}, "Filled")
        self.add_order({"Symbol": "AAPL", "Type": "Limit", "Side": "Sell", "Quantity": 4, "Price": 90}, "New")
        self.add_order({"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 4, "Price": 1}, "New")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def start(self) -> Self:
        """Serve; a daemon thread ends with the process."""
        return self.__enter__()

    def password_of(self, name: str) -> str:
        """Return the password of the only user."""
        if name != USERNAME:
            raise ValueError(f"No user is called {name!r}; there are {USERNAME}.")
        return PASSWORD

    def add_order(self, body: dict[str, Any], status: str) -> dict[str, Any]:
        """Keep an order, with the members of E's samples and Symbol."""
        number = 5001 + len(self.orders)
        done = body["Quantity"] if status == "Filled" else 0
        self.orders[number] = {
            "Id": number,
            "Symbol": body["Symbol"],
            "SecurityId": 4,
            "Quantity": body["Quantity"],
            "Price": body.get("Price", 0),
            "ClientId": str(number),
            **dict.fromkeys(("StopPrice", "LastPrice", "LastQuantity", "LeavesQuantity", "AveragePrice"), 0),
            "ExecutedQuantity": done,
            "Side": body["Side"],
            "Type": body["Type"],
            "Status": status,
            **dict.fromkeys(("Date", "TransactionDate", "CreateDate"), DATE),
            **dict.fromkeys(("SettDate", "ExpireDate", "SettlementDate"), UNSET),
            "ExecutionStatus": status,
            "RequestStatus": "RequireValidation",
            "Target": "New",
            "TimeInForce": body.get("TimeInforce", "Day"),
            "ExecInst": 0,
            "AccountId": ACCOUNT,
            "UserId": 644,
            **dict.fromkeys(("RequestId", "StateId", "ValidationsToBypass", "ParentRequestId"), 0),
            "ParentId": -1,
            "Legs": [],
            "InitialType": body["Type"],
            "IsExternal": False,
            **dict.fromkeys(("TrailingStopAmountType", "TrailingLimitAmountType"), "Absolute"),
            **dict.fromkeys(("TrailingStopAmount", "TrailingLimitAmount"), 0),
            "ExecutionInstructions": {},
            "TransType": "New",
        }
        return self.orders[number]

    def page(self, items: list[Any], path: str, query: dict[str, str]) -> dict[str, Any]:
        """Return a page."""
        number, size = int(query["pageNumber"]), int(query["pageSize"])
        more = len(items) > (number + 1) * size
        rest = "".join(f"&{name}={value}" for name, value in query.items() if not name.startswith("page"))
        link = f"{self.base_url}{path}?pageNumber={{}}&pageSize={size}{rest}"
        return {
            "Result": items[number * size : (number + 1) * size],
            "NextPageLink": link.format(number + 1) if more else "",
            "PreviousPageLink": link.format(number - 1) if number else "",
            "TotalCount": len(items),
        }

    def respond(  # noqa: PLR0911 - one for each call
        self, call: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        match call.split():
            case ["GET", "/v1.0/users/@me/info"]:
                return 200, USER
            case ["GET", "/v1.0/users/@me/accounts"]:
                return 200, ACCOUNTS
            case ["PUT", "/v1.0/history/symbols"]:
                return 200, {"SecurityHistory": [_candles(body)], "IndicatorsHistory": []}
            case ["GET", symbol] if symbol.startswith("/v1.0/equities/"):
                return 200, _equity(symbol.rpartition("/")[2])
        if f"/accounts/{ACCOUNT}" in path:
            return self._of_account(call.replace(f"/accounts/{ACCOUNT}", "/accounts/A"), path, query, body)
        if "/pricealerts" in path:
            return self._of_alerts(call, path, query, body)
        return 401, DENIED

    def _of_account(  # noqa: PLR0911 - one for each call
        self, call: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        number = int(found[1]) if (found := re.search(r"/orders/(\d+)$", path)) else 0
        match re.sub(r"/orders/\d+$", "/orders/N", call).split():
            case ["GET", "/v1.0/accounts/A/positions"] if {"pageNumber", "sortField", "desc"} <= set(query):
                return 200, self.page([POSITION], path, query)
            case ["GET", "/v1.0/accounts/A/orders"] if "pageNumber" in query:
                return 200, self.page([*self.orders.values()][::-1], path, query)
            case ["POST", "/v1.0/accounts/A/orders"]:
                return 200, self.add_order(body, "PendingNew")
            case ["POST", "/v1.0/accounts/A/preview/orders"]:
                return 200, PREVIEW
            case ["GET", "/v1.0/accounts/A/orders/N"] if number in self.orders:
                return 200, self.orders[number]
            case ["DELETE", "/v1.0/accounts/A/orders/N"] if number in self.orders:
                if self.orders[number]["Status"] == "Filled":
                    return 409, None
                self.orders[number]["Status"] = "Canceled"
                return 204, None
        return 404, {"Message": f"No HTTP resource was found that matches the request URI '{path}'."}

    def _of_alerts(self, call: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        number = int(found[1]) if (found := re.search(r"/(\d+)$", path)) else 0
        method = call.split(maxsplit=1)[0]
        if method == "POST":
            number = 301 + len(self.alerts)
            self.alerts[number] = {"Id": number, **body, "CreatedDate": int(time.time())}
            return 200, self.alerts[number]
        if method == "DELETE":
            return (204, None) if self.alerts.pop(number, None) else (409, None)
        return 200, self.page([*self.alerts.values()], path, query)


def _equity(symbol: str) -> dict[str, Any]:
    return {
        "Id": 4,
        "Symbol": symbol,
        "Description": symbol,
        "Exchange": "XNAS",
        "Currency": "USD",
        "AddedDate": DATE,
        "ModifyDate": DATE,
        "Type": "CommonStock",
        "Precision": 2,
        "VolumePrecision": 0,
        "TickSize": 0.01,
        **dict.fromkeys(("Enabled", "AllowTrade", "AllowMargin", "AllowShort"), True),
    }


def _candles(body: dict[str, Any]) -> list[dict[str, Any]]:
    settings = body["SecurityHistorySettings"]
    first, last = settings["StartDate"] // 86_400 + 1, settings["EndDate"] // 86_400
    return [
        {
            "ValuationLevels": [],
            "IsMarket": True,
            "Volume": 100,
            "OpenInterest": 0,
            "Time": day * 86_400,
            "DateTime": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(day * 86_400)),
            "Open": 10.0,
            "High": 11.0 + day % 3,
            "Low": 9.0,
            "Close": 10.0 + day % 2,
        }
        for day in range(first, last + 1)
    ]


class _Listener(ThreadingHTTPServer):
    owner: MinimalServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        path, _, query = self.path.removeprefix("/api").partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        token = self.headers.get("Authorization") == "Bearer bWluaW1hbA+="
        if path == "/token":
            right = self.headers.get("Password") == PASSWORD and self.headers.get("Et-App-Key") == APP_KEY
            failed = {"State": "Failed", "Reason": "Invalid credentials"}
            succeeded = {"State": "Succeeded", "Token": "bWluaW1hbA+="}
            status, found = (200, succeeded) if right else (401, failed)
        elif not token:
            status, found = 401, DENIED
        else:
            pairs = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
            path = path.removesuffix("/")
            status, found = self.server.owner.respond(f"{self.command} {path}", path, pairs, body)
        data = b"" if found is None else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the base's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""
