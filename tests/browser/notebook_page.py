"""One notebook, open in JupyterLab or Notebook 7."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from playwright.sync_api import expect

from tests.browser.jupyter_server import new_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.jupyter_server import JupyterServer

SCREENSHOTS = Path(__file__).parent / "screenshots"
LOAD_LIMIT = 90_000  # milliseconds, as all limits of Playwright
CELL_LIMIT = 30_000
SHELL = "window.jupyterapp.shell"
PANEL = f"{SHELL}.currentWidget"
SESSION = f"{PANEL}.sessionContext"
# The indicator shows idle before the kernel is connected: ask the kernel's own connection.
IDLE = f"""() => {{
    const context = window.jupyterapp && {PANEL} && {SESSION};
    const kernel = context && context.isReady && context.session && context.session.kernel;
    return Boolean(kernel) && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}}"""
REFILL = f"""async content => {{
    await {SESSION}.restartKernel();
    {PANEL}.context.model.fromJSON(content);
    await {PANEL}.context.save();
}}"""
# The notebook follows the window some time later; beside it are the edges of the application.
HAS_FOLLOWED = """width => {
    const right = document.querySelector('.jp-Notebook').getBoundingClientRect().right;
    return window.innerWidth === width && width - 150 < right && right <= width;
}"""
EXECUTE = "command => window.jupyterapp.commands.execute(command)"


class NotebookPage:
    """A notebook's cells and outputs; its form is a `LoginForm` on one of the outputs.

    Parameters
    ----------
    page
        A fresh page of the browser.
    server
        The server that has the notebook.
    """

    def __init__(self, page: Page, server: JupyterServer) -> None:
        self.page = page
        self.server = server
        self.file: Path | None = None
        #: Whether another test may have it.
        self.is_as_it_was = True

    def open(self, cells: list[str]) -> None:
        """Write a notebook of these cells, open it, and wait for its kernel."""
        self.file = self.server.write_notebook(cells)
        self.page.goto(self.server.page_url(self.file), wait_until="domcontentloaded")
        self.wait_until_idle(LOAD_LIMIT)
        expect(self.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(cells))

    def begin_again(self, cells: list[str]) -> None:
        """Have other cells and a new kernel in the page that is open."""
        content = json.loads(nbformat.writes(new_notebook(cells)))
        self.page.evaluate(REFILL, content)
        self.wait_until_idle()
        expect(self.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(cells))

    def wait_until_idle(self, limit: float = CELL_LIMIT) -> None:
        """Wait until the kernel is connected and has nothing to do."""
        self.page.wait_for_function(IDLE, timeout=limit)

    def cell(self, index: int) -> Locator:
        """Return the cell of this index, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index)

    def output(self, index: int) -> Locator:
        """Return the output area of a cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def start_cell(self, index: int) -> None:
        """Run a cell by Shift+Enter and go on at once."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run_cell(self, index: int) -> None:
        """Run a cell by Shift+Enter and wait until it has ended."""
        before = self.prompt(index)
        self.start_cell(index)
        prompt = self.cell(index).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=CELL_LIMIT)
        expect(prompt).not_to_have_text(before, timeout=CELL_LIMIT)

    def prompt(self, index: int) -> str:
        """Return a cell's prompt: ``[3]:`` has run, ``[*]:`` runs."""
        return self.cell(index).locator(".jp-InputPrompt").text_content() or ""

    def output_text(self, index: int) -> str:
        """Return the text of a cell's outputs, one line for each, without blanks around it."""
        parts = self.output(index).locator(".jp-OutputArea-output").all_inner_texts()
        return "\n".join(part.strip() for part in parts if part.strip())

    def wait_for_output(self, index: int, text: str | re.Pattern[str]) -> None:
        """Wait until a cell's output contains `text`."""
        expect(self.output(index)).to_contain_text(text, timeout=CELL_LIMIT)

    def run(self, index: int) -> str:
        """Run a cell and return the text of its outputs."""
        self.run_cell(index)
        self.wait_until_idle()
        return self.output_text(index)

    def run_all(self) -> None:
        """Start "Run All Cells" and go on at once."""
        # Not awaited: it ends only when the last cell has, and a cell may wait for a person.
        self.page.evaluate(f"command => void ({EXECUTE})(command)", "notebook:run-all-cells")

    def restart_kernel(self) -> None:
        """Restart the kernel and wait until it is idle again."""
        self.page.evaluate(f"() => {SESSION}.restartKernel()")
        self.wait_until_idle()

    def save(self) -> str:
        """Save the notebook as the menu does, and return what the file then holds."""
        assert self.file is not None
        self.page.evaluate(EXECUTE, "docmanager:save")
        self.page.wait_for_function(f"() => !{PANEL}.context.model.dirty")
        return self.file.read_text(encoding="utf-8")

    def resize(self, width: int, scale: int | None = None) -> None:
        """Make the page this wide: 320 is a narrow window, or at 400 % one of 1280 pixels."""
        if self.server.flavour == "lab":
            self.page.evaluate(f"{SHELL}.collapseLeft()")
        size = {"width": width, "height": 1600 if width == 320 else 900}
        self.page.set_viewport_size(size)
        if scale is not None:
            metrics = {**size, "deviceScaleFactor": scale, "mobile": False}
            self.page.context.new_cdp_session(self.page).send("Emulation.setDeviceMetricsOverride", metrics)
        self.page.wait_for_function(HAS_FOLLOWED, arg=width)
        self.is_as_it_was = False

    def screenshot(self, name: str, index: int, shade: str) -> Path:
        """Draw a cell with its output into the folder of screenshots."""
        path = SCREENSHOTS / f"{name}-{self.server.flavour}-{shade}.png"
        self.page.mouse.move(0, 0)
        self.cell(index).screenshot(path=path)
        return path

    def close(self) -> None:
        """End the kernel and close the page."""
        try:
            self.page.evaluate(f"() => {SESSION}.shutdown()")
        finally:
            self.page.close()
