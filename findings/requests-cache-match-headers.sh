#!/usr/bin/env bash
# requests-cache 1.3.3 (requests 2.34.2)
#
# match_headers=["Authorization"] alone has no effect, and neither has match_headers=True for this header:
# Authorization is in the default of ignored_parameters, which is applied first, and nothing warns. Two
# accounts that read one URL share one answer. The guide's example on security sets both options.
#
# Output seen:
#   match_headers=['Authorization']                         alice: alice  bob: alice
#   match_headers=True                                      alice: alice  bob: alice
#   match_headers=['X-User']                                alice: alice  bob: bob
#   match_headers=['Authorization'], ignored_parameters=[]  alice: alice  bob: bob
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check requests-cache==1.3.3 requests==2.34.2
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
"$folder/venv/bin/python" - <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from requests_cache import CachedSession


class WhoAmI(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.headers["Authorization"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), WhoAmI)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/me"


def ask(name, **options):
    """Ask as two users, by a cache with these options."""
    # X-User is sent only where it is what the cache is told to look at.
    extra = "X-User" in name
    session = CachedSession(backend="memory", **options)
    found = []
    for who in ("alice", "bob"):
        headers = {"Authorization": who} | ({"X-User": who} if extra else {})
        found.append(session.get(url, headers=headers).text)
    print(f"{name:<54}  alice: {found[0]}  bob: {found[1]}")
    return found


shared, apart = ["alice", "alice"], ["alice", "bob"]
assert shared == ask("match_headers=['Authorization']", match_headers=["Authorization"])
assert shared == ask("match_headers=True", match_headers=True)
assert apart == ask("match_headers=['X-User']", match_headers=["X-User"])
assert apart == ask(
    "match_headers=['Authorization'], ignored_parameters=[]",
    match_headers=["Authorization"],
    ignored_parameters=[],
)
PY
