"""The form in a kernel, driven by the messages that a front end sends: what it asks, sends and publishes."""

import json

import pytest

from tests.helpers import accounts
from tests.helpers.front_end import FrontEnd, show_form
from tests.helpers.kernel import Kernel
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import ScriptedServer, answer

ALL = ["App key", "Username", "Password"]
CODE, WRONG = "246810", "802164"
# What a front end saves with a notebook.
WIDGETS = "__import__('ipywidgets').Widget.get_manager_state()"


def test_it_asks_for_what_is_missing(user: NotebookUser) -> None:
    """With the base URL on the line: app key and password unseen, the user seen, nothing preset."""
    form = user.show_form()
    assert (ALL, ["Log in", "Cancel"]) == (form.fields, form.buttons)
    kinds = ["PasswordModel", "TextModel", "PasswordModel"]
    assert kinds == [form.state(label)["_model_name"] for label in ALL]
    assert ["", "", ""] == [form.state(label)["value"] for label in ALL]
    assert [False, False, False] == [form.state(label)["continuous_update"] for label in ALL]
    assert 0 == user.sandbox.token_requests


def test_it_asks_for_the_password_alone(user: NotebookUser) -> None:
    """What the environment knows is not asked for."""
    known = user.credentials()
    del known["ETNA_PASSWORD"]
    user.kernel.set_environment(**known)
    form = show_form(user.kernel, "%etna_login")
    assert ["Password"] == form.fields
    assert "demo" in form.texts[0]


def test_the_form_of_the_embedded_sandbox(user: NotebookUser) -> None:
    """It can be seen without a broker: user and password of the sandbox log in."""
    form = show_form(user.kernel, "%etna_login --sandbox --form")
    assert ["Username", "Password"] == form.fields
    form.fill("demo", user.sandbox.password_of("demo"))
    form.click("Log in")
    assert ("Logged in as demo at ", True) == (form.line[:21], "(SANDBOX)" in form.line)


@pytest.mark.parametrize("option", ["--form", "--prompt", "--no-input"])
def test_whom_to_ask_can_be_chosen(user: NotebookUser, option) -> None:
    """A form, a prompt or neither, whatever the front end can do."""
    run = user.kernel.run(f"%etna_login {option} -b {user.sandbox.base_url}", allow_stdin=option == "--form")
    if option == "--form":
        assert ALL == FrontEnd(user.kernel, run).fields
    else:
        assert ("ETNA_" in run.error, 1) == (True, len(run.error.splitlines()))


def test_prompts_in_the_front_end(user: NotebookUser) -> None:
    """`--prompt` says where, and asks by the input line: unseen app key and password, seen user."""
    answers = [user.sandbox.app_key, "demo", user.sandbox.password_of("demo")]
    line = f"%etna_login --prompt -b {user.sandbox.base_url}"
    run = user.kernel.run(line, allow_stdin=True, answers=answers)
    assert [("App key: ", True), ("Username: ", False), ("Password: ", True)] == run.asked
    assert f"Log in to ETNA at {user.sandbox.base_url} (LIVE).\n" == run.texts[0]
    assert run.texts[1].startswith("Logged in as demo")


def test_while_it_waits_the_session_refuses_every_use(user: NotebookUser) -> None:
    """Where there was no token `etna_session` is there, `etna_token` is not, and each call is one line."""
    user.show_form()
    assert ["etna_session"] == user.kernel.ask(NAMES)
    for use in ("get('x')", "post('x')", "request('PUT', 'x')", "delete('x')", "get('http://127.0.0.1:9/')"):
        run = user.kernel.run(f"etna_session.{use}")
        assert (1, "error") == (len(run.texts), run.status)
        assert run.error.startswith("NotLoggedInError: etna is waiting for its login: finish the form")
        assert 1 == len(run.error.splitlines())
    assert "waiting" in user.kernel.run("%etna_status").texts[0]
    assert () == user.sandbox.seen


def test_a_login_by_click(user: NotebookUser) -> None:
    """One line is shown instead of the form, and the session that waited works."""
    form = user.show_form()
    user.kernel.do("_held = etna_session")
    user.fill(form)
    form.click("Log in")
    assert form.line.startswith(f"Logged in as demo at {user.sandbox.base_url} (LIVE) until ")
    assert form.line.endswith(": etna_token, etna_session.")
    assert [True, 200] == user.kernel.ask(
        "[_held is etna_session, _held.get('v1.0/users/@me/info').status_code]"
    )
    assert 1 == user.sandbox.token_requests
    form.wait_until(lambda: not form.fields)


def test_one_request_however_often_one_clicks(kernel: Kernel, server: ScriptedServer) -> None:
    """Five clicks and an Enter are one request, with what was typed."""
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    form.fill(accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD)
    form.click("Log in", 5)
    form.enter("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")
    kernel.run("1 + 1")
    sent = [[r.values(name)[0] for name in ("Et-App-Key", "Username", "Password")] for r in server.received]
    assert [[accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD]] == sent
    assert accounts.TOKEN == kernel.ask("etna_token.get_secret_value()")


def test_enter_logs_in_with_the_value_that_follows_it(kernel: Kernel, server: ScriptedServer) -> None:
    """`submit` comes before the value, and means the value."""
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    form.fill(accounts.APP_KEY, accounts.USERNAME, "an-older-Word")
    form.enter("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")
    assert [[accounts.PASSWORD]] == [request.values("Password") for request in server.received]


def test_a_value_that_a_click_has_overtaken(kernel: Kernel, server: ScriptedServer) -> None:
    """What is in flight when the button is clicked counts."""
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    form.type("App key", accounts.APP_KEY)
    form.type("Username", accounts.USERNAME)
    form.click("Log in")
    form.type("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")


def test_leaving_a_field_does_not_log_in(user: NotebookUser) -> None:
    """All fields filled and none submitted: nothing is sent."""
    form = user.show_form()
    user.fill(form)
    form.wait_until(lambda: "kept" in form.state("Password").get("placeholder", ""))
    user.kernel.run("import asyncio\nawait asyncio.sleep(.6)  # longer than a value is waited for")
    assert (0, []) == (user.sandbox.token_requests, form.replaced)


def test_something_is_missing(user: NotebookUser) -> None:
    """A click with an empty field names the field and sends nothing."""
    form = user.show_form()
    form.type("Username", "demo")
    form.click("Log in")
    form.wait_for("Still missing: App key and Password.")
    assert 0 == user.sandbox.token_requests


def test_a_wrong_password_and_then_the_right_one(user: NotebookUser) -> None:
    """The error is shown in the form, user and app key are kept, the password is cleared."""
    form = user.show_form()
    user.fill(form, password="wrong-Password-7")
    form.click("Log in")
    form.wait_for("refused this username and password")
    assert "demo" == form.state("Username")["value"]
    assert ["", ""] == [form.state("Password")[part] or "" for part in ("value", "placeholder")]
    assert ["etna_session"] == user.kernel.ask(NAMES)
    form.enter("Password", user.sandbox.password_of("demo"))
    assert form.line.startswith("Logged in as demo")
    assert 2 == user.sandbox.token_requests


def test_the_kernel_never_publishes_what_was_typed(kernel: Kernel, server: ScriptedServer) -> None:
    """Of all that the kernel sends to its front ends, nothing holds password, app key or token."""
    begun = len(kernel.published)
    refused = answer(401, accounts.body(State="Failed", Step="BaseAuthentication", Reason=accounts.PASSWORD))
    server.play(refused, answer(200, accounts.SUCCESS))
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    form.fill(accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD)
    form.click("Log in")
    form.wait_for("refused")
    form.enter("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")
    kernel.run("1 + 1")
    published = json.dumps(
        [(m["msg_type"], m["content"]) for m in kernel.published[begun:]], ensure_ascii=False
    )
    assert accounts.USERNAME in published
    assert [] == [secret for secret in accounts.SECRETS if secret in published]


@pytest.fixture
def code_form(user: NotebookUser) -> FrontEnd:
    """Return a form that asks for the code alone."""
    user.know("twofactor-again")
    shown = show_form(user.kernel, "%etna_login")
    assert ["Code"] == shown.fields
    return shown


def showing_a_code(user: NotebookUser, begun: int) -> list[str]:
    """Return each message since then, and each widget's state, that has a code in it."""
    states = [json.dumps(one["state"]) for one in user.kernel.ask(WIDGETS)["state"].values()]
    # While the form is there, its field is among what is looked at.
    assert user.kernel.ask("'etna_token' in globals()") or any(
        '"description": "Code"' in one for one in states
    )
    published = [json.dumps(message["content"]) for message in user.kernel.published[begun:]]
    return [text for text in (*published, *states) if CODE in text or WRONG in text]


def test_a_code_that_is_typed_and_not_sent(user: NotebookUser, code_form: FrontEnd) -> None:
    """It is removed from its field at once, here and in the front end, and works."""
    begun, field = len(user.kernel.published), code_form.model_id("Code")
    code_form.type("Code", CODE)
    code_form.wait_until(lambda: "kept" in code_form.state("Code")["placeholder"])
    cleared = [
        message
        for message in user.kernel.published[begun:]
        if message["content"].get("comm_id") == field
        and message["content"]["data"].get("state", {}).get("value") == ""
    ]
    assert ([], 1, 1) == (showing_a_code(user, begun), len(cleared), user.sandbox.token_requests)
    code_form.click("Verify")
    assert code_form.line.startswith("Logged in as twofactor-again")
    assert [] == showing_a_code(user, begun)


def test_a_wrong_code_and_then_the_right_one(user: NotebookUser, code_form: FrontEnd) -> None:
    """A wrong code leaves nothing in the form that comes after it, and the right one nothing either."""
    begun = len(user.kernel.published)
    code_form.enter("Code", WRONG)
    code_form.wait_for("Invalid")
    assert ("", "") == (code_form.state("Code")["value"], code_form.state("Code")["placeholder"] or "")
    assert [] == showing_a_code(user, begun)
    code_form.enter("Code", CODE)
    assert code_form.line.startswith("Logged in as twofactor-again")
    assert ([], 3) == (showing_a_code(user, begun), user.sandbox.token_requests)


def test_a_code_that_is_typed_and_started_over(user: NotebookUser, code_form: FrontEnd) -> None:
    """[Start over] drops it."""
    begun = len(user.kernel.published)
    code_form.type("Code", CODE)
    code_form.wait_until(lambda: "kept" in code_form.state("Code")["placeholder"])
    code_form.click("Start over")
    code_form.wait_until(lambda: "Code" not in code_form.fields)
    published = [json.dumps(message["content"]) for message in user.kernel.published[begun:]]
    assert [] == [text for text in (*published, user.kernel.ask(f"str({WIDGETS})")) if CODE in text]
