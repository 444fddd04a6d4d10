"""Many kernels that log in at once make one request, and a kernel that is really restarted makes none."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.cell_run import Run
from tests.helpers.kernel import LIMIT, Kernel
from tests.helpers.kernel_reset import RESET
from tests.helpers.remembering_user import RememberingUser
from tests.helpers.running_cell import RunningCell
from tests.helpers.waiting import wait_until

KERNELS = 8
LOGIN = "%etna_login --remember"
CALL = "etna_session.get('v1.0/users/@me/info').json()['Login']"
# Asks the server for nothing, but dies with the lock in hand when the test says so.
DYING = """
import os, pathlib, sys, time
import etna_magic.login_flow

def ask(*_, **__):
    pathlib.Path({began!r}).touch()
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.02)
    os.kill(os.getpid(), 9)

sys.modules["etna_magic.login_flow.conversation"].request_token = ask
"""


@pytest.fixture(scope="module")
def kernels(running_kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kernel]]:
    """Start many kernels."""
    with ExitStack() as stack:
        homes = [tmp_path_factory.mktemp("home") for _ in range(KERNELS - 1)]
        yield [running_kernel, *(stack.enter_context(Kernel(home)) for home in homes)]


@pytest.fixture
def users(kernels: list[Kernel], sandbox: Sandbox, tmp_path: Path) -> Iterator[list[RememberingUser]]:
    """Return one user in many kernels, which know all that a login needs."""
    made = []
    for kernel in kernels:
        kernel.do(RESET % str(tmp_path))
        made.append(RememberingUser(kernel, sandbox, tmp_path))
        made[-1].know()
    yield made
    for user in made:
        user.leave()


def at_once(users: list[RememberingUser], code: str) -> list[Run]:
    """Run a cell in all kernels at the same time; it has to work."""
    cells = [RunningCell(user.kernel, code) for user in users]
    runs = [cell.finish() for cell in cells]
    assert [] == [run.texts for run in runs if run.status != "ok"]
    return runs


def test_many_at_once_make_one_request(users: list[RememberingUser]):
    """Kernels with one identity: one request to /token, one token, and sessions that work."""
    runs = at_once(users, LOGIN)
    assert (1, 1) == (users[0].sandbox.token_requests, len({user.value() for user in users}))
    assert KERNELS - 1 == sum("no request was made" in run.texts[0] for run in runs)
    assert [True] * KERNELS == [user.works() for user in users]


def test_three_that_await_at_once_make_one_request(users: list[RememberingUser]):
    """The same by `await etna_magic.login()`."""
    cell = "import etna_magic\ns = await etna_magic.login(remember=True)\ns.get('v1.0/x').status_code"
    runs = at_once(users[:3], cell)
    assert (["404"] * 3, 1) == ([run.texts[-1] for run in runs], users[0].sandbox.token_requests)


def test_many_that_renew_at_once_make_one_request(users: list[RememberingUser]):
    """Kernels that share a token share its successor too: the server takes ten logins a minute."""
    users = users[:4]
    for user in users:
        user.remember("--auto-renew")
        user.age(left=-3)
    runs = at_once(users, CALL)
    assert (["'demo'"] * 4, 2) == ([run.texts[-1] for run in runs], users[0].sandbox.token_requests)
    assert 1 == len({user.value() for user in users})


def restart(kernel: Kernel) -> None:
    """Press the restart button."""
    kernel._manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=LIMIT)


def test_a_wrong_password_in_many(users: list[RememberingUser]):
    """Kernels whose renewals all send a wrong password send it three times together: five lock a user out."""
    for user in users[:6]:
        user.know()
        assert "ok" == user.kernel.run("%etna_login --auto-renew").status
        user.kernel.set_environment(ETNA_PASSWORD="wrong")
    before = users[0].sandbox.token_requests
    for user in users[:6]:
        user.age(left=-3)
    cells = [RunningCell(user.kernel, CALL) for user in users[:6]]
    assert ["error"] * 6 == [cell.finish().status for cell in cells]
    assert 3 == users[0].sandbox.token_requests - before


def test_a_real_restart(users: list[RememberingUser], tmp_path):
    """The same two cells after a restart, with a code before it: no request, and no code."""
    kernel, sandbox = users[-1].kernel, users[-1].sandbox
    for code in ("--code 246810", ""):
        user = RememberingUser(kernel, sandbox, tmp_path)
        user.know("twofactor")
        before = sandbox.token_requests
        assert "ok" == kernel.run(f"%load_ext etna_magic\n{LOGIN} {code}").status
        assert ["'twofactor'"] == kernel.run(CALL).texts
        assert (2 if code else 0) == sandbox.token_requests - before
        restart(kernel)
    kernel.do(RESET % str(tmp_path))


def test_a_kernel_that_dies_half_way(users: list[RememberingUser], tmp_path):
    """A kernel that is killed while it logs in blocks nobody; restarted, it gets the other's token."""
    first, second = users[-1], users[0]
    began, go = tmp_path / "began", tmp_path / "go"
    first.kernel.do(DYING.format(began=str(began), go=str(go)))
    first.kernel.send("execute_request", {"code": LOGIN})
    wait_until(began.exists)
    cell = second.start(LOGIN)
    go.touch()
    assert "Remembered in" in cell.finish().texts[0]
    wait_until(lambda: not first.kernel._manager.is_alive())
    restart(first.kernel)
    first.kernel.do(RESET % str(tmp_path))
    again = RememberingUser(first.kernel, first.sandbox, tmp_path)
    assert "no request was made" in again.remember()
    assert 1 == again.sandbox.token_requests
