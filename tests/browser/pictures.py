"""Pictures of what a user sees, in both themes, to be looked at; `make pictures` draws them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LOAD
from tests.browser.login_form import LoginForm
from tests.browser.notebook_page import SCREENSHOTS

WIDE, NARROW = "wide", "narrow"
LOOKS = pytest.mark.parametrize(
    ("flavour", "shade", "width"),
    [
        ("lab", "light", WIDE),
        ("lab", "dark", WIDE),
        ("lab", "light", NARROW),
        ("lab", "dark", NARROW),
        ("notebook", "light", WIDE),
        ("notebook", "dark", NARROW),
    ],
)
PLACES = {
    "live": "-b https://api.example.com/api -u alice",
    "demo": "-b https://pub-api-x-demo-prod.etnasoft.us/api -u alice",
    "sandbox": "--sandbox --form --read-only",
}


@pytest.fixture(scope="package")
def scale() -> int:
    """Draw them as a sharp screen does."""
    return 2


@LOOKS
def test_pictures_of_a_login(flavour, shade, width, sandbox, show_form):
    """The form, an error in it, a PIN, a code, the line of success and the status."""
    line = f"%etna_login -b {sandbox.base_url}"
    form = show_form(flavour, line, "%etna_status", shade=shade)
    notebook = form.notebook
    if width is NARROW:
        notebook.narrow()
    drawn = [notebook.screenshot("form", 1, shade)]
    form.type("App key", sandbox.app_key)
    form.type("Username", "pin-twofactor")
    for said in ("password", "Refused 2 times", "Refused 3 times"):
        form.type("Password", "wrong-password")
        form.press("Enter")
        form.wait_for_error(said)
        expect(form.field("Password")).to_be_focused()
    drawn.append(notebook.screenshot("error", 1, shade))
    form.type("Password", sandbox.password_of("pin-twofactor"))
    form.press("Enter")
    form.wait_for("PIN")
    expect(form.field("PIN")).to_be_focused()
    drawn.append(notebook.screenshot("pin", 1, shade))
    form.keyboard.type("1357")
    form.press("Enter")
    form.wait_for("Code")
    expect(form.field("Code")).to_be_focused()
    drawn.append(notebook.screenshot("code", 1, shade))
    form.keyboard.type("246810")
    form.press("Enter")
    form.wait_until_gone()
    drawn.append(notebook.screenshot("success", 1, shade))
    notebook.run(2)
    assert notebook.output(2).locator(".etna-card").count() == 1
    drawn.append(notebook.screenshot("status", 2, shade))
    assert all(path.stat().st_size > 0 for path in drawn)


@LOOKS
def test_pictures_of_each_place(flavour, shade, width, open_notebook):
    """Before anything is typed: LIVE, DEMO and SANDBOX."""
    lines = [f"%etna_login {place} {line}" for place, line in PLACES.items()]
    notebook = open_notebook(flavour, [LOAD, *lines], shade)
    notebook.run(0)
    for index, place in enumerate(PLACES, 1):
        notebook.run_cell(index)
        form = LoginForm(notebook, index)
        form.wait_for("Password")
        expect(form.box.locator(".etna-badge").first).to_have_text(place.upper())
    if width is NARROW:
        notebook.narrow()
    drawn = [notebook.screenshot(place, index, shade) for index, place in enumerate(PLACES, 1)]
    assert all(path.stat().st_size > 0 for path in drawn)


@LOOKS
def test_picture_of_what_a_genuine_server_knows(flavour, shade, width, sandbox, show_form):
    """The user's phrase and picture above the PIN; the browser has drawn the picture."""
    line = f"%etna_login -b {sandbox.base_url} -u pin-phrase"
    form = show_form(flavour, line, app_key=sandbox.app_key, shade=shade)
    if width is NARROW:
        form.notebook.narrow()
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
def test_picture_for_the_readme(shade, open_notebook):
    """A form for a LIVE server, and below it a cell that begins with the warning of another login."""
    lines = (
        "%etna_login paper --sandbox --lifetime 1s",
        "%etna_login -b https://api.example.com -u alice",
        "6 * 7",
    )
    notebook = open_notebook("lab", [LOAD, *lines], shade)
    notebook.run(0)
    notebook.run(1)
    notebook.run_cell(2)
    form = LoginForm(notebook, 2)
    form.wait_for("Password")
    expect(notebook.output(1)).to_contain_text("Logged in")
    notebook.page.wait_for_timeout(1500)  # the token's whole life
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("expired")
    notebook.page.mouse.move(0, 0)
    first, last = (notebook.cell(index).bounding_box() for index in (2, 3))
    clip = {**first, "height": last["y"] + last["height"] - first["y"] + 4}
    notebook.page.screenshot(path=SCREENSHOTS / f"overview-{shade}.png", clip=clip)


@LOOKS
def test_picture_of_a_warning(flavour, shade, width, sandbox, show_form):
    """The warning above a cell's own output, once the token is stale."""
    wait = "import time\ntime.sleep(max(0, etna_token.remaining.total_seconds()) + 0.1)"
    line = f"%etna_login -b {sandbox.base_url} -u demo --lifetime 2"
    cells = ("print('hello')", wait, "%etna_status")
    form = show_form(flavour, line, *cells, app_key=sandbox.app_key, shade=shade)
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    notebook = form.notebook
    if width is NARROW:
        notebook.narrow()
    notebook.run(3)
    notebook.run(2)
    assert notebook.output(2).locator(".etna-warning").count() == 1
    notebook.screenshot("warning", 2, shade)
    notebook.run(4)
    notebook.screenshot("status-stale", 4, shade)
