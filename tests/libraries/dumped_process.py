"""Run as a process: ``save FILE BASE_URL`` logs in and has dill save ``__main__``; ``load FILE`` loads it.

``load`` prints what it found, and what using it raised.
"""

import json
import sys
from importlib import import_module

import dill


def outcome(act) -> str:
    """Return what an act raised."""
    try:
        return str(act())
    except Exception as error:  # noqa: BLE001 - its kind is what is asked
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__" and sys.argv[1] == "save":
    # In no name that stays: dill writes down whatever __main__ has a name for, and the helpers know secrets.
    etna_session = import_module("tests.helpers.logins").session_of(
        import_module("tests.helpers.accounts").token(sys.argv[3])
    )
    etna_token = etna_session.token
    work = {"orders": [1, 2, 3], "session": etna_session}

    def quote() -> str:
        """Use the session as a notebook's function does."""
        return etna_session.get("v1.0/quotes").text

    found, answer = quote(), etna_session.get("v1.0/quotes")
    dill.dump_module(sys.argv[2])
elif __name__ == "__main__":
    dill.load_module(sys.argv[2])
    seen = {
        "work": [work["orders"], found, answer.text],
        "copies": [etna_session.is_copy, work["session"].is_copy, etna_token.is_copy],
        "says": [etna_token.state.name, etna_token.username],
        "raised": [outcome(quote), outcome(etna_token.get_secret_value)],
    }
    print(json.dumps(seen))
