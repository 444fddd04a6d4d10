"""From Enter to the line of success in JupyterLab, against a plain widget that makes the same request."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
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
KEYS = ("Tab", "Enter")
FORMS = ("%etna_login -b {url} -u demo", "%etna_login -b {url}")
# What somebody writes who needs no more than that.
PLAIN = """
import ipywidgets, requests
name = ipywidgets.Text(description="Username", value={value!r}, continuous_update=False)
field = ipywidgets.Password(description="Password", continuous_update=False)
button = ipywidgets.Button(description="Log in")
line = ipywidgets.HTML()
def log_in(_):
    headers = {{"Et-App-Key": {key!r}, "Username": name.value, "Password": field.value}}
    answer = requests.post("{url}/token", headers=headers).json()
    if answer["State"] == "Succeeded":
        line.value = "Logged in as demo"
button.on_click(log_in)
ipywidgets.VBox([name, field, button, line])
"""
PLAINS = (PLAIN.replace("{value!r}", "'demo'"), PLAIN.replace("{value!r}", "''"))
# Begins at Enter, and ends when the cell's output has the line.
MEASURE = """index => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[index];
    window.took = new Promise(resolve => {
        let began = 0;
        const look = () => {
            const output = cell.querySelector('.jp-Cell-outputArea');
            if (!began || !output.textContent.includes('Logged in as')) return;
            observer.disconnect();
            window.removeEventListener('keydown', begin, true);
            resolve((performance.now() - began) / 1000);
        };
        const observer = new MutationObserver(look);
        observer.observe(cell, { childList: true, subtree: true, characterData: true });
        const begin = event => { if (event.key === 'Enter') began ||= performance.now(); };
        window.addEventListener('keydown', begin, true);
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

    def one_field(self, index: int, *keys: str) -> float:
        """Type the password, pause, and log in by these keys and Enter; return what that took, in seconds."""
        self._page.run_cell(index)
        self._output(index).get_by_label("Password", exact=True).click()
        self._press(self._password, *keys)
        self._page.wait_until_idle()
        return self._measure(index)

    def two_fields(self, index: int, *keys: str) -> float:
        """Paste username and password, without a pause between them and Enter."""
        self._page.run_cell(index)
        self._output(index).get_by_label("Username", exact=True).click()
        return self._measure(index, "demo", "Tab", self._password, *keys)

    def _output(self, index: int) -> Locator:
        return self._page.output(index)

    def _press(self, *keys: str) -> None:
        keyboard = self._page.page.keyboard
        for key in keys:
            keyboard.press(key) if key in KEYS else keyboard.insert_text(key)

    def _measure(self, index: int, *keys: str) -> float:
        page = self._page.page
        page.evaluate(MEASURE, index)
        self._press(*keys, "Enter")
        took: float = page.evaluate("() => window.took")
        self._page.wait_until_idle()
        return took


TYPED = {
    "one field typed": Notebook.one_field,
    "two fields pasted without a pause": Notebook.two_fields,
}


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
            opened.open([key + LOAD, *(cell.format(**names) for cell in (*FORMS, *PLAINS))])
            opened.run(0)
            notebook = Notebook(opened, sandbox.password_of("demo"))
            for number, (typed, run) in enumerate(TYPED.items(), 1):
                ours, theirs = partial(run, notebook, number), partial(run, notebook, number + 2, "Tab")
                ours()
                theirs()
                own, other, ratio = paired(ours, theirs, PAIRS)
                against = f", {own * 1000:.0f} ms against {other * 1000:.0f} ms of a plain button"
                yield Figure(
                    f"from Enter to the line of success in JupyterLab, {typed}", ratio, LIMIT, "x", against
                )
            opened.close()
        browser.close()
