"""The form over all its steps, driven without a kernel by the messages that a front end sends."""

import asyncio
import functools
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from etna_magic.ask.form_view import ANSWER
from etna_magic.display import Bundle, line
from etna_magic.exceptions import (
    ApplicationKeyError,
    ConnectionFailedError,
    EtnaError,
    InvalidCredentialsError,
    RateLimitedError,
    VerificationError,
)
from etna_magic.login_flow import Challenge
from etna_magic.secret import Secret
from etna_magic.settings import Settings
from etna_magic.token import Token
from tests.ask.conftest import ASKED_FOR_CODE, ASKED_FOR_PIN, make_token
from tests.ask.front_end import ANSWERS, SOON, ShownForm, click, press_enter, send_all, texts, type_text
from tests.helpers.waiting import wait_until


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in a loop, as a kernel runs a widget's callbacks."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    return run


@in_a_loop
async def test_a_login_by_click(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that was typed is sent once, and one line is shown instead of the form."""
    form = ShownForm(monkeypatch, [make_token()])
    assert list(ANSWERS) == form.fields
    form.fill()
    for _ in range(5):
        click(form.view, "Log in")
    assert "In as alice." == await form.wait_for_end()
    assert ([ANSWERS], 1) == (form.attempt.sent, form.ends)


@in_a_loop
async def test_enter_waits_for_the_value_that_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter arrives before the value that it ends, and means that value."""
    form = ShownForm(monkeypatch, [make_token()])
    form.fill()
    press_enter(form.view, "password", "a later one")
    await form.wait_for_end()
    assert ["a later one"] == [sent["password"] for sent in form.attempt.sent]


@in_a_loop
async def test_enter_without_a_new_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there already is sent."""
    form = ShownForm(monkeypatch, [make_token()])
    form.fill()
    press_enter(form.view, "password")
    await form.wait_for_end()
    assert [ANSWERS] == form.attempt.sent


@in_a_loop
async def test_a_value_that_a_click_overtook(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in flight when the button is clicked counts."""
    form = ShownForm(monkeypatch, [make_token()])
    form.fill(leave_out=["password"])
    click(form.view, "Log in")
    type_text(form.view, "password", ANSWERS["password"])
    await form.wait_for_end()
    assert [ANSWERS] == form.attempt.sent


@in_a_loop
async def test_fields_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that was held back until after Enter counts; the front end is asked once."""
    form = ShownForm(monkeypatch, [make_token()])
    row, asked = form.view._row, []
    row.observe(lambda change: asked.append(change["new"]), "asked")
    form.fill(leave_out=["username", "password"])
    type_text(form.view, "username", "alic")
    press_enter(form.view, "password", ANSWERS["password"])
    type_text(form.view, "username", ANSWERS["username"])
    await form.wait_for_end()
    assert ([ANSWERS], [True]) == (form.attempt.sent, asked)


@in_a_loop
async def test_all_that_was_typed_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent once, nothing is asked first, and what came before of a secret is kept."""
    form = ShownForm(monkeypatch, [make_token()])
    view, asked = form.view, []
    view._row.observe(lambda change: asked.append(change["new"]), "asked")
    type_text(view, "password", ANSWERS["password"])
    type_text(view, "username", "somebody")
    for _ in range(3):
        send_all(view, *[text for name, text in ANSWERS.items() if name != "password"], "")
        assert "" == view._answers.value
    await form.wait_for_end()
    assert ([ANSWERS], []) == (form.attempt.sent, asked)


@in_a_loop
async def test_a_field_that_was_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is empty, and named as missing, though it had a value before; the secrets stay."""
    form = ShownForm(monkeypatch, [make_token()])
    form.fill()
    send_all(form.view, ANSWERS["base_url"], "", "", "")
    await form.wait_for_text("Still missing: Username.")
    send_all(form.view, ANSWERS["base_url"], "", "alice", "")
    await form.wait_for_end()
    assert [ANSWERS] == form.attempt.sent


@in_a_loop
async def test_a_front_end_without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody says that all values have been sent, those count that come within a time."""
    monkeypatch.setattr("etna_magic.ask.form_widgets.ANSWER_LIMIT", 4 * SOON)
    form = ShownForm(monkeypatch, [make_token()])
    form.has_links = False
    form.fill()
    press_enter(form.view, "password", "a later one")
    await form.wait_for_end()
    assert ["a later one"] == [sent["password"] for sent in form.attempt.sent]


@in_a_loop
async def test_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server works the form says so at once, counts the seconds, and can be cancelled only."""
    form = ShownForm(monkeypatch, [make_token()])
    form.attempt.may_answer.clear()
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text("Logging in…")
    await form.wait_for_text("Logging in… 1 s so far")
    await form.wait_for_text("Logging in… 2 s so far")
    (cancel,) = [button for button in form.view.buttons if button.description == "Cancel"]
    assert (False, False) == (form.is_usable, cancel.disabled)
    form.attempt.may_answer.set()
    assert "In as alice." == await form.wait_for_end()


@pytest.mark.parametrize("challenge", [None, ASKED_FOR_CODE])
@in_a_loop
async def test_cancel(monkeypatch: pytest.MonkeyPatch, challenge: Challenge | None) -> None:
    """At any step it ends the form, and nothing that was typed is left or sent."""
    form = ShownForm(monkeypatch, challenge=challenge)
    view = form.view
    type_text(view, form.fields[-1], "typed")
    click(view, "Cancel")
    assert ("The login was cancelled, and nothing has changed.", 1, {}) == (form.line, form.ends, view.values)
    assert [] == form.attempt.sent


@in_a_loop
async def test_leaving_a_field_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All fields filled and none submitted."""
    form = ShownForm(monkeypatch)
    form.fill()
    await asyncio.sleep(4 * SOON)
    assert ([], 0) == (form.attempt.sent, form.ends)
    form.form.call_off("")


@in_a_loop
async def test_something_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty field is named, nothing is sent, and the form can be used on."""
    form = ShownForm(monkeypatch, [make_token()])
    form.fill(leave_out=["app_key", "password"])
    click(form.view, "Log in")
    await form.wait_for_text("Still missing: App key and Password.")
    assert ([], True) == (form.attempt.sent, form.is_usable)
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_end()


@in_a_loop
async def test_a_refused_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is shown; all but the password is kept for the next try, and it says who and where."""
    form = ShownForm(monkeypatch, [InvalidCredentialsError("The server refused it."), make_token()])
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text("The server refused it.")
    assert ["Password"] == form.view.empty_labels()
    heading = re.sub("<[^>]*>", "", texts(form.view)[0])
    assert ("as alice at https://api.example.com", True) == (heading[-35:], "LIVE" in heading)
    press_enter(form.view, "password", "another")
    await form.wait_for_end()
    assert [ANSWERS, ANSWERS | {"password": "another"}] == form.attempt.sent


@pytest.mark.parametrize(
    "error",
    [ApplicationKeyError("It is not known."), InvalidCredentialsError("It ends in a space.", "app_key")],
)
@in_a_loop
async def test_a_refused_app_key(monkeypatch: pytest.MonkeyPatch, error: EtnaError) -> None:
    """It is not kept."""
    form = ShownForm(monkeypatch, [error])
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text(str(error))
    assert ["App key", "Password"] == form.view.empty_labels()
    form.form.call_off("")


@in_a_loop
async def test_refusals_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's are counted, through a failure of the network; a step that was reached ends the row."""
    refused, broken = InvalidCredentialsError("Refused."), ConnectionFailedError("No answer came.")
    outcomes = [refused, broken, InvalidCredentialsError("It has a space.", "password"), refused, refused]
    form = ShownForm(monkeypatch, [*outcomes, ASKED_FOR_CODE, VerificationError("It ended."), refused])
    said = []
    form.fill()
    for _ in outcomes:
        view = form.view
        press_enter(view, "password", "pw-17")
        await form.wait_for(lambda view=view: form.view is not view)
        said.append(texts(form.view)[1])
    assert [0, 0, 0, 2, 3] == [int((re.findall(r"Refused (\d)", page) or [0])[0]) for page in said]
    assert [False] * 4 + [True] == ["lock an account after five" in page for page in said]
    press_enter(form.view, "password", "pw-17")
    await form.wait_for(lambda: form.fields == [ANSWER])
    press_enter(form.view, ANSWER, "000000")
    await form.wait_for_text("It ended.")
    press_enter(form.view, "password", "pw-17")
    await form.wait_for_text("Refused.")
    assert "in a row" not in texts(form.view)[1]
    form.form.call_off("")


@in_a_loop
async def test_pin_then_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step after the other, the wrong code once more, each with new widgets."""
    wrong = ASKED_FOR_CODE._replace(wrong=1, reason="Wrong code")
    form = ShownForm(monkeypatch, [ASKED_FOR_PIN, ASKED_FOR_CODE, wrong, make_token()])
    form.fill()
    click(form.view, "Log in")
    await form.wait_for(lambda: "PIN" in texts(form.view)[0])
    press_enter(form.view, ANSWER, "1357")
    await form.wait_for(lambda: "code" in texts(form.view)[0])
    assert ([ANSWER], ["Verify", "Start over", "Cancel"]) == (
        form.fields,
        [button.description for button in form.view.buttons],
    )
    type_text(form.view, ANSWER, "000000")
    click(form.view, "Verify")
    await form.wait_for_text("The server says: Wrong code.")
    assert ["Code"] == form.view.empty_labels()
    press_enter(form.view, ANSWER, "246810")
    await form.wait_for_end()
    assert [ANSWERS, "1357", "000000", "246810"] == form.attempt.sent


@in_a_loop
async def test_a_code_that_could_not_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same challenge is shown with the failure, and the code can be given again."""
    failed = ASKED_FOR_CODE._replace(failure=ConnectionFailedError("No answer came."))
    form = ShownForm(monkeypatch, [failed, make_token()], challenge=ASKED_FOR_CODE)
    press_enter(form.view, ANSWER, "246810")
    await form.wait_for_text("No answer came.")
    assert ([ANSWER], True) == (form.fields, "etna-error" in texts(form.view)[-1])
    press_enter(form.view, ANSWER, "246810")
    await form.wait_for_end()
    assert ["246810", "246810"] == form.attempt.sent


@in_a_loop
async def test_start_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """It leads back to the first step; the password has to be typed again."""
    form = ShownForm(monkeypatch, [ASKED_FOR_CODE, make_token()])
    form.fill()
    click(form.view, "Log in")
    await form.wait_for(lambda: [ANSWER] == form.fields)
    click(form.view, "Start over")
    assert (list(ANSWERS), ["Password"]) == (form.fields, form.view.empty_labels())
    press_enter(form.view, "password", "pw-17")
    await form.wait_for_end()
    assert [ANSWERS, ANSWERS] == form.attempt.sent


@in_a_loop
async def test_a_wait_that_the_server_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form says how long, cannot be used meanwhile, and then can."""
    form = ShownForm(monkeypatch, [RateLimitedError("Too many.", 0.2), make_token()])
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text("takes no more logins of this user for now: wait 1 s.")
    assert not form.is_usable
    click(form.view, "Log in")
    await form.wait_for_text("You can log in again now.")
    assert (True, 1) == (form.is_usable, len(form.attempt.sent))
    press_enter(form.view, "password", "pw-17")
    await form.wait_for_end()


@in_a_loop
async def test_storing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why it could not be stored is shown in the form, and the login can be tried again."""
    outcomes = [EtnaError("etna_token is a variable of your own."), None]

    def store(_: Token) -> Bundle:
        if error := outcomes.pop(0):
            raise error
        return line("Stored.")

    form = ShownForm(monkeypatch, [make_token(), make_token()], store)
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text("etna_token is a variable of your own.")
    press_enter(form.view, "password", "pw-17")
    assert "Stored." == await form.wait_for_end()


@in_a_loop
async def test_storing_calls_off_the_forms_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """That means the others: this one ends with its own line."""

    def store(_: Token) -> Bundle:
        form.form.call_off("This form was replaced.")
        return line("Stored.")

    form = ShownForm(monkeypatch, [make_token()], store)
    form.fill()
    click(form.view, "Log in")
    assert ("Stored.", 1) == (await form.wait_for_end(), form.ends)


@in_a_loop
async def test_an_error_that_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named by its kind, and shows nothing of what was typed."""

    def store(_: Token) -> Bundle:
        raise KeyError(ANSWERS["password"])

    form = ShownForm(monkeypatch, [make_token()], store)
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text("The login did not work: KeyError.")
    assert ANSWERS["password"] not in texts(form.view)[-1]
    form.form.call_off("")


@in_a_loop
async def test_calling_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends once with the sentence, and nothing that was typed is left."""
    form = ShownForm(monkeypatch)
    form.fill()
    view = form.view
    click(view, "Log in")
    form.form.call_off("This form was replaced by a later one.")
    form.form.call_off("Again.")
    assert ("This form was replaced by a later one.", 1) == (form.line, form.ends)
    assert {} == view.values
    await asyncio.sleep(2 * SOON)
    assert [] == form.attempt.sent


@in_a_loop
async def test_cancelling_while_the_server_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that comes afterwards is not stored, and is handed to whoever ends it."""
    stored: list[Token] = []

    def store(token: Token) -> Bundle:
        stored.append(token)
        return line("Stored.")

    token = make_token()
    form = ShownForm(monkeypatch, [token], store)
    form.attempt.may_answer.clear()
    form.fill()
    press_enter(form.view, "password", "pw-17")
    await form.wait_for(lambda: form.attempt.sent)
    click(form.view, "Cancel")
    assert ("The login was cancelled, and nothing has changed.", 1) == (form.line, form.ends)
    form.attempt.may_answer.set()
    await form.wait_for(lambda: form.unwanted)
    assert ([token], [], 1) == (form.unwanted, stored, form.ends)


@in_a_loop
async def test_while_a_cell_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form cannot be used, nor can a step that comes meanwhile; afterwards they can."""
    form = ShownForm(monkeypatch, [ASKED_FOR_CODE])
    form.fill()
    press_enter(form.view, "password", "pw-17")
    form.events.trigger("pre_run_cell", None)
    assert not form.is_usable
    await form.wait_for(lambda: [ANSWER] == form.fields)
    assert not form.is_usable
    form.events.trigger("post_run_cell", None)
    assert form.is_usable
    form.form.call_off("")
    assert [[], []] == [form.events.callbacks[name] for name in ("pre_run_cell", "post_run_cell")]


@in_a_loop
async def test_a_wait_that_ends_while_a_cell_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form can be used only when the cell has ended as well."""
    form = ShownForm(monkeypatch, [RateLimitedError("Too many.", 0.1)])
    form.fill()
    click(form.view, "Log in")
    await form.wait_for_text("wait 1 s.")
    form.events.trigger("pre_run_cell", None)
    await form.wait_for_text("You can log in again now.")
    assert not form.is_usable
    form.events.trigger("post_run_cell", None)
    assert form.is_usable
    form.form.call_off("")


@in_a_loop
async def test_a_cell_that_awaits_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves the form, which can be used while it runs."""
    form = ShownForm(monkeypatch, [make_token()], is_awaited=True)
    form.events.trigger("pre_run_cell", None)
    assert form.is_usable
    form.fill()
    click(form.view, "Log in")
    assert "In as alice." == await form.wait_for_end()


@in_a_loop
async def test_a_form_that_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that were typed are dropped when nobody comes back; what is no secret stays."""
    monkeypatch.setattr("etna_magic.ask.form.FORGET_AFTER", SOON)
    form = ShownForm(monkeypatch)
    form.fill()
    assert sorted(ANSWERS) == sorted(form.view.values)
    await form.wait_for(lambda: "password" not in form.view.values)
    assert ["base_url", "username"] == sorted(form.view.values)
    assert "alice" == form.view.fields["username"].value
    form.form.call_off("")


def test_without_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subshell's thread may have no loop: timers do what a loop does elsewhere."""
    settings = Settings({}).filled({n: Secret(ANSWERS[n]) for n in ANSWERS if n != "password"})
    form = ShownForm(monkeypatch, [make_token()], settings=settings)
    type_text(form.view, "password", "pw-17")
    press_enter(form.view, "password")
    wait_until(lambda: form.ends)
    assert ("In as alice.", [{"password": "pw-17"}]) == (form.line, form.attempt.sent)


def test_what_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of the notebook who has no kernel sees that a login was not finished."""
    form = ShownForm(monkeypatch)
    sentence = "The login form of etna, which was not finished."
    assert sentence == form.shown[0]["text/plain"]
    assert sentence in form.shown[0]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in form.shown[0]
    form.form.call_off("")
