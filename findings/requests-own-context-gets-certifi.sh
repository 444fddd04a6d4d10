#!/usr/bin/env bash
# requests 2.34.2 (urllib3 2.8.0, certifi 2026.10.19.post1)
#
# An adapter may give its pool an ssl_context of one's own, one that trusts a company's certificate alone,
# say. By the first request requests has loaded all of certifi into that very object, since its cert_verify
# names the file on the connection and urllib3 adds that to the context. So the context trusts every public
# authority, also where else it is used. urllib3 by itself leaves it as it is.
#
# Output seen:
#   urllib3 alone: answered 200, authorities in the context 1 -> 1
#   requests: answered 200, authorities in the context 1 -> more than 100
#   requests, nothing named in cert_verify: answered 200, authorities in the context 1 -> 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    requests==2.34.2 urllib3==2.8.0 certifi==2026.10.19.post1
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
cd "$folder"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out own.pem -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 2>openssl.txt || { cat openssl.txt; exit 1; }
"$folder/venv/bin/python" - <<'PY'
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
import urllib3
from requests.adapters import HTTPAdapter


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
theirs.load_cert_chain("own.pem", "key.pem")
server.socket = theirs.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://127.0.0.1:{server.server_port}/"


class Adapter(HTTPAdapter):
    def __init__(self, context):
        self.context = context
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)


class Unnamed(Adapter):
    def cert_verify(self, conn, url, verify, cert):
        super().cert_verify(conn, url, verify, cert)
        conn.ca_certs = conn.ca_cert_dir = None


def by_requests(kind):
    def get(context):
        with requests.Session() as session:
            session.mount("https://", kind(context))
            return session.get(url).status_code

    return get


def by_urllib3(context):
    with urllib3.PoolManager(ssl_context=context) as pools:
        return pools.request("GET", url).status


def tell(name, get):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations("own.pem")
    before, status = len(context.get_ca_certs()), get(context)
    after = len(context.get_ca_certs())
    shown = after if after <= 100 else "more than 100"
    print(f"{name}: answered {status}, authorities in the context {before} -> {shown}")
    return status, before, shown


assert (200, 1, 1) == tell("urllib3 alone", by_urllib3)
assert (200, 1, "more than 100") == tell("requests", by_requests(Adapter))
assert (200, 1, 1) == tell("requests, nothing named in cert_verify", by_requests(Unnamed))
PY
