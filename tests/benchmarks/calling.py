"""What a call through ``NAME_session`` and a ``%etna_login`` cost, against what one would write by hand."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import requests
from IPython.core.interactiveshell import InteractiveShell
from requests.adapters import HTTPAdapter
from traitlets.config import Config

from tests.benchmarks.pairs import Figure, paired

PATH = "v1.0/equities/AAPL"
CALLS, CALL_PAIRS = 20, 151  # a pair holds so many calls of each kind
THREADS, THREAD_CALLS, THREAD_PAIRS = 32, 320, 41
LOGINS, LOGIN_PAIRS = 4, 101


def figures() -> Iterator[Figure]:
    """Measure calls and logins against a server in a process of its own."""
    with lean_server() as variables, patch.dict(os.environ, variables), shell() as running:
        yield from calls(variables["ETNA_BASE_URL"], running)
        yield from logins(variables, running)


def calls(base_url: str, running: InteractiveShell) -> Iterator[Figure]:
    """Measure one call, against a session with fixed headers, also with threads, and ``requests.get``."""
    log_in(running)
    session, headers = running.user_ns["etna_session"], dict(running.user_ns["etna_token"].headers())
    url = f"{base_url}/{PATH}"
    with requests.Session() as bare:
        bare.headers.update(headers)
        bare.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
        fixed = "a requests.Session with fixed headers"
        for other, limit, what in (
            (lambda: bare.get(url, timeout=30), 0.75, f"{fixed} (before: 0.92 to 0.96)"),
            (lambda: requests.get(url, headers=headers, timeout=30), 0.75, "requests.get(url, headers=…)"),
        ):
            own = many(lambda: session.get(PATH), CALLS)
            ours, theirs, ratio = paired(own, many(other, CALLS), CALL_PAIRS)
            yield figure("a call through etna_session", ratio, limit, f"{what}: {spent(ours, theirs, CALLS)}")
        with ThreadPoolExecutor(THREADS) as pool:
            own = spread(pool, lambda: session.get(PATH))
            other = spread(pool, lambda: bare.get(url, timeout=30))
            ours, theirs, ratio = paired(own, other, THREAD_PAIRS)
        what = f"{fixed} (before: 0.93 to 0.96): {spent(ours, theirs, THREAD_CALLS)}"
        yield figure(f"the same, {THREADS} threads on one session", ratio, 0.75, what)


def logins(variables: Mapping[str, str], running: InteractiveShell) -> Iterator[Figure]:
    """Measure one ``%etna_login`` whose every value is in the environment, against a POST by hand."""
    headers = {
        "Et-App-Key": variables["ETNA_APP_KEY"],
        "Username": variables["ETNA_USERNAME"],
        "Password": variables["ETNA_PASSWORD"],
        "Accept": "application/json",
    }
    url = f"{variables['ETNA_BASE_URL']}/token"
    own = many(lambda: log_in(running), LOGINS)
    other = many(lambda: requests.post(url, headers=headers, timeout=30).json()["Token"], LOGINS)
    ours, theirs, ratio = paired(own, other, LOGIN_PAIRS)
    yield figure("%etna_login", ratio, 1.15, f"requests.post(url, headers=…): {spent(ours, theirs, LOGINS)}")


def figure(what: str, ratio: float, limit: float, against: str) -> Figure:
    """Return a ratio as a line of the report."""
    return Figure(what, ratio, limit, "x", f", against {against}")


def spent(ours: float, theirs: float, count: int) -> str:
    """Say what one of each took."""
    return f"{ours / count * 1e3:.2f} ms to {theirs / count * 1e3:.2f} ms"


def many(act: Callable[[], object], count: int) -> Callable[[], float]:
    """Return what does something so many times and returns the seconds that it took."""

    def run() -> float:
        began = time.perf_counter()
        for _ in range(count):
            act()
        return time.perf_counter() - began

    run()  # the first run imports, connects and compiles
    return run


def spread(pool: ThreadPoolExecutor, act: Callable[[], object]) -> Callable[[], float]:
    """Return what does something on many threads and returns the seconds that it took."""

    def run() -> float:
        began = time.perf_counter()
        for done in [pool.submit(act) for _ in range(THREAD_CALLS)]:
            done.result()
        return time.perf_counter() - began

    run()
    return run


def log_in(running: InteractiveShell) -> None:
    """Log in by the magic, its line unseen."""
    with contextlib.redirect_stdout(io.StringIO()):
        running.run_line_magic("etna_login", "")


@contextlib.contextmanager
def shell() -> Iterator[InteractiveShell]:
    """Run an IPython in an empty directory, with the extension loaded."""
    with tempfile.TemporaryDirectory() as empty, contextlib.chdir(empty):
        made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        try:
            made.run_line_magic("load_ext", "etna_magic")
            yield made
        finally:
            InteractiveShell.clear_instance()


@contextlib.contextmanager
def lean_server() -> Iterator[dict[str, str]]:
    """Run the lean server as a process, and yield the variables by which one logs in there."""
    program = Path(__file__).with_name("lean_server.py")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip()  # as soon as it listens
            yield {
                "ETNA_BASE_URL": f"http://127.0.0.1:{port}/api",
                "ETNA_APP_KEY": "a2V5",
                "ETNA_USERNAME": "demo",
                "ETNA_PASSWORD": "made-up",
            }
        finally:
            process.terminate()
