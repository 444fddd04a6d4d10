"""`--auto-renew`: a fresh token takes the place of the old one, by what is known at that moment."""

import json

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.remembering_user import RememberingUser, remembering_user

user = remembering_user

CALL = "etna_session.get('v1.0/users/@me/info').status_code"
ERROR = "type(etna_session.holder.refresher.error).__name__"


def call(user: RememberingUser) -> str:
    """Make a call in a cell; return its status."""
    return user.kernel.run(CALL, store_history=False).texts[-1]


@pytest.mark.parametrize(
    ("line", "left"),
    [("%etna_login --auto-renew", 600), ("%config EtnaMagics.auto_renew = True\n%etna_login", -600)],
)
def test_a_call_renews(user: RememberingUser, line, left):
    """Near the end or past it a call brings a fresh token to namespace and session, without a word."""
    user.know()
    assert "ok" == user.kernel.run(line).status
    user.age(left=left)
    user.kernel.do("before = (etna_session, etna_token.get_secret_value())")
    assert "200" == user.kernel.run(CALL).texts[-1]
    assert (2, "fresh") == (user.sandbox.token_requests, user.kernel.ask("etna_token.state.value"))
    assert user.kernel.ask("before[0] is etna_session and etna_token is etna_session.token")
    assert user.kernel.ask("before[1] != etna_token.get_secret_value()")
    assert [] == user.kernel.run("6 * 7").warnings


def test_without_the_option_nothing_is_renewed(user: RememberingUser):
    """Without it a token comes to its end."""
    user.log_in()
    user.age(left=600)
    assert ("200", 1) == (call(user), user.sandbox.token_requests)


def test_a_repeated_login_keeps_renewing(user: RememberingUser):
    """The line that repeats the login repeats this as well."""
    user.log_in("--auto-renew")
    user.kernel.run("%etna_login")
    user.age(left=600)
    assert ("200", 3) == (call(user), user.sandbox.token_requests)


def test_a_refused_token_is_renewed(user: RememberingUser):
    """A token that the server has ended before its time is replaced in the middle of the call."""
    user.log_in("--auto-renew")
    user.sandbox.revoke_all()
    assert ("200", 2) == (call(user), user.sandbox.token_requests)


def test_the_password_is_read_again(user: RememberingUser):
    """What the environment says at the renewal counts, and not what it said before."""
    user.log_in("--auto-renew")
    user.age(left=-3)
    user.kernel.set_environment(ETNA_PASSWORD="wrong")
    assert user.kernel.run(CALL).error.startswith("InvalidCredentialsError: ")
    user.log_in()
    user.age(left=-3)
    assert "200" == call(user)


def test_the_file_is_read_again(user: RememberingUser, tmp_path):
    """The same for the file of --env-file, from another working directory too."""
    path, known = tmp_path / "night.env", user.credentials()
    path.write_text("".join(f"{name}='{value}'\n" for name, value in known.items()))
    assert "ok" == user.kernel.run("%etna_login --auto-renew -e night.env").status
    user.kernel.do("import os; os.chdir('/')")
    path.write_text(path.read_text().replace(known["ETNA_PASSWORD"], "wrong"))
    user.age(left=600)
    assert ("200", "InvalidCredentialsError") == (call(user), user.kernel.ask(ERROR))


def test_refused_credentials_are_never_tried_again(user: RememberingUser):
    """Near the end and past it, in the same minute and after: five wrong passwords lock a user out."""
    user.log_in("--auto-renew")
    user.kernel.set_environment(ETNA_PASSWORD="wrong")
    user.age(left=600)
    for pause in (60.0, 0.0):
        with user.pause(pause):
            assert "200" == call(user)
    user.age(left=-3)
    assert user.kernel.run(CALL).error.startswith("InvalidCredentialsError: ")
    assert 2 == user.sandbox.token_requests


def test_other_failures_are_tried_again_after_a_pause(user: RememberingUser):
    """After another failure one tries again when the pause has passed, and not before; then all is well."""
    user.log_in("--auto-renew")
    user.age(left=600)
    user.kernel.set_environment(ETNA_APP_KEY="d3Jvbmc=")
    assert (["200"] * 3, 2) == ([call(user) for _ in range(3)], user.sandbox.token_requests)
    user.know()
    with user.pause(0.0) as usual:
        assert "200" == call(user)
    assert (60.0, 3, "fresh") == (
        usual,
        user.sandbox.token_requests,
        user.kernel.ask("etna_token.state.value"),
    )


def test_a_renewal_changes_no_account(user: RememberingUser):
    """Settings that name another user by now are refused before anything is sent, and reported."""
    user.log_in("--auto-renew")
    user.age(left=600)
    user.know("lockout")
    assert ("200", 1) == (call(user), user.sandbox.token_requests)
    assert "demo" == user.kernel.ask("etna_token.username")
    (line,) = user.kernel.run("6 * 7").warnings
    assert "no renewal changes the account" in line


def test_a_failure_is_reported_once_by_the_next_cell(user: RememberingUser):
    """The cell that made the call goes on with the old token; the next begins with one line."""
    user.log_in("--auto-renew")
    user.age(left=600)
    user.kernel.set_environment(ETNA_PASSWORD="wrong")
    assert ["200"] == user.kernel.run(CALL).texts
    ((line,), later) = (user.kernel.run("6 * 7").warnings for _ in range(2))
    assert [] == later
    assert line.startswith("etna: the token could not be renewed (tried last at ")
    assert ", next at " in line
    assert line.endswith(" To log in again: %etna_login")
    assert "\n" not in line


def test_past_the_end_the_call_has_the_reason(user: RememberingUser):
    """Past the end a call raises why there is no fresh token, and so does the next."""
    user.log_in("--auto-renew")
    user.age(left=-3)
    user.know(ETNA_PASSWORD="")
    for _ in range(2):
        error = user.kernel.run(CALL).error
        assert error.startswith("MissingCredentialsError: The token could not be renewed (tried last at ")
        assert "ETNA_PASSWORD is not set" in error
    assert 1 == user.sandbox.token_requests


# What %etna_status --for says of it


def lasts(user: RememberingUser, line: str) -> list[tuple[bool, str]]:
    """Return what `%etna_status` says below its table, and whether each is a warning."""
    run = user.kernel.run(f"%etna_status {line}")
    assert "ok" == run.status, run.texts
    return [("etna-warning" in bundle["text/html"], bundle["text/plain"]) for bundle in run.bundles[1:]]


def test_which_of_several(user: RememberingUser):
    """Each has its line, with its own hint; a token that does not last is a warning; a name asks for one."""
    for name, left in (("one", 86_390), ("two", 60), ("three", -60)):
        user.log_in(name)
        user.age(name, left=left)
    found = lasts(user, "--for 90m")
    assert [False, True, True] == [warns for warns, _ in found]
    assert found[0][1].startswith("one: the token lasts for 1 h 30 min; it ends in 23 h 59 min")
    assert found[1][1].endswith(" and will not last for 1 h 30 min. To log in again: %etna_login two")
    assert "there is no good token now" in found[2][1]
    assert [False] == [warns for warns, _ in lasts(user, "one --for 90m")]


def test_one_that_renews_itself(user: RememberingUser):
    """It says so, and neither that nor the end that comes near is a warning, until a renewal has failed."""
    user.log_in("--auto-renew")
    user.age(left=600)
    ((warns, text),) = lasts(user, "--for 6h")
    assert (False, True) == (warns, text.endswith("and is renewed by itself before that."))
    assert [] == user.kernel.run("6 * 7").warnings
    user.kernel.set_environment(ETNA_PASSWORD="wrong")
    call(user)
    ((warns, text),) = lasts(user, "--for 6h")
    assert (True, True) == (warns, text.endswith(" To log in again: %etna_login")), text


def test_one_that_needs_a_code(user: RememberingUser):
    """Where each login needs a code it does not renew by itself, also when the token was remembered."""
    user.remember("--code 246810 --auto-renew", "twofactor")
    user.age(left=3600)
    assert [True] == [warns for warns, _ in lasts(user, "--for 6h")]
    user.restart()
    assert "no request" in user.remember("--auto-renew", "twofactor")
    ((warns, text),) = lasts(user, "--for 25h")
    assert (True, True) == (warns, text.endswith(" will not last for 25 h. To log in again: %etna_login"))


def test_one_that_sends_a_pin(user: RememberingUser):
    """A PIN that is known needs nobody: it renews by itself."""
    user.know("pin", ETNA_PIN_CODE="1357")
    assert "ok" == user.kernel.run("%etna_login --auto-renew").status
    user.age(left=3600)
    ((warns, text),) = lasts(user, "--for 6h")
    assert (False, True) == (warns, text.endswith("and is renewed by itself before that."))


# Over several expiries

LIFETIME, EXPIRIES, THREADS, CALLS = 1.5, 3, 4, 400
# It goes on until there were enough calls and enough tokens, so that a fast machine sees the expiries too.
LOOP = f"""
import json, threading
from concurrent.futures import ThreadPoolExecutor

tokens, statuses, failures, lock = set(), [], [], threading.Lock()

def loop(_):
    done = 0
    while done < {CALLS} or len(tokens) <= {EXPIRIES}:
        done += 1
        try:
            status = etna_session.get("v1.0/users/@me/info").status_code
        except Exception as error:
            with lock:
                failures.append(repr(error))
            return
        with lock:
            statuses.append(status)
            tokens.add(etna_token.get_secret_value())

with ThreadPoolExecutor({THREADS}) as pool:
    list(pool.map(loop, range({THREADS})))
print(json.dumps([sorted(set(statuses)), failures, len(statuses), len(tokens)]))
"""


def test_no_call_of_many_fails(user: RememberingUser):
    """Threads that call all the time see good answers only, and each token is renewed once for all."""
    with Sandbox(lifetime=LIFETIME, login_limit=None, call_limits=False) as sandbox:
        user.sandbox = sandbox
        user.log_in(f"--auto-renew --lifetime {LIFETIME}")
        run = user.kernel.run(LOOP)
        (printed,) = run.texts  # and no line about an end or a renewal
        statuses, failures, calls, tokens = json.loads(printed)
        assert ([200], []) == (statuses, failures)
        assert (True, True) == (calls >= THREADS * CALLS, tokens > EXPIRIES)
        # No more logins than tokens that were seen, but for one at the very end.
        assert tokens <= sandbox.token_requests <= tokens + 1
