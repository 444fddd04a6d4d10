"""A renewal that needs a code from a user, and what becomes of a password that a user has typed."""

import pytest

from tests.helpers.cell_run import Run
from tests.helpers.front_end import VIEW, FrontEnd, show_form
from tests.helpers.remembering_user import RememberingUser, remembering_user
from tests.helpers.running_cell import open_widgets

user = remembering_user

CALL = "etna_session.get('v1.0/users/@me/info').status_code"
# How many Secrets with this text are alive anywhere in the kernel.
ALIVE = """
def _alive(text):
    import gc
    from etna_magic import Secret
    gc.collect()
    return sum(isinstance(one, Secret) and one.get_secret_value() == text for one in gc.get_objects())
"""
LOGIN = "get_ipython().magics_manager.registry['EtnaMagics'].registry.get('etna')"
# Another thread takes the lock while the callback runs.
CALLED_BACK = f"""
import threading as _threading, etna_magic as _etna_magic
_form, _free = {LOGIN}.form, []
def _called(_):
    thread = _threading.Thread(target=lambda: _free.append(_form._lock.acquire(timeout=5)), daemon=True)
    thread.start()
    thread.join()
_etna_magic.on("logged_in", _called)
"""
LOOKS = (
    "etna_token", "etna_session", "vars(etna_session)", "%whos", "etna_token?", "etna_session?", "%history",
    "vars(etna_session.holder)", "vars(etna_session.holder.refresher)", "%etna_status", f"{LOGIN}.options",
)  # fmt: skip


def run(user: RememberingUser, code: str) -> Run:
    """Run a cell in a front end where a user can be asked."""
    return user.kernel.run(code, allow_stdin=True)


def log_in_with_code(user: RememberingUser, left: float) -> None:
    """Log in a user who needs a code, with a token that has so many seconds left."""
    user.log_in("--code 246810 --auto-renew", "twofactor")
    user.age(left=left)


def form_for_code(user: RememberingUser) -> tuple[FrontEnd, Run]:
    """Let a renewal need a code, and return the form by which the next cell asks for it."""
    log_in_with_code(user, 600)
    run(user, CALL)
    asking = run(user, "6 * 7")
    form = FrontEnd(user.kernel, asking)
    form.wait_for_field("Code")
    return form, asking


def test_the_old_token_goes_on(user: RememberingUser):
    """While the old token is good, calls go on with it, and the server is asked for a code once."""
    log_in_with_code(user, 600)
    before = user.sandbox.token_requests
    assert ["200"] * 3 == [user.kernel.run(CALL, store_history=False).texts[-1] for _ in range(3)]
    assert before + 1 == user.sandbox.token_requests


def test_past_the_end_the_call_says_so(user: RememberingUser):
    """Past the end the call raises that a code is needed."""
    log_in_with_code(user, -3)
    error = user.kernel.run(CALL).error
    assert error.startswith("VerificationError: The token could not be renewed (tried last at ")
    assert ", not again by itself). The server asks for a code" in error


def test_where_nobody_can_be_asked_the_next_cell_has_a_line(user: RememberingUser):
    """The next cell begins with one line, and no form."""
    log_in_with_code(user, 600)
    user.kernel.run(CALL)
    first, second = (user.kernel.run("6 * 7") for _ in range(2))
    (line,) = first.warnings
    assert ("42", []) == (first.texts[-1], second.warnings)
    assert ("code" in line, line.endswith("To log in again: %etna_login")) == (True, True), line


def test_the_next_cell_shows_the_form(user: RememberingUser):
    """With a user there it shows the form at the code; that renews, and the calls go on."""
    form, asking = form_for_code(user)
    assert [True, False] == [VIEW in bundle for bundle in asking.bundles]
    old = user.value()
    form.verify("246810")
    assert form.line.startswith("Logged in as twofactor")
    assert (True, "fresh") == (old != user.value(), user.kernel.ask("etna_token.state.value"))
    assert ["200"] == run(user, CALL).texts


def test_nobody_is_sent_a_code_each_minute(user: RememberingUser):
    """While a form waits for its code, no further one is asked for: each would be sent to a phone."""
    form_for_code(user)
    before = user.sandbox.token_requests
    with user.pause(0.0):
        runs = [run(user, CALL) for _ in range(2)]
    fields = [s for s in open_widgets(user.kernel) if s.get("description") == "Code"]
    assert (before, 1) == (user.sandbox.token_requests, len(fields))
    assert ["200", "200"] == [one.texts[-1] for one in runs]


def test_a_logout_ends_the_form_of_a_renewal(user: RememberingUser):
    """Whoever logs out is not asked for a code any more."""
    form, _ = form_for_code(user)
    run(user, "%etna_logout")
    assert "The login was called off." == form.line
    assert ([], False) == (open_widgets(user.kernel), user.kernel.ask("'etna_token' in globals()"))


def test_a_callback_finds_the_form_free(user: RememberingUser):
    """Who is called back about a login by form may use what waits for the form's lock."""
    user.know(ETNA_PASSWORD="")
    form = show_form(user.kernel, "%etna_login")
    user.kernel.do(CALLED_BACK)
    form.log_in(user.sandbox.password_of("demo"))
    user.kernel.wait_until("_free")
    assert [True] == user.kernel.ask("_free")


@pytest.fixture
def password(user: RememberingUser) -> str:
    """Return a password that only the user knows."""
    user.know(ETNA_PASSWORD="")
    user.kernel.do(ALIVE)
    return user.sandbox.password_of("demo")


def log_in_by_form(user: RememberingUser, password: str, line: str) -> None:
    """Log in by the form, typing the password."""
    form = show_form(user.kernel, f"%etna_login {line}")
    form.log_in(password)
    assert form.line.startswith("Logged in as demo")


def test_a_typed_password_is_kept_for_renewals(user: RememberingUser, password):
    """With --auto-renew it renews the token; after a logout nothing in the kernel holds it."""
    before = user.kernel.ask(f"_alive({password!r})")  # by other tests
    log_in_by_form(user, password, "--auto-renew")
    user.age(left=-3)
    assert ("200", 2) == (run(user, CALL).texts[-1], user.sandbox.token_requests)
    assert before < user.kernel.ask(f"_alive({password!r})")
    run(user, "%etna_logout")
    assert before == user.kernel.ask(f"_alive({password!r})")


def test_a_typed_password_is_kept_for_nothing_else(user: RememberingUser, password):
    """Without it nothing that is alive in the kernel holds the password after the login."""
    before = user.kernel.ask(f"_alive({password!r})")
    log_in_by_form(user, password, "")
    assert before == user.kernel.ask(f"_alive({password!r})")


def test_a_kept_password_is_masked_everywhere(user: RememberingUser, password):
    """Nothing that a cell can look at shows it, and no file has it."""
    log_in_by_form(user, password, "--auto-renew")
    runs = {code: run(user, code) for code in LOOKS}
    assert [] == [code for code, one in runs.items() if one.status != "ok"]
    shown = {code: str([*(m["content"] for m in one.messages), one.reply]) for code, one in runs.items()}
    assert [] == [code for code, text in shown.items() if password in text]
    files = [path for path in user.kernel.home.rglob("*") if path.is_file()]
    assert [] == [path for path in files if password.encode() in path.read_bytes()]


def test_a_typed_code_is_no_promise(user: RememberingUser):
    """A login whose code was typed does not renew by itself; a token that lasts long enough is no warning."""
    user.know("twofactor")
    form = show_form(user.kernel, "%etna_login --auto-renew")
    form.verify("246810")
    assert form.line.startswith("Logged in as twofactor")
    lines = [user.kernel.run(f"%etna_status --for {duration}").bundles[1] for duration in ("25h", "6h")]
    assert [True, False] == ["etna-warning" in line["text/html"] for line in lines]
