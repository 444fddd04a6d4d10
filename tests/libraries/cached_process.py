"""Run as a process: installs the cache of requests-cache, and imports the package and logs in after that.

It is given the base URL, the cache's file and the methods to cache, and prints what each account got.
"""

import json
import sys

import requests
import requests_cache


def story(base_url: str) -> dict[str, object]:
    """Return what two accounts are answered, and what two calls of the user's own are."""
    from tests.helpers import accounts  # noqa: PLC0415 - the cache has to be there first
    from tests.helpers.logins import log_in, session_of  # noqa: PLC0415

    seen: dict[str, object] = {}
    for username in ("alice", "bob"):
        token = log_in(accounts.credentials(base_url, username=username))
        with session_of(token) as session:
            answers = [session.get("v1.0/me") for _ in range(2)]
            seen[username] = [one.json() for one in (*answers, session.post("v1.0/orders"))]
            seen[f"refused to {username}"] = [session.get("v1.0/refused").status_code for _ in range(2)]
    # What is the user's own goes by the cache, as the user asked for.
    seen["own"] = [requests.get(f"{base_url}/v1.0/own", auth=token, timeout=5).json() for _ in range(2)]
    return seen


if __name__ == "__main__":
    requests_cache.install_cache(sys.argv[2], allowable_methods=sys.argv[3].split(","))
    print(json.dumps(story(sys.argv[1])))
