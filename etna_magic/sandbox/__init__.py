"""An ETNA Trader server for your own machine: real HTTP, made-up data, no account needed.

It answers as ETNA's REST documentation says and shares no code with the client of this
package, so that one mistake cannot hide in both.

>>> from etna_magic.sandbox import Sandbox
>>> with Sandbox() as sandbox:
...     sandbox.base_url.startswith("http://127.0.0.1:")
True
"""

from typing import TYPE_CHECKING

from etna_magic.sandbox.records import Seen
from etna_magic.sandbox.users import APP_KEY, USERS, User

if TYPE_CHECKING:
    from etna_magic.sandbox.server import Sandbox

__all__ = ["APP_KEY", "USERS", "Sandbox", "Seen", "User"]

NEEDS_FLASK = "The sandbox needs Flask, which is not installed: pip install 'etna-magic[sandbox]'"


def __getattr__(name: str) -> object:
    # Flask is an optional extra: it is imported when a server is wanted and no earlier, so that
    # the list of users can be read without it.
    if name != "Sandbox":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from etna_magic.sandbox.server import Sandbox  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        if error.name not in {"flask", "werkzeug"}:
            raise
        raise ImportError(NEEDS_FLASK) from error
    return Sandbox
