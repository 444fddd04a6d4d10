"""What is typed into the form never reaches a disk, whenever the notebook is saved."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.helpers.secret_scan import secrets_on_disk

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
HALF = "Corr3ct-h0rse"
PASSWORD = HALF + "-b4ttery-staple"
APP_KEY = "QXBwLWtleS1vZi1hLXRlc3QrYW5kL25vdGhpbmcgZWxzZQ=="
TOKEN = "dG9rZW4tb2YtYS10ZXN0/made+up/" * 5 + "=="
WRONG = {"State": "Failed", "Step": "BaseAuthentication", "Reason": "Invalid credentials"}
RIGHT = {"State": "Succeeded", "Token": TOKEN}
CONTROL = """
import ipywidgets
ipywidgets.Password(description="Password", continuous_update=False).add_class("etna-login")
"""


def saved_secrets(form):
    """Save the notebook now, and return what of the secrets is anywhere on the disk."""
    saved = json.loads(form.notebook.save())
    assert "widgets" in saved["metadata"] or form.box.count() == 0, "widget state was not saved"
    return secrets_on_disk(form.notebook.server.home, HALF, PASSWORD, APP_KEY, TOKEN)


@BOTH
def test_nothing_on_disk_before_a_request(flavour, held, show_form):
    """Saved while a password is half typed, and after it was left without logging in."""
    form = show_form(flavour, f"%etna_login -b {held.base_url}", "1 + 1")
    form.type("App key", APP_KEY)
    form.type("Username", "demo")
    form.type("Password", HALF)
    assert saved_secrets(form) == []
    form.notebook.page.keyboard.type(PASSWORD.removeprefix(HALF))
    assert saved_secrets(form) == []
    form.press("Tab")
    assert form.notebook.run(2) == "2"
    assert saved_secrets(form) == []


@BOTH
def test_nothing_on_disk_during_and_after_requests(flavour, held, show_form):
    """Saved while a request is under way, after a wrong password, and after success."""
    form = show_form(flavour, f"%etna_login -b {held.base_url} -u demo", "etna_token")
    form.type("App key", APP_KEY)
    for answer in ((401, WRONG), (200, RIGHT)):
        form.type("Password", PASSWORD)
        form.press("Enter")
        assert held.wait_for_request()["Password"] == PASSWORD
        expect(form.button("Log in")).to_be_disabled()
        assert saved_secrets(form) == []
        held.answer(*answer)
        if answer[0] != 200:
            form.wait_for_error("password")
            assert saved_secrets(form) == []
    form.wait_until_gone()
    assert "demo" in form.notebook.run(2)
    assert saved_secrets(form) == []


@BOTH
def test_nothing_on_disk_while_a_password_is_shown(flavour, held, show_form):
    """Saved while it is shown half typed and typed on, after it was hidden, and after it was left shown."""
    form = show_form(flavour, f"%etna_login -b {held.base_url} -u demo", "1 + 1", app_key=APP_KEY[::-1])
    box = form.box.get_by_role("checkbox", name="Show password")
    form.type("Password", HALF)
    box.click()
    assert form.kind("Password") == "text"
    assert saved_secrets(form) == []
    form.notebook.page.keyboard.type(PASSWORD.removeprefix(HALF))
    assert saved_secrets(form) == []
    box.click()
    assert saved_secrets(form) == []
    box.click()
    form.press("Tab")
    assert form.notebook.run(2) == "2"
    assert saved_secrets(form) == []


@BOTH
def test_nothing_on_disk_while_the_kernel_is_busy(flavour, held, show_form):
    """While a cell runs, the form takes no password, or a save does not write it."""
    busy = "import time\nprint('busy')\ntime.sleep(3)"
    form = show_form(flavour, f"%etna_login -b {held.base_url} -u demo", busy, app_key=APP_KEY[::-1])
    form.notebook.start_cell(2)
    form.notebook.wait_for_output(2, "busy")
    if form.field("Password").is_editable():
        form.type("Password", PASSWORD)
        form.press("Tab")
    found = saved_secrets(form)
    form.notebook.wait_until_idle()
    assert saved_secrets(form) == []
    assert found == []


@BOTH
def test_control_a_plain_password_widget_is_found_on_disk(flavour, open_notebook):
    """The same steps with a widget that keeps its value: the scan above can fail."""
    notebook = open_notebook(flavour, [CONTROL])
    notebook.run_cell(0)
    field = notebook.output(0).get_by_label("Password")
    field.click()
    field.press_sequentially("control-" + PASSWORD)
    field.press("Tab")
    notebook.wait_until_idle()
    notebook.save()
    found = secrets_on_disk(notebook.server.home, "control-" + PASSWORD)
    assert f"notebooks/{notebook.file.name}" in [path for path, _ in found]
    for path, _ in found:
        (notebook.server.home / path).unlink()
