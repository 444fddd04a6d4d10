"""The form after its first step, the ways in which it ends, and a login that is there while it waits."""

import pytest

from tests.helpers.front_end import FrontEnd, show_form
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser

CALL = "etna_session.get('v1.0/users/@me/info').status_code"


def show_submitted(user: NotebookUser, username: str) -> FrontEnd:
    """Show a form and start a user's login there."""
    form = user.show_form()
    user.fill(form, username)
    form.click("Log in")
    return form


def test_a_code_after_a_wrong_one(user: NotebookUser) -> None:
    """The form asks for the code alone, says that a wrong one was wrong, and takes the right one."""
    form = show_submitted(user, "twofactor-again")
    form.wait_for("The server says: Expecting confirmation code")
    assert (["Code"], ["Verify", "Start over", "Cancel"]) == (form.fields, form.buttons)
    assert "TextModel" == form.state("Code")["_model_name"]
    form.enter("Code", "000000")
    form.wait_for("Invalid")
    form.enter("Code", "246810")
    assert form.line.startswith("Logged in as twofactor-again")
    assert 3 == user.sandbox.token_requests


def test_pin_then_code(user: NotebookUser) -> None:
    """Two steps, the PIN unseen, one request for each."""
    form = show_submitted(user, "pin-twofactor")
    form.wait_until(lambda: ["PIN"] == form.fields)
    assert "PasswordModel" == form.state("PIN")["_model_name"]
    form.type("PIN", "1357")
    form.click("Verify")
    form.wait_until(lambda: ["Code"] == form.fields)
    form.type("Code", "246810")
    form.click("Verify", 3)
    assert form.line.startswith("Logged in as pin-twofactor")
    assert 3 == user.sandbox.token_requests


def test_what_is_known_is_not_asked(user: NotebookUser) -> None:
    """With all credentials in the environment the form begins at the step."""
    user.know("twofactor")
    form = show_form(user.kernel, "%etna_login")
    assert ["Code"] == form.fields
    form.enter("Code", "246810")
    assert form.line.startswith("Logged in as twofactor")


def test_start_over(user: NotebookUser) -> None:
    """[Start over] leads back to the first step, another user can log in, and nothing was stored."""
    form = show_submitted(user, "twofactor")
    form.wait_until(lambda: ["Code"] == form.fields)
    form.click("Start over")
    form.wait_until(lambda: "Password" in form.fields)
    assert ["etna_session"] == user.kernel.ask(NAMES)
    user.fill(form, "demo")
    form.click("Log in")
    assert form.line.startswith("Logged in as demo")


@pytest.mark.parametrize(
    "username",
    ["expired", "pin-unset", "riddle", "webterminal", "throttled-silent", "refused-200", "keyless-403"],
)
def test_a_failure(user: NotebookUser, username) -> None:
    """The error is shown in the form, and no token is in the namespace."""
    form = show_submitted(user, username)
    form.wait_until(lambda: bool(form.texts[-1]) and not form.texts[-1].startswith("Logging in"))
    assert ["etna_session"] == user.kernel.ask(NAMES)
    assert ([], 1) == (form.replaced, user.sandbox.token_requests)
    assert ["App key", "Username", "Password"] == form.fields


def test_a_limit_counts_down(user: NotebookUser) -> None:
    """After a 429 the form says how long to wait, cannot be used, and then can; nothing is sent by itself."""
    form = show_submitted(user, "throttled")
    form.wait_until(lambda: "wait" in form.texts[-1] and not form.is_idle)
    form.click("Log in")
    form.wait_for("You can log in again now.")
    assert 1 == user.sandbox.token_requests


def test_a_second_line_closes_the_earlier_form(user: NotebookUser) -> None:
    """One form at a time for each name; the earlier one says that it was replaced."""
    first, second = user.show_form(), user.show_form()
    assert "This form was replaced by a later one." == first.line
    user.fill(second)
    second.click("Log in")
    assert second.line.startswith("Logged in as demo")
    assert 1 == len(first.replaced)


def test_forms_of_two_names(user: NotebookUser) -> None:
    """Forms of different names wait side by side."""
    forms = [user.show_form(name) for name in "ab"]
    for form in reversed(forms):
        user.fill(form)
        form.click("Log in")
        assert form.line.startswith("Logged in as demo")
    assert ["a_session", "a_token", "b_session", "b_token"] == user.kernel.ask(NAMES)


def test_a_login_without_a_form_closes_the_form(user: NotebookUser) -> None:
    """When the credentials are there by now, the line logs in, and the form that waited is closed."""
    form = user.show_form()
    assert "ok" == user.log_in(f"-b {user.sandbox.base_url}").status
    assert "This form was closed, because the login was made in another way." == form.line


def test_logging_out_while_it_waits(user: NotebookUser) -> None:
    """The form is called off; its session is gone and says so to whoever holds it."""
    form = user.show_form()
    user.kernel.do("_held = etna_session")
    run = user.kernel.run("%etna_logout")
    assert ["etna: the login was called off."] == run.texts
    assert "The login was called off." == form.line
    assert ([], ()) == (user.kernel.ask(NAMES), user.sandbox.seen)
    assert user.kernel.run("_held.get('x')").error.startswith("NotLoggedInError: etna was logged out")


def test_a_variable_that_appears_while_the_form_waits(user: NotebookUser) -> None:
    """What the user assigns to our name meanwhile is not overwritten."""
    form = user.show_form()
    user.kernel.do("etna_token = 'mine'")
    user.fill(form)
    form.click("Log in")
    form.wait_for("etna_token is a variable of your own")
    assert "mine" == user.kernel.ask("etna_token")


# With a good token under the name, a form takes nothing away.


@pytest.fixture
def form(user: NotebookUser) -> FrontEnd:
    """Log in, and show a form for the same name because the password is not known any more."""
    user.log_in()
    user.kernel.do("_kept, _value = (etna_token, etna_session), etna_token.get_secret_value()")
    user.kernel.do("import os as _os; del _os.environ['ETNA_PASSWORD']")
    return show_form(user.kernel, "%etna_login")


def check_the_login_works(user: NotebookUser) -> None:
    """Check that the token and the session of before the form are there, and that both work."""
    assert [True, True, True, 200, 200] == user.kernel.ask(
        "[_kept[0] is etna_token and _kept[1] is etna_session, etna_session.token is etna_token,"
        f" _value == etna_token.get_secret_value(), {CALL}, {CALL.replace('.get', '.for_workers().get')}]"
    )


def test_a_good_token_works_while_a_form_waits(user: NotebookUser, form: FrontEnd) -> None:
    """Before anything is typed, and after a wrong password; the status says both; then a new token comes."""
    check_the_login_works(user)
    assert "fresh, waiting for the login" in user.kernel.run("%etna_status").texts[0]
    form.enter("Password", "wrong-Password-8")
    form.wait_for("refused the password")
    check_the_login_works(user)
    form.enter("Password", user.sandbox.password_of("demo"))
    assert form.line.startswith("Logged in as demo")
    assert [True, True, True, 200] == user.kernel.ask(
        f"[_kept[1] is etna_session, _kept[0] is not etna_token, etna_session.token is etna_token, {CALL}]"
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("%reload_ext etna_magic", "The extension was unloaded before this login was finished."),
        ("%unload_ext etna_magic", "The extension was unloaded before this login was finished."),
    ],
)
def test_a_good_token_works_after_a_form_was_called_off(
    user: NotebookUser, form: FrontEnd, line, sentence
) -> None:
    """Everything is as it was before the form."""
    assert "ok" == user.kernel.run(line).status
    assert sentence == form.line
    check_the_login_works(user)


def test_a_good_token_works_while_another_form_waits(user: NotebookUser, form: FrontEnd) -> None:
    """A form that is replaced by a later one leaves the login to that one."""
    later = show_form(user.kernel, "%etna_login")
    assert "This form was replaced by a later one." == form.line
    check_the_login_works(user)
    later.enter("Password", user.sandbox.password_of("demo"))
    assert later.line.startswith("Logged in as demo")


def test_a_good_token_works_while_a_code_is_asked_for(user: NotebookUser) -> None:
    """The login of another account changes nothing before it has succeeded; then its session is another."""
    user.log_in()
    user.kernel.do("_kept, _value = (etna_token, etna_session), etna_token.get_secret_value()")
    user.know("twofactor")
    form = show_form(user.kernel, "%etna_login -u twofactor")
    form.wait_until(lambda: ["Code"] == form.fields)
    check_the_login_works(user)
    form.enter("Code", "246810")
    assert form.line.startswith("Logged in as twofactor")
    assert "Until now etna was demo at the same server" in form.line
    assert [False, "twofactor", 200] == user.kernel.ask(
        f"[_kept[1] is etna_session, etna_token.username, {CALL}]"
    )
    assert "etna is twofactor at" in user.kernel.run("_kept[1].get('x')").error


def test_logging_out_while_a_form_waits_over_a_login(user: NotebookUser, form: FrontEnd) -> None:
    """Both end: the token on the server, and the form."""
    run = user.kernel.run("%etna_logout")
    assert ["etna: demo is logged out, and etna_token is gone here and on the server."] == run.texts
    assert ("The login was called off.", []) == (form.line, user.kernel.ask(NAMES))
