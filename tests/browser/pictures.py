"""Pictures of what a user sees, in both themes, wide and narrow, to be looked at; `make pictures` draws them.

Those of JupyterLab are in `docs/pictures/`, for the manual: with few colours, since they are kept for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import LOAD
from tests.browser.login_form import LoginForm
from tests.browser.notebook_page import SCREENSHOTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.notebook_page import NotebookPage

KEPT = SCREENSHOTS.parents[2] / "docs" / "pictures"
COLOURS = 96
WIDTHS = {"": 800, "-320": 320}
LOOKS = pytest.mark.parametrize(
    ("flavour", "shade"), [("lab", "light"), ("lab", "dark"), ("notebook", "light"), ("notebook", "dark")]
)
# The embedded sandbox, as a user would have set it.
SET_UP = """
import os
from datetime import timedelta
from etna_magic.settings.embedded_sandbox import sandbox
running = sandbox(timedelta(hours=24))
os.environ['ETNA_BASE_URL'] = running.base_url
"""
KEY = "os.environ['ETNA_APP_KEY'] = running.app_key\n"
PLACES = {
    "live": "-b https://api.example.com/api -u alice",
    "demo": "-b https://pub-api-et-demo-prod.etnasoft.us/api -u alice",
    "sandbox": "--sandbox --form --read-only",
}


@pytest.fixture(scope="package")
def scale() -> int:
    """Draw them as a sharp screen does."""
    return 2


def keep(path: Path, name: str) -> None:
    """Put a picture into the manual."""
    KEPT.mkdir(exist_ok=True)
    drawn = Image.open(path).convert("RGB").quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
    drawn.save(KEPT / f"{name}.png", optimize=True)


def draw(notebook: NotebookPage, name: str, index: int, shade: str) -> None:
    """Draw a cell with its output, wide and at 320 pixels."""
    for suffix, width in WIDTHS.items():
        notebook.resize(width)
        path = notebook.screenshot(f"{name}{suffix}", index, shade)
        assert path.stat().st_size > 0
        if notebook.server.flavour == "lab":
            keep(path, f"{name}{suffix}-{shade}")


@LOOKS
def test_pictures_of_a_login(flavour, shade, sandbox, open_notebook):
    """The form, an error in it, a PIN, a code, the line of success and the status."""
    notebook = open_notebook(flavour, [LOAD + SET_UP, "%etna_login", "%etna_status"], shade)
    assert notebook.run(0) == ""
    notebook.run_cell(1)
    form = LoginForm(notebook, 1)
    form.wait_for("Password")
    draw(notebook, "form", 1, shade)
    form.type("App key", sandbox.app_key)
    form.type("Username", "pin-twofactor")
    for said in ("password", "Refused 2 times", "Refused 3 times"):
        form.type("Password", "wrong-password")
        form.press("Enter")
        form.wait_for_error(said)
        expect(form.field("Password")).to_be_focused()
    draw(notebook, "error", 1, shade)
    form.type("Password", sandbox.password_of("pin-twofactor"))
    form.press("Enter")
    form.wait_for("PIN")
    expect(form.field("PIN")).to_be_focused()
    draw(notebook, "pin", 1, shade)
    form.keyboard.type("1357")
    form.press("Enter")
    form.wait_for("Code")
    expect(form.field("Code")).to_be_focused()
    draw(notebook, "code", 1, shade)
    form.keyboard.type("246810")
    form.press("Enter")
    form.wait_until_gone()
    draw(notebook, "success", 1, shade)
    notebook.run(2)
    assert notebook.output(2).locator(".etna-card").count() == 1
    draw(notebook, "status", 2, shade)


@LOOKS
def test_pictures_of_each_place(flavour, shade, open_notebook):
    """Before anything is typed: LIVE, DEMO and SANDBOX."""
    lines = [f"%etna_login {place} {line}" for place, line in PLACES.items()]
    notebook = open_notebook(flavour, [LOAD, *lines], shade)
    notebook.run(0)
    for index, place in enumerate(PLACES, 1):
        notebook.run_cell(index)
        form = LoginForm(notebook, index)
        form.wait_for("Password")
        expect(form.box.locator(".etna-badge").first).to_have_text(place.upper())
    for index, place in enumerate(PLACES, 1):
        draw(notebook, place, index, shade)


@LOOKS
def test_picture_of_what_a_genuine_server_knows(flavour, shade, sandbox, open_notebook):
    """The user's phrase and picture above the PIN; the browser has drawn the picture."""
    notebook = open_notebook(flavour, [LOAD + SET_UP + KEY, "%etna_login -u pin-phrase"], shade)
    assert notebook.run(0) == ""
    notebook.run_cell(1)
    form = LoginForm(notebook, 1)
    form.type("Password", sandbox.password_of("pin-phrase"))
    form.press("Enter")
    form.wait_for("PIN")
    proof = notebook.output(1).locator(".etna-proof")
    expect(proof).to_contain_text("Your phrase: ")
    picture = proof.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    draw(notebook, "phrase", 1, shade)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_picture_for_the_readme(shade, open_notebook):
    """A cell that begins with the warning, and below it the form by which a user logs in again."""
    wait = "import time\ntime.sleep(max(0, etna_token.remaining.total_seconds()) + 0.1)"
    lines = (
        "%etna_login --sandbox --lifetime 1s",
        wait,
        "6 * 7",
        "%etna_login -b https://pub-api-mybroker-live-prod.etnasoft.us/api -u alice",
    )
    notebook = open_notebook("lab", [LOAD, *lines], shade)
    notebook.resize(WIDTHS[""])
    for index in range(4):
        notebook.run(index)
    expect(notebook.output(3)).to_contain_text("expired")
    notebook.run_cell(4)
    LoginForm(notebook, 4).wait_for("Password")
    notebook.page.mouse.move(0, 0)
    first, last = (notebook.cell(index).bounding_box() for index in (3, 4))
    clip = {**first, "height": last["y"] + last["height"] - first["y"] + 4}
    path = SCREENSHOTS / f"overview-{shade}.png"
    notebook.page.screenshot(path=path, clip=clip)
    keep(path, path.stem)


@LOOKS
def test_picture_of_a_warning(flavour, shade, open_notebook):
    """The warning above a cell's own output, once the token is stale."""
    wait = "import time\ntime.sleep(max(0, etna_token.remaining.total_seconds()) + 0.1)"
    cells = ("%etna_login --sandbox --lifetime 2s", "print('hello')", wait, "%etna_status")
    notebook = open_notebook(flavour, [LOAD, *cells], shade)
    notebook.run(0)
    notebook.run(1)
    notebook.run(3)
    notebook.run(2)
    assert notebook.output(2).locator(".etna-warning").count() == 1
    draw(notebook, "warning", 2, shade)
    notebook.run(4)
    draw(notebook, "status-stale", 4, shade)
