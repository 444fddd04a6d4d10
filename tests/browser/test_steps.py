"""The form turns with what the server asks for: a code, a PIN, a wait."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
LAB = pytest.mark.parametrize("flavour", ["lab"])


def begin(show_form, flavour, sandbox, user):
    """Give the right password of a user whom the server asks for more."""
    line = f"%etna_login -b {sandbox.base_url} -u {user}"
    form = show_form(flavour, line, app_key=sandbox.app_key)
    form.type("Password", sandbox.password_of(user))
    form.press("Enter")
    return form


@BOTH
def test_a_wrong_code_can_be_given_again(flavour, sandbox, show_form):
    """The code is asked for alone and at once; a wrong one is said, the right one logs in."""
    form = begin(show_form, flavour, sandbox, "twofactor-again")
    form.wait_for("Code")
    assert form.labels() == ["Code"]
    expect(form.field("Code")).to_be_focused()
    form.notebook.screenshot("code", 1, "light")
    form.type("Code", "000000")
    form.press("Enter")
    form.wait_for_error("code")
    form.type("Code", "246810")
    form.button("Verify").click()
    form.wait_until_gone()
    assert form.notebook.output_text(1).startswith("Logged in as")
    assert sandbox.token_requests == 3


@BOTH
def test_a_pin_is_followed_by_a_code(flavour, sandbox, show_form):
    """The PIN is typed unseen, then the code is asked for, then the user is logged in."""
    form = begin(show_form, flavour, sandbox, "pin-twofactor")
    form.wait_for("PIN")
    assert form.labels() == ["PIN"]
    assert form.kind("PIN") == "password"
    expect(form.field("PIN")).to_be_focused()
    form.notebook.screenshot("pin", 1, "light")
    form.type("PIN", "1357")
    form.press("Enter")
    form.wait_for("Code")
    assert form.labels() == ["Code"]
    form.type("Code", "246810")
    form.press("Enter")
    form.wait_until_gone()
    assert form.notebook.output_text(1).startswith("Logged in as")
    assert sandbox.token_requests == 3


@LAB
def test_three_wrong_codes_lead_back_to_the_first_fields(flavour, sandbox, show_form):
    """Where a login has ended without success, the form says so and starts over."""
    form = begin(show_form, flavour, sandbox, "twofactor")
    for _ in range(3):
        form.type("Code", "000000")
        # A code that was left is cleared too; the next step has a field of its own.
        left = form.field("Code").element_handle()
        form.button("Verify").dblclick()
        left.wait_for_element_state("hidden")
    form.wait_for("Password")
    form.wait_for_error("code")
    assert form.labels() == ["Password"]
    assert form.field("Password").input_value() == ""
    assert sandbox.token_requests == 4


@LAB
def test_start_over_returns_to_the_first_fields(flavour, sandbox, show_form):
    """[Start over] asks for everything again, with the user kept and no password."""
    line = f"%etna_login -b {sandbox.base_url}"
    form = show_form(flavour, line, app_key=sandbox.app_key)
    form.type("Username", "twofactor")
    form.type("Password", sandbox.password_of("twofactor"))
    form.press("Enter")
    form.wait_for("Code")
    form.button("Start over").click()
    form.wait_for("Password")
    # The cursor goes to the first empty field, and would go there in the middle of the typing.
    expect(form.field("Password")).to_be_focused()
    assert form.labels() == ["Username", "Password"]
    assert form.field("Username").input_value() == "twofactor"
    assert form.field("Password").input_value() == ""
    form.type("Username", "demo")
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    assert form.notebook.output_text(1).startswith("Logged in as demo")


@LAB
def test_a_throttled_login_counts_down(flavour, sandbox, show_form):
    """The seconds that the server asks for are counted down, and then one may try again."""
    form = begin(show_form, flavour, sandbox, "throttled")
    seconds = form.box.locator(".etna-count")
    expect(seconds).to_contain_text(re.compile(r"\b[3-5] s"))
    expect(form.button("Log in")).to_be_disabled()
    expect(seconds).to_contain_text(re.compile(r"\b[12] s"))
    expect(form.button("Log in")).to_be_enabled()
    assert sandbox.token_requests == 1
