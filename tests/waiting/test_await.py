"""A cell that awaits the log-in goes on when its person has logged in, and not before."""

import pytest

from tests.remember.desk import Desk
from tests.waiting.front_end import WIDGET_VIEW, FrontEnd

CELL = "import etna_magic\nsession = await etna_magic.login()\nprint('went on', session is etna_session)"
WORKS = "etna_session.get('v1.0/users/@me/info').json()['Login']"


def test_it_goes_on_after_the_log_in(desk: Desk, front: FrontEnd):
    """The cell stands still while the form waits, and its next line runs once somebody has logged in."""
    sent = front.start(CELL)
    front.wait_for_form("Password", "Log in")
    assert [True] == [WIDGET_VIEW in bundle for bundle in front.wait_for_outputs(sent, 1)]
    front.log_in(desk.sandbox.password_of("demo"))
    run = front.finish(sent)
    assert ("ok", ["went on True\n"]) == (run.status, run.texts[1:])
    assert front.shown(run)[0].startswith("Logged in as demo at ")
    assert (["'demo'"], 1) == (front.run(WORKS).texts, desk.sandbox.token_requests)


def test_by_enter(desk: Desk, front: FrontEnd):
    """The same by Enter in the field, whose value comes after the press."""
    sent = front.start(CELL)
    front.wait_for_form("Password")
    front.enter("Password", desk.sandbox.password_of("demo"))
    assert ["went on True\n"] == front.finish(sent).texts[1:]


def test_the_second_cell_waits(desk: Desk, front: FrontEnd):
    """Run All: a cell that was sent right behind it runs after the log-in, and finds the session."""
    first, second = front.start(CELL), front.start(WORKS)
    front.log_in(desk.sandbox.password_of("demo"))
    assert ["ok", "ok"] == [front.finish(sent).status for sent in (first, second)]
    assert ["'demo'"] == front.so_far(second).texts


def test_a_wrong_password_first(desk: Desk, front: FrontEnd):
    """After wrong passwords the form is there again, with all of the next one's text."""
    sent = front.start(CELL)
    for wrong in ("nonsense", "more nonsense"):
        front.fail_to_log_in(wrong)
        assert 1 == len(front.wait_for_outputs(sent, 1))
    front.log_in(desk.sandbox.password_of("demo"))
    assert ["went on True\n"] == front.finish(sent).texts[1:]
    assert 3 == desk.sandbox.token_requests


def test_a_code(desk: Desk, front: FrontEnd):
    """A log-in of two steps is one wait."""
    desk.know("twofactor")
    sent = front.start(CELL)
    front.wait_for_form("Code", "Verify")
    front.type("Code", "246810")
    front.click("Verify")
    assert ["went on True\n"] == front.finish(sent).texts[1:]
    assert ["'twofactor'"] == front.run(WORKS).texts


def test_a_code_is_told_nobody(desk: Desk, front: FrontEnd):
    """While a cell waits, too, a code that was typed leaves its field, and is published nowhere."""
    desk.know("twofactor")
    begun = len(desk.kernel.published)
    sent = front.start(CELL)
    front.wait_for_form("Code", "Verify")
    first = front._find("Code")
    front.type("Code", "246810")
    front.until(lambda: "Code" in front.labels and front._find("Code") != first, "a new field")
    front.wait_for_form("Code", "Verify")
    assert ("", True) == (
        front.widgets[front._find("Code")]["value"],
        "kept" in front.widgets[front._find("Code")]["placeholder"],
    )
    front.click("Verify")
    assert ["went on True\n"] == front.finish(sent).texts[1:]
    assert [] == [m for m in desk.kernel.published[begun:] if "246810" in str(m["content"])]


def test_at_once_when_all_is_known(desk: Desk, front: FrontEnd):
    """With all in the environment there is no form: one line, and the cell goes on."""
    desk.know()
    run = front.run(CELL)
    assert ("ok", ["went on True\n"], True) == (
        run.status,
        run.texts[1:],
        "Logged in as demo" in run.texts[0],
    )
    assert {} == front.widgets


def test_two_at_once_for_two_names(desk: Desk, front: FrontEnd):
    """Two log-ins may wait in one cell, each at its own form."""
    cell = (
        "import asyncio, etna_magic\n"
        "got = await asyncio.gather(etna_magic.login('one'), etna_magic.login('two'))\n"
        "[s.get('v1.0/users/@me/info').status_code for s in got], got == [one_session, two_session]"
    )
    sent = front.start(cell)
    front.until(lambda: 2 == front.labels.count("Password"), "two forms")
    front.until(lambda: 2 == front.labels.count("Log in"), "two buttons")
    front.log_in(desk.sandbox.password_of("demo"))
    front.until(lambda: 1 == front.labels.count("Log in"), "the end of one form")
    assert 2 == len(front.wait_for_outputs(sent, 2))
    front.log_in(desk.sandbox.password_of("demo"))
    run = front.finish(sent)
    assert (["([200, 200], True)"], 2) == (run.texts[2:], desk.sandbox.token_requests)
    assert desk.kernel.ask("one_token.value != two_token.value")


def test_the_session_refuses_while_it_waits(desk: Desk, front: FrontEnd):
    """Whoever uses the session while the form waits is told to finish it."""
    cell = (
        "import asyncio, etna_magic\ntask = asyncio.ensure_future(etna_magic.login())\n"
        "while 'etna_session' not in globals(): await asyncio.sleep(.02)\n"
        "try: etna_session.get('v1.0/x')\nexcept etna_magic.NotLoggedInError as e: print(e)\nawait task"
    )
    sent = front.start(cell)
    front.log_in(desk.sandbox.password_of("demo"))
    said = [text for text in front.finish(sent).texts if "waiting for its log-in" in text]
    assert (1, 1) == (len(said), said[0].count("\n"))


def test_remembered_over_a_restart(desk: Desk, front: FrontEnd):
    """The same cell after a restart: no form and no request, whatever was typed before it."""
    cell = CELL.replace("login()", "login(remember=True)")
    sent = front.start(cell)
    front.log_in(desk.sandbox.password_of("demo"))
    assert "Remembered in" in front.shown(front.finish(sent))[0]
    desk.restart()
    run = front.run(cell)
    assert (["went on True\n"], 1) == (run.texts[1:], desk.sandbox.token_requests)
    assert ("no request was made" in run.texts[0], {}) == (True, front.widgets)


@pytest.mark.parametrize("again", [False, True])
def test_the_lifetime_and_the_user_are_taken(desk: Desk, front: FrontEnd, again):
    """Options mean what they mean for %etna_login, also for a log-in that is there already."""
    desk.know()
    if again:
        front.run(CELL)
    run = front.run(
        "import etna_magic\nawait etna_magic.login(lifetime='90m', username='demo', no_input=True)"
    )
    assert ("ok", True) == (run.status, "(1 h 30 min)" in run.texts[0])
