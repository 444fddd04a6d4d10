"""The form's widgets without a front end: what is shown is text, and what was typed is forgotten."""

import asyncio
from datetime import timedelta

import ipywidgets
import pytest

from etna_magic import Secret
from etna_magic.attempt import LoginAttempt
from etna_magic.form import LoginForm
from etna_magic.form_view import FormView
from etna_magic.settings import Settings

MARKUP = "<img src=x onerror=alert(1)>"
FIELDS = {"username": ("Username", False), "password": ("Password", True)}
SOON = 0.05


def view_of(title: str = "", message: str = "", **known: Secret) -> FormView:
    """Return a step that asks for a user name and a password."""
    return FormView(title, message, FIELDS, known, lambda _: pytest.fail("nobody has logged in"))


def pages(view: FormView) -> list[str]:
    """Return the HTML that a step shows."""
    return [widget.value for widget in view.children() if isinstance(widget, ipywidgets.HTML)]


def test_title_and_message_are_escaped() -> None:
    """Markup in either is shown as text; so it is in what is said later."""
    view = view_of(MARKUP, MARKUP)
    assert [(0, 1)] * 2 == [(page.count("<img"), page.count("&lt;img src=x")) for page in pages(view)]
    view.say(f"{MARKUP} again", is_error=True)
    assert (0, 1) == (pages(view)[1].count("<img"), pages(view)[1].count("&lt;img"))


def test_forget() -> None:
    """The password goes, with the sign that one is kept; the user name stays."""
    view = view_of(username=Secret("demo"))
    view.fields["password"].value = "Hunter2-typed"
    assert ("Hunter2-typed", "") == (view.values["password"].get_secret_value(), view.fields["password"].value)
    assert "kept" in view.fields["password"].placeholder
    view.forget()
    assert (["username"], ["Password"]) == (list(view.values), view.lacking())
    assert "" == view.fields["password"].placeholder


def test_a_form_that_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that were typed are dropped when nobody comes back; what is no secret stays."""
    monkeypatch.setattr("etna_magic.form.LEFT_ALONE", SOON)
    asyncio.run(asyncio.wait_for(leave_alone(), 30))


async def leave_alone() -> None:
    """Show a form, type into it, and wait until it has forgotten."""
    attempt = LoginAttempt(Settings({}), lifetime=timedelta(hours=24))
    form = LoginForm(attempt, lambda _: pytest.fail("nobody has logged in"))
    form.show()
    view = form._view
    for name in ("username", "app_key", "password"):
        view.fields[name].value = f"{name}-typed"
    assert ["app_key", "password", "username"] == sorted(view.values)
    while "password" in view.values:
        await asyncio.sleep(SOON / 5)
    assert ["username"] == list(view.values)
    assert "username-typed" == view.fields["username"].value
    form._stop_forgetting()
