"""A login by keyboard alone, as a screen reader would say it; the manual has its log."""

from __future__ import annotations

import re

import pytest

from tests.browser.notebook_page import SCREENSHOTS
from tests.browser.screen_reader import ScreenReader

# What is said now is left beside the screenshots: copy it there, if it is as it should be.
IN_MANUAL = SCREENSHOTS.parents[2] / "docs" / "reference" / "spoken.txt"
WRONG = {"State": "Failed", "Step": "BaseAuthentication", "Reason": "Invalid credentials"}
CODE = {
    "State": "Expecting",
    "Step": "VerificationCode",
    "Reason": "Expecting confirmation code",
    "Token": "aW50ZXJpbQ==",
}
RIGHT = {"State": "Succeeded", "Token": "dG9rZW4="}


@pytest.mark.parametrize("flavour", ["lab", "notebook"])
def test_what_a_screen_reader_says(flavour, held, show_form):
    """Form, typing, progress, error, code and success: each is said, in this order, and no password is."""
    form = show_form(flavour, f"%etna_login -b {held.base_url} -u alice", app_key="a2V5")
    page = form.notebook.page
    reader = ScreenReader(page)

    def act(what: str, *keys: str) -> None:
        reader.note(what)
        for key in keys:
            page.keyboard.press(key) if len(key) > 1 else page.keyboard.type(key)

    def type_and_enter(text: str) -> None:
        act(f"types {'*' * len(text)}, then Enter", *text, "Enter")
        held.wait_for_request()
        reader.wait_for("Logging in")
        reader.wait_for("group: ")

    reader.note("%etna_login has shown its form")
    reader.wait_for("textbox: Password")
    for name in ("checkbox: Show password", "checkbox: Remember on this machine", "button: Log in"):
        act("Tab", "Tab")
        reader.wait_for(name)
    act("Shift+Tab, three times", *["Shift+Tab"] * 3)
    reader.wait_for("textbox: Password")
    type_and_enter("wrong")
    held.answer(401, WRONG)
    reader.wait_for("alert: The server refused the password")
    reader.wait_for("textbox: Password, required, invalid")
    type_and_enter("sesame")
    held.answer(202, CODE)
    reader.wait_for("textbox: Code")
    type_and_enter("246810")
    held.answer(200, RIGHT)
    reader.wait_for("Logged in as alice")
    form.wait_until_gone()
    reader.listen()
    log = reader.summary().replace(held.base_url, "http://127.0.0.1/api")
    log = re.sub(r"until .*? \(", "until … (", log)
    SCREENSHOTS.mkdir(exist_ok=True)
    (SCREENSHOTS / f"spoken-{flavour}.txt").write_text(log, encoding="utf-8")
    assert not [word for word in ("wrong", "sesame", "246810") if word in log]
    assert IN_MANUAL.read_text(encoding="utf-8") == log
