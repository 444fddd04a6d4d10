"""Each front end: what it needs, how it is driven, and what has to be seen in it."""

from pathlib import Path
from typing import NamedTuple

from tests.front_ends.pages import lab, served
from tests.front_ends.runners import Driver, file, markdown, notebook
from tests.front_ends.scenarios import (
    A_FORM,
    CONNECT,
    ENDLESS,
    LIVE_FORM,
    LOGS_IN,
    NAMES,
    NAMES_FORM,
    NO_FORM,
    NO_FORM_HERE,
    OWN_CELL,
    PROMPT,
    SHOWN_PROMPT,
    SILENT,
    THEIR_ERROR,
    UNUSED_FORM,
    WAITS,
    WARNED,
)
from tests.front_ends.scripts import NOT_TRIED, app, engines, kernel
from tests.front_ends.terminals import console, euporie, qt_console

#: What `make frontends` writes.
TABLE = Path(__file__).parents[2] / "docs" / "reference" / "front-ends.md"


class Program(NamedTuple):
    """A front end, and what has to be seen in the five scenarios."""

    title: str
    #: The first one gives it its version.
    packages: tuple[str, ...]
    drive: Driver
    expected: tuple[str, ...]
    #: Whether the tests' own venv has it.
    is_cheap: bool = False
    #: Whether it can go on after a cell has failed.
    goes_on: bool = False
    note: str = ""


_NOBODY = (LOGS_IN, NAMES, NO_FORM, NAMES, WARNED)
_CONSOLE = (LOGS_IN, PROMPT, NO_FORM_HERE, PROMPT, WARNED)
_PAGE = (LOGS_IN, NAMES_FORM, LIVE_FORM, NAMES_FORM, WARNED)
_APP = (CONNECT, NOT_TRIED, NOT_TRIED, CONNECT, NOT_TRIED)

CHEAP = (
    Program(
        "nbclient (`jupyter execute`)",
        ("nbclient",),
        notebook("jupyter-execute", "--kernel_name=python3", "book.ipynb", "--output=done"),
        _NOBODY,
        is_cheap=True,
        goes_on=True,
    ),
    Program(
        "papermill",
        ("papermill",),
        notebook("papermill", "book.ipynb", "done.ipynb"),
        _NOBODY,
        is_cheap=True,
        goes_on=True,
    ),
    Program(
        "nbconvert `--execute`",
        ("nbconvert",),
        notebook("jupyter-nbconvert", "--execute", "--to=notebook", "--output=done", "book.ipynb"),
        _NOBODY,
        is_cheap=True,
        goes_on=True,
    ),
    Program(
        "`jupyter run FILE`",
        ("jupyter-client",),
        file("book.py", "jupyter-run"),
        (LOGS_IN, THEIR_ERROR, NO_FORM_HERE, THEIR_ERROR, SILENT),
        is_cheap=True,
        note="It sends the whole file as one cell, says that it takes input, and cannot; a line before its "
        "error names the variables.",
    ),
    Program(
        "`ipython FILE.ipy`",
        ("ipython",),
        file("book.ipy", "ipython", "--colors=nocolor"),
        (LOGS_IN, PROMPT, NO_FORM_HERE, PROMPT, SILENT),
        is_cheap=True,
        note="IPython runs such a file, and an `.ipynb`, without the events of cells.",
    ),
    Program("jupyter console", ("jupyter-console",), console, _CONSOLE, is_cheap=True, goes_on=True),
)

HEAVY = (
    Program(
        "qtconsole",
        ("qtconsole", "PySide6-Essentials", "ipykernel"),
        qt_console,
        (LOGS_IN, SHOWN_PROMPT, NO_FORM_HERE, SHOWN_PROMPT, WARNED),
        note="It shows what is typed to `getpass`; it says so itself, and the question does too.",
    ),
    Program(
        "euporie-console",
        ("euporie", "ipykernel"),
        euporie,
        _CONSOLE,
        note="The box of a question, by `getpass` too, often gets no keys, and what is typed **shows** in "
        "the next cell: stars tell that it is in the box. That of `await etna_magic.login()` got them in "
        "one run, and none in another.",
    ),
    Program(
        "euporie-preview `--run`",
        ("euporie", "ipykernel"),
        notebook("euporie-preview", "--run", "book.ipynb", is_quiet=True),
        _NOBODY,
        note="It goes on after an error, and ends with 0. It sends `allow_stdin` False.",
    ),
    Program(
        "ploomber-engine",
        ("ploomber-engine",),
        notebook("ploomber-engine", "book.ipynb", "done.ipynb"),
        (LOGS_IN, NAMES, NO_FORM_HERE, NAMES, SILENT),
        note="It keeps back what a cell prints, so a question would not be seen; its cells have no history.",
    ),
    Program(
        "mystmd `--execute`",
        ("mystmd", "ipykernel", "jupyter-server"),
        markdown("myst", "build", "--execute", "--md", "--strict"),
        _NOBODY,
        note="It stops at an error, and ends with 0. Since 1.11 it says that it takes no input; before, "
        "it sent what JupyterLab's library sends by itself, without a cell: that is an error too, which also "
        "names `--form` and `--prompt`.",
    ),
    Program(
        "Voila",
        ("voila", "ipykernel"),
        served("voila", "--no-browser", "--port={port}", "book.ipynb", path=""),
        _PAGE,
        note="It leaves out the text of errors, so a line above says it.",
    ),
    Program(
        "Mercury",
        ("mercury", "ipykernel"),
        served(
            "mercury",
            "--no-browser",
            "--allow-root",
            "--port={port}",
            "--ip=127.0.0.1",
            "--ServerApp.token=",
            path="mercury/book",
        ),
        (LOGS_IN, NAMES_FORM, A_FORM, NAMES_FORM, WARNED),
        note="It leaves out the text of errors, so a line above says it, and it goes on after one.",
    ),
    Program(
        "JupyterLab with jupyter-collaboration",
        ("jupyter-collaboration", "jupyterlab", "ipykernel"),
        lab,
        (LOGS_IN, A_FORM, A_FORM, WAITS, WARNED),
    ),
    Program("Spyder's kernel", ("spyder-kernels",), kernel("spyder_kernels.console", "CLIENT"), _CONSOLE),
    Program(
        "xeus-python in a console", ("xeus-python", "jupyter-client"), kernel("xpython", "CLIENT"), _CONSOLE
    ),
    Program(
        "xeus-python, nobody there",
        ("xeus-python", "jupyter-client"),
        kernel("xpython", "CLIENT", is_asked=False),
        (LOGS_IN, NAMES, NO_FORM_HERE, NAMES, WARNED),
    ),
    Program(
        "xeus-python, as JupyterLab sends cells",
        ("xeus-python", "jupyter-client"),
        kernel("xpython", "LAB"),
        (LOGS_IN, UNUSED_FORM, UNUSED_FORM, OWN_CELL, WARNED),
    ),
    Program(
        "ipyparallel, on an engine",
        ("ipyparallel", "ipykernel"),
        engines,
        (LOGS_IN, NAMES, NO_FORM, ENDLESS, WARNED),
        note="No cell that awaits ends on an engine of it, whatever it awaits: use `%etna_login` there.",
    ),
    Program(
        "Panel",
        ("panel",),
        app("panel", "serve", "app.py", "--port={port}", "--address=127.0.0.1", path="app"),
        _APP,
        note="The first column is `load_ipython_extension`, since there are no magics; `connect()` works.",
    ),
    Program(
        "marimo",
        ("marimo",),
        app("marimo", "export", "html", "cell.py", "-o", "out.html"),
        _APP,
        note="As Panel.",
    ),
    Program(
        "Solara",
        ("solara",),
        app("solara", "run", "app.py", "--no-open", "--port={port}", "--host=127.0.0.1"),
        (CONNECT, NOT_TRIED, NOT_TRIED, LOGS_IN, NOT_TRIED),
        note="As Panel; `await login()` works, and its variables are in the visitor's own shell.",
    ),
)
