"""Run as a process: installs the cache of requests-cache, and imports the package and logs in after that.

It is given the base URL, the cache's file and the methods to cache, and prints what each account was answered.
"""

import json
import sys

import requests
import requests_cache

base_url, file, methods = sys.argv[1:]
requests_cache.install_cache(file, allowable_methods=methods.split(","))

from tests.helpers import accounts  # noqa: E402 - the cache has to be there first
from tests.helpers.logins import log_in, session_of  # noqa: E402

seen = {}
for username in ("alice", "bob"):
    token = log_in(accounts.credentials(base_url, username=username))
    with session_of(token) as session:
        seen[username] = [session.get("v1.0/me").json() for _ in range(2)]
        seen[username].append(session.post("v1.0/orders").json())
        seen[f"{username} was refused"] = session.get("v1.0/refused").status_code
        seen[f"{username} was refused again"] = session.get("v1.0/refused").status_code
# What is the user's own goes by the cache, as the user asked for.
seen["own"] = [requests.get(f"{base_url}/v1.0/own", auth=token, timeout=5).json() for _ in range(2)]
print(json.dumps(seen))
