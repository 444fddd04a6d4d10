"""A loopback server with ETNA Trader's REST API and made-up data: real HTTP, no account needed.

It follows ETNA's REST documentation and shares no code with the client, etna_magic, so that one mistake
cannot hide in both.

>>> from etna_magic_sandbox import Sandbox
>>> with Sandbox() as sandbox:
...     print(sandbox.base_url)
http://127.0.0.1:…/api
"""

from etna_magic_sandbox.sandbox import Sandbox
from etna_magic_sandbox.state import RecordedRequest
from etna_magic_sandbox.users import APP_KEY, USERS, User
from etna_magic_sandbox.variants import VARIANTS, Variant

__all__ = ["APP_KEY", "USERS", "VARIANTS", "RecordedRequest", "Sandbox", "User", "Variant"]
