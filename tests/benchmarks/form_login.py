"""From Enter to the line of success in JupyterLab, against a plain widget that makes the same request."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from etna_magic.sandbox import Sandbox
from tests.benchmarks.pairs import Figure, paired
from tests.browser.conftest import ARGUMENTS, CHROMIUM, HOW_TO_GET, LOAD, VIEW
from tests.browser.jupyter_server import JupyterServer
from tests.browser.notebook_page import NotebookPage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PAIRS = 15
LIMIT = 1.5
FORM = "%etna_login -b {url} -u demo"
# What somebody writes who needs no more than that.
PLAIN = """
import ipywidgets, requests
field = ipywidgets.Password(description="Password", continuous_update=False)
button = ipywidgets.Button(description="Log in")
line = ipywidgets.HTML()
def log_in(_):
    headers = {{"Et-App-Key": {key!r}, "Username": "demo", "Password": field.value}}
    answer = requests.post("{url}/token", headers=headers).json()
    if answer["State"] == "Succeeded":
        line.value = "Logged in as demo"
button.on_click(log_in)
ipywidgets.VBox([field, button, line])
"""
# Begins at Enter, and ends when the cell's output has the line.
MEASURE = """index => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[index];
    window.took = new Promise(resolve => {
        let began = 0;
        const look = () => {
            const output = cell.querySelector('.jp-Cell-outputArea');
            if (!began || !output.textContent.includes('Logged in as')) return;
            observer.disconnect();
            resolve((performance.now() - began) / 1000);
        };
        const observer = new MutationObserver(look);
        observer.observe(cell, { childList: true, subtree: true, characterData: true });
        const begin = event => { if (event.key === 'Enter') began = performance.now(); };
        window.addEventListener('keydown', begin, { capture: true, once: true });
    });
}"""


class Notebook:
    """A notebook in JupyterLab with both ways to log in, one cell each.

    Parameters
    ----------
    page
        The notebook, open.
    password
        What logs in.
    """

    def __init__(self, page: NotebookPage, password: str) -> None:
        self._page = page
        self._password = password

    def form(self) -> float:
        """Log in by the form, with Enter in its field; return what that took, in seconds."""
        return self._measure(1, self._field(1))

    def plain(self) -> float:
        """Log in by the plain widgets, with Enter on the button."""
        field = self._field(2)
        return self._measure(2, field, "Tab")

    def _field(self, index: int) -> Locator:
        self._page.run_cell(index)
        field = self._page.output(index).get_by_label("Password", exact=True)
        field.click()
        field.page.keyboard.type(self._password)
        return field

    def _measure(self, index: int, field: Locator, *keys: str) -> float:
        page = field.page
        for key in keys:
            page.keyboard.press(key)
        self._page.wait_until_idle()
        page.evaluate(MEASURE, index)
        page.keyboard.press("Enter")
        took: float = page.evaluate("() => window.took")
        self._page.wait_until_idle()
        return took


def figures() -> Iterator[Figure]:
    """Yield the figure, where there is a browser to measure it in."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the other benchmarks need no browser

    if CHROMIUM is None:
        print(f"!!! left out, there is no Chromium on the PATH: {HOW_TO_GET} !!!")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, headless=True)
        page = browser.new_page(viewport=VIEW)
        with Sandbox(login_limit=None) as sandbox, JupyterServer("lab", Path(folder) / "home") as server:
            key = f"import os\nos.environ['ETNA_APP_KEY'] = {sandbox.app_key!r}\n"
            names = {"url": sandbox.base_url, "key": sandbox.app_key}
            opened = NotebookPage(page, server)
            opened.open([key + LOAD, FORM.format(**names), PLAIN.format(**names)])
            opened.run(0)
            notebook = Notebook(opened, sandbox.password_of("demo"))
            notebook.form()
            notebook.plain()
            ours, theirs, ratio = paired(notebook.form, notebook.plain, PAIRS)
            opened.close()
        browser.close()
    against = f", {ours * 1000:.0f} ms against {theirs * 1000:.0f} ms of a plain button"
    yield Figure("from Enter to the line of success in JupyterLab", ratio, LIMIT, "x", against)
