"""Pictures of what a user sees, in both themes, to be looked at after a change."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

LOOKS = [("lab", "light"), ("lab", "dark"), ("notebook", "light")]


@pytest.mark.parametrize(("flavour", "shade"), LOOKS)
def test_pictures_of_a_login(flavour, shade, sandbox, show_form):
    """The form, an error in it, the line of success and the table of logins."""
    line = f"%etna_login -b {sandbox.base_url}"
    form = show_form(flavour, line, "%etna_status", shade=shade)
    notebook = form.notebook
    drawn = [notebook.screenshot("form", 1, shade)]
    form.type("App key", sandbox.app_key)
    form.type("Username", "demo")
    form.type("Password", "wrong-password")
    form.press("Enter")
    form.wait_for_error("password")
    expect(form.field("Password")).to_be_focused()
    drawn.append(notebook.screenshot("error", 1, shade))
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    drawn.append(notebook.screenshot("success", 1, shade))
    notebook.run(2)
    assert notebook.output(2).locator(".etna-card").count() == 1
    drawn.append(notebook.screenshot("status", 2, shade))
    assert all(path.stat().st_size > 0 for path in drawn)


@pytest.mark.parametrize(("flavour", "shade"), LOOKS)
def test_picture_of_what_a_genuine_server_knows(flavour, shade, sandbox, show_form):
    """The user's phrase and picture above the PIN; the browser has drawn the picture."""
    line = f"%etna_login -b {sandbox.base_url} -u pin-phrase"
    form = show_form(flavour, line, app_key=sandbox.app_key, shade=shade)
    form.type("Password", sandbox.password_of("pin-phrase"))
    form.press("Enter")
    form.wait_for("PIN")
    proof = form.notebook.output(1).locator(".etna-proof")
    expect(proof).to_contain_text("Your phrase: ")
    picture = proof.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    form.notebook.screenshot("phrase", 1, shade)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_picture_for_the_readme(shade, show_form):
    """The form as a newcomer meets it, who has set nothing: all four fields."""
    form = show_form("lab", "%etna_login", shade=shade)
    assert form.labels() == ["Base URL", "App key", "Username", "Password"]
    form.type("Base URL", "https://api.example.com")
    form.type("Username", "alice")
    form.press("Tab")
    form.notebook.screenshot("readme", 1, shade)


@pytest.mark.parametrize(("flavour", "shade"), LOOKS)
def test_picture_of_a_warning(flavour, shade, sandbox, show_form):
    """The warning above a cell's own output, once the token is stale."""
    wait = "import time\ntime.sleep(max(0, etna_token.remaining.total_seconds()) + 0.1)"
    line = f"%etna_login -b {sandbox.base_url} -u demo --lifetime 2"
    cells = ("print('hello')", wait, "%etna_status")
    form = show_form(flavour, line, *cells, app_key=sandbox.app_key, shade=shade)
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    notebook = form.notebook
    notebook.run(3)
    notebook.run(2)
    assert notebook.output(2).locator(".etna-warning").count() == 1
    notebook.screenshot("warning", 2, shade)
    notebook.run(4)
    notebook.screenshot("status-stale", 4, shade)
