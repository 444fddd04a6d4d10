"""The sandbox by the name under which users import and run it; it is the extra ``sandbox``.

The server is a distribution of its own, ``etna-magic-sandbox``, since not everybody needs it.

>>> from etna_magic.sandbox import Sandbox
>>> with Sandbox() as sandbox:
...     print(sandbox.base_url)
http://127.0.0.1:…/api
"""

import sys

IS_MISSING = (
    "The embedded sandbox needs its extra: run pip install 'etna-magic[sandbox]' "
    "(%pip in a notebook), then start again."
)

try:
    from etna_magic_sandbox import APP_KEY, USERS, VARIANTS, RecordedRequest, Sandbox, User, Variant
except ImportError as error:
    if __name__ == "__main__":
        sys.exit(IS_MISSING)
    raise ImportError(IS_MISSING) from error

__all__ = ["APP_KEY", "USERS", "VARIANTS", "RecordedRequest", "Sandbox", "User", "Variant"]

if __name__ == "__main__":
    from etna_magic_sandbox.__main__ import main

    sys.exit(main(program="python -m etna_magic.sandbox"))
