"""A cell that awaits the login goes on when a user has logged in, and not before; or it is called off."""

import filelock
import pytest

from tests.helpers.cell_run import Run
from tests.helpers.front_end import FrontEnd, show_form
from tests.helpers.remembering_user import RememberingUser, remembering_user
from tests.helpers.running_cell import RunningCell, open_widgets

user = remembering_user
CELL = "import etna_magic\nsession = await etna_magic.login()\nprint('went on', session is etna_session)"
WORKS = "etna_session.get('v1.0/users/@me/info').json()['Login']"
FORM = "get_ipython().magics_manager.registry['EtnaMagics'].registry.get('etna').form"
# Whether a thread of the kernel still waits for a lock.
WAITS = """
def _waits():
    import sys
    for frame in sys._current_frames().values():
        while frame is not None:
            if "filelock" in frame.f_code.co_filename:
                return True
            frame = frame.f_back
    return False
"""


@pytest.fixture
def asked(user: RememberingUser) -> RememberingUser:
    """Return a user who is asked for the password, and for nothing else."""
    user.know(ETNA_PASSWORD="")
    return user


def password(user: RememberingUser) -> str:
    """Return the password that the form asks for."""
    return user.sandbox.password_of("demo")


def fail_to_log_in(form: FrontEnd) -> None:
    """Fill in a form with a wrong password, and wait until it asks again."""
    form.wait_for_field("Password")
    button = form.model_id("Log in")
    form.log_in("nonsense")
    form.wait_until(lambda: form.buttons and form.model_id("Log in") != button)
    form.wait_for("password")


def names(user: RememberingUser) -> list[str]:
    """Return our variables."""
    return user.kernel.ask("sorted(n for n in globals() if n.endswith(('_session', '_token')))")


def stopped(user: RememberingUser) -> tuple[RunningCell, Run]:
    """Run the cell, and press the stop button while its form waits."""
    cell = user.start(CELL)
    cell.form()
    return cell, cell.stop()


def test_it_goes_on_after_the_login(asked: RememberingUser):
    """The cell waits with the form, and so does one that was sent after it; both go on after the login."""
    first, second = asked.start(CELL), asked.start(WORKS)
    form = first.form()
    form.wait_for_field("Password")
    assert (1, []) == (len(first.so_far.outputs), second.so_far.messages)
    form.log_in(password(asked))
    run = first.finish()
    assert ("ok", ["went on True\n"]) == (run.status, run.texts[1:])
    assert first.shown[0].startswith("Logged in as demo at ")
    assert (["'demo'"], 1, []) == (
        second.finish().texts,
        asked.sandbox.token_requests,
        open_widgets(asked.kernel),
    )


# How many Secrets with this text are alive anywhere in the kernel.
ALIVE = """
def _alive(text):
    import gc
    from etna_magic import Secret
    gc.collect()
    return sum(isinstance(one, Secret) and one.get_secret_value() == text for one in gc.get_objects())
"""


def test_what_was_typed_is_kept_by_nothing(asked: RememberingUser):
    """After the login, and after a form that was cancelled, its line stays and holds no password."""
    asked.kernel.do(ALIVE)
    cell = asked.start(CELL)
    cell.form().log_in(password(asked))
    cell.finish()
    cell = asked.start(CELL)
    form = cell.form()
    form.wait_for_field("Password")
    form.type("Password", password(asked))
    form.wait_until(lambda: "kept" in form.state("Password")["placeholder"])
    form.click("Cancel")
    assert ("error", 0) == (cell.finish().status, asked.kernel.ask(f"_alive({password(asked)!r})"))


def test_a_cell_that_is_run_again_while_it_waits(asked: RememberingUser):
    """Both runs end by themselves, none of the cells behind goes on, and a line says to run it once more."""
    cell, behind = asked.start(CELL, stop_on_error=True), asked.start("print('never')")
    form = cell.form()
    form.draw()
    form.wait_until(lambda: form.views == 1)
    cell.run_again()
    form.clear()
    (line,) = cell.wait_for_outputs()
    assert "This cell was run again while its form was waiting" in line["content"]["data"]["text/plain"]
    begun = [m for m in cell.so_far.messages if m["msg_type"] == "execute_input"]
    assert (True, [], "aborted", []) == (cell.has_ended, begun, behind.finish().status, names(asked))
    cell.run_again()
    cell.form().log_in(password(asked))
    assert ("ok", 1) == (cell.finish().status, asked.sandbox.token_requests)


def test_a_form_that_is_taken_from_its_page(asked: RememberingUser):
    """Its cell ends and says so; the next cell that is run is not taken for the same one."""
    cell = asked.start(CELL, stop_on_error=True)
    form = cell.form()
    form.draw()
    form.wait_until(lambda: form.views == 1)
    form.clear()
    assert "NotLoggedInError: The login etna was called off" in cell.finish().error
    assert "This form was closed, because it was taken from its page." == form.line
    assert ["2"] == asked.start("1 + 1").finish().texts


def test_cancel(asked: RememberingUser):
    """The cell fails, so that none behind it goes on; a good token stays in use."""
    asked.log_in()
    asked.know(ETNA_PASSWORD="")
    asked.kernel.do("before = (etna_token, etna_session)")
    first, second = asked.start(CELL, stop_on_error=True), asked.start("print('never')")
    form = first.form()
    form.wait_for_field("Password")
    form.click("Cancel")
    run = first.finish()
    assert "The login was cancelled, and nothing has changed." == first.shown[0] == form.line
    assert ("error", "aborted") == (run.status, second.finish().status)
    assert "NotLoggedInError: The login etna was called off. Run this cell again to log in." == run.error
    assert asked.kernel.ask("before[0] is etna_token and before[1] is etna_session")
    assert asked.works()


def test_by_enter(asked: RememberingUser):
    """The same by Enter in the field, whose value comes after the press."""
    cell = asked.start(CELL)
    form = cell.form()
    form.wait_for_field("Password")
    form.enter("Password", password(asked))
    assert ["went on True\n"] == cell.finish().texts[1:]


def test_a_wrong_password_first(asked: RememberingUser):
    """After wrong passwords the form asks again, and takes all of the next one's text."""
    cell = asked.start(CELL)
    form = cell.form()
    for _ in range(2):
        fail_to_log_in(form)
    form.log_in(password(asked))
    assert (["went on True\n"], 3) == (cell.finish().texts[1:], asked.sandbox.token_requests)


def test_a_code(asked: RememberingUser):
    """A login of two steps is one wait; the code leaves its field, and the kernel publishes it nowhere."""
    asked.know("twofactor")
    before = len(asked.kernel.published)
    cell = asked.start(CELL)
    form = cell.form()
    form.wait_for_field("Code")
    form.type("Code", "246810")
    form.wait_until(lambda: "kept" in form.state("Code")["placeholder"])
    form.wait_for_field("Code")
    assert "" == form.state("Code")["value"]
    form.click("Verify")
    assert ["went on True\n"] == cell.finish().texts[1:]
    assert ["'twofactor'"] == asked.kernel.run(WORKS).texts
    assert [] == [m for m in asked.kernel.published[before:] if "246810" in str(m["content"])]


def test_at_once_when_all_is_known(user: RememberingUser):
    """With all in the environment there is no form: one line, and the cell goes on."""
    user.know()
    run = user.start(CELL).finish()
    assert ("ok", ["went on True\n"]) == (run.status, run.texts[1:])
    assert "Logged in as demo" in run.texts[0]


@pytest.mark.parametrize("is_again", [False, True])
def test_the_options_are_used(user: RememberingUser, is_again):
    """They mean what they mean for %etna_login, also for a login that is there already."""
    user.know()
    if is_again:
        user.log_in()
    cell = "import etna_magic\nawait etna_magic.login(lifetime='90m', username='demo', no_input=True)"
    assert "(1 h 30 min)" in user.start(cell).finish().texts[0]


def test_two_names_at_once(asked: RememberingUser):
    """Two logins may wait in one cell, each at its own form."""
    cell = asked.start(
        "import asyncio, etna_magic\n"
        "got = await asyncio.gather(etna_magic.login('one'), etna_magic.login('two'))\n"
        "[s.get('v1.0/users/@me/info').status_code for s in got], got == [one_session, two_session]"
    )
    one, two = cell.forms(2)
    one.log_in(password(asked))
    assert one.line.startswith("Logged in as demo")
    two.log_in(password(asked))
    run = cell.finish()
    assert (["([200, 200], True)"], 2) == (run.texts[2:], asked.sandbox.token_requests)
    assert asked.value("one") != asked.value("two")


def test_without_a_token_the_session_says_what_to_do(asked: RememberingUser):
    """Whoever uses it while the first login waits gets one line, and no NameError."""
    cell = asked.start(
        "import asyncio, etna_magic\ntask = asyncio.ensure_future(etna_magic.login())\n"
        "while 'etna_session' not in globals(): await asyncio.sleep(.02)\n"
        "try: etna_session.get('v1.0/x')\nexcept etna_magic.NotLoggedInError as e: print(e)\nawait task"
    )
    cell.form().log_in(password(asked))
    (said,) = [text for text in cell.finish().texts if "waiting for its login" in text]
    assert "etna is waiting for its login: finish the form, or run %etna_login again.\n" == said


def test_a_form_that_waits_takes_nothing_away(asked: RememberingUser):
    """A good token stays in use until the new login has succeeded; then the same session has the new one."""
    asked.log_in()
    asked.know(ETNA_PASSWORD="")
    asked.kernel.do("before = (etna_token, etna_session)")
    cell = asked.start(
        "import asyncio, etna_magic\ntask = asyncio.ensure_future(etna_magic.login())\n"
        f"while not {FORM}: await asyncio.sleep(.02)\nprint({WORKS}, etna_token is before[0])\nawait task"
    )
    cell.wait_for_outputs(2)
    cell.form().log_in(password(asked))
    assert "demo True\n" in cell.finish().texts
    assert asked.kernel.ask("before[0] is not etna_token and before[1] is etna_session")


def test_remembered_over_a_restart(asked: RememberingUser):
    """The same cell after a restart: no form and no request, though the password was typed before it."""
    code = CELL.replace("login()", "login(remember=True)")
    cell = asked.start(code)
    cell.form().log_in(password(asked))
    cell.finish()
    assert "Remembered in" in cell.shown[0]
    asked.restart()
    run = asked.start(code).finish()
    assert (["went on True\n"], 1) == (run.texts[1:], asked.sandbox.token_requests)
    assert "no request was made" in run.texts[0]


def test_the_stop_button(asked: RememberingUser):
    """The cell fails, the form goes away and says why, nothing is left; and the same cell works then."""
    for _ in range(2):
        cell, run = stopped(asked)
        assert ("error", "The login was interrupted. Run the cell again to log in.") == (
            run.status,
            run.texts[-1],
        )
        assert "This form was closed, because its cell was stopped." == cell.shown[0]
        assert ([], []) == (open_widgets(asked.kernel), names(asked))
    cell = asked.start(CELL)
    cell.form().log_in(password(asked))
    assert ("ok", ["'demo'"]) == (cell.finish().status, asked.kernel.run(WORKS).texts)


def test_the_stop_button_after_a_wrong_password(asked: RememberingUser):
    """The same after a first try."""
    cell = asked.start(CELL)
    fail_to_log_in(cell.form())
    assert ("error", [], []) == (cell.stop().status, open_widgets(asked.kernel), names(asked))


def test_the_earlier_login_goes_on(asked: RememberingUser):
    """Whoever was logged in is so after a stop, with the same token and the same session."""
    asked.log_in()
    asked.know(ETNA_PASSWORD="")
    asked.kernel.do("before = (etna_token, etna_session)")
    assert "error" == stopped(asked)[1].status
    assert asked.kernel.ask("before[0] is etna_token and before[1] is etna_session")
    assert asked.works()


def test_the_same_cell_twice(asked: RememberingUser):
    """Sent twice, it asks twice: the second waits until the first has ended, and both go on."""
    cells = asked.start(CELL), asked.start(CELL)
    for cell in cells:
        cell.form().log_in(password(asked))
        assert "ok" == cell.finish().status
    assert asked.works()


def test_a_form_of_the_magic_that_was_left(asked: RememberingUser):
    """A form that %etna_login has shown makes way for the one that the cell awaits."""
    left = show_form(asked.kernel, "%etna_login")
    cell = asked.start(CELL)
    assert "This form was replaced by a later one." == left.line
    cell.form().log_in(password(asked))
    assert ("ok", []) == (cell.finish().status, open_widgets(asked.kernel))


def test_one_name_twice_at_once(asked: RememberingUser):
    """Of two that wait for one name in one cell the one that asked first is called off, the other works."""
    cell = asked.start(
        "import asyncio, etna_magic\n"
        "got = await asyncio.gather(etna_magic.login(), etna_magic.login(), return_exceptions=True)\n"
        "sorted(type(one).__name__ for one in got)"  # which of the two is first is not said
    )
    first, second = cell.forms(2)
    assert "This form was replaced by a later one." == first.line
    second.log_in(password(asked))
    assert "['EtnaSession', 'NotLoggedInError']" == cell.finish().texts[-1]
    assert asked.works()


GIVING_UP = {
    "a task that is cancelled": "task = asyncio.ensure_future(etna_magic.login())\n"
    "while 'etna_session' not in globals(): await asyncio.sleep(.02)\n"
    "task.cancel()\nawait asyncio.gather(task, return_exceptions=True)",
    "a time limit": "try: await asyncio.wait_for(etna_magic.login(), .5)\nexcept TimeoutError: pass",
}


@pytest.mark.parametrize("giving_up", GIVING_UP.values(), ids=GIVING_UP)
def test_called_off_by_the_program(asked: RememberingUser, giving_up):
    """A program that gives up waiting leaves no form and no half a login."""
    run = asked.start(f"import asyncio, etna_magic\n{giving_up}\nprint('done')").finish()
    assert ("ok", "done\n") == (run.status, run.texts[-1])
    assert ([], []) == (open_widgets(asked.kernel), names(asked))


def test_stopped_while_another_kernel_logs_in(user: RememberingUser):
    """A cell that is stopped while it waits for the lock does not take it afterwards."""
    user.remember()
    (path,) = user.state.glob("*.lock")
    user.restart()
    with filelock.FileLock(path):
        cell = user.start(
            "print('began', flush=True)\nimport etna_magic\nawait etna_magic.login(remember=True)"
        )
        cell.wait_for_outputs()
        assert "error" == cell.stop().status
    user.kernel.do(WAITS)
    user.kernel.wait_until("not _waits()")
    with filelock.FileLock(path, timeout=5):
        pass
    assert "no request was made" in user.remember()
