"""A cell that awaits a login, started by "Run All", as a person sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.login_form import LoginForm
from tests.browser.notebook_page import EXECUTE, LOAD_LIMIT, PANEL, SESSION, NotebookPage

if TYPE_CHECKING:
    from collections.abc import Callable

WAITS, CALL, MARKER = 1, 2, 3
WHO = 'etna_session.get("v1.0/users/@me/info").json()["Login"]'
SETUP = """import os
os.environ |= {{"ETNA_APP_KEY": {!r}, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}}
import etna_magic
%load_ext etna_magic"""
# Its status stays unknown until the cell has ended: a kernel that waits answers no other question.
CONNECTED = f"""() => {{
    const context = window.jupyterapp && {PANEL} && {SESSION};
    const kernel = context && context.session && context.session.kernel;
    return Boolean(kernel) && kernel.connectionStatus === 'connected';
}}"""
# A field that is replaced makes the notebook dirty again behind a save.
SAVE_UNTIL_CLEAN = f"""async () => {{
    for (let tries = 0; tries < 20; tries++) {{
        await window.jupyterapp.commands.execute('docmanager:save');
        if (!{PANEL}.context.model.dirty) return true;
    }}
    return false;
}}"""


class WaitingForm(LoginForm):
    """A form that a cell waits for: the kernel is busy all the while."""

    def wait_for_error(self, text: str) -> None:
        """Wait until the form shows an error with this text, with the cursor in an empty field."""
        expect(self.box.locator(".etna-error")).to_contain_text(text)
        expect(self.box.locator("input:focus")).to_have_value("")


def cells_around(login: str, app_key: str, *after: str) -> list[str]:
    """Return a notebook that loads, waits, calls and says that it went on."""
    return [SETUP.format(app_key), f"await etna_magic.login({login})", WHO, "print('went on')", *after]


def run_to_form(
    open_notebook: Callable[..., NotebookPage], flavour: str, cells: list[str], label: str = "Password"
) -> WaitingForm:
    """Open a notebook, run all of its cells, and return the form that the second one waits for."""
    notebook = open_notebook(flavour, cells)
    notebook.run_all()
    form = WaitingForm(notebook, WAITS)
    form.wait_for(label)
    return form


def later_cells(notebook: NotebookPage) -> list[tuple[str, str]]:
    """Return prompt and output of the cells behind the one that waits."""
    return [(notebook.prompt(index), notebook.output_text(index)) for index in (CALL, MARKER)]


def wait_for_the_end(notebook: NotebookPage, index: int = MARKER, text: str = "went on") -> list[str]:
    """Wait until the last cell has run, and return what cells 1 to 3 show."""
    notebook.wait_for_output(index, text)
    notebook.wait_until_idle()
    return [notebook.output_text(cell) for cell in (WAITS, CALL, MARKER)]


def interrupt(notebook: NotebookPage) -> None:
    """Interrupt the kernel by the command of the menu, and wait until no cell runs or is to run."""
    notebook.page.evaluate(EXECUTE, "kernelmenu:interrupt")
    notebook.wait_until_idle()
    expect(notebook.page.locator(".jp-CodeCell .jp-InputPrompt", has_text="[*]:")).to_have_count(0)


def reload(notebook: NotebookPage) -> None:
    """Load the notebook's page again while its kernel runs a cell, and wait until it has the kernel."""
    assert notebook.file is not None
    notebook.page.goto(notebook.server.page_url(notebook.file), wait_until="domcontentloaded")
    notebook.page.wait_for_function(CONNECTED, timeout=LOAD_LIMIT)


def save_until_clean(notebook: NotebookPage) -> None:
    """Save as the menu does, at once, and again as long as something changed in the meantime."""
    assert notebook.page.evaluate(SAVE_UNTIL_CLEAN), "the notebook never came to rest"
