"""A login by the keyboard alone: where the cursor is at each moment, and that nothing is typed in clear."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.login_form import LoginForm
from tests.browser.waiting_cell import SETUP, run_to_form

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
LAB = pytest.mark.parametrize("flavour", ["lab"])
CALL = 'etna_session.get("v1.0/users/@me/info").json()'
CANCELLED = "The login was cancelled, and nothing has changed."
# A kernel that has other things to do: another thread of it never rests.
BUSY = """import threading
def _work(ends=__import__("time").monotonic() + 60):
    while __import__("time").monotonic() < ends: pass
threading.Thread(target=_work, daemon=True).start()"""
SLOW = """import time; time.sleep(2)
get_ipython().run_line_magic("etna_login", "-b {} -u demo")"""


def start(open_notebook, flavour, sandbox, cell, *cells, app_key=True):
    """Run a cell that shows a form by Shift+Enter, as a person does, and go on at once."""
    notebook = open_notebook(
        flavour, [SETUP.format(sandbox.app_key if app_key else ""), cell, *cells, "2 + 2"]
    )
    assert "" == notebook.run(0)
    notebook.start_cell(1)
    return LoginForm(notebook, 1)


def check_back_in_the_notebook(form, index):
    """Check that keys go to a cell again, in command mode, and that the notebook has kept no password."""
    cell = form.notebook.cell(index)
    expect(cell).to_be_focused()
    form.press("Enter")
    expect(cell.locator(".cm-content")).to_be_focused()
    form.keyboard.type("40 + ")
    form.press("Shift+Enter")
    form.notebook.wait_for_output(index, "44")


@BOTH
@pytest.mark.parametrize("busy", [None, BUSY], ids=["idle", "busy"])
def test_from_the_first_field_to_the_next_cell(flavour, busy, sandbox, open_notebook):
    """Field by field, a wrong password first; then the keys go to the notebook, where no secret is."""
    line = f"%etna_login -b {sandbox.base_url}"
    form = start(open_notebook, flavour, sandbox, line if busy is None else f"{busy}\n{line}", app_key=False)
    expect(form.field("App key")).to_be_focused()
    form.keyboard.type(sandbox.app_key)
    form.press("Tab")
    form.keyboard.type("demo")
    form.press("Tab")
    form.keyboard.type("wrong-password")
    form.press("Enter")
    expect(form.box.locator(".etna-error")).to_contain_text("refused")
    expect(form.field("Password")).to_be_focused()
    form.keyboard.type(sandbox.password_of("demo"))
    form.press("Enter")
    form.notebook.wait_for_output(1, "Logged in as demo")
    assert 2 == sandbox.token_requests
    check_back_in_the_notebook(form, 2)
    saved = form.notebook.save()
    assert [] == [one for one in (sandbox.password_of("demo"), sandbox.app_key) if one in saved]


@BOTH
def test_a_cell_that_takes_its_time(flavour, sandbox, open_notebook):
    """The form takes the cursor when it appears, however late."""
    form = start(open_notebook, flavour, sandbox, SLOW.format(sandbox.base_url))
    expect(form.field("Password")).to_be_focused()
    form.keyboard.type(sandbox.password_of("demo"))
    form.press("Enter")
    form.notebook.wait_for_output(1, "Logged in as demo")
    check_back_in_the_notebook(form, 2)


@BOTH
def test_the_field_that_an_error_is_about(flavour, sandbox, open_notebook):
    """A base URL where nobody answers is not the password's fault, nor is an app key that is not known."""
    form = start(open_notebook, flavour, sandbox, "%etna_login", app_key=False)
    expect(form.field("Base URL")).to_be_focused()
    for text in ("http://127.0.0.1:9/api", sandbox.app_key, "keyless"):
        form.keyboard.type(text)
        form.press("Tab")
    form.keyboard.type("any-password")
    form.press("Enter")
    expect(form.box.locator(".etna-error")).to_contain_text("http://127.0.0.1:9 could not be")
    expect(form.field("Base URL")).to_be_focused()
    form.press("Control+A")
    form.keyboard.type(sandbox.base_url)
    for _ in range(3):
        form.press("Tab")
    expect(form.field("Password")).to_be_focused()
    form.keyboard.type(sandbox.password_of("keyless"))
    form.press("Enter")
    expect(form.box.locator(".etna-error")).to_contain_text("app key")
    expect(form.field("App key")).to_be_focused()


@BOTH
def test_each_step(flavour, sandbox, open_notebook):
    """A PIN, a wrong code, the right one: each field has the cursor when it is drawn."""
    form = start(open_notebook, flavour, sandbox, f"%etna_login -b {sandbox.base_url} -u pin-twofactor")
    for label, text in (
        ("Password", sandbox.password_of("pin-twofactor")),
        ("PIN", "1357"),
        ("Code", "000000"),
    ):
        expect(form.field(label)).to_be_focused()
        form.keyboard.type(text)
        form.press("Enter")
    expect(form.box.locator(".etna-error")).to_be_visible()
    expect(form.field("Code")).to_be_focused()
    form.keyboard.type("246810")
    form.press("Enter")
    form.notebook.wait_for_output(1, "Logged in as pin-twofactor")
    check_back_in_the_notebook(form, 2)


@BOTH
@pytest.mark.parametrize("way", ["Escape", "Cancel"])
def test_leaving(flavour, way, sandbox, open_notebook):
    """Escape and "Cancel" leave all as it was, with a good token there; the cursor is in the notebook."""
    line = f"import os; os.environ['ETNA_PASSWORD'] = {sandbox.password_of('demo')!r}"
    first = f"{line}\n%etna_login -b {sandbox.base_url} -u demo\ndel os.environ['ETNA_PASSWORD']\n%etna_login"
    form = start(open_notebook, flavour, sandbox, first, CALL)
    expect(form.field("Password")).to_be_focused()
    form.keyboard.type("half-typed")
    if way == "Escape":
        form.press("Escape")
    else:
        while not form.button("Cancel").evaluate("button => button === document.activeElement"):
            form.press("Tab")
        form.press("Enter")
    form.notebook.wait_for_output(1, CANCELLED)
    expect(form.notebook.cell(2)).to_be_focused()
    form.press("Shift+Enter")
    form.notebook.wait_for_output(2, "'Login': 'demo'")
    assert 1 == sandbox.token_requests


@BOTH
def test_leaving_while_the_server_is_asked(flavour, held, sandbox, open_notebook):
    """While the form says how long it has waited, the cursor is in it, and Escape ends it."""
    form = start(open_notebook, flavour, sandbox, f"%etna_login -b {held.base_url} -u demo")
    expect(form.field("Password")).to_be_focused()
    form.keyboard.type("any-password")
    form.press("Enter")
    held.wait_for_request()
    expect(form.box).to_contain_text("2 s so far")
    expect(form.box).to_be_focused()
    form.press("Escape")
    form.notebook.wait_for_output(1, CANCELLED)
    check_back_in_the_notebook(form, 2)


@BOTH
def test_leaving_a_cell_that_waits(flavour, sandbox, open_notebook):
    """The cursor is in the form of a cell that awaits it, and afterwards in the notebook."""
    line = f"await etna_magic.login(base_url={sandbox.base_url!r}, username='demo')"
    form = start(open_notebook, flavour, sandbox, line)
    expect(form.field("Password")).to_be_focused()
    form.press("Escape")
    form.notebook.wait_for_output(1, CANCELLED)
    form.notebook.wait_for_output(1, "NotLoggedInError")
    check_back_in_the_notebook(form, 2)


@BOTH
@pytest.mark.parametrize("awaits", [True, False])
def test_run_all_is_not_disturbed(flavour, awaits, sandbox, open_notebook):
    """While other cells wait to run, a form leaves the cursor where it is."""
    where = f"base_url={sandbox.base_url!r}, username='demo'"
    login = f"await etna_magic.login({where})" if awaits else f"%etna_login -b {sandbox.base_url} -u demo"
    wait = "import time\ntime.sleep(3)\nprint('waited')"
    cells = [SETUP.format(sandbox.app_key), login, wait, "print('went on')"]
    form = run_to_form(open_notebook, flavour, cells)
    expect(form.box.locator(":focus")).to_have_count(0)
    if awaits:
        form.type("Password", sandbox.password_of("demo"))
        form.press("Enter")
    form.notebook.wait_for_output(3, "went on")
    expect(form.notebook.cell(3)).to_be_focused()
