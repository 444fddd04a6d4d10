"""A cell that waits for a log-in and is stopped: everything is as before, and it can be run again."""

import filelock
import pytest

from tests.remember.desk import Desk
from tests.waiting.front_end import FrontEnd

CELL = "import etna_magic\nsession = await etna_magic.login()\nprint('went on', session is etna_session)"
# Whether a thread of the kernel still waits for a lock.
WAITS = """
def _waits():
    import sys
    for frame in sys._current_frames().values():
        while frame is not None:
            if "filelock" in frame.f_code.co_filename:
                return True
            frame = frame.f_back
    return False
"""
WORKS = "etna_session.get('v1.0/users/@me/info').json()['Login']"


def stopped(desk: Desk, front: FrontEnd):
    """Run the cell, press the stop button while its form waits, and return the run."""
    sent = front.start(CELL)
    front.wait_for_outputs(sent, 1)
    desk.kernel.interrupt()
    return front.finish(sent)


def test_the_stop_button(desk: Desk, front: FrontEnd):
    """The cell ends with an error, the form goes away and says what to do, and nothing is left."""
    run = stopped(desk, front)
    assert "error" == run.status
    assert "its cell was stopped" in front.shown(run)[0]
    assert {} == front.widgets
    assert [] == desk.kernel.ask("[n for n in globals() if n.startswith('etna_') and n != 'etna_magic']")
    assert ["42"] == front.run("6 * 7").texts


def test_the_stop_button_after_a_wrong_password(desk: Desk, front: FrontEnd):
    """The same after a first try."""
    sent = front.start(CELL)
    front.fail_to_log_in("nonsense")
    front.wait_for_outputs(sent, 1)
    desk.kernel.interrupt()
    assert "error" == front.finish(sent).status
    assert ({}, False) == (front.widgets, desk.kernel.ask("'etna_session' in globals()"))


def test_the_earlier_log_in_goes_on(desk: Desk, front: FrontEnd):
    """Whoever was logged in is so again, with the same token and the same session."""
    password = desk.sandbox.password_of("demo")
    sent = front.start(CELL)
    front.log_in(password)
    front.finish(sent)
    desk.kernel.do("before = (etna_token, etna_session)")
    assert "error" == stopped(desk, front).status
    assert desk.kernel.ask("before[0] is etna_token and before[1] is etna_session")
    assert ["'demo'"] == front.run(WORKS).texts


def test_the_same_cell_again(desk: Desk, front: FrontEnd):
    """After a stop, as often as one likes, the cell can be run again, and then works."""
    for _ in range(3):
        stopped(desk, front)
    sent = front.start(CELL)
    front.log_in(desk.sandbox.password_of("demo"))
    assert ("ok", ["'demo'"]) == (front.finish(sent).status, front.run(WORKS).texts)


def test_the_same_cell_twice(desk: Desk, front: FrontEnd):
    """Sent twice, it asks twice: the second waits until the first has ended, and both go on."""
    first, second = front.start(CELL), front.start(CELL)
    front.log_in(desk.sandbox.password_of("demo"))
    assert "ok" == front.finish(first).status
    front.log_in(desk.sandbox.password_of("demo"))
    assert ("ok", ["'demo'"]) == (front.finish(second).status, front.run(WORKS).texts)


def test_a_form_of_the_magic_that_was_left(desk: Desk, front: FrontEnd):
    """A form that %etna_login has left behind gives way to the one that the cell waits at."""
    magic = front.start("%etna_login")
    front.wait_for_form("Password", "Log in")
    run = front.finish(magic)
    sent = front.start(CELL)
    front.until(lambda: "replaced" in front.shown(run)[0], "the end of the first form")
    front.log_in(desk.sandbox.password_of("demo"))
    assert ("ok", {}) == (front.finish(sent).status, front.widgets)


def test_two_for_one_name(desk: Desk, front: FrontEnd):
    """Two that wait for one name in one cell: the first is called off and says so, the second works."""
    cell = (
        "import asyncio, etna_magic\n"
        "got = await asyncio.gather(etna_magic.login(), etna_magic.login(), return_exceptions=True)\n"
        "[type(one).__name__ for one in got]"
    )
    sent = front.start(cell)
    front.until(lambda: 1 == front.labels.count("Password") and len(front.so_far(sent).outputs) >= 2)
    front.log_in(desk.sandbox.password_of("demo"))
    run = front.finish(sent)
    assert "ok" == run.status, run.texts
    assert "EtnaSession" in run.texts[-1]
    assert ["'demo'"] == front.run(WORKS).texts


@pytest.mark.parametrize("how", ["a task that is cancelled", "a time limit"])
def test_called_off_by_the_program(desk: Desk, front: FrontEnd, how):
    """A program that gives up waiting leaves no form and no half a log-in."""
    give_up = {
        "a task that is cancelled": "task = asyncio.ensure_future(etna_magic.login())\n"
        "while 'etna_session' not in globals(): await asyncio.sleep(.02)\n"
        "task.cancel()\nawait asyncio.gather(task, return_exceptions=True)",
        "a time limit": "try: await asyncio.wait_for(etna_magic.login(), 1)\nexcept TimeoutError: pass",
    }
    run = front.run(f"import asyncio, etna_magic\n{give_up[how]}\nprint('over')")
    assert ("ok", "over\n") == (run.status, run.texts[-1])
    assert ({}, False) == (front.widgets, desk.kernel.ask("'etna_session' in globals()"))


def test_stopped_while_another_kernel_has_its_turn(desk: Desk, front: FrontEnd):
    """A cell that is stopped while it waits for its turn to look takes no turn afterwards."""
    desk.remember()
    (path,) = desk.state.glob("*.lock")
    desk.restart()
    with filelock.FileLock(path):
        code = "print('begun', flush=True)\nimport etna_magic\nawait etna_magic.login(remember=True)"
        sent = front.start(code)
        front.wait_for_outputs(sent, 1)
        desk.kernel.interrupt()
        assert "error" == front.finish(sent).status
    desk.kernel.do(WAITS)
    desk.kernel.wait_until("not _waits()")
    with filelock.FileLock(path, timeout=5):
        pass
    assert "no request was made" in front.run("%etna_login --remember").texts[0]
