"""`--quiet`: what a screen that is shared may show of a login, in each case in which a line reports it."""

import re
import time

import pytest

from tests.helpers.remembering_user import RememberingUser, remembering_user
from tests.token_cache.helpers import HOUR, change

user = remembering_user
WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+"
UNTIL = rf"Logged in until {WHEN} \((?:23 h 59 min|24 h)\)\."
ANOTHER = " Until now etna was another account: that session is closed, and etna_session is a new one."


def named(user: RememberingUser, text: str) -> list[str]:
    """Return what a quiet line must not name."""
    host = user.sandbox.base_url.split("/")[2]
    names = ("demo", "lockout", "twofactor", host, "127.0.0.1", "localhost", str(user.state.parent), "/")
    return [name for name in names if name in text]


def quiet(user: RememberingUser, line: str = "", who: str = "demo") -> str:
    """Log in quietly, which has to work; return the one line that reports it, in all its forms."""
    (bundle,) = user.log_in(f"{line} --quiet", who).bundles
    assert [] == named(user, bundle["text/plain"])
    assert [] == [name for name in named(user, bundle["text/html"]) if name != "/"]
    return bundle["text/plain"]


def test_a_login(user: RememberingUser):
    """That it worked and until when."""
    assert re.fullmatch(UNTIL, quiet(user))
    assert user.works()


def test_remembered(user: RememberingUser):
    """Neither where it is remembered nor where it was: as it is kept, and as it is taken up again."""
    assert re.fullmatch(UNTIL, quiet(user, "--remember"))
    user.restart()
    assert re.fullmatch(UNTIL, quiet(user, "--remember"))
    change(user.kept, issued_at=time.time() - HOUR)
    user.restart()
    assert re.fullmatch(rf"Logged in until {WHEN} \(24 h\)\.", quiet(user, "--remember"))
    assert 1 == user.sandbox.token_requests


def test_a_store_that_is_of_no_use(user: RememberingUser):
    """That nothing is kept is said, without the folder."""
    quiet(user, "--remember")
    user.tokens.chmod(0o750)
    user.restart()
    said = quiet(user, "--remember")
    assert said.endswith(" Nothing is remembered; without --quiet the reason is shown.")


def test_another_account(user: RememberingUser):
    """That it is another one matters; whose it was and is, the session knows."""
    quiet(user)
    assert re.fullmatch(UNTIL + ANOTHER, quiet(user, "-u lockout", "lockout"))


def test_a_lifetime_that_was_learned(user: RememberingUser):
    """It is marked as that, in one word."""
    user.log_in()
    user.age(left=20 * HOUR)
    user.sandbox.revoke_all()
    assert "error" == user.kernel.run("etna_session.get('v1.0/users/@me/info')").status
    assert quiet(user).endswith(" (4 h, learned).")


def test_by_await(user: RememberingUser):
    """`await etna_magic.login(quiet=True)` is as quiet."""
    user.know()
    (line,) = user.kernel.run("import etna_magic\ns = await etna_magic.login(quiet=True)").texts
    assert re.fullmatch(UNTIL, line)


def test_a_line_that_repeats_it(user: RememberingUser):
    """A bare line repeats the options of the last login, this one too."""
    quiet(user)
    assert re.fullmatch(UNTIL, user.kernel.run("%etna_login").texts[0])


@pytest.mark.parametrize("option", ["--quiet", ""])
def test_after_a_form(user: RememberingUser, option):
    """The line that takes a form's place is quiet where that was asked for."""
    form = user.show_form(option)
    user.fill(form)
    form.click("Log in")
    assert bool(option) is (re.fullmatch(UNTIL, form.line) is not None)
