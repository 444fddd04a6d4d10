"""The table of `%etna_status`: cells that are text, and a bar that shortens by itself."""

import re

import pytest

from etna_magic.display.status_table import Row, status
from etna_magic.token import Token
from tests.display.conftest import ManualClock, make_token

MARKUP = "<img src=x onerror=alert(1)>"


def html_of(token: Token | None, name: str = "etna", environment: str = "LIVE") -> str:
    """Return the table of one login as HTML."""
    return status([Row(name, token, environment, is_waiting=False)])["text/html"]


def test_a_bar_shortens(token: Token, clock: ManualClock) -> None:
    """After a quarter of an hour three quarters are left, which the browser shortens in that time."""
    clock.seconds += 900
    page = html_of(token)
    assert "@keyframes etna-run-down { to { width: 0 } }" in page
    assert "width: 75.0%" in page
    assert "animation: etna-run-down 2700s linear forwards" in page


def test_the_bar_of_what_has_ended_does_not_move(token: Token, clock: ManualClock) -> None:
    """A stale token and one that was logged out have an empty bar without an animation."""
    ended = make_token(clock)
    ended.end("was logged out")
    clock.seconds += 3_601
    for page in (html_of(token), html_of(ended)):
        assert (True, False) == ("width: 0.0%" in page, "animation:" in page)


def test_without_a_token_there_is_no_bar() -> None:
    """What waits for a login has no time left to show."""
    assert '<div style="width: 90px' not in html_of(None)


def test_cells_are_escaped(clock: ManualClock) -> None:
    """A user name, a server and a name with markup in them are shown as text."""
    page = html_of(make_token(clock, MARKUP, "https://api.example.com/<b>"), MARKUP, MARKUP)
    assert (0, 3) == (page.count("<img"), page.count("&lt;img src=x"))
    assert (0, 1) == (page.count("<b>"), page.count("/&lt;b&gt;"))


@pytest.mark.usefixtures("_in_berlin")
def test_as_text(token: Token, clock: ManualClock) -> None:
    """Columns in which each state differs from the others."""
    refused = make_token(clock, "bob")
    refused.end("was refused by the server")
    clock.seconds += 3_725
    rows = [
        Row("etna", make_token(clock), "DEMO", is_waiting=False),
        Row("old", token, "LIVE", is_waiting=True),
        Row("firm", refused, "LIVE", is_waiting=False),
        Row("late", None, "", is_waiting=True),
    ]
    heads, *lines = status(rows)["text/plain"].splitlines()
    assert ["Name", "User", "Where", "State", "Until", "Left"] == heads.split()
    assert [
        ["etna", "alice", "https://api.example.com (DEMO)", "fresh", "2026-11-25 16:05:27 CET", "1 h"],
        [
            "old", "alice", "https://api.example.com (LIVE)", "stale, waiting for the login",
            "2026-11-25 15:03:22 CET", "2 min 5 s ago",
        ],
        [
            "firm", "bob", "https://api.example.com (LIVE)", "was refused by the server",
            "2026-11-25 15:03:22 CET", "none",
        ],
        ["late", "waiting for the login"],
    ] == [re.split(" {2,}", line) for line in lines]  # fmt: skip
