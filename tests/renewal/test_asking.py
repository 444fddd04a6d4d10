"""A renewal that needs a person, and a password that was typed."""

from tests.remember.desk import Desk
from tests.waiting.front_end import WIDGET_VIEW, FrontEnd

CALL = "etna_session.get('v1.0/users/@me/info').status_code"
# Every Secret with this text that is alive anywhere in the kernel, when all that is over is gone.
ALIVE = """
def _alive(text):
    import gc
    from etna_magic import Secret
    gc.collect()
    return sum(isinstance(one, Secret) and one.get_secret_value() == text for one in gc.get_objects())
"""
SHOWN = (
    "etna_token", "etna_session", "vars(etna_session)", "%whos", "etna_token?", "etna_session?", "%history",
    "etna_session.renewal", "vars(etna_session.renewal)", "%etna_status",
    "get_ipython().magics_manager.registry['EtnaMagics'].logins.get('etna').recipe",
)  # fmt: skip


def with_code(desk: Desk, left: float) -> None:
    """Log in a user who needs a code, with a token that has so many seconds left."""
    desk.log_in("--code 246810 --auto-renew", "twofactor")
    desk.age(left=left)


def test_in_the_window_the_old_token_goes_on(desk: Desk):
    """While the old token is good, calls go on with it, though the server wants a code."""
    with_code(desk, 600)
    before = desk.sandbox.token_requests
    assert ["200"] * 3 == [desk.kernel.run(CALL, store_history=False).texts[-1] for _ in range(3)]
    assert before + 1 == desk.sandbox.token_requests


def test_past_the_end_the_call_says_so(desk: Desk):
    """Past the end the call raises that a code is wanted."""
    with_code(desk, -3)
    assert desk.kernel.run(CALL).error.startswith("VerificationError: ")


def test_where_nobody_can_be_asked_the_next_cell_has_a_line(desk: Desk):
    """Without a person the next cell begins with one line, and no form."""
    with_code(desk, 600)
    desk.kernel.run(CALL)
    run = desk.kernel.run("6 * 7")
    (line,) = run.warnings
    assert ("42", True) == (run.texts[-1], line.endswith("To log in again: %etna_login"))
    assert "code" in line
    assert [] == desk.kernel.run("6 * 7").warnings


def test_with_a_person_the_next_cell_shows_the_form(desk: Desk, front: FrontEnd):
    """With a person there the next cell shows the form at the code; it renews, and the calls go on."""
    with_code(desk, 600)
    front.run(CALL)
    run = front.run("6 * 7")
    assert [True, False] == [WIDGET_VIEW in bundle for bundle in run.bundles]
    old = desk.value()
    front.wait_for_form("Code", "Verify")
    front.type("Code", "246810")
    front.click("Verify")
    front.until(lambda: front.shown(run)[0].startswith("Logged in as twofactor"), "the line of success")
    assert (True, "fresh") == (old != desk.value(), desk.kernel.ask("etna_token.state.value"))
    assert ["200"] == front.run(CALL).texts


def test_a_person_is_not_sent_a_code_each_minute(desk: Desk, front: FrontEnd):
    """While a form waits for its code, no further one is asked for: each would be sent to a phone."""
    with_code(desk, 600)
    front.run(CALL)
    front.run("6 * 7")
    front.wait_for_form("Code", "Verify")
    before = desk.sandbox.token_requests
    with desk.pause(0.0):
        runs = [front.run(CALL), front.run(CALL)]
    assert (before, 1) == (desk.sandbox.token_requests, front.labels.count("Code"))
    assert ["200", "200"] == [run.texts[-1] for run in runs]


def test_a_log_out_ends_the_form_of_a_renewal(desk: Desk, front: FrontEnd):
    """Whoever logs out is not asked for a code any more."""
    with_code(desk, 600)
    front.run(CALL)
    front.run("6 * 7")
    front.wait_for_form("Code", "Verify")
    front.run("%etna_logout")
    assert ([], False) == (front.labels, desk.kernel.ask("'etna_token' in globals()"))


def log_in_by_form(desk: Desk, front: FrontEnd, line: str) -> str:
    """Log in by the form, typing the password; return it."""
    password = desk.sandbox.password_of("demo")
    run = front.run(f"%etna_login {line}")
    front.log_in(password)
    front.until(lambda: front.shown(run)[0].startswith("Logged in as demo"), "the line of success")
    desk.kernel.do(ALIVE)
    return password


def test_a_typed_password_is_kept_for_renewals(desk: Desk, front: FrontEnd):
    """With --auto-renew what was typed renews the token."""
    password = log_in_by_form(desk, front, "--auto-renew")
    desk.age(left=-3)
    assert "200" == front.run(CALL).texts[-1]
    assert (2, True) == (desk.sandbox.token_requests, desk.kernel.ask(f"_alive({password!r})") > 0)


def test_a_typed_password_is_kept_for_nothing_else(desk: Desk, front: FrontEnd):
    """Without it nothing that is alive in the kernel holds the password after the log-in."""
    password = log_in_by_form(desk, front, "")
    assert 0 == desk.kernel.ask(f"_alive({password!r})")


def test_after_a_log_out_nothing_holds_it(desk: Desk, front: FrontEnd):
    """A log-out ends that too."""
    password = log_in_by_form(desk, front, "--auto-renew")
    front.run("%etna_logout")
    assert 0 == desk.kernel.ask(f"_alive({password!r})")


def test_a_kept_password_is_masked_everywhere(desk: Desk, front: FrontEnd):
    """Nothing that a cell can look at shows it, and no file has it."""
    password = log_in_by_form(desk, front, "--auto-renew")
    runs = [front.run(code) for code in SHOWN]
    texts = [str([*(m["content"] for m in run.messages), run.reply]) for run in runs]
    assert [] == [code for code, text in zip(SHOWN, texts, strict=True) if password in text]
    files = [path for path in desk.kernel.home.rglob("*") if path.is_file()]
    assert [] == [path for path in files if password.encode() in path.read_bytes()]
