"""Each way a log-in can fail leaves the namespace as it was, and is one line at every `%xmode`."""

import pytest

from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import Kernel
from tests.helpers.cell_run import Run
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import ScriptedServer

MODES = ("Plain", "Context", "Verbose", "Minimal")

# Users of the sandbox, and how their log-in fails where nobody can be asked.
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
    """Hold a failed cell against what every failure has to look like."""
    assert ("error", kind) == (run.status, run.reply["ename"]), run.texts
    assert 1 == len(run.texts), run.texts
    assert run.error.startswith(f"{kind}: ")
    assert 1 == len(run.error.splitlines()), run.error
    assert "File " not in run.error


def change(seat: NotebookUser, what: str) -> str:
    """Make the environment wrong in one way; return the error that it leads to."""
    variables, kind = CHANGES[what]
    seat.kernel.set_environment(**{n: v.replace("URL", seat.sandbox.base_url) for n, v in variables.items()})
    return kind


def keep_a_good_log_in(seat: NotebookUser) -> None:
    """Log in, and note what stands in the namespace."""
    seat.log_in()
    seat.kernel.do("_kept = (etna_token, etna_session)")


def the_good_log_in_is_untouched(seat: NotebookUser) -> None:
    """Hold the namespace against what was noted; the session has to work."""
    assert ["etna_session", "etna_token"] == seat.kernel.ask(NAMES)
    assert seat.kernel.ask("_kept == (etna_token, etna_session) and etna_session.token is etna_token")
    assert 200 == seat.kernel.ask("etna_session.get('v1.0/users/@me/info').status_code")


@pytest.mark.parametrize(("user", "kind"), USERS.items())
def test_no_half_made_log_in(seat: NotebookUser, user, kind):
    """Whatever `/token` answers, a failure leaves no variable behind."""
    seat.know(user)
    failed(seat.kernel.run("%etna_login"), kind)
    assert [] == seat.kernel.ask(NAMES)
    assert "Nobody" in seat.kernel.run("%etna_status").texts[0]


@pytest.mark.parametrize("what", CHANGES)
def test_no_half_made_log_in_from_wrong_settings(seat: NotebookUser, what):
    """Settings that cannot be right, or that the server refuses, leave no variable behind."""
    seat.know()
    kind = change(seat, what)
    failed(seat.kernel.run("%etna_login"), kind)
    assert [] == seat.kernel.ask(NAMES)


@pytest.mark.parametrize(("user", "kind"), USERS.items())
def test_an_earlier_log_in_goes_on(seat: NotebookUser, user, kind):
    """A failure under the same name leaves the earlier log-in as it was, and working."""
    keep_a_good_log_in(seat)
    seat.know(user)
    failed(seat.kernel.run(f"%etna_login -u {user}"), kind)
    the_good_log_in_is_untouched(seat)


@pytest.mark.parametrize("what", CHANGES)
def test_an_earlier_log_in_outlives_wrong_settings(seat: NotebookUser, what):
    """The same where the settings are wrong."""
    keep_a_good_log_in(seat)
    kind = change(seat, what)
    failed(seat.kernel.run("%etna_login"), kind)
    the_good_log_in_is_untouched(seat)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("%etna_login", "InvalidCredentialsError"),
        ("%etna_login missing -e /nowhere.env", "MissingCredentialsError"),
        ("%etna_logout nobody", "NotLoggedInError"),
        ("_held.get('x')", "NotLoggedInError"),
        ("_stale.get('v1.0/users/@me/info')", "TokenExpiredError"),
        ("_cut_off.get('x', timeout=5)", "ConnectionFailedError"),
        ("def f(): return [_held.post('x') for _ in (1,)]\nf()", "NotLoggedInError"),
        ("import etna_magic\nraise etna_magic.EtnaError('mine')", "EtnaError"),
    ],
)
def test_one_line_at_every_xmode(seat: NotebookUser, mode, code, kind):
    """No traceback, and the cell counts as failed."""
    prepare_for_xmode(seat)
    seat.kernel.run(f"%xmode {mode}")
    failed(seat.kernel.run(code), kind)


def prepare_for_xmode(seat: NotebookUser) -> None:
    """Leave sessions that are logged out, stale and cut off, and a wrong password."""
    seat.log_in("held")
    seat.kernel.do("_held = held_session")
    seat.kernel.run("%etna_logout held")
    seat.log_in("stale")
    seat.kernel.do("_stale = stale_session")
    seat.log_in("cut")
    seat.sandbox.revoke_all()
    seat.age("stale", left=-3)
    seat.kernel.do("_cut_off = cut_session; _cut_off.token.base_url = 'http://127.0.0.1:9/api'")
    seat.kernel.do("get_ipython().run_line_magic('config', \"EtnaMagics.warn = 'never'\")")
    seat.kernel.set_environment(ETNA_PASSWORD="wrong-Password-2")


def test_a_locked_out_user(seat: NotebookUser):
    """The answer after five wrong passwords is one line as well."""
    seat.know("lockout")
    good = seat.sandbox.password_of("lockout")
    for password in ["wrong-Password-3"] * 5 + [good]:
        seat.kernel.set_environment(ETNA_PASSWORD=password)
        failed(seat.kernel.run("%etna_login"), "InvalidCredentialsError")
    assert [] == seat.kernel.ask(NAMES)


def test_an_interrupted_log_in(kernel: Kernel):
    """The stop button while the server is silent leaves no variable behind."""

    def interrupt(connection, _):
        kernel.interrupt()
        connection.recv(1)  # until the client goes away

    with ScriptedServer(interrupt) as server:
        kernel.set_environment(
            ETNA_BASE_URL=server.base_url,
            ETNA_APP_KEY="a2V5",
            ETNA_USERNAME="alice",
            ETNA_PASSWORD="some-Word",
        )
        run = kernel.run("%etna_login")
    assert ("error", "KeyboardInterrupt") == (run.status, run.reply["ename"])
    assert [] == kernel.ask(NAMES)
