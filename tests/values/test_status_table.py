"""The table of `%etna_status` in HTML: a bar that runs down by itself, and cells that are text."""

from datetime import timedelta

from etna_magic import Secret, Token
from etna_magic.status_table import Row, status
from tests.helpers import accounts

HOUR = timedelta(hours=1)
MARKUP = "<img src=x onerror=alert(1)>"


def html_of(token: Token | None, name: str = "etna", place: str = "LIVE") -> str:
    """Return the table of one log-in in HTML."""
    return status([Row(name, token, place, is_waiting=False)])["text/html"]


def test_a_bar_runs_down() -> None:
    """After a quarter of an hour three quarters are left, which the browser runs down in that time."""
    clock = accounts.ManualClock()
    token = accounts.token("https://api.example.com", clock, HOUR)
    clock.move(900)
    page = html_of(token)
    assert "@keyframes etna-run-down { to { width: 0 } }" in page
    assert "width: 75.0%" in page
    assert "animation: etna-run-down 2700s linear forwards" in page


def test_what_is_over_does_not_move() -> None:
    """A stale token and one that was logged out have an empty bar that stands still."""
    clock = accounts.ManualClock()
    stale, ended = (accounts.token("https://api.example.com", clock, HOUR) for _ in range(2))
    ended.ended = "logged out"
    clock.move(3601)
    for page in (html_of(stale), html_of(ended)):
        assert (True, False) == ("width: 0.0%" in page, "animation:" in page)


def test_without_a_token_there_is_no_bar() -> None:
    """Whoever waits for a log-in has no time left to show."""
    assert '<div style="width: 90px' not in html_of(None)


def test_cells_are_escaped() -> None:
    """A user name, a server and a name with markup in them are shown as text."""
    clock = accounts.ManualClock()
    token = Token(
        Secret(accounts.TOKEN),
        app_key=Secret(accounts.APP_KEY),
        username=MARKUP,
        base_url="https://api.example.com/<b>",
        lifetime=HOUR,
        issued=(clock.wall(), clock.forward()),
        clock=clock,
    )
    page = html_of(token, MARKUP, MARKUP)
    assert (0, 3) == (page.count("<img"), page.count("&lt;img src=x"))
    assert (0, 1) == (page.count("<b>"), page.count("/&lt;b&gt;"))
