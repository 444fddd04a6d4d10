"""A one-time code is seen while it is typed, and is then in no widget, no message and no file."""

import json

import pytest

from tests.helpers.front_end import FrontEnd
from tests.helpers.notebook_user import NotebookUser
from tests.kernel.test_form import show_form

CODE, WRONG = "246810", "802164"
# What a front end saves with a notebook.
WIDGETS = "__import__('ipywidgets').Widget.get_manager_state()"


@pytest.fixture
def form(seat: NotebookUser) -> FrontEnd:
    """Return a form that asks for the code alone."""
    seat.know("twofactor-again")
    shown = show_form(seat.kernel, "%etna_login")
    assert ["Code"] == shown.fields
    return shown


def published(seat: NotebookUser, begun: int) -> list[str]:
    """Return every message that the kernel has published since."""
    return [json.dumps(message["content"]) for message in seat.kernel.published[begun:]]


def holding(seat: NotebookUser, begun: int) -> list[str]:
    """Return each of those messages, and each widget's state, that has a code in it."""
    states = [json.dumps(one["state"]) for one in seat.kernel.ask(WIDGETS)["state"].values()]
    # While the form is there, its field is among what is looked at.
    assert seat.kernel.ask("'etna_token' in globals()") or any(
        '"description": "Code"' in one for one in states
    )
    return [text for text in (*published(seat, begun), *states) if CODE in text or WRONG in text]


def test_left_and_not_sent(seat: NotebookUser, form: FrontEnd):
    """A code that was typed is taken out of its field at once, here and in the front end, and works."""
    begun, field = len(seat.kernel.published), form._model("Code")
    form.type("Code", CODE)
    form.wait_until(lambda: "kept" in form.state("Code")["placeholder"])
    cleared = [
        message
        for message in seat.kernel.published[begun:]
        if message["content"].get("comm_id") == field
        and message["content"]["data"].get("state", {}).get("value") == ""
    ]
    assert ([], 1, 1) == (holding(seat, begun), len(cleared), seat.sandbox.token_requests)
    form.click("Verify")
    assert form.line.startswith("Logged in as twofactor-again")
    assert [] == holding(seat, begun)


def test_wrong_and_then_right(seat: NotebookUser, form: FrontEnd):
    """A wrong code leaves nothing in the form that comes after it, and the right one nothing either."""
    begun = len(seat.kernel.published)
    form.enter("Code", WRONG)
    form.wait_for("Invalid")
    assert ("", "") == (form.state("Code")["value"], form.state("Code")["placeholder"] or "")
    assert [] == holding(seat, begun)
    form.enter("Code", CODE)
    assert form.line.startswith("Logged in as twofactor-again")
    assert ([], 3) == (holding(seat, begun), seat.sandbox.token_requests)


def test_typed_and_started_over(seat: NotebookUser, form: FrontEnd):
    """[Start over] drops a code that was typed."""
    begun = len(seat.kernel.published)
    form.type("Code", CODE)
    form.wait_until(lambda: "kept" in form.state("Code")["placeholder"])
    form.click("Start over")
    form.wait_until(lambda: "Code" not in form.fields)
    states = seat.kernel.ask(f"str({WIDGETS})")
    assert [] == [text for text in (*published(seat, begun), states) if CODE in text]
