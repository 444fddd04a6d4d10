"""The form for those who see it large, in other colours or not at all, and who use the keyboard alone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.screen_reader import ScreenReader

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
LOOKS = pytest.mark.parametrize(
    ("flavour", "shade"), [("lab", "light"), ("lab", "dark"), ("notebook", "light"), ("notebook", "dark")]
)
# What the form says at each frame that is drawn while nothing has the cursor, once it was in the form.
WATCH_CURSOR = """() => {
    window.withoutCursor = [];
    let wasInForm = false;
    const look = () => {
        wasInForm ||= Boolean(document.activeElement.closest('.etna-login'));
        if (wasInForm && document.activeElement === document.body) {
            window.withoutCursor.push(document.querySelector('.etna-login')?.innerText ?? 'gone');
        }
        requestAnimationFrame(look);
    };
    look();
}"""
# Words of a text that are on two lines.
BROKEN_WORDS = r"""element => {
    const broken = [];
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        for (const match of walker.currentNode.data.matchAll(/\S+/g)) {
            const range = document.createRange();
            range.setStart(walker.currentNode, match.index);
            range.setEnd(walker.currentNode, match.index + match[0].length);
            const lines = new Set([...range.getClientRects()].map(rect => Math.round(rect.top)));
            if (lines.size > 1) broken.push(match[0]);
        }
    }
    return broken;
}"""
# What is wider than the form, and whether anything around it scrolls to the side.
TOO_WIDE = """form => {
    const right = form.getBoundingClientRect().right;
    const isWide = one => one.getBoundingClientRect().right > right + 0.5;
    const wide = [...form.querySelectorAll('*')].filter(isWide);
    const area = form.closest('.jp-OutputArea-output');
    const scrolls = [form, area].filter(one => one.scrollWidth > one.clientWidth);
    return [...wide, ...scrolls].map(one => one.outerHTML.slice(0, 120));
}"""


def violations(form) -> list[str]:
    """Return what axe finds fault with in the form."""
    found = Axe().run(form.notebook.page, context=".etna-login").response["violations"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


def be_refused(form, sandbox, times: int = 1) -> None:
    """Log in with a wrong password."""
    if "App key" in form.labels():
        form.type("App key", sandbox.app_key)
    for time in range(1, times + 1):
        form.type("Password", "wrong-password")
        form.press("Enter")
        form.wait_for_error("password" if time == 1 else f"Refused {time} times in a row")
        form.wait_for("Password")


@BOTH
def test_a_group_with_a_name_and_fields_with_labels(flavour, sandbox, show_form):
    """Whoever comes into it hears who, where and LIVE; fields have names, and boxes say their state."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url} -u demo", app_key=sandbox.app_key)
    reader = ScreenReader(form.notebook.page)
    form.field("Password").focus()
    assert [
        f"group: Log in to ETNA LIVE as demo at {sandbox.base_url}",
        "textbox: Password, required",
    ] == reader.listen()
    said = []
    for _ in range(4):
        form.press("Tab")
        said += reader.listen()
    assert [
        "checkbox: Show password, not checked",
        "checkbox: Remember on this machine: the token, not the password, not checked",
        "button: Log in",
        "button: Cancel",
    ] == said


@BOTH
def test_messages_are_read_out(flavour, held, show_form):
    """An error at once; what is going on, once, from a region that stays while its text changes."""
    form = show_form(flavour, f"%etna_login -b {held.base_url} -u demo", app_key="a2V5")
    reader = ScreenReader(form.notebook.page)
    region = form.box.locator(".etna-said .widget-html-content").element_handle()
    reader.listen()
    form.type("Password", "wrong-password")
    form.press("Enter")
    held.wait_for_request()
    assert reader.wait_for("Logging in").startswith("status: Logging in…")
    expect(form.box).to_contain_text("2 s so far")
    held.answer(401, {"State": "Failed", "Step": "BaseAuthentication", "Reason": "Invalid credentials"})
    assert reader.wait_for("refused").startswith("alert: The server refused the password")
    form.wait_for("Password")
    line = reader.wait_for("textbox: Password")
    assert line.startswith("textbox: Password, required, invalid, The server refused the password")
    assert len([line for line in reader.log if "Logging in" in line or "so far" in line]) == 1
    assert region.evaluate("one => [one.isConnected, one.role]") == [True, "status"]


@BOTH
def test_the_cursor_is_never_lost(flavour, sandbox, show_form):
    """From the first field over an error and two more steps to the end, each frame has it somewhere."""
    line = f"%etna_login -b {sandbox.base_url} -u pin-twofactor"
    form = show_form(flavour, line, "1 + 1", app_key=sandbox.app_key)
    page = form.notebook.page
    page.evaluate(WATCH_CURSOR)
    be_refused(form, sandbox)
    page.keyboard.type(sandbox.password_of("pin-twofactor"))
    page.keyboard.press("Enter")
    form.wait_for("PIN")
    expect(form.field("PIN")).to_be_focused()
    page.keyboard.type("1357")
    page.keyboard.press("Enter")
    form.wait_for("Code")
    expect(form.field("Code")).to_be_focused()
    page.keyboard.type("246810")
    page.keyboard.press("Enter")
    form.wait_until_gone()
    assert page.evaluate("() => window.withoutCursor") == []


@BOTH
def test_by_keyboard_alone(flavour, sandbox, show_form):
    """Boxes are ticked and the button pressed by keys that JupyterLab has other uses for; no cell is cut."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url} -u demo", app_key=sandbox.app_key)
    cells = form.notebook.page.locator(".jp-Notebook .jp-CodeCell")
    count = cells.count()
    form.field("Password").focus()
    form.press("Tab")
    form.press("Space")
    box = form.box.get_by_role("checkbox", name="Show password")
    expect(box).to_be_checked()
    for key in ("x", "d", "d", "a", "b", "Enter"):
        form.press(key)
    form.press("Shift+Tab")
    form.keyboard.type(sandbox.password_of("demo"))
    assert (form.kind("Password"), form.field("Password").input_value()) == (
        "text",
        sandbox.password_of("demo"),
    )
    for key in ("Tab", "Tab", "Tab"):
        form.press(key)
    expect(form.button("Log in")).to_be_focused()
    form.press("Enter")
    form.wait_until_gone()
    assert form.notebook.output_text(1).startswith("Logged in as demo")
    assert cells.count() == count


@BOTH
def test_show_password(flavour, sandbox, show_form):
    """A click shows what was typed and lets it be typed on; a second one hides it; no kept one is shown."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url} -u demo", app_key=sandbox.app_key)
    box = form.box.get_by_role("checkbox", name="Show password")
    field = form.field("Password")
    form.type("Password", "wrong-")
    box.click()
    assert (form.kind("Password"), field.input_value()) == ("text", "wrong-")
    expect(field).to_be_focused()
    assert field.evaluate("one => [one.spellcheck, one.autocomplete]") == [False, "off"]
    form.keyboard.type("password")
    box.click()
    assert (form.kind("Password"), field.input_value()) == ("password", "wrong-password")
    form.press("Tab")
    expect(field).to_have_value("")
    box.click()
    assert (form.kind("Password"), field.input_value()) == ("text", "")
    assert "kept" in (field.get_attribute("placeholder") or "")
    form.field("Password").focus()
    form.press("Enter")
    form.wait_for_error("password")
    assert form.kind("Password") == "password"


@BOTH
@pytest.mark.parametrize("how", ["narrow", "zoomed"])
def test_at_320_pixels(flavour, how, sandbox, show_form):
    """In a narrow window, and in one of 1280 at 400 %, nothing scrolls to the side and no word is broken."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url} -u demo", app_key=sandbox.app_key)
    form.notebook.resize(320, 4 if how == "zoomed" else None)
    assert form.box.evaluate(TOO_WIDE) == []
    be_refused(form, sandbox, times=3)
    assert form.box.evaluate(TOO_WIDE) == []
    assert form.box.locator(".etna-error").evaluate(BROKEN_WORDS) == []


@LOOKS
def test_axe_finds_nothing(flavour, shade, sandbox, show_form):
    """At each step, with an error, and with the colours that a system forces."""
    line = f"%etna_login -b {sandbox.base_url} -u pin-twofactor"
    form = show_form(flavour, line, app_key=sandbox.app_key, shade=shade)
    page = form.notebook.page
    found = {"first": violations(form)}
    be_refused(form, sandbox)
    found["error"] = violations(form)
    page.emulate_media(forced_colors="active")
    found["forced colours"] = violations(form)
    form.notebook.screenshot("forced-colours", 1, shade)
    page.emulate_media(forced_colors="none")
    form.type("Password", sandbox.password_of("pin-twofactor"))
    form.press("Enter")
    form.wait_for("PIN")
    found["PIN"] = violations(form)
    form.type("PIN", "1357")
    form.press("Enter")
    form.wait_for("Code")
    found["code"] = violations(form)
    assert found == {step: [] for step in found}
