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
    """`%etna_status` is text in columns; `%etna_logout` says in one line what became of the token."""
    terminal.run("%etna_login --lifetime 24h")
    assert ["Name", "etna"] == [line.split()[0] for line in terminal.run("%etna_status")]
    (line,) = terminal.run("%etna_logout")
    assert line.startswith("etna: demo is logged out, and etna_token is gone here and on the server.")
