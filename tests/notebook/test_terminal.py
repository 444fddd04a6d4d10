"""The magics in a terminal's IPython: lines and tables are plain text."""

from collections.abc import Iterator

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.terminal import Terminal


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox) -> Iterator[Terminal]:
    """Start an IPython with credentials in its environment."""
    variables = {
        "ETNA_BASE_URL": running_sandbox.base_url,
        "ETNA_APP_KEY": running_sandbox.app_key,
        "ETNA_USERNAME": "demo",
        "ETNA_PASSWORD": running_sandbox.password_of("demo"),
    }
    with Terminal(tmp_path_factory.mktemp("home"), **variables) as started:
        yield started


def test_the_line_of_a_stale_token(terminal: Terminal) -> None:
    """It is shown before the cell's output, and goes with the login that it names."""
    terminal.run("%etna_login --lifetime 1")
    terminal.run("import time")
    terminal.run("[time.sleep(.02) for _ in iter(lambda: etna_token.state.value != 'stale', False)]; None")
    lines = terminal.run("6 * 7")
    assert lines[0].startswith("etna: the token expired at ")
    assert lines[0].endswith("To log in again: %etna_login")
    assert lines[1].endswith("42")
    (line,) = terminal.run("%etna_login --lifetime 24h")
    assert line.endswith(" (24 h): etna_token, etna_session.")
    assert ["42"] == terminal.run("6 * 7")


def test_status_and_logout(terminal: Terminal) -> None:
    """`%etna_status` is lines of text, `--for` too; `%etna_logout` says in one what became of the token."""
    terminal.run("%etna_login --lifetime 24h")
    first, *lines, last = terminal.run("%etna_status --for 25h")
    assert first.startswith("etna: fresh, 23 h 59 min left, until ")
    assert lines[0].strip().startswith("demo at http://127.0.0.1:")
    assert ["in etna_token, etna_session", "is not renewed by itself"] == [line.strip() for line in lines[1:]]
    assert last.endswith(" and will not last for 25 h. To log in again: %etna_login")
    (line,) = terminal.run("%etna_logout")
    assert line.startswith("etna: demo is logged out, and etna_token is gone here and on the server.")
