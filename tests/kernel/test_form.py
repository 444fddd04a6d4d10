"""The form in a kernel, driven by the messages that a front end sends."""

import json

import pytest

from tests.helpers.front_end import FrontEnd
from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

ALL = ["App key", "Username", "Password"]


@pytest.fixture
def server():
    """Run a server that lets everybody in."""
    with ScriptedServer(answer(200, accounts.SUCCESS)) as running:
        yield running


def show_form(kernel: Kernel, line: str) -> FrontEnd:
    """Run a log-in line that shows a form."""
    run = kernel.run(line, allow_stdin=True)
    assert "ok" == run.status, run.texts
    return FrontEnd(kernel, run)


def fill(form: FrontEnd, app_key: str, username: str, password: str) -> None:
    """Type into all three fields."""
    for label, text in zip(ALL, (app_key, username, password), strict=True):
        form.type(label, text)


def fill_for(form: FrontEnd, seat: NotebookUser, user: str = "demo", password: str = "") -> None:
    """Type what logs a user of the sandbox in."""
    fill(form, seat.sandbox.app_key, user, password or seat.sandbox.password_of(user))


def test_it_asks_for_what_is_missing(seat: NotebookUser):
    """With the base URL on the line: app key and password unseen, the user seen, nothing preset."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    assert (ALL, ["Log in"]) == (form.fields, form.buttons)
    kinds = ["PasswordModel", "TextModel", "PasswordModel"]
    assert kinds == [form.state(label)["_model_name"] for label in ALL]
    assert ["", "", ""] == [form.state(label)["value"] for label in ALL]
    assert [False, False, False] == [form.state(label)["continuous_update"] for label in ALL]
    assert 0 == seat.sandbox.token_requests


def test_it_asks_for_the_password_alone(seat: NotebookUser):
    """What the environment knows is not asked for."""
    known = seat.credentials()
    del known["ETNA_PASSWORD"]
    seat.kernel.set_environment(**known)
    form = show_form(seat.kernel, "%etna_login")
    assert ["Password"] == form.fields
    assert "demo" in form.texts[0]


def test_the_form_of_the_embedded_sandbox(seat: NotebookUser):
    """It can be seen without a broker: user and password of the sandbox log in."""
    form = show_form(seat.kernel, "%etna_login --sandbox --form")
    assert ["Username", "Password"] == form.fields
    form.type("Username", "demo")
    form.type("Password", seat.sandbox.password_of("demo"))
    form.click("Log in")
    assert ("Logged in as demo at ", True) == (form.line[:21], "(DEMO)" in form.line)


def test_while_it_waits_the_session_refuses_every_use(seat: NotebookUser):
    """`etna_session` stands there, `etna_token` does not, and each call is one line."""
    show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    assert ["etna_session"] == seat.kernel.ask(NAMES)
    for use in ("get('x')", "post('x')", "request('PUT', 'x')", "delete('x')", "get('http://127.0.0.1:9/')"):
        run = seat.kernel.run(f"etna_session.{use}")
        assert (1, "error") == (len(run.texts), run.status)
        assert run.error.startswith("NotLoggedInError: etna is waiting for its log-in: finish the form")
        assert 1 == len(run.error.splitlines())
    assert "waiting" in seat.kernel.run("%etna_status").texts[0]
    assert () == seat.sandbox.seen


def test_a_log_in_by_click(seat: NotebookUser):
    """The form goes, one line stands in its place, and the session that waited works."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    seat.kernel.do("_held = etna_session")
    fill_for(form, seat)
    form.click("Log in")
    assert form.line.startswith(f"Logged in as demo at {seat.sandbox.base_url}")
    assert [True, 200] == seat.kernel.ask(
        "[_held is etna_session, _held.get('v1.0/users/@me/info').status_code]"
    )
    assert 1 == seat.sandbox.token_requests
    form.wait_until(lambda: not form.fields)


def test_one_request_however_often_one_clicks(kernel: Kernel, server: ScriptedServer):
    """Five clicks and an Enter are one request, with what was typed."""
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    fill(form, accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD)
    form.click("Log in", 5)
    form.enter("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")
    kernel.run("1 + 1")
    sent = [[r.values(name)[0] for name in ("Et-App-Key", "Username", "Password")] for r in server.received]
    assert [[accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD]] == sent
    assert accounts.TOKEN == kernel.ask("etna_token.value")


def test_enter_logs_in_with_the_value_that_follows_it(kernel: Kernel, server: ScriptedServer):
    """`submit` comes before the value, and means the value."""
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    fill(form, accounts.APP_KEY, accounts.USERNAME, "an-older-Word")
    form.enter("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")
    assert [[accounts.PASSWORD]] == [request.values("Password") for request in server.received]


def test_a_value_that_a_click_has_overtaken(kernel: Kernel, server: ScriptedServer):
    """What is in flight when the button is clicked counts."""
    form = show_form(kernel, f"%etna_login -b {server.base_url}")
    form.type("App key", accounts.APP_KEY)
    form.type("Username", accounts.USERNAME)
    form.click("Log in")
    form.type("Password", accounts.PASSWORD)
    assert form.line.startswith("Logged in as alice")


def test_leaving_a_field_does_not_log_in(seat: NotebookUser):
    """All fields filled and none submitted: nothing is sent."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    fill_for(form, seat)
    form.wait_until(lambda: "kept" in form.state("Password").get("placeholder", ""))
    seat.kernel.run("import asyncio\nawait asyncio.sleep(.6)  # longer than a value is waited for")
    assert (0, []) == (seat.sandbox.token_requests, form.replaced)


def test_something_is_missing(seat: NotebookUser):
    """A click with an empty field names the field and sends nothing."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    form.type("Username", "demo")
    form.click("Log in")
    form.wait_for("Still missing: App key and Password.")
    assert 0 == seat.sandbox.token_requests


def test_a_wrong_password_and_then_the_right_one(seat: NotebookUser):
    """The error stands in the form, user and app key are kept, the password is cleared."""
    form = show_form(seat.kernel, f"%etna_login -b {seat.sandbox.base_url}")
    fill_for(form, seat, password="wrong-Password-7")
    form.click("Log in")
    form.wait_for("refused this user name and password")
    assert "demo" == form.state("Username")["value"]
    assert ["", ""] == [form.state("Password")[part] or "" for part in ("value", "placeholder")]
    assert ["etna_session"] == seat.kernel.ask(NAMES)
    form.enter("Password", seat.sandbox.password_of("demo"))
    assert form.line.startswith("Logged in as demo")
    assert 2 == seat.sandbox.token_requests


def test_the_kernel_never_publishes_what_was_typed(kernel: Kernel):
    """Of all that the kernel sends to its front ends, nothing holds password, app key or token."""
    begun = len(kernel.published)
    refused = answer(401, accounts.body(State="Failed", Step="BaseAuthentication", Reason=accounts.PASSWORD))
    with ScriptedServer(refused, answer(200, accounts.SUCCESS)) as server:
        form = show_form(kernel, f"%etna_login -b {server.base_url}")
        fill(form, accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD)
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
