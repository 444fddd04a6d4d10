"""What the sandbox costs as its book of orders grows, and what a call costs beside a bare Flask route."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from etna_magic.sandbox import APP_KEY, USERS
from tests.benchmarks.pairs import Figure, paired
from tests.sandbox.direct import ACCOUNT, Direct

MONDAY = 1_750_086_000.0  # 16 June 2025, 15:00 UTC
SMALL, LARGE = 100, 100_000
SCALE_PAIRS, SCALE_CALLS = 61, 20
FLASK_PAIRS, FLASK_CALLS = 41, 50
CONNECTIONS, SYMBOLS, RUNS = 32, 500, 7
ORDER = {"Symbol": "KO", "Type": "Limit", "Side": "Buy", "Quantity": 1, "Price": 1.0}
PAGE = f"{ACCOUNT}/orders?pageNumber=0&pageSize=20"
CALLS: dict[str, Callable[[Direct], object]] = {
    "placing an order": lambda direct: direct.call("POST", f"{ACCOUNT}/orders", ORDER),
    "the first page": lambda direct: direct.call("GET", PAGE),
    "one order by its ID": lambda direct: direct.call("GET", f"{ACCOUNT}/orders/5050"),
    "a filter by status": lambda direct: direct.call("GET", PAGE + "&filter=Status%20in%20(0,1,10)"),
    "a filter by security": lambda direct: direct.call("GET", PAGE + "&filter=SecurityId%20%3D%2013"),
    "a filter by date": lambda direct: direct.call(
        "GET", PAGE + "&filter=CreateDate%20%3E%20%232025-06-01%23"
    ),
}

PROGRAM = """
import sys, threading, time
from etna_magic.sandbox import Sandbox
sandbox = Sandbox(login_limit=None, call_limits=False).start()
print(sandbox.base_url, flush=True)
time.sleep(600)
"""
FLASK_PROGRAM = """
import logging, sys
from flask import Flask, Response
from werkzeug.serving import make_server
logging.getLogger("werkzeug").disabled = True
app, body = Flask("bare"), sys.stdin.buffer.readline().rstrip(b"\\n")
@app.get("/bare")
def bare():
    return Response(body, content_type="application/json; charset=utf-8")
server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{server.port}/bare", flush=True)
server.serve_forever()
"""


def figures() -> Iterator[Figure]:
    """Measure all of it."""
    yield from scale()
    yield from memory_kept()
    with running(PROGRAM) as (url, _):
        yield from against_flask(url)
        yield candles_per_second(url)


def book(orders: int) -> Direct:
    """Return a sandbox whose account has so many orders that wait for their price."""
    direct = Direct(MONDAY)
    for _ in range(orders):
        direct.call("POST", f"{ACCOUNT}/orders", ORDER)
    return direct


def scale() -> Iterator[Figure]:
    """Measure calls on a large book against those on a small one."""
    small, large = book(SMALL), book(LARGE)
    for what, call in CALLS.items():
        # The small book is made again for each, since it would grow by the orders that are placed.
        small = book(SMALL)
        ours, theirs, ratio = paired(
            repeated(lambda call=call: call(large), SCALE_CALLS),
            repeated(lambda call=call, small=small: call(small), SCALE_CALLS),
            SCALE_PAIRS,
        )
        each = f"{ours / SCALE_CALLS * 1e6:.0f} µs to {theirs / SCALE_CALLS * 1e6:.0f} µs"
        yield Figure(f"{what} among {LARGE:,} orders", ratio, 1.5, "x", f", against {SMALL}: {each}")


def memory_kept() -> Iterator[Figure]:
    """Measure what is kept after many calls that place nothing."""
    direct = book(SMALL)
    reads = [call for what, call in CALLS.items() if not what.startswith("placing")]

    def after(calls: int) -> int:
        for number in range(calls):
            reads[number % len(reads)](direct)
            direct.call("GET", f"/api/v1.0/equities/A{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}")
        gc.collect()
        return resident()

    few, many = after(1_000), after(LARGE - 1_000)
    against = f", against that after 1,000: {many >> 20} MB to {few >> 20} MB"
    yield Figure(f"memory after {2 * LARGE:,} calls", many / few, 1.1, "x", against)


def resident() -> int:
    """Return the memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def against_flask(url: str) -> Iterator[Figure]:
    """Measure one call against a bare Flask route that returns the same bytes."""
    with requests.Session() as ours, requests.Session() as theirs:
        ours.headers.update(signed(url))
        for path in ("v1.0/equities/AAPL", "v1.0/accounts/83267/orders?pageNumber=0&pageSize=5"):
            body = ours.get(f"{url}/{path}", timeout=30).content
            with running(FLASK_PROGRAM, body) as (bare, _):
                own = repeated(lambda path=path: ours.get(f"{url}/{path}", timeout=30), FLASK_CALLS)
                other = repeated(lambda bare=bare: theirs.get(bare, timeout=30), FLASK_CALLS)
                mine, flask, ratio = paired(own, other, FLASK_PAIRS)
            each = f"{mine / FLASK_CALLS * 1e3:.2f} ms to {flask / FLASK_CALLS * 1e3:.2f} ms"
            what = f"GET {path.partition('?')[0]}"
            yield Figure(what, ratio, 0.8, "x", f", against a bare Flask route with these bytes: {each}")


def candles_per_second(url: str) -> Figure:
    """Measure how long the candles of 500 symbols take over 32 connections, per symbol."""
    settings = {"StartDate": 1_725_000_000, "EndDate": 1_735_000_000, "CandlesCount": -1, "Period": "1D"}
    settings |= {"Interval": 0, "IncludeNonMarketData": False}
    names = [f"{chr(65 + n % 26)}{chr(65 + n // 26 % 26)}{chr(65 + n % 7)}" for n in range(SYMBOLS)]
    with requests.Session() as session, ThreadPoolExecutor(CONNECTIONS) as pool:
        session.headers.update(signed(url))
        session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))

        def ask(name: str) -> int:
            body = {"Security": {"Symbol": name}, "SecurityHistorySettings": settings}
            body["IndicatorsHistorySettings"] = []
            return session.put(f"{url}/v1.0/history/symbols", json=body, timeout=60).status_code

        spent = []
        for _ in range(RUNS):
            began = time.perf_counter()
            statuses = set(pool.map(ask, names))
            spent.append(time.perf_counter() - began)
    each = sorted(spent)[RUNS // 2] / SYMBOLS * 1e3
    what = f"candles of one of {SYMBOLS} symbols, asked for over {CONNECTIONS} connections"
    return Figure(what, each, 5.0, "ms", f": {1000 / each:.0f} calls a second, statuses {statuses}")


def signed(url: str) -> dict[str, str]:
    """Return the headers of demo's calls."""
    headers = {"Et-App-Key": APP_KEY, "Username": USERS[0].name, "Password": USERS[0].password}
    token = requests.post(f"{url}/token", headers=headers, timeout=30).json()["Token"]
    return {"Et-App-Key": APP_KEY, "Authorization": f"Bearer {token}"}


def repeated(act: Callable[[], object], count: int) -> Callable[[], float]:
    """Return what does something so many times and returns the seconds that it took."""

    def run() -> float:
        began = time.perf_counter()
        for _ in range(count):
            act()
        return time.perf_counter() - began

    run()
    return run


@contextlib.contextmanager
def running(program: str, body: bytes = b"") -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server in a process of its own, and yield its URL."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, **pipes) as process:
        try:
            process.stdin.write(body + b"\n")
            process.stdin.flush()
            yield process.stdout.readline().decode().strip(), process
        finally:
            process.terminate()
