"""Many kernels that start at once, and kernels that are really restarted."""

import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel import LIMIT, Kernel
from tests.helpers.cell_run import Run
from tests.helpers.notebook_user import NotebookUser
from tests.remember.desk import NO_KEYRING, sandbox_for_tests

KERNELS = 20


@contextmanager
def many(count: int, folder: Path, sandbox: Sandbox):
    """Start that many kernels of one user."""
    known = NotebookUser(None, sandbox).credentials() | NO_KEYRING | {"XDG_STATE_HOME": str(folder / "state")}
    with ExitStack() as stack:
        yield [stack.enter_context(Kernel(folder / f"kernel-{n}", **known)) for n in range(count)]


def at_once(kernels: list[Kernel], code: str) -> list[Run]:
    """Run a cell in all kernels at the same time."""
    content = {"code": code, "store_history": True, "allow_stdin": False}
    sent = [kernel.send("execute_request", content) for kernel in kernels]
    return [k._collect(one, Run(), [], lambda _: None) for k, one in zip(kernels, sent, strict=True)]


def test_twenty_at_once_make_one_request(tmp_path):
    """Twenty kernels with one identity: one request to /token, and twenty sessions that work."""
    with sandbox_for_tests() as sandbox, many(KERNELS, tmp_path, sandbox) as kernels:
        run = at_once(kernels, "%load_ext etna_magic\n%etna_login --remember")
        assert ["ok"] * KERNELS == [one.status for one in run]
        assert 1 == sandbox.token_requests
        works = "etna_session.get('v1.0/users/@me/info').status_code"
        assert [200] * KERNELS == [kernel.ask(works) for kernel in kernels]
        assert 1 == len({kernel.ask("etna_token.value") for kernel in kernels})
        assert KERNELS - 1 == sum("no request was made" in one.texts[0] for one in run)


def test_three_that_await_at_once_make_one_request(tmp_path):
    """The same by `await etna_magic.login()`."""
    with sandbox_for_tests() as sandbox, many(3, tmp_path, sandbox) as kernels:
        cell = "import etna_magic\ns = await etna_magic.login(remember=True)\ns.get('v1.0/x').status_code"
        run = at_once(kernels, cell)
        assert (["404"] * 3, 1) == ([one.texts[-1] for one in run], sandbox.token_requests)


def test_many_that_renew_at_once_make_few_requests(tmp_path):
    """Kernels that share a token share its successor too: the server takes ten log-ins a minute."""
    count = 4
    login = "%load_ext etna_magic\n%etna_login --remember --auto-renew --lifetime 3s"
    with sandbox_for_tests(lifetime=3.0) as sandbox, many(count, tmp_path, sandbox) as kernels:
        for kernel in kernels:
            assert "ok" == kernel.run(login).status
        made = sandbox.token_requests
        over = "from etna_magic import TokenState\nwhile etna_token.state is not TokenState.STALE: pass\n"
        call = f"{over}etna_session.get('v1.0/users/@me/info').status_code"
        run = at_once(kernels, call)
        assert ["200"] * count == [next(t for t in one.texts if t.isdigit()) for one in run]
        assert made + 1 == sandbox.token_requests


def restart(kernel: Kernel) -> None:
    """Press the restart button."""
    kernel._manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=LIMIT)


def test_a_real_restart(tmp_path):
    """The same two cells after a restart, with a code before it: no request, and no code."""
    cells = (
        "%load_ext etna_magic\n%etna_login --remember {}",
        "etna_session.get('v1.0/users/@me/info').json()['Login']",
    )
    with sandbox_for_tests() as sandbox:
        known = NotebookUser(None, sandbox).credentials("twofactor")
        with Kernel(tmp_path, **known, **NO_KEYRING) as kernel:
            for code in ("--code 246810", ""):
                before = sandbox.token_requests
                runs = [kernel.run(cell.format(code)) for cell in cells]
                assert (["ok", "ok"], ["'twofactor'"]) == ([run.status for run in runs], runs[1].texts)
                if not code:
                    assert before == sandbox.token_requests
                restart(kernel)


# Asks the server for nothing, but dies with its turn in hand when it is told to.
DYING = """
import os, pathlib, time, etna_magic.login_flow

def ask(*_):
    pathlib.Path({begun!r}).touch()
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.02)
    os.kill(os.getpid(), 9)

etna_magic.login_flow.ask = ask
"""


def wait_until(kernel: Kernel, what) -> None:
    """Wait until something is so, and let the kernel's messages come in."""
    end = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < end
        kernel.publish()


def test_a_kernel_that_dies_half_way(tmp_path):
    """A kernel that is killed while it logs in holds up nobody: its turn is over, nothing half-made stays."""
    login = "%load_ext etna_magic\n%etna_login --remember"
    begun, go = tmp_path / "begun", tmp_path / "go"
    with sandbox_for_tests() as sandbox, many(2, tmp_path, sandbox) as (first, second):
        first.do(DYING.format(begun=str(begun), go=str(go)))
        first.send("execute_request", {"code": login})
        wait_until(first, begun.exists)
        sent = second.send("execute_request", {"code": login, "store_history": True, "allow_stdin": False})
        go.touch()
        run = second._collect(sent, Run(), [], lambda _: None)
        assert ("ok", True) == (run.status, "Remembered in" in run.texts[0])
        wait_until(first, lambda: not first._manager.is_alive())
        restart(first)
        run = first.run(login)
        assert (True, 1) == ("no request was made" in run.texts[0], sandbox.token_requests)
