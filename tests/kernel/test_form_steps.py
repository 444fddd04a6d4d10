"""The form after its first step: codes, PINs, limits, and the ways in which it ends."""

import pytest

from tests.helpers.front_end import FrontEnd
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser
from tests.kernel.test_form import fill_for, show_form


def show_filled(seat: NotebookUser, user: str, line: str = "") -> FrontEnd:
    """Show a form and start a user's log-in there."""
    form = show_form(seat.kernel, f"%etna_login {line} -b {seat.sandbox.base_url}")
    fill_for(form, seat, user)
    form.click("Log in")
    return form


def test_a_code_after_a_wrong_one(seat: NotebookUser):
    """The form turns to the code alone, says that a wrong one was wrong, and takes the right one."""
    form = show_filled(seat, "twofactor-again")
    form.wait_for("The server says: Expecting confirmation code")
    assert (["Code"], ["Verify", "Start over"]) == (form.fields, form.buttons)
    assert "TextModel" == form.state("Code")["_model_name"]
    form.enter("Code", "000000")
    form.wait_for("Invalid")
    form.enter("Code", "246810")
    assert form.line.startswith("Logged in as twofactor-again")
    assert 3 == seat.sandbox.token_requests


def test_pin_then_code(seat: NotebookUser):
    """Two steps, the PIN unseen, one request for each."""
    form = show_filled(seat, "pin-twofactor")
    form.wait_until(lambda: ["PIN"] == form.fields)
    assert "PasswordModel" == form.state("PIN")["_model_name"]
    form.type("PIN", "1357")
    form.click("Verify")
    form.wait_until(lambda: ["Code"] == form.fields)
    form.type("Code", "246810")
    form.click("Verify", 3)
    assert form.line.startswith("Logged in as pin-twofactor")
    assert 3 == seat.sandbox.token_requests


def test_what_is_known_is_not_asked_at_once(seat: NotebookUser):
    """With all credentials in the environment the form begins at the step."""
    seat.know("twofactor")
    form = show_form(seat.kernel, "%etna_login")
    assert ["Code"] == form.fields
    form.enter("Code", "246810")
    assert form.line.startswith("Logged in as twofactor")


def test_start_over(seat: NotebookUser):
    """[Start over] leads back to the first step, another user can log in, and nothing was stored."""
    form = show_filled(seat, "twofactor")
    form.wait_until(lambda: ["Code"] == form.fields)
    form.click("Start over")
    form.wait_until(lambda: "Password" in form.fields)
    assert ["etna_session"] == seat.kernel.ask(NAMES)
    fill_for(form, seat, "demo")
    form.click("Log in")
    assert form.line.startswith("Logged in as demo")


@pytest.mark.parametrize(
    "user",
    ["expired", "pin-unset", "riddle", "webterminal", "throttled-silent", "refused-200", "keyless-403"],
)
def test_an_end_that_is_no_log_in(seat: NotebookUser, user):
    """The error stands in the form, and no token in the namespace."""
    form = show_filled(seat, user)
    form.wait_until(lambda: bool(form.texts[-1]) and not form.texts[-1].startswith("Logging in"))
    assert ["etna_session"] == seat.kernel.ask(NAMES)
    assert ([], 1) == (form.replaced, seat.sandbox.token_requests)
    assert ["App key", "Username", "Password"] == form.fields


def test_a_limit_counts_down(seat: NotebookUser):
    """After a 429 the form says how long to wait, cannot be used, and then can; nothing is sent by itself."""
    form = show_filled(seat, "throttled")
    form.wait_until(lambda: "wait" in form.texts[-1] and not form.is_idle)
    form.click("Log in")
    form.wait_for("You can log in again now.")
    assert 1 == seat.sandbox.token_requests


def test_a_second_line_closes_the_earlier_form(seat: NotebookUser):
    """One form at a time for each name; the earlier one says that it was replaced."""
    first = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    second = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    assert "This form was replaced by a later one." == first.line
    fill_for(second, seat)
    second.click("Log in")
    assert second.line.startswith("Logged in as demo")
    assert 1 == len(first.replaced)


def test_forms_of_two_names(seat: NotebookUser):
    """Forms of different names wait side by side."""
    forms = [show_form(seat.kernel, f"%etna_login {name} -b {seat.sandbox.base_url}") for name in "ab"]
    for form in reversed(forms):
        fill_for(form, seat)
        form.click("Log in")
        assert form.line.startswith("Logged in as demo")
    assert ["a_session", "a_token", "b_session", "b_token"] == seat.kernel.ask(NAMES)


def test_a_log_in_without_a_form_closes_the_form(seat: NotebookUser):
    """When the credentials are there by now, the line logs in, and the form that waited goes."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    assert "ok" == seat.log_in(f"-b {seat.sandbox.base_url}").status
    assert 1 == len(form.line.splitlines())


def test_logging_out_while_it_waits(seat: NotebookUser):
    """The form is called off, its session is gone and says so to whoever holds it."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    seat.kernel.do("_held = etna_session")
    run = seat.kernel.run("%etna_logout")
    assert ["etna: the log-in was called off."] == run.texts
    assert "The log-in was called off." == form.line
    assert ([], ()) == (seat.kernel.ask(NAMES), seat.sandbox.seen)
    assert seat.kernel.run("_held.get('x')").error.startswith("NotLoggedInError: etna was logged out")


def test_a_form_over_a_log_in_that_exists(seat: NotebookUser):
    """Failing and calling it off takes nothing from the namespace that a failure should not."""
    seat.log_in()
    seat.kernel.do("_kept = etna_session; import os; del os.environ['ETNA_PASSWORD']")
    form = show_form(seat.kernel, "%etna_login")
    form.enter("Password", "wrong-Password-8")
    form.wait_for("refused this user name and password")
    form.enter("Password", seat.sandbox.password_of("demo"))
    assert form.line.startswith("Logged in as demo")
    assert seat.kernel.ask("_kept is etna_session and _kept.token is etna_token")


def test_a_variable_that_appears_while_the_form_waits(seat: NotebookUser):
    """What the user puts in the place of ours meanwhile is not overwritten."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    seat.kernel.do("etna_token = 'mine'")
    fill_for(form, seat)
    form.click("Log in")
    form.wait_for("etna_token is a variable of your own")
    assert "mine" == seat.kernel.ask("etna_token")


@pytest.mark.parametrize("option", ["--form", "--prompt", "--no-input"])
def test_the_way_of_asking_can_be_chosen(seat: NotebookUser, option):
    """A form, a prompt or neither, whatever the front end can do."""
    run = seat.kernel.run(f"%etna_login {option} -b {seat.sandbox.base_url}", allow_stdin=option == "--form")
    if option == "--form":
        assert ["App key", "Username", "Password"] == FrontEnd(seat.kernel, run).fields
    else:
        assert "ETNA_" in run.error
        assert 1 == len(run.error.splitlines())


def test_prompts_in_the_front_end(seat: NotebookUser):
    """`--prompt` asks by the input line: unseen app key and password, seen user."""
    answers = [seat.sandbox.app_key, "demo", seat.sandbox.password_of("demo")]
    line = f"%etna_login --prompt -b {seat.sandbox.base_url}"
    run = seat.kernel.run(line, allow_stdin=True, answers=answers)
    assert [("App key: ", True), ("Username: ", False), ("Password: ", True)] == run.asked
    assert run.texts[0].startswith("Logged in as demo")
