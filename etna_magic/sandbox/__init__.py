"""A loopback server with ETNA Trader's REST API and made-up data: real HTTP, no account needed.

It follows ETNA's REST documentation and shares no code with the client of this package, so that
one mistake cannot hide in both.

>>> from etna_magic.sandbox import Sandbox
>>> with Sandbox() as sandbox:
...     print(sandbox.base_url)
http://127.0.0.1:…/api
"""

from importlib import import_module
from typing import TYPE_CHECKING

from etna_magic.sandbox.users import APP_KEY, USERS, User
from etna_magic.sandbox.variants import VARIANTS, Variant

if TYPE_CHECKING:
    from etna_magic.sandbox.sandbox import Sandbox
    from etna_magic.sandbox.state import RecordedRequest

__all__ = ["APP_KEY", "USERS", "VARIANTS", "RecordedRequest", "Sandbox", "User", "Variant"]

# The server is an optional extra. What needs it is imported on first use, so that the lists of users and
# variants can be read without it.
IMPORTED_LATER = {"RecordedRequest": "state", "Sandbox": "sandbox"}
SERVER_IS_MISSING = "The sandbox needs Flask and cheroot: pip install 'etna-magic[sandbox]'"


def __getattr__(name: str) -> object:
    if name not in IMPORTED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{IMPORTED_LATER[name]}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"cheroot", "flask", "werkzeug"}:
            raise
        raise ImportError(SERVER_IS_MISSING) from error
    return getattr(module, name)
