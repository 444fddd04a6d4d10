"""A loopback server with ETNA Trader's REST API and made-up data: real HTTP, no account needed.

It follows ETNA's REST documentation and shares no code with the client of this package, so that
one mistake cannot hide in both.

>>> from etna_magic.sandbox import Sandbox
>>> with Sandbox() as sandbox:
...     sandbox.base_url.startswith("http://127.0.0.1:")
True
"""

from importlib import import_module
from typing import TYPE_CHECKING

from etna_magic.sandbox.users import APP_KEY, USERS, User

if TYPE_CHECKING:
    from etna_magic.sandbox.sandbox import Sandbox
    from etna_magic.sandbox.state import RecordedRequest

__all__ = ["APP_KEY", "USERS", "RecordedRequest", "Sandbox", "User"]

# Flask is an optional extra. What needs it is imported on first use, so that the list of users can
# be read without it.
NEEDS_FLASK = {"RecordedRequest": "state", "Sandbox": "sandbox"}
FLASK_IS_MISSING = "The sandbox needs Flask, which is not installed: pip install 'etna-magic[sandbox]'"


def __getattr__(name: str) -> object:
    if name not in NEEDS_FLASK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{NEEDS_FLASK[name]}")
    except ModuleNotFoundError as error:
        if error.name not in {"flask", "werkzeug"}:
            raise
        raise ImportError(FLASK_IS_MISSING) from error
    return getattr(module, name)
