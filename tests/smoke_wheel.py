"""Log in, call and see the warning with the installed wheel alone; run by the CI outside the checkout."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import etna_magic
from etna_magic.ask.form_page import FormPage

CELLS = {
    "%load_ext etna_magic\n%etna_login --sandbox --lifetime 1s": "Logged in as demo at http://127.0.0.1:",
    'print(etna_session.get("v1.0/users/@me/info").json()["Login"])': "demo",
    "etna_token": "<Token of demo at",
}


def main() -> None:
    """Run the cells and end with an error if one does not show what it should."""
    home = Path(etna_magic.__file__)
    if "site-packages" not in home.parts:
        sys.exit(f"{home} is not the installed wheel")
    if not (home.parent / "py.typed").exists():
        sys.exit("the wheel has no py.typed")
    if "etna-login" not in FormPage().box._dom_classes:  # it reads form.css and form.js
        sys.exit("the wheel has no form")
    shell = InteractiveShell.instance()
    for cell, expected in CELLS.items():
        expect(shell, cell, expected)
    while etna_session_of(shell).token.remaining.total_seconds() > 0:
        time.sleep(0.05)
    expect(shell, "6 * 7", "To log in again: %etna_login")
    print("The wheel logs in, calls and warns.")


def etna_session_of(shell: InteractiveShell) -> etna_magic.EtnaSession:
    """Return the session that the login has put into the namespace."""
    return shell.user_ns["etna_session"]


def expect(shell: InteractiveShell, cell: str, expected: str) -> None:
    """Run a cell and end if its output does not hold what is expected."""
    with capture_output(display=False) as captured:
        result = shell.run_cell(cell, store_history=True)
    if not result.success or expected not in captured.stdout:
        sys.exit(f"{cell!r} was to show {expected!r}, and showed {captured.stdout!r} {captured.stderr!r}")


if __name__ == "__main__":
    main()
