#!/usr/bin/env bash
# requests-cache 1.3.3 (requests 2.34.2)
#
# enabled() and install_cache() put another class in the place of requests.Session. A subclass that is
# defined meanwhile, say in a library that is first imported then, has the cache as a base class for good:
# its sessions go on answering from a cache after the end of enabled(). And while it is on, a session that
# was made before is no requests.Session any more.
#
# Output seen:
#   while enabled: is a session made before a requests.Session? False
#   after the end: requests.get twice, the server was asked 2 times
#   after the end: a client defined meanwhile, twice, the server was asked 1 times
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check requests-cache==1.3.3 requests==2.34.2
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
cat > "$folder/some_library.py" <<'PY'
import requests


class Client(requests.Session):
    pass
PY
PYTHONPATH="$folder" "$folder/venv/bin/python" - <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
import requests_cache

asked = []


class Counter(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Counter)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"

before = requests.Session()
with requests_cache.enabled(backend="memory"):
    is_session = isinstance(before, requests.Session)
    import some_library
print("while enabled: is a session made before a requests.Session?", is_session)

for _ in range(2):
    requests.get(f"{url}/plain")
plain = asked.count("/plain")
print(f"after the end: requests.get twice, the server was asked {plain} times")

client = some_library.Client()
for _ in range(2):
    client.get(f"{url}/client")
by_client = asked.count("/client")
print(f"after the end: a client defined meanwhile, twice, the server was asked {by_client} times")

assert (is_session, plain, by_client) == (False, 2, 1)
PY
