"""`--remember`: a token outlives its kernel, for whose it is; a logout or a refusal leaves nothing of it."""

import time

import filelock
import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.remembering_user import RememberingUser, remembering_user
from tests.token_cache.helpers import change, secrets_below

user = remembering_user

TOKEN = "[etna_token.get_secret_value(), round(etna_token.expires_at.timestamp(), 3)]"
HOUR = 3600.0


def test_a_restarted_kernel_uses_it(user: RememberingUser):
    """The same token with the same end and no request; both lines say where it is remembered."""
    assert user.remember().endswith(f" Remembered in {user.tokens}.")
    before = user.kernel.ask(TOKEN)
    user.restart()
    line = user.remember()
    assert line.startswith("Logged in as demo at ")
    assert line.endswith(f" It was remembered in {user.tokens}; no request was made.")
    assert (before, 1, True) == (user.kernel.ask(TOKEN), user.sandbox.token_requests, user.works())


def test_no_code_is_needed(user: RememberingUser):
    """What took a code once takes none after a restart, not even where nobody can be asked."""
    user.remember("--code 246810", "twofactor")
    user.restart()
    before = user.sandbox.token_requests
    assert "no request was made" in user.remember("--no-input", "twofactor")
    assert before == user.sandbox.token_requests


def test_without_the_option_nothing_is_kept(user: RememberingUser):
    """A plain login leaves no file, and uses none."""
    user.log_in()
    assert [] == user.files
    user.remember()
    user.restart()
    user.log_in()
    assert 3 == user.sandbox.token_requests


BOX = "Remember on this machine: the token, not the password"


def form_login(user: RememberingUser, line: str, *, is_ticked: bool | None = None) -> str:
    """Log in by the form, with its box as it is or as a person leaves it; return the line of success."""
    form = user.show_form(line)
    if is_ticked is not None:
        form.tick(BOX, is_ticked=is_ticked)
    user.fill(form)
    form.click("Log in")
    return form.line


def test_the_box_in_the_form(user: RememberingUser):
    """The option presets it, and what a person ticks there is done and kept for the next login."""
    assert ([False, True], []) == (
        [user.show_form(line).state(BOX)["value"] for line in ("", "--remember")],
        user.files,
    )
    assert form_login(user, "", is_ticked=True).endswith(f" Remembered in {user.tokens}.")
    value = user.value()
    user.restart()
    assert "no request was made" in user.remember()
    assert value == user.value()


def test_the_box_unticked(user: RememberingUser):
    """The token is not kept, and neither is the one of that account from before."""
    user.remember()
    user.kernel.set_environment(ETNA_PASSWORD="", ETNA_APP_KEY="", ETNA_USERNAME="")
    assert "Remembered" not in form_login(user, "--remember", is_ticked=False)
    assert [] == user.files


@pytest.mark.parametrize(("other", "status"), [("user", "ok"), ("app key", "error")])
def test_another_never_gets_it(user: RememberingUser, other, status):
    """Another user or app key makes a request of its own; and the first one's token is still there."""
    user.remember()
    first = user.value()
    user.restart()
    user.know(**{"user": user.credentials("lockout"), "app key": {"ETNA_APP_KEY": "another"}}[other])
    assert status == user.kernel.run("%etna_login --remember").status
    assert 2 == user.sandbox.token_requests
    assert other == "app key" or first != user.value()
    user.restart()
    user.remember()
    assert first == user.value()


def test_a_token_near_its_end_is_replaced(user: RememberingUser):
    """What is near its end makes way for a new login, and that is kept."""
    user.remember()
    change(user.kept, issued_at=time.time() - 24 * HOUR + 600)
    user.restart()
    assert user.remember().endswith(f"(24 h): etna_token, etna_session. Remembered in {user.tokens}.")
    second = user.value()
    user.restart()
    user.remember()
    assert (2, second) == (user.sandbox.token_requests, user.value())


def test_its_age_goes_on(user: RememberingUser):
    """A token that was remembered ends when the server ends it, not a day after the restart."""
    user.remember("--lifetime 10h")
    change(user.kept, issued_at=time.time() - 9 * HOUR)
    user.restart()
    user.remember()
    left, lifetime = user.kernel.ask(
        "[d.total_seconds() for d in (etna_token.remaining, etna_token.lifetime)]"
    )
    assert (True, 10 * HOUR) == (0.98 * HOUR < left <= HOUR, lifetime)


@pytest.mark.parametrize(("kept", "now"), [("24h", "10h"), ("10h", "20h")])
def test_the_shorter_lifetime_counts(user: RememberingUser, kept, now):
    """A lifetime that is given now counts for a token that was kept with a longer one, and for no other."""
    user.remember(f"--lifetime {kept}")
    user.restart()
    line = user.remember(f"--lifetime {now}")
    assert ("no request was made" in line, "(10 h)" in line) == (True, True), line


@pytest.mark.parametrize("source", ["option", "environment"])
def test_expired_by_the_lifetime_that_is_given_now(user: RememberingUser, source):
    """Good by the lifetime it was kept with, and expired by the one that is given now: it is not used."""
    user.remember()
    change(user.kept, issued_at=time.time() - 9 * HOUR)
    user.restart()
    if source == "environment":
        user.kernel.set_environment(ETNA_TOKEN_LIFETIME="8h")
    user.remember("--lifetime 8h" if source == "option" else "")
    assert 2 == user.sandbox.token_requests


def test_again_in_the_same_kernel(user: RememberingUser):
    """Whoever has the token already and logs in again gets another, and that one is kept."""
    user.remember()
    first = user.value()
    user.kernel.run("%etna_login")
    second = user.value()
    assert (2, True) == (user.sandbox.token_requests, first != second)
    user.restart()
    user.remember()
    assert second == user.value()


def test_under_two_names(user: RememberingUser):
    """A second name of the same kernel gets the token of the first."""
    user.remember()
    assert "no request was made" in user.remember("paper")
    assert (1, True) == (user.sandbox.token_requests, user.works("paper"))


def test_with_the_embedded_sandbox(user: RememberingUser):
    """The embedded sandbox ends with its kernel: the two options exclude each other."""
    run = user.kernel.run("%etna_login --sandbox --remember")
    assert ("error", True) == (run.status, "".join(run.texts).startswith("UsageError: "))
    assert (False, []) == (user.kernel.ask("'etna_token' in globals()"), user.files)


# Whether the server still accepts it


ADAPTER = """
import requests
class Noting(requests.adapters.HTTPAdapter):
    seen = []
    def send(self, request, **kwargs):
        self.seen.append(request.path_url)
        return super().send(request, **kwargs)
etna_session.mount("http://", Noting())
"""


def age_kept(user: RememberingUser, seconds: float = HOUR) -> None:
    """Let what is kept have been issued some time ago."""
    change(user.kept, issued_at=time.time() - seconds)


def age(user: RememberingUser, seconds: float = HOUR) -> None:
    """Do the same, and let its kernel be gone."""
    age_kept(user, seconds)
    user.restart()


def test_one_that_the_server_has_ended(user: RememberingUser):
    """It is found out at the login itself: one clear line, a new login, and a session that works."""
    user.remember()
    old = user.value()
    user.sandbox.revoke_all()
    age(user)
    line = user.remember()
    dropped = "etna: the server refuses the token that was remembered; it was deleted."
    assert (1, True, True) == (line.count(dropped), line.startswith("Logged in as demo"), user.works())
    assert line.endswith(f"{dropped} Remembered in {user.tokens}.")
    assert (2, True) == (user.sandbox.token_requests, old != user.value())


def test_one_that_the_server_accepts(user: RememberingUser):
    """The line says so; the server was asked once, by a read."""
    user.remember()
    age(user)
    asked = len(user.sandbox.seen)
    line = user.remember()
    assert line.endswith(f" It was remembered in {user.tokens}, and the server accepts it.")
    seen = [(request.method, request.path) for request in user.sandbox.seen[asked:]]
    assert ([("GET", "/v1.0/users/@me/info")], True) == (
        [(method, path.removeprefix("/api")) for method, path in seen],
        user.works(),
    )


@pytest.mark.parametrize(("seconds", "is_asked"), [(50, False), (61, True)])
def test_from_which_age_on_it_is_asked(user: RememberingUser, seconds, is_asked):
    """What is younger than a minute was good a moment ago."""
    user.remember()
    age(user, seconds)
    asked = len(user.sandbox.seen)
    assert is_asked is ("accepts it" in user.remember())
    assert int(is_asked) == len(user.sandbox.seen) - asked


def test_a_server_that_cannot_be_asked(user: RememberingUser, tmp_path):
    """The token is used, and the line says that nobody knows."""
    with Sandbox() as gone:
        other = RememberingUser(user.kernel, gone, tmp_path)
        other.remember()
        age(other)
    line = other.remember()
    said = "whether the server still accepts it could not be found out: nothing listens there."
    assert line.endswith(f" It was remembered in {user.tokens}; {said}")


@pytest.mark.parametrize(
    "line", ["%etna_login --remember --no-input", "await etna_magic.login(remember=True, no_input=True)"]
)
def test_one_that_has_ended_and_nobody_to_ask(user: RememberingUser, line):
    """Where the new login needs a person the one line comes first, then the error: nothing is swallowed."""
    user.remember("--code 246810", "twofactor")
    user.sandbox.revoke_all()
    age(user)
    user.know("twofactor")
    run = user.kernel.run(f"import etna_magic\n{line}")
    assert "etna: the server refuses the token that was remembered; it was deleted." == run.texts[0]
    assert (2, True) == (len(run.texts), run.error.startswith("VerificationError: "))
    assert ([], False) == (list(user.tokens.iterdir()), user.kernel.ask("'etna_token' in globals()"))


def test_one_that_has_ended_and_await(user: RememberingUser):
    """The same by `await etna_magic.login()`."""
    user.remember()
    user.sandbox.revoke_all()
    age(user)
    run = user.kernel.run("import etna_magic\ns = await etna_magic.login(remember=True)")
    assert "the server refuses the token that was remembered" in run.texts[0]
    assert (1, True) == (len(run.texts), user.works())


def test_it_is_asked_by_the_way_of_the_session(user: RememberingUser):
    """A session of that account that is there already asks, by the adapter that its user has mounted."""
    user.remember("other")
    age_kept(user)
    user.log_in("-u demo")
    user.kernel.do(ADAPTER)
    assert "the server accepts it" in user.remember("-u demo")
    assert ["/api/v1.0/users/@me/info"] == user.kernel.ask("Noting.seen")


# Leaving


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_logout_leaves_nothing(user: RememberingUser, is_restarted):
    """No token, no lock and nothing half-written, whether this kernel made the token or found it."""
    user.remember()
    assert 2 == len(user.files)
    if is_restarted:
        user.restart()
        user.remember()
    user.kernel.run("%etna_logout --all")
    assert [] == user.files
    user.remember()
    assert 2 == user.sandbox.token_requests


def test_a_logout_leaves_the_others(user: RememberingUser):
    """The token of another user stays."""
    user.remember(user="lockout")
    other = user.value()
    user.restart()
    user.remember()
    user.kernel.run("%etna_logout")
    user.remember(user="lockout")
    assert other == user.value()


@pytest.mark.parametrize("second", ["--remember", ""])
def test_a_logout_drops_an_earlier_user_too(user: RememberingUser, second):
    """Two users one after the other under one name: nothing of either stays."""
    user.remember()
    user.log_in(f"-u lockout {second}", "lockout")
    assert 1 + bool(second) == len(list(user.tokens.iterdir()))
    user.kernel.run("%etna_logout")
    assert [] == user.files


def test_a_logout_deletes_what_a_killed_kernel_has_left(user: RememberingUser):
    """A kernel that was killed while it wrote leaves a file with a token in it: it goes with the logout."""
    user.remember()
    (user.tokens / f".new-{user.kept.stem}-abc").write_text(user.kept.read_text())
    user.kernel.run("%etna_logout")
    assert [] == user.files


def test_a_logout_that_cannot_delete_it_says_so(user: RememberingUser):
    """A token that stays on the disk after a logout is reported, by its path."""
    user.remember()
    kept = user.kept
    kept.unlink()
    kept.mkdir()  # even root cannot unlink it
    run = user.kernel.run("%etna_logout")
    assert ("ok", True) == (run.status, f"could not be deleted: {kept}: " in run.texts[0]), run.texts


def test_what_the_server_refuses_is_dropped(user: RememberingUser):
    """A token that the server no longer accepts is not used again."""
    user.remember()
    user.sandbox.revoke_all()
    run = user.kernel.run("etna_session.get('v1.0/users/@me/info')")
    assert ("error", []) == (run.status, list(user.tokens.iterdir()))
    user.restart()
    user.remember()
    assert (2, True) == (user.sandbox.token_requests, user.works())


def test_a_refused_token_leaves_its_successor(user: RememberingUser):
    """One login's old token is refused; the fresh one that another has kept since stays."""
    for name in ("old", "new"):
        user.remember(name)
    user.sandbox.revoke_all()
    user.remember("new")  # it has the old one already, so it gets a fresh one
    fresh = user.value("new")
    assert "error" == user.kernel.run("old_session.get('v1.0/users/@me/info')").status
    user.restart()
    user.remember()
    assert (2, fresh) == (user.sandbox.token_requests, user.value())


def test_no_secret_is_kept(user: RememberingUser, tmp_path):
    """The token is in its file alone; password, app key and PIN are in no file that a kernel has written."""
    user.know("pin", ETNA_PIN_CODE="1357")
    for _ in range(2):
        user.restart()
        assert "ok" == user.kernel.run("%etna_login --remember --auto-renew").status
    secrets = (user.sandbox.password_of("pin"), user.sandbox.app_key)
    assert [] == [*secrets_below(user.kernel.home, *secrets), *secrets_below(tmp_path, *secrets)]
    assert "1357" not in user.kept.read_text()
    value = user.value()
    assert ([str(user.kept)], []) == (secrets_below(tmp_path, value), secrets_below(user.kernel.home, value))


# Stores that are of no use stop no login


def report(user: RememberingUser) -> str:
    """Log in, which has to work; return what the one line says of the store."""
    text = user.remember()
    assert user.works()
    return text.partition("etna_token, etna_session. ")[2]


def test_a_broken_file(user: RememberingUser):
    """It is reported and nothing of it is shown; what is kept in its place is used after a restart."""
    user.remember()
    user.kept.write_text('{"token": "QQ-SECRET-QQ", "version": 1')
    user.restart()
    deleted = f"what was kept in {user.tokens} was deleted, since it cannot be read"
    assert f"Remembered in {user.tokens}. But: {deleted}." == report(user)
    user.restart()
    assert f"It was remembered in {user.tokens}; no request was made." == report(user)


def test_a_folder_that_is_open_to_others(user: RememberingUser):
    """In such a folder nothing is read and nothing is kept."""
    user.remember()
    user.tokens.chmod(0o750)
    user.restart()
    said = report(user)
    done = "so nothing was read from it or written to it, and a new login was made"
    fix = "chmod go-rwx it, or delete it"
    assert f"Nothing is remembered: {user.tokens} is open to other users, {done}: {fix}." == said
    assert 2 == user.sandbox.token_requests


@pytest.mark.parametrize("library", ["filelock", "platformdirs"])
def test_without_the_extra(user: RememberingUser, library):
    """Where a library is missing the line says what to install, and nothing is written."""
    user.kernel.do(f"import sys as _s; _was = _s.modules.get({library!r}); _s.modules[{library!r}] = None")
    try:
        said, run = report(user), user.kernel.run("%etna_logout")
    finally:
        user.kernel.do(f"_s.modules.pop({library!r}); _was and _s.modules.update({{{library!r}: _was}})")
    expected = "Nothing is remembered: that needs %pip install 'etna-magic[remember]'."
    assert (expected, "ok", []) == (said, run.status, user.files)


def test_a_lock_that_another_process_holds(user: RememberingUser):
    """Who waits too long goes on without it, and says why."""
    user.remember()
    (lock,) = user.state.glob("*.lock")
    user.restart()
    patience = "__import__('etna_magic.token_cache').token_cache.TokenCache.__init__.__defaults__"
    user.kernel.do(f"_was = {patience}; {patience} = (0.2,)")
    try:
        with filelock.FileLock(lock):
            said = report(user)
    finally:
        user.kernel.do(f"{patience} = _was")
    expected = f"But: the lock in {user.state} cannot be acquired: another process holds it."
    assert f"It was remembered in {user.tokens}; no request was made. {expected}" == said
