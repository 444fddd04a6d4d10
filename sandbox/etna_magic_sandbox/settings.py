"""The trading settings of each user: defaults for order tickets, which a client may change."""

import threading
from copy import deepcopy
from typing import Any

SHOWN = (
    "SkipVerifyOrder",
    "SkipVerifyCancelOrder",
    "SkipVerifyClosingPosition",
    "SkipVerifyOrderReplace",
    "SkipPlaceOrderStatus",
    "SkipCancelOrderStatus",
    "SkipClosingPositionStatus",
    "SkipOrderReplaceStatus",
)
NUMBERS = {
    "QuantityStepIncrementMultiplier": 1,
    "PriceStepIncrementMultiplier": 1,
    "MaxStocksQuantity": 10_000,
    "MaxOptionsQuantity": 100,
}
POPUP = "DoNotCloseTradePopupOnOrderPlacement"
INSTRUMENTS = {"Stocks": 100, "Options": 1, "Forex": 1000}

Settings = dict[str, Any]


class SettingsStore:
    """Keeps the settings of all users."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settings: dict[str, Settings] = {}

    def get(self, user: str) -> Settings:
        """Return a user's settings."""
        with self._lock:
            return deepcopy(self._settings.get(user) or _defaults())

    def put(self, user: str, settings: Settings) -> None:
        """Keep a user's settings."""
        with self._lock:
            self._settings[user] = settings

    def clear(self) -> None:
        """Go back to the defaults."""
        with self._lock:
            self._settings.clear()


def _defaults() -> Settings:
    instruments = {kind: _instrument(quantity) for kind, quantity in INSTRUMENTS.items()}
    instruments["Options"]["Spreads"] = 0
    return {"Instruments": instruments} | NUMBERS | dict.fromkeys(SHOWN, "Show") | {POPUP: False}


def _instrument(quantity: int) -> Settings:
    return {
        "OrderType": "Market",
        "Quantity": quantity,
        "DurationType": "Day",
        "ExchangeType": "Auto",
        "AON": False,
        "ExtendedHoursType": "REG",
    }
