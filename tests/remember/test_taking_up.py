"""A token that was remembered is taken up by whose it is, while it is good, and by nobody else."""

import re
import stat
import time

import pytest

from tests.remember.desk import Desk, sandbox_for_tests


def test_it_says_where_it_is_remembered(desk: Desk):
    """The one line of a log-in ends with where its token is kept."""
    assert desk.remember().texts[0].endswith(f"(24 h). Remembered in {desk.tokens}.")


def test_a_restarted_kernel_takes_it_up(desk: Desk):
    """The same token, the same end, no request, and it says so."""
    desk.remember()
    before = desk.kernel.ask("[etna_token.value, round(etna_token.expires_at.timestamp(), 3)]")
    desk.restart()
    run = desk.remember()
    assert run.texts[0].endswith(f"It was remembered in {desk.tokens}; no request was made.")
    assert run.texts[0].startswith("Logged in as demo at ")
    assert before == desk.kernel.ask("[etna_token.value, round(etna_token.expires_at.timestamp(), 3)]")
    assert (1, True) == (desk.sandbox.token_requests, desk.works())


def test_no_code_is_wanted(desk: Desk):
    """What cost a code once costs none after a restart, not even where nobody can be asked."""
    desk.remember("--code 246810", "twofactor")
    desk.restart()
    before = desk.sandbox.token_requests
    run = desk.remember("--no-input", "twofactor")
    assert (before, True) == (desk.sandbox.token_requests, "no request was made" in run.texts[0])


def test_without_the_option_nothing_is_kept(desk: Desk):
    """A plain log-in leaves no file, and takes none up."""
    desk.log_in()
    assert [] == desk.files
    desk.remember()
    desk.restart()
    desk.log_in()
    assert 3 == desk.sandbox.token_requests


def test_modes(desk: Desk):
    """The folder is for its owner alone, and so is every file, whatever the umask."""
    desk.kernel.do("import os; _before = os.umask(0)")
    desk.remember()
    desk.kernel.do("import os; os.umask(_before)")
    assert 0o700 == stat.S_IMODE(desk.tokens.stat().st_mode)
    found = {stat.S_IMODE(path.stat().st_mode) for path in desk.state.rglob("*") if path.is_file()}
    assert ({0o600}, 1) == (found, len(list(desk.tokens.iterdir())))


@pytest.mark.parametrize("other", ["user", "app key", "base URL"])
def test_another_never_gets_it(desk: Desk, other):
    """Another user, app key or base URL makes a request of its own, and its own token."""
    desk.remember()
    first = desk.value()
    desk.restart()
    with sandbox_for_tests() as elsewhere:
        changes = {
            "user": {"ETNA_USERNAME": "lockout", "ETNA_PASSWORD": desk.sandbox.password_of("lockout")},
            "app key": {"ETNA_APP_KEY": "another"},
            "base URL": {"ETNA_BASE_URL": elsewhere.base_url},
        }
        desk.kernel.set_environment(**changes[other])
        run = desk.kernel.run("%etna_login --remember")
        assert 2 == desk.sandbox.token_requests + elsewhere.token_requests
    assert ("error" if other == "app key" else "ok") == run.status
    assert other == "app key" or first != desk.value()
    desk.restart()
    desk.remember()  # and the first one's is still there
    assert first == desk.value()


def test_another_user_with_the_file_of_the_first(desk: Desk):
    """A file under the right name with another's record in it is not believed."""
    desk.remember()
    first = desk.value()
    desk.change(username="somebody")
    desk.restart()
    desk.remember()
    assert (2, True) == (desk.sandbox.token_requests, first != desk.value())


@pytest.mark.parametrize(
    ("name", "seconds_ago"),
    [("stale", 86_401), ("near its end", 86_400 - 600), ("from the future", -3_600)],
)
def test_a_token_of_no_use_is_replaced(desk: Desk, name, seconds_ago):
    """Stale, near its end, or of an age that cannot be known: a new log-in, and that is kept."""
    desk.remember()
    first = desk.value()
    desk.change(issued_at=time.time() - seconds_ago)
    desk.restart()
    run = desk.remember()
    assert run.texts[0].endswith(f"(24 h). Remembered in {desk.tokens}.")
    second = desk.value()
    assert (2, True) == (desk.sandbox.token_requests, first != second)
    desk.restart()
    desk.remember()
    assert (2, second) == (desk.sandbox.token_requests, desk.value())


def test_its_age_goes_on(desk: Desk):
    """A token that was taken up ends when the server ends it, not a day after the restart."""
    desk.remember("--lifetime 10h")
    desk.change(issued_at=time.time() - 9 * 3600)
    desk.restart()
    desk.remember()
    left, lifetime = desk.kernel.ask(
        "[etna_token.remaining.total_seconds(), etna_token.lifetime.total_seconds()]"
    )
    assert (True, 36_000) == (3540 < left <= 3600, lifetime)


@pytest.mark.parametrize(("kept", "now"), [("24h", "10h"), ("10h", "20h")])
def test_the_shorter_lifetime_counts(desk: Desk, kept, now):
    """A lifetime that is given now counts for a token that was kept as a longer one, and for no other."""
    desk.remember(f"--lifetime {kept}")
    desk.restart()
    run = desk.remember(f"--lifetime {now}")
    assert ("no request was made" in run.texts[0], "(10 h)" in run.texts[0]) == (True, True), run.texts
    assert 36_000 == desk.kernel.ask("etna_token.lifetime.total_seconds()")


@pytest.mark.parametrize("where", ["option", "environment"])
def test_over_by_the_lifetime_that_is_given_now(desk: Desk, where):
    """Good by what was said of its server then, and over by what is said now: it is not taken up."""
    desk.remember()
    first = desk.value()
    desk.change(issued_at=time.time() - 9 * 3600)
    desk.restart()
    if where == "environment":
        desk.kernel.set_environment(ETNA_TOKEN_LIFETIME="8h")
    desk.remember("--lifetime 8h" if where == "option" else "")
    assert (2, True) == (desk.sandbox.token_requests, first != desk.value())


def test_again_in_the_same_kernel(desk: Desk):
    """Who has the token in hand and logs in again wants another, and that one is kept."""
    desk.remember()
    first = desk.value()
    desk.kernel.run("%etna_login")
    second = desk.value()
    assert (2, True) == (desk.sandbox.token_requests, first != second)
    desk.restart()
    desk.remember()
    assert second == desk.value()


def test_under_two_names(desk: Desk):
    """A second name of the same kernel takes up the token of the first."""
    desk.remember()
    run = desk.remember("paper")
    assert re.search("no request was made", run.texts[0])
    assert (1, True) == (desk.sandbox.token_requests, desk.works("paper"))


def test_with_the_embedded_sandbox(desk: Desk):
    """The embedded sandbox ends with its kernel: the two options exclude each other."""
    run = desk.kernel.run("%etna_login --sandbox --remember")
    assert ("error", True) == (run.status, "".join(run.texts).startswith("UsageError: "))
    assert (False, []) == (desk.kernel.ask("'etna_token' in globals()"), desk.files)
