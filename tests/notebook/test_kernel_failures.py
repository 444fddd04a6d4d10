"""Each way a login can fail leaves the namespace as it was, and is a line or two at every `%xmode`."""

import json
from collections.abc import Iterator

import pytest

from tests.helpers import accounts
from tests.helpers.cell_run import Run
from tests.helpers.kernel import Kernel
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import ScriptedServer, answer

MODES = ("Plain", "Context", "Verbose", "Minimal")
TYPED = "Hunter2-typed"

# Users of the sandbox, and how their login fails where nobody can be asked.
USERS = {
    "twofactor": "VerificationError",
    "twofactor-again": "VerificationError",
    "ticketless": "VerificationError",
    "pin": "VerificationError",
    "pin-spelt": "VerificationError",
    "pin-twofactor": "VerificationError",
    "pin-unset": "VerificationError",
    "riddle": "VerificationError",
    "expired": "PasswordExpiredError",
    "expired-state": "PasswordExpiredError",
    "refused": "InvalidCredentialsError",
    "refused-200": "InvalidCredentialsError",
    "keyless": "ApplicationKeyError",
    "keyless-403": "ApplicationKeyError",
    "throttled": "RateLimitedError",
    "throttled-date": "RateLimitedError",
    "throttled-silent": "RateLimitedError",
    "throttled-401": "RateLimitedError",
    "broken": "UnexpectedResponseError",
    "gateway": "UnexpectedResponseError",
    "webterminal": "UnexpectedResponseError",
}

# What is changed in the environment, and the error it leads to.
CHANGES = {
    "password": ({"ETNA_PASSWORD": "wrong-Password-1"}, "InvalidCredentialsError"),
    "nobody": ({"ETNA_USERNAME": "nobody"}, "InvalidCredentialsError"),
    "app key": ({"ETNA_APP_KEY": "d3Jvbmc="}, "ApplicationKeyError"),
    "line break": ({"ETNA_PASSWORD": "bro\nken"}, "InvalidCredentialsError"),
    "blank": ({"ETNA_PASSWORD": " blank"}, "InvalidCredentialsError"),
    "euro": ({"ETNA_PASSWORD": "10 €uro"}, "InvalidCredentialsError"),
    "empty": ({"ETNA_PASSWORD": ""}, "MissingCredentialsError"),
    "lifetime": ({"ETNA_TOKEN_LIFETIME": "soon"}, "InvalidCredentialsError"),
    "plain http": ({"ETNA_BASE_URL": "http://192.0.2.1/api"}, "InsecureURLError"),
    "no URL": ({"ETNA_BASE_URL": "example"}, "InsecureURLError"),
    "dead": ({"ETNA_BASE_URL": "http://127.0.0.1:9/api"}, "ConnectionFailedError"),
    "elsewhere": ({"ETNA_BASE_URL": "URL/nowhere"}, "UnexpectedResponseError"),
}


def failed(run: Run, kind: str) -> None:
    """Check that a cell failed as every failure has to: with its name, few lines and no traceback."""
    assert ("error", 1) == (run.status, len(run.texts)), run.texts
    assert run.error.startswith(f"{kind}: "), run.error
    lines = run.texts[-1].splitlines()
    # Three, where a sentence quotes a server or the path of a file.
    assert (True, True) == (len(lines) <= 3, all(len(line) <= 110 for line in lines)), run.error
    assert "File " not in run.error


def change(user: NotebookUser, what: str) -> str:
    """Make the environment wrong in one way; return the error that it leads to."""
    variables, kind = CHANGES[what]
    user.kernel.set_environment(**{n: v.replace("URL", user.sandbox.base_url) for n, v in variables.items()})
    return kind


@pytest.fixture
def logged_in(user: NotebookUser) -> Iterator[NotebookUser]:
    """Log in; after the test the login has to be as it was, and its session has to work."""
    user.log_in()
    user.kernel.do("_kept = (etna_token, etna_session)")
    yield user
    assert ["etna_session", "etna_token"] == user.kernel.ask(NAMES)
    assert user.kernel.ask("_kept == (etna_token, etna_session) and etna_session.token is etna_token")
    assert 200 == user.kernel.ask("etna_session.get('v1.0/users/@me/info').status_code")


@pytest.mark.parametrize(("username", "kind"), USERS.items())
def test_no_half_made_login(user: NotebookUser, username, kind) -> None:
    """Whatever `/token` answers, a failure leaves no variable behind."""
    user.know(username)
    failed(user.kernel.run("%etna_login"), kind)
    assert [] == user.kernel.ask(NAMES)
    assert "Nobody" in user.kernel.run("%etna_status").texts[0]


@pytest.mark.parametrize("what", CHANGES)
def test_no_half_made_login_from_wrong_settings(user: NotebookUser, what) -> None:
    """Settings that cannot be right, or that the server refuses, leave no variable behind."""
    user.know()
    kind = change(user, what)
    failed(user.kernel.run("%etna_login"), kind)
    assert [] == user.kernel.ask(NAMES)


@pytest.mark.parametrize(("username", "kind"), USERS.items())
def test_an_earlier_login_goes_on(logged_in: NotebookUser, username, kind) -> None:
    """A failure under the same name leaves the earlier login as it was, and working."""
    logged_in.know(username)
    failed(logged_in.kernel.run(f"%etna_login -u {username}"), kind)


@pytest.mark.parametrize("what", CHANGES)
def test_an_earlier_login_goes_on_after_wrong_settings(logged_in: NotebookUser, what) -> None:
    """The same where the settings are wrong."""
    kind = change(logged_in, what)
    failed(logged_in.kernel.run("%etna_login"), kind)


def test_a_user_who_is_locked_out(user: NotebookUser) -> None:
    """The answer after five wrong passwords is one line as well."""
    user.know("lockout")
    good = user.sandbox.password_of("lockout")
    for password in ["wrong-Password-3"] * 5 + [good]:
        user.kernel.set_environment(ETNA_PASSWORD=password)
        failed(user.kernel.run("%etna_login"), "InvalidCredentialsError")
    assert [] == user.kernel.ask(NAMES)


def test_a_login_that_is_interrupted(kernel: Kernel) -> None:
    """The stop button while the server is silent leaves no variable behind."""

    def interrupt(connection, _):
        kernel.interrupt()
        connection.recv(1)  # until the client goes away

    with ScriptedServer(interrupt) as server:
        kernel.set_environment(**accounts.variables(server.base_url))
        run = kernel.run("%etna_login")
    assert ("error", "KeyboardInterrupt") == (run.status, run.reply["ename"])
    assert [] == kernel.ask(NAMES)


@pytest.fixture
def sessions(user: NotebookUser) -> Kernel:
    """Return a kernel with sessions that are logged out, stale and cut off, and a wrong password."""
    user.log_in("held")
    user.kernel.do("_held = held_session")
    user.kernel.run("%etna_logout held")
    user.log_in("stale")
    user.kernel.do("_stale = stale_session")
    user.sandbox.revoke_all()
    user.age("stale", left=-3)
    with ScriptedServer(answer(200, accounts.SUCCESS)) as server:
        user.kernel.set_environment(**accounts.variables(server.base_url))
        assert "ok" == user.kernel.run("%etna_login cut_off").status
    user.kernel.run("%config EtnaMagics.warn = 'never'")
    user.know(ETNA_PASSWORD="wrong-Password-2")
    return user.kernel


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("%etna_login", "InvalidCredentialsError"),
        ("%etna_login missing -e /nowhere.env", "MissingCredentialsError"),
        ("%etna_logout nobody", "NotLoggedInError"),
        ("_held.get('x')", "NotLoggedInError"),
        ("_stale.get('v1.0/users/@me/info')", "TokenExpiredError"),
        ("cut_off_session.post('x')", "ConnectionFailedError"),
        ("def f(): return [_held.post('x') for _ in (1,)]\nf()", "NotLoggedInError"),
        ("import etna_magic\nraise etna_magic.EtnaError('mine')", "EtnaError"),
    ],
)
def test_one_line_at_every_xmode(sessions: Kernel, code, kind) -> None:
    """No traceback, and the cell counts as failed."""
    for mode in MODES:
        sessions.run(f"%xmode {mode}")
        failed(sessions.run(code), kind)


@pytest.mark.parametrize(
    "line",
    [
        f"%etna_login --password {TYPED}",
        f"%etna_login -p{TYPED}",
        f"%etna_login --app-key={TYPED}",
        f"%etna_login --no-such-option={TYPED}",
        f"%etna_login etna {TYPED}",
        f"%etna_login 'etna {TYPED}",
        f"%etna_login {TYPED}",
        f"%etna_login --lifetime {TYPED}",
        f"%etna_status {TYPED}!",
        f"%etna_status --for {TYPED}",
        f"%etna_logout 2{TYPED}",
        f"%etna_logout etna --all {TYPED}",
    ],
)
def test_a_line_that_is_refused(user: NotebookUser, line) -> None:
    """One line that repeats nothing of what was typed, which may be a password; nothing is sent or made."""
    user.know()
    run = user.kernel.run(line)
    failed(run, "UsageError")
    assert ([], 0) == (user.kernel.ask(NAMES), len(user.sandbox.seen))
    shown = json.dumps([m["content"] for m in run.outputs] + [run.reply])
    assert TYPED not in shown, f"what was typed is repeated: {shown}"
