"""Pages that a person looks at in a browser: Voila, Mercury, and JupyterLab with several people."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Error, Page, sync_playwright

from etna_magic.sandbox import Sandbox
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.jupyter_server import OPENER, JupyterServer, free_port
from tests.browser.notebook_page import NotebookPage
from tests.front_ends.runners import process_environment
from tests.front_ends.scenarios import A_FORM, LIVE_FORM, WAIT, WAITS, WARN, Scenario, said

LIMIT = 180  # seconds: a page may need two minutes on a busy machine
FIELD = "input[type=password]"


def served(*command: str, path: str) -> Callable[[Path, Path, Scenario, Sandbox], str]:
    """Return what opens the page of a notebook that a command serves; ``{port}`` in it is a free one."""

    def drive(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
        nbformat.write(_notebook(scenario), folder / "book.ipynb")
        port = str(free_port())
        words = [word.replace("{port}", port) for word in command]
        url = f"http://127.0.0.1:{port}/"
        variables = process_environment(python, folder, scenario, sandbox)
        with _running(words, folder, variables, url), _page() as page:
            page.goto(url + path, timeout=1000 * LIMIT, wait_until="commit")
            return _look(page, scenario, sandbox)

    return drive


def lab(python: Path, folder: Path, scenario: Scenario, sandbox: Sandbox) -> str:
    """Run the cells in JupyterLab with jupyter-collaboration."""

    class Server(JupyterServer):
        def _command(self) -> list[str]:
            return [str(python), *super()._command()[1:]]

    with Server("lab", folder / "lab") as server, _page() as page:
        book = NotebookPage(page, server)
        known = process_environment(python, folder, scenario, sandbox)
        known = {name: value for name, value in known.items() if name.startswith("ETNA_")}
        book.open([f"import os\nos.environ.update({known!r})", *scenario.cells])
        for number in range(len(scenario.cells) + 1):
            book.start_cell(number)
            if not scenario.knows_password and "login" in scenario.cells[number - 1]:
                page.locator(FIELD).wait_for()
                is_waiting = book.prompt(number).strip() == "[*]:"
                assert is_waiting == (scenario is WAIT), book.prompt(number)
                page.locator(FIELD).fill(sandbox.password_of("demo"))
                page.locator(FIELD).press("Enter")
                page.get_by_text("Logged in as demo").first.wait_for()
                return WAITS if is_waiting else A_FORM
            book.wait_until_idle()
        return said(scenario, page.locator(".jp-Notebook").inner_text())


def _notebook(scenario: Scenario) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(source) for source in scenario.cells]
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


@contextlib.contextmanager
def _running(command: list[str], folder: Path, variables: dict[str, str], url: str) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + LIMIT
        while not _answers(url):
            assert time.monotonic() < end, (folder / "server.log").read_text()[-2000:]
            time.sleep(0.2)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(LIMIT)


def _answers(url: str) -> bool:
    try:
        with OPENER.open(urllib.request.Request(url, method="HEAD"), timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@contextlib.contextmanager
def _page() -> Iterator[Page]:
    assert CHROMIUM, "a Chromium is needed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_page(viewport={"width": 1000, "height": 900})
        browser.close()


def _look(page: Page, scenario: Scenario, sandbox: Sandbox) -> str:
    """Wait for what tells how it went, and use a form that is shown."""
    text, end, has_typed, again = "", time.monotonic() + LIMIT, False, 0.0
    # A page may draw the warning after what the cell prints below it.
    last = r"(?ms)expired.*^\s*42\s*$"
    ends = last if scenario is WARN else r"Error: |Logged in as demo|not set:|in a cell of its own"
    while time.monotonic() < end:
        with contextlib.suppress(Error):  # the page is being loaded
            text = "\n".join(frame.locator("body").inner_text(timeout=5000) for frame in page.frames)
        with contextlib.suppress(Error):
            if has_typed and "Logged in as demo" in text:
                in_forms = " ".join(_lines_of_forms(page))
                return LIVE_FORM if "Logged in as demo" in in_forms else A_FORM
            if not has_typed and re.search(ends, text):
                return said(scenario, text)
            # Again where the form stays: what is typed before a page has connected its widgets is lost.
            if time.monotonic() > again:
                is_typed = _fill_form(page, sandbox)
                has_typed, again = has_typed or is_typed, time.monotonic() + 15 * is_typed
        page.wait_for_timeout(300)
    raise TimeoutError(re.sub(r"\s+", " ", text)[-300:] or "an empty page")


def _lines_of_forms(page: Page) -> list[str]:
    """Return what forms that have ended say in their own place."""
    return [line for frame in page.frames for line in frame.locator(".etna-ended").all_inner_texts()]


def _fill_form(page: Page, sandbox: Sandbox) -> bool:
    for frame in page.frames:
        field = frame.locator(FIELD)
        if field.count() and field.first.is_editable():
            field.first.fill("")
            field.first.fill(sandbox.password_of("demo"))
            field.first.press("Enter")
            return True
    return False
