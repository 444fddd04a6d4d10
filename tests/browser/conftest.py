"""A browser, a Jupyter server of each flavour, and a fresh notebook for each test."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from etna_magic.sandbox import Sandbox
from tests.browser.held_server import HeldServer
from tests.browser.jupyter_server import JupyterServer
from tests.browser.login_form import LoginForm
from tests.browser.notebook_page import NotebookPage
from tests.helpers.required import IS_REQUIRED, REQUIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
HOW_TO_GET = "apt-get install chromium (Debian), or any Chromium or Chrome on the PATH"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIMIT = 20_000  # milliseconds, for what a page has to show
VIEW = {"width": 1000, "height": 900}
LOAD = "%load_ext etna_magic"
# What is tested in JupyterLab and Notebook 7 each time; they share most of their code.
IN_BOTH = ("test_login.py", "test_cursor.py", "pictures.py")
KEY = "import os\nos.environ['ETNA_APP_KEY'] = {!r}\n"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave Notebook 7 to `make slow` but for the core, and skip what needs a browser where none is."""
    for item in _browser_tests(items):
        flavour = getattr(item, "callspec", None) and item.callspec.params.get("flavour")
        if flavour == "notebook" and item.path.name not in IN_BOTH:
            item.add_marker(pytest.mark.slow)
    if CHROMIUM or IS_REQUIRED:
        return
    for item in _browser_tests(items):
        item.add_marker(pytest.mark.skip(reason="no Chromium on the PATH"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say in one loud line, after all others, that browser tests were skipped."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum("no Chromium" in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(
            f"!!! {count} BROWSER TESTS SKIPPED, there is no Chromium on the PATH: {HOW_TO_GET} !!!",
            red=True,
            bold=True,
        )


def _browser_tests(items: list[pytest.Item]) -> list[pytest.Item]:
    return [
        item
        for item in items
        if item.path.is_relative_to(HERE) and "browser" in getattr(item, "fixturenames", ())
    ]


# Playwright keeps an event loop in this thread: it must be gone before other packages' tests
# call asyncio.run(), so nothing here lives for the whole session.
@pytest.fixture(scope="package")
def scale() -> int:
    """Return how many pixels are drawn for one of the page's."""
    return 1


@pytest.fixture(scope="package")
def browser(scale: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Yield the one Chromium of these tests, with a profile on disk: compiled scripts are kept there."""
    if CHROMIUM is None:
        pytest.fail(f"{REQUIRED} is set and no Chromium found: {HOW_TO_GET}")
    expect.set_options(timeout=LIMIT)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport=VIEW,
            device_scale_factor=scale,
        )
        yield context
        context.close()


@pytest.fixture(scope="package")
def servers(
    browser: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], JupyterServer]]:
    """Yield a function that starts the server of a flavour at its first call."""
    started: dict[str, JupyterServer] = {}

    def server(flavour: str) -> JupyterServer:
        if flavour not in started:
            root = tmp_path_factory.mktemp(f"home-{flavour}")
            started[flavour] = JupyterServer(flavour, root).__enter__()
        return started[flavour]

    yield server
    for running in started.values():
        running.__exit__()


@pytest.fixture(scope="package")
def kept() -> dict[tuple[str, str], NotebookPage]:
    """Return the pages that wait for a next test, by flavour and theme: opening one takes seconds."""
    return {}


@pytest.fixture
def open_notebook(
    browser: BrowserContext,
    servers: Callable[[str], JupyterServer],
    kept: dict[tuple[str, str], NotebookPage],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., NotebookPage]]:
    """Yield a function that opens a notebook of some cells, in a flavour and a theme."""
    opened: list[tuple[tuple[str, str], NotebookPage]] = []
    failed = request.session.testsfailed

    def open_one(flavour: str, cells: list[str], shade: str = "light") -> NotebookPage:
        notebook = kept.pop((flavour, shade), None)
        if notebook is not None:
            notebook.begin_again(cells)
        else:
            server = servers(flavour)
            server.choose_theme(shade)
            notebook = NotebookPage(browser.new_page(), server)
            notebook.open(cells)
        opened.append(((flavour, shade), notebook))
        return notebook

    yield open_one
    for key, notebook in opened:
        if request.session.testsfailed > failed or key in kept or not notebook.is_as_it_was:
            notebook.close()
        else:
            kept[key] = notebook


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Yield a sandbox that never throttles by itself."""
    with Sandbox(login_limit=None) as running:
        yield running


@pytest.fixture
def held() -> Iterator[HeldServer]:
    """Yield a server whose `/token` answers when the test says so."""
    with HeldServer() as running:
        yield running


@pytest.fixture
def show_form(open_notebook: Callable[..., NotebookPage]) -> Callable[..., LoginForm]:
    """Return a function that runs a login line in a new notebook and gives its form."""

    def show(
        flavour: str, line: str, *cells: str, app_key: str | None = None, shade: str = "light"
    ) -> LoginForm:
        setup = LOAD if app_key is None else KEY.format(app_key) + LOAD
        notebook = open_notebook(flavour, [setup, line, *cells], shade)
        assert notebook.run(0) == ""
        notebook.run_cell(1)
        form = LoginForm(notebook, 1)
        form.wait_for("Password")
        return form

    return show
