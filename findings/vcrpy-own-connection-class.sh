#!/usr/bin/env bash
# vcrpy 9.4.2 (requests 2.34.2, urllib3 2.8.0)
#
# vcrpy swaps ConnectionCls on the classes of urllib3's pools. Where an adapter sets it on its pool, the
# request passes vcrpy unseen: with record_mode="none" it goes to the network, without an error. (The guide
# has custom_patches for classes of one's own; it does not say that the mode is void without.) The same
# class given as a function, which urllib3 itself takes, ends in a TypeError instead, none of requests'.
# Made from the pool's class at the time of the call, it is recorded.
#
# Output seen:
#   nothing set              CannotOverwriteExistingCassetteException, the server was asked 0 times
#   a class of one's own     200, the server was asked 1 times
#   a function that makes it TypeError, the server was asked 0 times
#   a class made when called CannotOverwriteExistingCassetteException, the server was asked 0 times
#   the function, no vcrpy   200, the server was asked 1 times
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    vcrpy==9.4.2 requests==2.34.2 urllib3==2.8.0
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
import vcr
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

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
url = f"http://127.0.0.1:{server.server_port}/"


class Quiet(HTTPConnection):
    debuglevel = 0


def make_quiet(*args, **kwargs):
    return Quiet(*args, **kwargs)


class Adapter(HTTPAdapter):
    def __init__(self, choose):
        super().__init__()
        self.choose = choose

    def get_connection_with_tls_context(self, *args, **kwargs):
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if self.choose:
            pool.ConnectionCls = self.choose(pool)
        return pool


def get(choose):
    """Return what one request ends in."""
    with requests.Session() as session:
        session.mount("http://", Adapter(choose))
        try:
            return session.get(url).status_code
        except Exception as error:
            return type(error).__name__


def tell(name, choose, *, has_tape=True):
    asked.clear()
    if has_tape:
        with vcr.use_cassette("tape.yaml", record_mode="none"):
            outcome = get(choose)
    else:
        outcome = get(choose)
    print(f"{name:<24} {outcome}, the server was asked {len(asked)} times")
    return outcome, len(asked)


def made_when_called(pool):
    return type("Made", (type(pool).ConnectionCls,), {"debuglevel": 0})


refused = ("CannotOverwriteExistingCassetteException", 0)
assert refused == tell("nothing set", None)
assert (200, 1) == tell("a class of one's own", lambda pool: Quiet)
assert ("TypeError", 0) == tell("a function that makes it", lambda pool: make_quiet)
assert refused == tell("a class made when called", made_when_called)
assert (200, 1) == tell("the function, no vcrpy", lambda pool: make_quiet, has_tape=False)
PY
