"""Open pages of the built manual in Chromium, in both themes, wide and narrow, and let axe look at them.

``python tests/docs/manual_pages.py docs/_build/html`` after ``make docs``. It leaves screenshots in
``tests/browser/screenshots``, and ends with an error if a page scrolls sideways or axe finds something.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

PAGES = (
    "index",
    "tutorials/01_first_login",
    "tutorials/04_research_on_500_symbols",
    "reference/magics",
    "reference/settings",
    "reference/python",
    "reference/errors",
)
SIZES = {"wide": (1280, 900), "narrow": (320, 720)}
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def faults(browser: Browser, built: Path, pictures: Path, theme: str, size: str) -> list[str]:
    """Return what is wrong with the pages in a theme and at a size."""
    width, height = SIZES[size]
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": height})
    page, found = context.new_page(), []
    for name in PAGES:
        page.goto((built / f"{name}.html").as_uri())
        page.screenshot(path=pictures / f"manual-{name.replace('/', '-')}-{theme}-{size}.png")
        where = f"{name}, {theme}, {size}"
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{where}: it scrolls sideways")
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found += [f"{where}: {violation['id']}: {node['html'][:120]}" for node in violation["nodes"]]
    context.close()
    return found


def main() -> None:
    """Look at all of them."""
    built = Path(sys.argv[1]).resolve()
    pictures = Path(__file__).parents[1] / "browser" / "screenshots"
    pictures.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        found = [
            fault
            for theme in ("light", "dark")
            for size in SIZES
            for fault in faults(browser, built, pictures, theme, size)
        ]
    if found:
        sys.exit("\n".join(found))
    print(f"{len(PAGES)} pages of the manual, in both themes, wide and narrow: nothing found.")


if __name__ == "__main__":
    main()
