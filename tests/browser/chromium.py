"""Where the Chromium of this machine is, and how it is started for tests."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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


def find_chromium() -> str | None:
    """Return the path of the first Chromium on the PATH, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)
