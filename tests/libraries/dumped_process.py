"""Run as a process: ``save FILE BASE_URL`` logs in and has dill save ``__main__``; ``load FILE`` loads it.

``load`` prints what it found, and what using it raised.
"""

import json
import sys
from importlib import import_module

import dill

action, file = sys.argv[1:3]
if action == "save":
    # In no name that stays: dill writes down whatever __main__ has a name for, and the helpers know secrets.
    etna_session = import_module("tests.helpers.logins").session_of(
        import_module("tests.helpers.accounts").token(sys.argv[3])
    )
    etna_token = etna_session.token
    work = {"orders": [1, 2, 3], "session": etna_session}

    def quote() -> str:
        """Use the session as a notebook's function does."""
        return etna_session.get("v1.0/quotes").text

    found = quote()
    answer = etna_session.get("v1.0/quotes")
    dill.dump_module(file)
else:
    dill.load_module(file)
    seen = {"work": work["orders"], "found": found, "body": answer.text, "copy": etna_session.is_copy}
    seen["state"] = [etna_token.state.name, etna_token.username, repr(etna_session)]
    for name, act in (("session", quote), ("token", etna_token.get_secret_value)):
        try:
            act()
        except Exception as error:  # noqa: BLE001 - its kind is what is asked
            seen[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(seen))
