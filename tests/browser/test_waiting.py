"""A cell that awaits the login holds up "Run All" until the user has logged in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.waiting_cell import (
    CALL,
    MARKER,
    WAITS,
    WHO,
    WaitingForm,
    cells_around,
    interrupt,
    later_cells,
    reload,
    run_to_form,
    wait_for_the_end,
)

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
RUN_AGAIN = "This cell was run again while its form was waiting"
WAITING = [("[*]:", ""), ("[*]:", "")]


@BOTH
def test_run_all_goes_on_after_the_log_in(flavour, sandbox, open_notebook):
    """The cells behind wait through a wrong password, and a user name that is corrected is what is sent."""
    cells = cells_around(f"base_url={sandbox.base_url!r}", sandbox.app_key)
    form = run_to_form(open_notebook, flavour, cells, "Username")
    notebook = form.notebook
    assert ["Username", "Password"] == form.labels()
    notebook.screenshot("waiting", WAITS, "light")
    mistype_and_correct(form, "demo")
    form.keyboard.type("wrong-password", delay=5)
    form.press("Enter")
    form.wait_for_error("password")
    assert ("demo", "") == (form.field("Username").input_value(), form.field("Password").input_value())
    assert (WAITING, 1) == (later_cells(notebook), sandbox.token_requests)
    mistype_and_correct(form, "demo")
    form.keyboard.type(sandbox.password_of("demo"), delay=5)
    assert sandbox.password_of("demo") == form.field("Password").input_value()
    assert (WAITING, 1) == (later_cells(notebook), sandbox.token_requests)
    form.button("Log in").click()
    line, who, marker = wait_for_the_end(notebook)
    assert line.startswith("Logged in as demo at ")
    assert ("'demo'", "went on", 2) == (who, marker, sandbox.token_requests)


def mistype_and_correct(form, user):
    """Leave a wrong user name and a password, go back, correct the name, and end in the password's field."""
    form.type("Username", "wrong-user")
    form.press("Tab")
    # While the field that was left is replaced, the next one is being typed into.
    form.keyboard.type("never-sent", delay=30)
    expect(form.field("Password")).to_be_focused()
    expect(form.field("Password")).to_have_value("never-sent")
    form.press("Shift+Tab")
    expect(form.field("Username")).to_be_focused()
    form.type("Username", user)
    form.press("Tab")
    expect(form.field("Password")).to_be_focused()


@BOTH
def test_codes_and_pins_while_cells_wait(flavour, sandbox, open_notebook):
    """Two cells that wait, one after the other: a wrong code first, and a PIN before a code."""
    where = f"base_url={sandbox.base_url!r}"
    other = f"await etna_magic.login('other', username='pin-twofactor', {where})"
    first = f"username='twofactor-again', {where}"
    cells = cells_around(first, sandbox.app_key, other, WHO.replace("etna", "other"))
    form = run_to_form(open_notebook, flavour, cells)
    mistype_the_code(form, sandbox.password_of("twofactor-again"))
    form.keyboard.type("246810", delay=5)
    assert (WAITING, "246810") == (later_cells(form.notebook), form.field("Code").input_value())
    form.button("Verify").click()
    form.wait_until_gone()
    second = WaitingForm(form.notebook, MARKER + 1)
    second.wait_for("Password")
    expect(form.notebook.cell(MARKER).locator(".jp-InputPrompt")).to_have_text("[4]:")
    assert [("[3]:", "'twofactor-again'"), ("[4]:", "went on")] == later_cells(form.notebook)
    give_pin_and_code(second, sandbox.password_of("pin-twofactor"))
    form.notebook.wait_for_output(MARKER + 2, "'pin-twofactor'")
    assert form.notebook.output_text(WAITS).startswith("Logged in as twofactor-again at ")
    assert form.notebook.output_text(MARKER + 1).startswith("Logged in as pin-twofactor at ")
    assert 6 == sandbox.token_requests


def mistype_the_code(form, password):
    """Go on to the code by Enter, and give a wrong one; the cursor is in the field for the next."""
    form.type("Password", password)
    form.press("Enter")
    form.wait_for("Code")
    form.type("Code", "000000")
    form.press("Enter")
    form.wait_for_error("code")
    expect(form.field("Code")).to_be_focused()


def give_pin_and_code(form, password):
    """Log in by click, give the PIN, then the code, each ended by Enter, until the form is gone."""
    form.type("Password", password)
    form.button("Log in").click()
    form.wait_for("PIN")
    form.type("PIN", "1357")
    form.press("Enter")
    form.wait_for("Code")
    expect(form.field("Code")).to_be_focused()
    form.keyboard.type("246810", delay=5)
    form.press("Enter")
    form.wait_until_gone()


@BOTH
def test_an_interrupt_ends_the_wait(flavour, sandbox, open_notebook):
    """The cell fails and stops the others, one line takes the form's place, and it can be run again."""
    cells = cells_around(f"base_url={sandbox.base_url!r}, username='demo'", sandbox.app_key)
    form = run_to_form(open_notebook, flavour, cells)
    notebook = form.notebook
    form.type("Password", "typed-before")
    form.press("Tab")
    interrupt(notebook)
    form.wait_until_gone()
    assert ("[2]:", [("[ ]:", "")] * 2) == (notebook.prompt(WAITS), later_cells(notebook))
    said = notebook.output_text(WAITS)
    notebook.screenshot("interrupted", WAITS, "light")
    log_in_again(form, sandbox)
    assert said.startswith("This form was closed, because its cell was stopped.")
    assert "The login was interrupted." in said
    assert "Traceback" not in said


@BOTH
def test_a_cell_that_is_run_again_while_it_waits(flavour, sandbox, open_notebook):
    """The front end takes the form away; the cell asks again, or says what to do, and none behind is run."""
    cells = cells_around(f"base_url={sandbox.base_url!r}, username='demo'", sandbox.app_key)
    form = run_to_form(open_notebook, flavour, cells)
    notebook = form.notebook
    old = form.field("Password").element_handle()
    notebook.start_cell(WAITS)
    old.wait_for_element_state("hidden")
    # The kernel refuses what was sent before the first run has ended: the new run comes just before or after.
    expect(form.field("Password").or_(notebook.output(WAITS).get_by_text(RUN_AGAIN))).to_be_visible()
    assert [("[ ]:", "")] * 2 == later_cells(notebook)
    if not form.field("Password").is_visible():
        notebook.start_cell(WAITS)
    form.wait_for("Password")
    form.type("Password", sandbox.password_of("demo"))
    form.button("Log in").click()
    notebook.wait_for_output(WAITS, "Logged in as demo")
    assert ("'demo'", 1) == (notebook.run(CALL), sandbox.token_requests)


@BOTH
def test_a_reload_of_the_page_while_it_waits(flavour, sandbox, open_notebook):
    """The form does not come back, but an interrupt from the new page ends the wait and the cell works."""
    cells = cells_around(f"base_url={sandbox.base_url!r}, username='demo'", sandbox.app_key)
    form = run_to_form(open_notebook, flavour, cells)
    form.notebook.save()
    reload(form.notebook)
    interrupt(form.notebook)
    log_in_again(form, sandbox)


def log_in_again(form, sandbox):
    """Run the waiting cell once more, log in at its form, and see the session work."""
    form.notebook.start_cell(WAITS)
    form.wait_for("Password")
    form.type("Password", sandbox.password_of("demo"))
    form.button("Log in").click()
    form.notebook.wait_for_output(WAITS, "Logged in as demo")
    assert ("'demo'", 1) == (form.notebook.run(CALL), sandbox.token_requests)
