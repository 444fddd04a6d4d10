"""A cell that is run while a token is stale begins with one line that says so, and how to log in again."""

import re
from pathlib import Path

import pytest

from tests.helpers.notebook_user import NotebookUser

STALE = re.compile(
    r"etna: the token expired at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T, (\d+ s ago|just now)\. "
    r"To log in again: %etna_login"
)
UNTIL_EXPIRED = "import time\nwhile etna_token.remaining.total_seconds() > 0: time.sleep(.02)\n"


def test_with_a_real_lifetime_of_two_seconds(user: NotebookUser) -> None:
    """Once two seconds are over, any cell begins with the line."""
    user.log_in("--lifetime 2")
    user.kernel.wait_until("etna_token.remaining.total_seconds() <= 0")
    run = user.kernel.run("print('hello')\n6 * 7")
    assert STALE.fullmatch(run.texts[0]), run.texts
    assert ["hello\n", "42"] == run.texts[1:]
    assert "display_data" == run.outputs[0]["msg_type"]


def test_every_cell_again(user: NotebookUser) -> None:
    """By default it is said in every cell, not once."""
    user.log_in_stale()
    assert [1, 1, 1] == [len(user.kernel.run("pass").warnings) for _ in range(3)]


@pytest.mark.parametrize("name", ["paper", "börse_2"])
def test_it_ends_in_the_line_with_the_name(user: NotebookUser, name) -> None:
    """Under another name, in any script, the line to type has that name, and works."""
    user.log_in_stale(name)
    warning = user.kernel.run("pass").texts[0]
    assert warning.startswith(f"{name}: the token expired")
    assert warning.endswith(f": %etna_login {name}")
    assert "ok" == user.kernel.run(warning.rpartition(": ")[2]).status
    assert [] == user.kernel.run("pass").texts


def test_one_line_for_each_stale_login(user: NotebookUser) -> None:
    """Each stale login has a line of its own; a fresh one has none."""
    for name in ("one", "two", "three"):
        user.log_in(name)
    user.age("one", left=-3)
    user.age("three", left=-7200)
    run = user.kernel.run("1 + 1")
    assert ["one", "three"] == [line.split(":")[0] for line in run.texts[:-1]]
    assert "2 h ago" in run.texts[1]
    assert 3 == len(run.texts)


@pytest.mark.parametrize("cell_id", [None, "a-cell"])
@pytest.mark.parametrize("store_history", [True, False])
def test_a_cell_within_a_cell(user: NotebookUser, store_history, cell_id) -> None:
    """`run_cell` inside a cell adds nothing to the line of the cell itself."""
    user.log_in_stale()
    code = f"for _ in range(3): _ = get_ipython().run_cell('1 + 1', store_history={store_history})"
    run = user.kernel.run(code, cell_id=cell_id)
    assert 1 == len(run.warnings)
    assert STALE.fullmatch(run.texts[0])


@pytest.mark.parametrize("magic", ["%%capture\n6 * 7", "%%time\n6 * 7", "%run -i other.py", "%%bash\ntrue"])
def test_a_magic_that_runs_code_does_not_warn_twice(user: NotebookUser, tmp_path: Path, magic) -> None:
    """Magics that run code inside their own cell show the line once."""
    (tmp_path / "other.py").write_text("6 * 7\n")
    user.log_in_stale()
    run = user.kernel.run(magic)
    assert ("ok", 1) == (run.status, len(run.warnings)), run.texts
    assert STALE.fullmatch(run.texts[0])


def test_runs_of_a_front_end(user: NotebookUser) -> None:
    """What it runs silently or without history has its own output only, and takes no line from a cell."""
    user.log_in_stale()
    assert [] == user.kernel.run("pass", silent=True).outputs
    assert ["42"] == user.kernel.run("6 * 7", store_history=False).texts
    assert 1 == len(user.kernel.run("6 * 7").warnings)


@pytest.mark.parametrize(
    "magic",
    [
        "%etna_status",
        "%etna_login",
        "%etna_logout",
        "  %etna_status",
        "%etna_login?",
        "%time %etna_login",
        "%%time\n%etna_login",
        "%timeit -n1 -r1 %etna_login",
    ],
)
def test_our_own_cells_do_not_warn(user: NotebookUser, magic) -> None:
    """A cell that looks at the logins or logs in needs no line that says to do so."""
    user.log_in_stale()
    assert [] == user.kernel.run(magic).warnings


def test_a_fresh_token_shows_nothing(user: NotebookUser) -> None:
    """With a fresh token a cell's output is its own."""
    user.log_in()
    assert [[], ["42"]] == [user.kernel.run(code).texts for code in ("pass", "6 * 7")]


def test_nothing_is_said_after_the_login_that_the_line_names(user: NotebookUser) -> None:
    """After the line at the end of the warning was run, the session works and no cell warns."""
    user.log_in_stale()
    line = user.kernel.run("pass").texts[0].rpartition(": ")[2]
    assert "ok" == user.kernel.run(line).status
    assert ["'demo'"] == user.kernel.run("etna_session.get('v1.0/users/@me/info').json()['Login']").texts


@pytest.mark.parametrize("code", ["del etna_token", "etna_token = 'mine'"])
def test_a_token_that_left_the_namespace(user: NotebookUser, code) -> None:
    """Only tokens in the namespace are looked at; the cell that removes one still begins with the line."""
    user.log_in_stale()
    assert [1, 0] == [len(user.kernel.run(cell).warnings) for cell in (code, "pass")]


@pytest.mark.parametrize(("last", "status"), [("'the end'", "ok"), ("1 / 0", "error")])
def test_a_token_that_expires_while_a_cell_runs(user: NotebookUser, last, status) -> None:
    """The cell's own output ends with the line, also if it fails; the next cell begins with the other one."""
    user.log_in("--lifetime 2")
    run = user.kernel.run(UNTIL_EXPIRED + last)
    assert (status, 2) == (run.status, len(run.texts))
    during = r"etna: the token expired while this cell ran, at .*\. To log in again: %etna_login"
    assert re.fullmatch(during, run.texts[1])
    assert STALE.fullmatch(user.kernel.run("pass").texts[0])


def test_near_its_end_it_is_said_once(user: NotebookUser) -> None:
    """Inside the last fifteen minutes one line says so, in one cell."""
    user.log_in()
    user.age(left=600)
    first, second = user.kernel.run("6 * 7"), user.kernel.run("6 * 7")
    near = r"etna: the token ends in 9 min 5\d s, at .*\. To log in again: %etna_login"
    assert re.fullmatch(near, first.texts[0]), first.texts
    assert (["42"], ["42"]) == (first.texts[1:], second.texts)


@pytest.mark.parametrize(
    ("left", "lifetime", "warn_before", "is_said"),
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
def test_how_near_is_near(user: NotebookUser, left, lifetime, warn_before, is_said) -> None:
    """The window is `warn_before` minutes, or a tenth of the lifetime if that is less."""
    user.log_in()
    user.age(left=left, lifetime=lifetime)
    user.kernel.run(f"%config EtnaMagics.warn_before = {warn_before}", store_history=False)
    assert is_said == bool(user.kernel.run("pass").warnings)


def test_a_cell_without_history_does_not_use_up_the_line(user: NotebookUser) -> None:
    """The one line near the end is kept for a cell that a user runs."""
    user.log_in()
    user.age(left=600)
    runs = [
        user.kernel.run("pass", store_history=False),
        user.kernel.run("%etna_status"),
        user.kernel.run("pass"),
    ]
    assert [0, 0, 1] == [len(run.warnings) for run in runs]


@pytest.fixture
def used(user: NotebookUser) -> NotebookUser:
    """Log in, with a function and another name for what was made, a stale token, and `warn` at `used`."""
    user.log_in()
    user.age(left=-3)
    user.kernel.do("def quote(symbol): return etna_session.get(symbol)")
    user.kernel.do("def fee(x): return x + 1")
    user.kernel.do("alias, also = etna_session, etna_token")
    user.kernel.run("%config EtnaMagics.warn = 'used'", store_history=False)
    return user


@pytest.mark.parametrize(
    ("code", "is_using"),
    [
        ("etna_token", True),
        ("alias.headers", True),
        ("also.remaining", True),
        ("callable(quote)", True),
        ("%timeit -n1 -r1 etna_session.name", True),
        ("%%timeit -n1 -r1\netna_session.name", True),
        ("%%capture\netna_token", True),
        ("import asyncio\nawait asyncio.sleep(0)\netna_token.state", True),
        ("6 * 7", False),
        ("fee(1)", False),
        ("'etna_session'  # etna_session", False),
        ("%timeit -n1 -r1 fee(1)", False),
    ],
)
def test_cells_that_use_the_login(used: NotebookUser, code, is_using) -> None:
    """With `used`, those that reach it by its names, another name or a function; in magics too."""
    assert is_using == bool(used.kernel.run(code).warnings)


def test_only_the_login_that_is_used_is_named(used: NotebookUser) -> None:
    """Of two stale logins, the one that the cell uses has the line."""
    used.log_in_stale("paper")
    lines = used.kernel.run("paper_session.name").warnings
    assert ["paper"] == [line.split(":")[0] for line in lines]


def test_never(user: NotebookUser) -> None:
    """Nothing is said, of stale tokens and of those near their end."""
    user.log_in()
    user.kernel.run("%config EtnaMagics.warn = 'never'")
    user.age(left=600)
    near = user.kernel.run("etna_token.username").texts
    user.age(left=-3)
    assert [["'demo'"], ["'demo'"]] == [near, user.kernel.run("etna_token.username").texts]


def test_once_for_each_token(user: NotebookUser) -> None:
    """In one cell for each token: a new login that becomes stale is reported again."""
    user.log_in_stale()
    user.kernel.run("%config EtnaMagics.warn = 'once'", store_history=False)
    counts = [len(user.kernel.run("pass").warnings) for _ in range(3)]
    user.log_in_stale()
    counts += [len(user.kernel.run("pass").warnings) for _ in range(2)]
    assert [1, 0, 0, 1, 0] == counts


def test_the_mode_can_be_changed_at_any_time(user: NotebookUser) -> None:
    """It counts from the next cell."""
    user.log_in_stale()
    counts = []
    for mode in ("never", "always", "never", "always"):
        user.kernel.run(f"%config EtnaMagics.warn = '{mode}'", store_history=False)
        counts.append(len(user.kernel.run("pass").warnings))
    assert [0, 1, 0, 1] == counts
