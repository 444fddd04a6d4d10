"""What a call through ``NAME_session`` and a ``%etna_login`` cost, against what one would write by hand."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from unittest.mock import patch

import requests
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from etna_magic.sandbox import Sandbox
from tests.benchmarks.pairs import Figure, paired

PATH = "v1.0/equities/AAPL"
CALLS, CALL_PAIRS = 20, 101  # a pair holds so many calls of each kind
LOGINS, LOGIN_PAIRS = 4, 101


def figures() -> Iterator[Figure]:
    """Measure calls and log-ins against a sandbox in a process of its own."""
    with sandbox() as variables, patch.dict(os.environ, variables), shell() as running:
        yield from calls(variables["ETNA_BASE_URL"], running)
        yield from logins(variables, running)


def calls(base_url: str, running: InteractiveShell) -> Iterator[Figure]:
    """Measure one call, against a session with fixed headers and against ``requests.get``."""
    log_in(running)
    session, headers = running.user_ns["etna_session"], running.user_ns["etna_token"].headers
    url = f"{base_url}/{PATH}"
    with requests.Session() as bare:
        bare.headers.update(headers)
        for other, limit, what in (
            (lambda: bare.get(url, timeout=30), 1.05, "a requests.Session with fixed headers"),
            (lambda: requests.get(url, headers=headers, timeout=30), 0.75, "requests.get(url, headers=…)"),
        ):
            own = many(lambda: session.get(PATH), CALLS)
            ours, theirs, ratio = paired(own, many(other, CALLS), CALL_PAIRS)
            yield figure("a call through etna_session", ratio, limit, f"{what}: {spent(ours, theirs, CALLS)}")


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
def sandbox() -> Iterator[dict[str, str]]:
    """Run a sandbox without limits as a process, and yield the variables by which demo logs in there."""
    command = [sys.executable, "-m", "etna_magic.sandbox", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline()  # its first line, as soon as it listens
            (base_url,) = re.findall(r"Base URL: (\S+)", said)
            yield {
                "ETNA_BASE_URL": base_url,
                "ETNA_APP_KEY": Sandbox().app_key,
                "ETNA_USERNAME": "demo",
                "ETNA_PASSWORD": Sandbox().password_of("demo"),
            }
        finally:
            process.terminate()
