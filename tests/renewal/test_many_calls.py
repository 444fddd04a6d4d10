"""A loop of calls over several expiries with `--auto-renew`: no call fails, and nobody is asked."""

import json
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.notebook_user import NotebookUser
from tests.remember.desk import sandbox_for_tests
from tests.remember.process import run_cells

EXPIRIES = 5
LIFETIME = 1.5
# It goes on until there were enough calls and enough tokens, so that a fast machine sees the expiries too.
LOOP = """
import json, threading
from concurrent.futures import ThreadPoolExecutor

tokens, statuses, failures, lock = set(), {}, [], threading.Lock()

def loop(calls):
    done = 0
    while done < calls or len(tokens) <= %(expiries)d:
        done += 1
        try:
            status = etna_session.get("v1.0/users/@me/info").status_code
        except Exception as error:
            with lock:
                failures.append(repr(error))
            return
        with lock:
            statuses[status] = statuses.get(status, 0) + 1
            tokens.add(etna_token.value)

with ThreadPoolExecutor(%(threads)d) as pool:
    list(pool.map(loop, [%(calls)d // %(threads)d] * %(threads)d))
print("FOUND", json.dumps([statuses, failures, len(tokens)]))
"""


def run_loop(home: Path, sandbox: Sandbox, calls: int, threads: int) -> tuple[dict[str, int], list[str], int]:
    """Run the loop in a process of its own; return the statuses, the failures and how many tokens it had."""
    cells = (
        "%config EtnaMagics.auto_renew = True",
        f"%etna_login --lifetime {LIFETIME}",
        LOOP % {"expiries": EXPIRIES, "threads": threads, "calls": calls},
    )
    printed = run_cells(home, *cells, **NotebookUser(None, sandbox).credentials())
    (line,) = [line for line in printed.splitlines() if line.startswith("FOUND ")]
    statuses, failures, tokens = json.loads(line.removeprefix("FOUND "))
    assert ("expired" in printed, "could not be renewed" in printed) == (False, False)
    return statuses, failures, tokens


@pytest.mark.parametrize(("calls", "threads"), [(1_000, 1), (10_000, 4)])
def test_no_call_fails(tmp_path, calls, threads):
    """Every answer of thousands is a good one, over at least five tokens that have ended."""
    with sandbox_for_tests(lifetime=LIFETIME) as sandbox:
        statuses, failures, tokens = run_loop(tmp_path, sandbox, calls, threads)
        assert ([], ["200"]) == (failures, list(statuses))
        assert (True, True) == (statuses["200"] >= calls, tokens > EXPIRIES)
        # Once for all threads: no more log-ins than tokens that were seen, but for one at the very end.
        assert tokens <= sandbox.token_requests <= tokens + 1
