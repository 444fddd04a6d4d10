#!/usr/bin/env bash
# distributed 2026.8.0
#
# LocalCluster(dashboard_address=None, processes=False), by its docstring one with its dashboard disabled, has
# a scheduler that listens for HTTP all the same: on port 8787, or another where that is taken, and on all
# interfaces, although the cluster itself has no port at all (inproc://). It serves metrics and pages about
# the workers. The worker has a server of its own. Reported as dask/distributed issue 7207.
#
# Output seen:
#   cluster: inproc://
#   scheduler: listens for HTTP on all interfaces: True
#   /health 200, /metrics 200, /info/main/workers.html 200, /status 404
#   worker: listens for HTTP: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check distributed==2026.8.0 dask==2026.8.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import socket
import urllib.error
import urllib.request

from distributed import LocalCluster

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def status(port, path):
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def addresses(server):
    """Return what a server of Tornado is bound to, over IPv4."""
    found = server._sockets.values()
    return {one.getsockname()[0] for one in found if one.family == socket.AF_INET}


with LocalCluster(dashboard_address=None, processes=False, n_workers=1) as cluster:
    protocol = cluster.scheduler_address.split("//")[0] + "//"
    print("cluster:", protocol)
    server = cluster.scheduler.http_server
    is_everywhere = "0.0.0.0" in addresses(server)
    print("scheduler: listens for HTTP on all interfaces:", is_everywhere)
    paths = ("/health", "/metrics", "/info/main/workers.html", "/status")
    found = [status(server.port, path) for path in paths]
    print(", ".join(f"{path} {code}" for path, code in zip(paths, found)))
    (worker,) = cluster.workers.values()
    has_worker_server = status(worker.http_server.port, "/health") == 200
    print("worker: listens for HTTP:", has_worker_server)

assert (protocol, is_everywhere, has_worker_server) == ("inproc://", True, True)
assert found == [200, 200, 200, 404]
PY
