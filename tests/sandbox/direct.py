"""The sandbox without HTTP: requests go to its WSGI application, so that a property test can make many."""

import io
import json
from typing import Any, NoReturn

from etna_magic_sandbox.app import Application
from etna_magic_sandbox.state import Rules, State
from etna_magic_sandbox.users import APP_KEY

ACCOUNT = "/api/v1.0/accounts/83268"  # demo's second account, which has no orders at the start


def _raise(error: Exception) -> NoReturn:
    raise error


class Direct:
    """Demo's calls to a sandbox in this thread.

    Parameters
    ----------
    now : float
        The time at the start, in seconds since 1970.
    variants : str
        The names of variants that are switched on.
    """

    def __init__(self, now: float, *variants: str) -> None:
        self.now = now
        rules = Rules(None, call_limits=False, variants=frozenset(variants))
        self.state = State(rules, 1e9, lambda: self.now)
        self._app = Application(self.state)
        self._app.register_error_handler(Exception, _raise)  # so that a test fails on it
        self._token = self.state.tokens.issue("demo")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Make a call, and return its status and the parsed body; a body of bytes is sent as it is."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.encode().decode("latin-1"),  # as WSGI has it
            "QUERY_STRING": query.encode().decode("latin-1"),
            "HTTP_ET_APP_KEY": APP_KEY,
            "HTTP_AUTHORIZATION": f"Bearer {self._token}",
            "HTTP_HOST": "127.0.0.1:1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "1",
            "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
            "wsgi.url_scheme": "http",
        }
        statuses: list[str] = []
        text = b"".join(self._app(environ, lambda status, _: statuses.append(status)))
        return int(statuses[0][:3]), json.loads(text) if text else None

    def get(self, path: str) -> Any:
        """Read something that must be there."""
        status, body = self.call("GET", ACCOUNT + path)
        assert 200 == status, body
        return body

    def place_order(self, **terms: Any) -> Any:
        """Place an order that is not refused, and return it."""
        order = {"Symbol": "KO", "Type": "Limit", "Side": "Buy", "Quantity": 10} | terms
        status, body = self.call("POST", f"{ACCOUNT}/orders", order)
        assert 200 == status, body
        return body

    def order(self, number: int) -> Any:
        """Return an order as it is now."""
        return self.get(f"/orders/{number}")

    def last(self, symbol: str = "KO") -> float:
        """Return a symbol's last price, as a preview has it."""
        order = {"Symbol": symbol, "Type": "Market", "Side": "Buy", "Quantity": 1}
        _, preview = self.call("POST", f"{ACCOUNT}/preview/orders", order)
        return preview["Quotes"][0]["Last"]

    def cancel(self, number: int) -> int:
        """Cancel an order, and return the status of the answer."""
        return self.call("DELETE", f"{ACCOUNT}/orders/{number}")[0]

    def held(self, symbol: str = "KO") -> float:
        """Return how much of a symbol is held."""
        return sum(position["Quantity"] for position in self.get(f"/positions/{symbol}"))
