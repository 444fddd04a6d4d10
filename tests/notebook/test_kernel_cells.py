"""A stale token and cells of every kind: async, failing, empty, interrupted, loading the extension."""

import pytest

from tests.helpers.cell_run import Run, text_of
from tests.helpers.notebook_user import NotebookUser


def begins_with_warning(run: Run) -> bool:
    """Return whether the one warning is the first output."""
    return 1 == len(run.warnings) and run.warnings[0] == run.texts[0]


@pytest.mark.parametrize("cell_id", [None, "a-cell"])
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import asyncio; await asyncio.sleep(0); print('awaited')", "ok"),
        ("import asyncio; await asyncio.sleep(0); 1 / 0", "error"),
        ("1 / 0", "error"),
        ("print('a'); raise SystemExit", "error"),
        ("1 +", "error"),
        ("  x = 1\n y = 2", "error"),
        ("%no_such_magic", "error"),
        ("# a comment alone", "ok"),
        ("get_ipython().events", "ok"),
        ("%reload_ext etna_magic", "ok"),
    ],
)
def test_every_kind_of_cell_begins_with_the_line(user: NotebookUser, code, status, cell_id) -> None:
    """Whatever a cell does, its output begins with the one line; and so does the next cell's."""
    user.log_in_stale()
    run = user.kernel.run(code, cell_id=cell_id)
    assert (status, True) == (run.status, begins_with_warning(run)), run.texts
    following = user.kernel.run("6 * 7", cell_id=cell_id and "another")
    assert begins_with_warning(following), following.texts


@pytest.mark.parametrize("code", ["", "   ", "\n\n"])
def test_an_empty_cell_shows_nothing(user: NotebookUser, code) -> None:
    """IPython does not run an empty cell, and so nothing is said; the next begins with the line."""
    user.log_in_stale()
    assert [] == user.kernel.run(code).texts
    assert begins_with_warning(user.kernel.run("6 * 7"))


@pytest.mark.parametrize("cell_id", [None, "a-cell"])
@pytest.mark.parametrize(
    "code",
    [
        "import time\nprint('begun', flush=True)\ntime.sleep(20)",
        # Only a loop that turns sees a signal: one long sleep would go on to its end.
        "import asyncio\nprint('begun', flush=True)\nwhile True: await asyncio.sleep(.02)",
    ],
)
def test_an_interrupted_cell_does_not_silence_the_next(user: NotebookUser, code, cell_id) -> None:
    """After the stop button, in a plain or an async cell, the watcher works as before."""
    user.log_in_stale()

    def stop(message):
        if message["msg_type"] == "stream" and "begun" in text_of(message):
            user.kernel.interrupt()

    run = user.kernel.run(code, cell_id=cell_id, hear=stop)
    assert ("error", True) == (run.status, begins_with_warning(run))
    for number in range(3):
        assert begins_with_warning(user.kernel.run("6 * 7", cell_id=cell_id and f"next-{number}"))


def test_an_interrupted_async_cell_in_which_it_expired(user: NotebookUser) -> None:
    """What became stale in an interrupted cell is said there or in the next, and not twice in one."""
    user.log_in("--lifetime 2")

    def stop(message):
        if message["msg_type"] == "stream" and "expired" in text_of(message):
            user.kernel.interrupt()

    code = (
        "import asyncio\nwhile etna_token.remaining.total_seconds() > 0: await asyncio.sleep(.02)\n"
        "print('expired', flush=True)\nwhile True: await asyncio.sleep(.02)"
    )
    assert 1 >= len(user.kernel.run(code, hear=stop).warnings)
    assert begins_with_warning(user.kernel.run("6 * 7"))


def test_the_cell_that_loads_the_extension(user: NotebookUser) -> None:
    """Loading and logging in in one cell shows the login line, and nothing of a hook's."""
    user.kernel.run("%unload_ext etna_magic")
    user.know()
    run = user.kernel.run("%load_ext etna_magic\n%etna_login")
    assert ("ok", 1) == (run.status, len(run.texts)), run.texts
    user.age(left=-3)
    assert begins_with_warning(user.kernel.run("6 * 7"))


def test_the_cell_that_unloads_it(user: NotebookUser) -> None:
    """The cell that removes the hooks ends well, and the next shows no line any more."""
    user.log_in_stale()
    assert "ok" == user.kernel.run("%unload_ext etna_magic\n1 + 1").status
    assert ["42"] == user.kernel.run("6 * 7").texts


def test_widgets_of_a_cell_are_left_alone(user: NotebookUser) -> None:
    """What a cell displays by itself comes after the line, as it is."""
    user.log_in_stale()
    run = user.kernel.run("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n7")
    assert ["<b>x</b>"] == [b["text/html"] for b in run.bundles[1:] if "text/html" in b]
    assert begins_with_warning(run)


def test_two_cells_with_the_same_id_and_text(user: NotebookUser) -> None:
    """A cell that is run twice shows the line twice."""
    user.log_in_stale()
    assert all(begins_with_warning(user.kernel.run("6 * 7", cell_id="same")) for _ in range(2))
