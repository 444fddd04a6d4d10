"""Logging in by the form: by Enter, by click, once, and not by accident."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.login_form import LoginForm

CALL = 'etna_session.get("v1.0/users/@me/info").json()'
PAUSE = "import asyncio\nawait asyncio.sleep(1)"
BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
LAB = pytest.mark.parametrize("flavour", ["lab"])


@BOTH
def test_enter_logs_in_after_a_wrong_password(flavour, sandbox, show_form):
    """Enter sends what was typed; an error keeps the user and clears the password."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url}", CALL)
    assert form.labels() == ["App key", "Username", "Password"]
    assert [form.kind(label) for label in form.labels()] == ["password", "text", "password"]
    form.type("App key", sandbox.app_key)
    form.type("Username", "demo")
    form.type("Password", "wrong-password")
    form.press("Enter")
    form.wait_for_error("password")
    assert form.field("Username").input_value() == "demo"
    assert form.field("Password").input_value() == ""
    expect(form.field("Password")).to_be_focused()
    form.keyboard.type(sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    assert form.notebook.output_text(1).startswith("Logged in as")
    assert "'Login': 'demo'" in form.notebook.run(2)
    assert sandbox.token_requests == 2


@BOTH
def test_clicks_log_in_once_however_many(flavour, sandbox, show_form):
    """A double and a triple click are one request each."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url}", CALL)
    form.type("App key", sandbox.app_key)
    form.type("Username", "demo")
    form.type("Password", "wrong-password")
    form.button("Log in").dblclick()
    form.wait_for_error("password")
    assert form.field("Username").input_value() == "demo"
    assert form.field("Password").input_value() == ""
    form.type("Password", sandbox.password_of("demo"))
    form.button("Log in").click(click_count=3)
    form.wait_until_gone()
    assert form.notebook.output_text(1).startswith("Logged in as")
    assert "'Login': 'demo'" in form.notebook.run(2)
    assert sandbox.token_requests == 2


@BOTH
def test_clicks_while_the_server_thinks_are_not_sent(flavour, held, show_form):
    """From the first click to the answer the form is busy, and further clicks do nothing."""
    line = f"%etna_login -b {held.base_url} -u demo"
    form = show_form(flavour, line, PAUSE, app_key="a2V5")
    form.type("Password", "any-password")
    form.button("Log in").click(click_count=3)
    held.wait_for_request()
    expect(form.button("Log in")).to_be_disabled()
    expect(form.field("Password")).to_be_disabled()
    form.button("Log in").click(force=True)
    assert form.notebook.run(2) == ""
    held.answer(200, {"State": "Succeeded", "Token": "dG9rZW4="})
    form.wait_until_gone()
    assert held.count == 1


@BOTH
def test_leaving_the_password_does_not_log_in(flavour, sandbox, show_form):
    """Tab out of the field sends nothing, nobody is logged in, and a click still works."""
    line = f"%etna_login -b {sandbox.base_url} -u demo"
    form = show_form(flavour, line, PAUSE, CALL, app_key=sandbox.app_key)
    assert form.labels() == ["Password"]
    form.type("Password", sandbox.password_of("demo"))
    form.press("Tab")
    assert form.notebook.run(2) == ""
    (refusal,) = form.notebook.run(3).splitlines()
    assert refusal.startswith("NotLoggedInError")
    assert sandbox.token_requests == 0
    form.button("Log in").click()
    form.wait_until_gone()
    assert "'Login': 'demo'" in form.notebook.run(3)
    assert sandbox.token_requests == 1


@BOTH
def test_a_stale_token_is_announced_above_the_next_cell(flavour, sandbox, show_form):
    """Once the token has expired, a cell's output begins with one line that says how to log in again."""
    wait = "import time\ntime.sleep(max(0, etna_token.remaining.total_seconds()) + 0.1)"
    line = f"%etna_login -b {sandbox.base_url} -u demo --lifetime 2"
    form = show_form(flavour, line, wait, "print('hello')", app_key=sandbox.app_key)
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    notebook = form.notebook
    notebook.run(2)
    first, last = notebook.run(3).splitlines()
    assert first.endswith("%etna_login")
    assert last == "hello"
    top = notebook.output(3).locator(".jp-OutputArea-output").first
    expect(top.locator(".etna-warning")).to_have_count(1)


@LAB
def test_a_form_that_waits_takes_nothing_away(flavour, sandbox, show_form):
    """A good token stays in use while a second form waits, and after a wrong password there."""
    form = show_form(
        flavour, f"%etna_login -b {sandbox.base_url} -u demo", "%etna_login", CALL, app_key=sandbox.app_key
    )
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    form.notebook.run_cell(2)
    second = LoginForm(form.notebook, 2)
    second.wait_for("Password")
    assert "'Login': 'demo'" in form.notebook.run(3)
    second.type("Password", "wrong-password")
    second.press("Enter")
    second.wait_for_error("password")
    assert "'Login': 'demo'" in form.notebook.run(3)
    assert sandbox.token_requests == 2
