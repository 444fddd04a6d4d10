"""A remembered login survives a kernel restart; what is typed while a cell waits reaches no disk."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import EXECUTE
from tests.browser.test_disk import APP_KEY, PASSWORD, RIGHT, TOKEN
from tests.browser.waiting_cell import (
    MARKER,
    WAITS,
    cells_around,
    run_to_form,
    save_until_clean,
    wait_for_the_end,
)
from tests.helpers.secret_scan import secrets_on_disk

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
KEPT = re.compile("kept")
FIRST = PASSWORD[::-1]


def saved(form):
    """Save the notebook now, and return what of the secrets is anywhere on the disk."""
    save_until_clean(form.notebook)
    state = json.loads(form.notebook.file.read_text(encoding="utf-8"))
    assert "widgets" in state["metadata"] or form.box.count() == 0, "widget state was not saved"
    return secrets_on_disk(form.notebook.server.home, FIRST, PASSWORD, APP_KEY, TOKEN)


@BOTH
def test_run_all_after_a_restart_asks_nothing(flavour, sandbox, open_notebook):
    """The password is typed once; the same notebook then runs through untouched in a new kernel."""
    login = f"base_url={sandbox.base_url!r}, username='demo', remember=True"
    form = run_to_form(open_notebook, flavour, cells_around(login, sandbox.app_key))
    notebook = form.notebook
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    line, who, _ = wait_for_the_end(notebook)
    assert (True, "'demo'", 1) == ("Remembered in" in line, who, sandbox.token_requests)
    notebook.restart_kernel()
    notebook.page.evaluate(EXECUTE, "notebook:clear-all-cell-outputs")
    assert "" == notebook.output_text(MARKER)
    notebook.run_all()
    line, who, _ = wait_for_the_end(notebook)
    assert (0, "'demo'", 1) == (form.box.count(), who, sandbox.token_requests)
    assert line.startswith("Logged in as demo at ")
    assert "It was remembered in" in line
    assert "no request was made" in line


@BOTH
def test_nothing_on_disk_while_a_cell_waits(flavour, held, open_notebook):
    """Saved with a password left by Tab, with a second one in its place, during the request and after it."""
    cells = cells_around(f"base_url={held.base_url!r}, username='demo'", APP_KEY[::-1], "etna_token")
    form = run_to_form(open_notebook, flavour, cells)
    for text in (FIRST, PASSWORD):
        form.type("Password", text)
        form.press("Tab")
        expect(form.field("Password")).to_have_attribute("placeholder", KEPT)
        expect(form.field("Password")).to_have_value("")
        assert [] == saved(form)
    form.button("Log in").click()
    assert PASSWORD == held.wait_for_request()["Password"]
    assert [] == saved(form)
    held.answer(200, RIGHT)
    form.notebook.wait_for_output(WAITS, "Logged in as demo")
    form.wait_until_gone()
    assert [] == saved(form)
