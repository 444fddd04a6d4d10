"""An error in a cell is its line alone, also where `rich` has put its display in place of IPython's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.terminal import Terminal

RICH = "import rich.traceback; rich.traceback.install(width=400); None"
HELD = "def use(session):\n    return session.get('x')\nheld = etna_session"
CELLS = {
    "%etna_login other --no-input -e nowhere.env": "MissingCredentialsError: nowhere.env cannot be read",
    "%etna_status other": "NotLoggedInError: There is no login called other",
    "held.get('x')": "NotLoggedInError: etna was logged out",
    "use(held)": "NotLoggedInError: etna was logged out",
    "import etna_magic\nawait etna_magic.login(env_file='x')": "MissingCredentialsError: x cannot be read",
}


@pytest.fixture
def hooked(user: NotebookUser) -> Iterator[Kernel]:
    """Return a kernel with rich's display and a session that was logged out."""
    restore = "_s = get_ipython(); [vars(_s).pop(n, None) for n in {!r}]; del _s"
    user.kernel.do(RICH)
    user.log_in()
    user.kernel.do(HELD)
    user.kernel.run("%etna_logout")
    yield user.kernel
    user.kernel.do(restore.format(("_showtraceback", "showtraceback", "showsyntaxerror")))


@pytest.mark.parametrize("code", CELLS)
def test_under_rich(hooked: Kernel, code: str) -> None:
    """One line without a frame; the cell has failed, so that "Run All" and nbclient stop."""
    run = hooked.run(code)
    (text,) = [text for text in run.texts if text.strip()]
    assert ("error", 1, CELLS[code].partition(":")[0]) == (
        run.status, len(text.strip().splitlines()), run.reply["ename"],
    )  # fmt: skip
    assert CELLS[code].partition(": ")[2] in text
    assert "Traceback" not in text


def test_other_errors_under_rich(hooked: Kernel) -> None:
    """They are shown as rich shows them."""
    assert "Traceback" in hooked.run("1 / 0").texts[0]


def test_misspelt_option_under_rich(hooked: Kernel) -> None:
    """IPython shows a UsageError by itself."""
    assert ["UsageError: %etna_login does not know --fom. Did you mean --form?\n"] == hooked.run(
        "%etna_login --fom"
    ).texts


def test_what_is_left_for_debuggers(hooked: Kernel) -> None:
    """The frames are there for ``%debug``, though they are not shown."""
    hooked.run("use(held)")
    hooked.do("import sys, traceback")
    names = hooked.ask("[frame.name for frame in traceback.extract_tb(sys.last_traceback)]")
    assert "use" in names


def test_a_handler_of_a_user(user: NotebookUser) -> None:
    """It stays, as IPython has place for one only; ours is gone after unloading."""
    user.kernel.do("get_ipython().set_custom_exc((LookupError,), lambda *a, **k: None)")
    user.log_in()
    assert ["LookupError"] == user.kernel.ask("[e.__name__ for e in get_ipython().custom_exceptions]")
    user.kernel.do("get_ipython().set_custom_exc((), None)")
    user.kernel.run("%etna_status")
    assert ["EtnaError"] == user.kernel.ask("[e.__name__ for e in get_ipython().custom_exceptions]")
    user.kernel.run("%unload_ext etna_magic")
    assert [] == user.kernel.ask("list(get_ipython().custom_exceptions)")


def test_under_rich_in_a_terminal(tmp_path: Path) -> None:
    """The same there."""
    with Terminal(tmp_path) as terminal:
        terminal.run(RICH)
        lines = terminal.run("%etna_login --no-input")
    # rich breaks a line at 80 columns on such a terminal, between words.
    assert (True, "MissingCredentialsError:") == (len(lines) <= 3, lines[0].split()[0])
    assert "╭" not in terminal.screen
