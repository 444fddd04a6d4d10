#!/usr/bin/env bash
# hpack 4.2.0 (httpx 0.28.1, httpcore 1.0.9, h2 4.4.1)
#
# At DEBUG, httpx and httpcore log no header of a request. With http2=True the headers pass hpack, whose
# loggers (hpack.hpack, hpack.table) nobody sets up by hand. It hides the value of Authorization, which h2
# marks as sensitive, and writes the value of every other header, an API key say.
#
# Output seen:
#   httpx, httpcore: the token is logged False, the key is logged False
#   hpack: the token is logged False, the key is logged True
#   Adding b'x-api-key'=b'key-of-alice' to the header table, sensitive:False, huffman:True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    httpx==0.28.1 httpcore==1.0.9 h2==4.4.1 hpack==4.2.0
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
"$folder/venv/bin/python" - <<'PY'
import logging
import socket
import threading

import h2.config
import h2.connection
import h2.events
import httpx

listener = socket.create_server(("127.0.0.1", 0))


def serve():
    """Answer one request over HTTP/2."""
    connection, _ = listener.accept()
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    state.initiate_connection()
    connection.sendall(state.data_to_send())
    while data := connection.recv(65536):
        for event in state.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                state.send_headers(event.stream_id, [(":status", "200")], end_stream=True)
        connection.sendall(state.data_to_send())


logged = []


class Keeper(logging.Handler):
    def emit(self, record):
        if record.threadName == "MainThread":  # the client's
            logged.append((record.name.partition(".")[0], record.getMessage()))


logging.basicConfig(level=logging.DEBUG, handlers=[Keeper()])
threading.Thread(target=serve, daemon=True).start()
headers = {"Authorization": "Bearer token-of-alice", "X-Api-Key": "key-of-alice"}
with httpx.Client(http1=False, http2=True, headers=headers) as client:
    assert client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/").status_code == 200


def tell(name, sources):
    lines = [line for source, line in logged if source in sources]
    assert lines
    found = tuple(any(secret in line for line in lines) for secret in ("token-of-alice", "key-of-alice"))
    print("{}: the token is logged {}, the key is logged {}".format(name, *found))
    return found


assert (False, False) == tell("httpx, httpcore", ("httpx", "httpcore"))
assert (False, True) == tell("hpack", ("hpack",))
print(next(line for _, line in logged if "key-of-alice" in line))
PY
