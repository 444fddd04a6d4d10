"""A cell that is run while a token is stale begins with one line that says so, and how to mend it."""

import re

import pytest

from tests.helpers.notebook_user import NotebookUser

STALE = re.compile(
    r"etna: the token expired at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T, (\d+ s ago|just now)\. "
    r"To log in again: %etna_login"
)


def test_with_a_real_lifetime_of_two_seconds(seat: NotebookUser):
    """Once two seconds are over, any cell begins with the line."""
    seat.log_in("--lifetime 2")
    seat.kernel.wait_until("etna_token.remaining.total_seconds() <= 0")
    run = seat.kernel.run("print('hello')\n6 * 7")
    assert STALE.fullmatch(run.texts[0]), run.texts
    assert ["hello\n", "42"] == run.texts[1:]
    assert "display_data" == run.outputs[0]["msg_type"]


def test_every_cell_again(seat: NotebookUser):
    """By default it is said in every cell, not once."""
    seat.log_in_stale()
    assert [1, 1, 1] == [len(seat.kernel.run("pass").warnings) for _ in range(3)]


def test_it_ends_in_the_line_with_the_name(seat: NotebookUser):
    """Under another name, the mending line has that name."""
    seat.log_in_stale("paper")
    warning = seat.kernel.run("pass").texts[0]
    assert warning.startswith("paper: the token expired")
    assert warning.endswith("%etna_login paper")


def test_one_line_for_each_stale_log_in(seat: NotebookUser):
    """Each stale log-in has a line of its own; a fresh one has none."""
    for name in ("one", "two", "three"):
        seat.log_in(name)
    seat.age("one", left=-3)
    seat.age("three", left=-7200)
    run = seat.kernel.run("1 + 1")
    assert ["one", "three"] == [line.split(":")[0] for line in run.texts[:-1]]
    assert "2 h ago" in run.texts[1]
    assert 3 == len(run.texts)


@pytest.mark.parametrize("cell_id", [None, "a-cell"])
@pytest.mark.parametrize("store_history", [True, False])
def test_a_nested_run_does_not_warn(seat: NotebookUser, store_history, cell_id):
    """`run_cell` inside a cell adds nothing to the line of the cell itself."""
    seat.log_in_stale()
    code = f"for _ in range(3): _ = get_ipython().run_cell('1 + 1', store_history={store_history})"
    run = seat.kernel.run(code, cell_id=cell_id)
    assert 1 == len(run.warnings)
    assert STALE.fullmatch(run.texts[0])


@pytest.mark.parametrize("magic", ["%%capture\n6 * 7", "%%time\n6 * 7", "%run -i other.py", "%%bash\ntrue"])
def test_a_magic_that_runs_code_does_not_warn_twice(seat: NotebookUser, tmp_path, magic):
    """Magics that run code inside their own cell show the line once."""
    (tmp_path / "other.py").write_text("6 * 7\n")
    seat.log_in_stale()
    run = seat.kernel.run(magic)
    assert ("ok", 1) == (run.status, len(run.warnings)), run.texts
    assert STALE.fullmatch(run.texts[0])


def test_a_silent_run_does_not_warn(seat: NotebookUser):
    """What a front end runs silently shows nothing."""
    seat.log_in_stale()
    assert [] == seat.kernel.run("pass", silent=True).outputs


def test_a_run_without_history_does_not_warn(seat: NotebookUser):
    """What a variable inspector runs shows its own output only, and takes no warning from a cell."""
    seat.log_in_stale()
    assert ["42"] == seat.kernel.run("6 * 7", store_history=False).texts
    assert 1 == len(seat.kernel.run("6 * 7").warnings)


@pytest.mark.parametrize(
    "magic", ["%etna_status", "%etna_login", "%etna_logout", "  %etna_status", "%etna_login?"]
)
def test_our_own_cells_do_not_warn(seat: NotebookUser, magic):
    """A cell that looks at the log-ins or mends them is not told to do so."""
    seat.log_in_stale()
    assert [] == seat.kernel.run(magic).warnings


def test_a_fresh_token_shows_nothing(seat: NotebookUser):
    """With a fresh token a cell's output is its own."""
    seat.log_in()
    assert [[], ["42"]] == [seat.kernel.run(code).texts for code in ("pass", "6 * 7")]


def test_it_goes_with_the_mending_log_in(seat: NotebookUser):
    """After the line at the end of the warning was run, nothing is said any more."""
    seat.log_in_stale()
    line = seat.kernel.run("pass").texts[0].rpartition(": ")[2]
    assert "ok" == seat.kernel.run(line).status
    assert ["'demo'"] == seat.kernel.run("etna_session.get('v1.0/users/@me/info').json()['Login']").texts


@pytest.mark.parametrize("code", ["del etna_token", "etna_token = 'mine'"])
def test_a_token_that_left_the_namespace_is_not_warned_of(seat: NotebookUser, code):
    """Only tokens in the namespace are looked at; the cell that removes one is still told."""
    seat.log_in_stale()
    assert [1, 0] == [len(seat.kernel.run(cell).warnings) for cell in (code, "pass")]


def test_a_cell_during_which_it_expires_says_so_at_its_end(seat: NotebookUser):
    """The line comes after the cell's own output, and the next cell begins with the other one."""
    seat.log_in("--lifetime 2")
    run = seat.kernel.run(
        "import time\nwhile etna_token.remaining.total_seconds() > 0: time.sleep(.02)\n'over'"
    )
    assert "'over'" == run.texts[0]
    during = r"etna: the token expired while this cell ran, at .*\. To log in again: %etna_login"
    assert [True] == [bool(re.fullmatch(during, line)) for line in run.texts[1:]]
    assert STALE.fullmatch(seat.kernel.run("pass").texts[0])


def test_a_cell_that_fails_while_it_expires_says_so_too(seat: NotebookUser):
    """An error does not keep the line from being shown at the end."""
    seat.log_in("--lifetime 2")
    run = seat.kernel.run(
        "import time\nwhile etna_token.remaining.total_seconds() > 0: time.sleep(.02)\n1 / 0"
    )
    assert "error" == run.status
    assert "expired while this cell ran" in run.texts[-1]


def test_near_its_end_it_is_said_once(seat: NotebookUser):
    """Inside the last fifteen minutes one line says so, in one cell."""
    seat.log_in()
    seat.age(left=600)
    first, second = seat.kernel.run("6 * 7"), seat.kernel.run("6 * 7")
    near = r"etna: the token ends in 9 min 5\d s, at .*\. To log in again: %etna_login"
    assert re.fullmatch(near, first.texts[0]), first.texts
    assert (["42"], ["42"]) == (first.texts[1:], second.texts)


@pytest.mark.parametrize(
    ("left", "lifetime", "warn_before", "said"),
    [
        (899, 86_400, 15, True),
        (930, 86_400, 15, False),
        (1190, 86_400, 20, True),
        (600, 86_400, 5, False),
        (400, 3_600, 15, False),  # a tenth of an hour is less than fifteen minutes
        (350, 3_600, 15, True),
        (600, 86_400, 0, False),
    ],
)
def test_how_near_is_near(seat: NotebookUser, left, lifetime, warn_before, said):
    """The window is `warn_before` minutes, or a tenth of the lifetime if that is less."""
    seat.log_in()
    seat.age(left=left, lifetime=lifetime)
    seat.kernel.run(f"%config EtnaMagics.warn_before = {warn_before}", store_history=False)
    assert said == bool(seat.kernel.run("pass").warnings)


def test_a_cell_without_history_does_not_use_up_the_line(seat: NotebookUser):
    """The one line near the end is kept for a cell that a person runs."""
    seat.log_in()
    seat.age(left=600)
    runs = [
        seat.kernel.run("pass", store_history=False),
        seat.kernel.run("%etna_status"),
        seat.kernel.run("pass"),
    ]
    assert [0, 0, 1] == [len(run.warnings) for run in runs]
