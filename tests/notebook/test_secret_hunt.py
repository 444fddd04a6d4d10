"""Every failure in one kernel, a look at all that is left of it, and no secret anywhere."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers import accounts
from tests.helpers.kernel import Kernel
from tests.helpers.secret_scan import secrets_on_disk
from tests.helpers.server import ScriptedServer
from tests.notebook import secret_hunt_cells as cells

CONTROL = "CONTROL-SECRET-of-the-hunt"


@dataclass
class Remains:
    """What is left when the kernel is gone."""

    published: list[tuple[str, str]]
    home: Path
    statuses: dict[str, str]
    walked: list[str]
    control: str


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Remains:
    """Run all cells in a kernel with credentials in its environment, and end it."""
    home = tmp_path_factory.mktemp("hunt")
    kernel: Kernel

    def interrupt() -> None:
        kernel.interrupt()

    with ScriptedServer(cells.serve(interrupt)) as server:
        variables = accounts.variables(f"http://{server.host}/ok/api", ETNA_PIN_CODE=accounts.PIN)
        with Kernel(home, **variables) as kernel:
            statuses, walked = meet_every_failure(kernel, server)
            control = shown_once(kernel)
            said = [(m["msg_type"], json.dumps(m["content"], ensure_ascii=False)) for m in kernel.published]
    return Remains(said, home, statuses, walked, control)


def shown_once(kernel: Kernel) -> str:
    """Show a word, and let a plain `requests` call with it fail; return what the walk finds then."""
    kernel.run(f"shown = {CONTROL!r}\nprint(shown)")
    kernel.run("requests.get('http://127.0.0.1:9/', headers={'Password': shown})")
    return "".join(kernel.run("del shown, _i, _ii, _iii\n_walk()").texts)


def meet_every_failure(kernel: Kernel, server: ScriptedServer) -> tuple[dict[str, str], list[str]]:
    """Run the cells; return how each failure ended, and what was found at each of them."""
    # Bytes that are no UTF-8, a password among them.
    (kernel.work / "broken.env").write_bytes(b"ETNA_USERNAME=\xff\n")
    for code in cells.BEFORE:
        assert "ok" == kernel.run(code).status, code
    statuses, walked = {}, []
    for failure in cells.FAILURES:
        code = failure.format(host=server.host)
        statuses[failure] = kernel.run(code).reply.get("ename", "")
        walked += ["".join(kernel.run(look).texts) for look in cells.LOOKS]
    kernel.run("for name in list(os.environ):\n    if name.startswith('ETNA_'): del os.environ[name]")
    line = f"%etna_login typed --prompt -b http://{server.host}/code/api"
    statuses["typed"] = kernel.run(line, allow_stdin=True, answers=cells.TYPED + cells.TYPED[-1:] * 2).status
    walked += ["".join(kernel.run(look).texts) for look in cells.LOOKS]
    for code in cells.AFTER:
        kernel.run(code)
    return statuses, walked


def test_every_failure_has_happened(remains: Remains) -> None:
    """The hunt goes through what it means to: each cell has failed but those that cannot."""
    successes = {failure for failure, name in remains.statuses.items() if not name}
    assert cells.HARMLESS == successes
    assert "KeyboardInterrupt" in remains.statuses.values()
    assert all(remains.walked)


def test_nothing_was_published(remains: Remains) -> None:
    """No output, no error, no display and no state message holds a secret."""
    found = {
        (kind, secret, text[:300])
        for kind, text in remains.published
        for secret in accounts.SECRETS
        if secret in text
    }
    assert set() == found


def test_nothing_is_on_disk(remains: Remains) -> None:
    """No file under HOME does: not the history, not the kernel's log."""
    secrets = (*accounts.SECRETS, accounts.PASSWORD, accounts.TOKEN, accounts.APP_KEY)
    assert [] == secrets_on_disk(remains.home, *secrets)


def test_the_hunt_can_find(remains: Remains) -> None:
    """The control: a word that was shown once is found in the output, and in the history's file."""
    assert "stream" in {kind for kind, text in remains.published if CONTROL in text}
    assert any("history.sqlite" in path for path, _ in secrets_on_disk(remains.home, CONTROL))


def test_the_walk_can_find(remains: Remains) -> None:
    """The other control: a plain `requests` call that fails leaves the word in its frames."""
    assert CONTROL in remains.control
    assert "ConnectionError" in remains.control
