"""The cards of `%etna_status`: text, then shape, then colour, and a bar that shortens by itself."""

import re
from html.parser import HTMLParser

import pytest

from etna_magic.display import Row, status
from etna_magic.token import Token
from tests.display.conftest import ManualClock, make_token

MARKUP = "<img src=x onerror=alert(1)>"
UNTIL = "2026-11-25 15:03:22 CET"


class Page(HTMLParser):
    """What a browser makes of a card: its text, and what its elements are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.attributes: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        """Collect a text."""
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect an element's attributes."""
        self.attributes.append(dict(attrs))

    def having(self, name: str, value: str) -> int:
        """Count the elements that have an attribute with this value."""
        return sum(one.get(name) == value for one in self.attributes)


def html_of(token: Token | None, name: str = "etna", environment: str = "LIVE", **more: object) -> str:
    """Return the card of one login as HTML."""
    return status([Row(name, token, environment, **more)])["text/html"]


def text_of(token: Token | None, name: str = "etna", environment: str = "LIVE", **more: object) -> list[str]:
    """Return the same as lines of text."""
    return status([Row(name, token, environment, **more)])["text/plain"].splitlines()


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
        assert (True, False) == ("width: 0.0%" in page, "animation: etna-run-down" in page)


def test_without_a_token_there_is_no_bar() -> None:
    """What waits for a login has no time left to show."""
    assert 'class="etna-bar"' not in html_of(None, is_waiting=True)


def test_cards_are_escaped(clock: ManualClock) -> None:
    """A user name, a server, a name and a note with markup in them are shown as text."""
    token = make_token(clock, MARKUP, "https://api.example.com/<b>")
    page = html_of(token, MARKUP, notes=(MARKUP,), warnings=(MARKUP,))
    assert (0, 4) == (page.count("<img"), page.count("&lt;img src=x"))
    assert (0, 1) == (page.count("<b>"), page.count("/&lt;b&gt;"))


@pytest.mark.usefixtures("_in_berlin")
def test_fresh(token: Token) -> None:
    """Name, state, how long and until when; whose and where; and what else there is to say."""
    notes = ("etna_token, etna_session", "is not renewed by itself", "remembered in /home/alice/tokens")
    lines = [
        f"etna: fresh, 1 h left, until {UNTIL}",
        "  alice at https://api.example.com (DEMO)",
        *(f"  {note}" for note in notes),
    ]
    assert lines == text_of(token, environment="DEMO", notes=notes)
    shown = Page(html_of(token, environment="DEMO", notes=notes)).text
    parts = (
        "etna",
        "DEMO",
        "● fresh",
        "alice at https://api.example.com",
        f"1 h left, until {UNTIL}",
        *notes,
    )
    assert [] == [part for part in parts if part not in shown]


@pytest.mark.usefixtures("_in_berlin")
@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "just now"), (0.9, "just now"), (1, "1 s ago"), (125, "2 min 5 s ago")]
)
def test_expired(token: Token, clock: ManualClock, seconds: float, said: str) -> None:
    """Since when; never "0 s ago"; and the exact line that logs in again."""
    clock.seconds += 3_600 + seconds
    hint = "%etna_login firm"
    first, *_, last = text_of(token, "firm", hint=hint)
    assert f"firm: stale, expired {said}, at {UNTIL}" == first
    assert "  to log in again: %etna_login firm" == last
    shown = Page(html_of(token, "firm", hint=hint)).text
    assert f"expired {said}, at {UNTIL}To log in again: {hint}" in shown


def test_refused(token: Token) -> None:
    """What has ended by more than the clock says why."""
    token.refuse()
    assert "etna: stale, was refused by the server" == text_of(token)[0]


@pytest.mark.usefixtures("_in_berlin")
def test_a_date_is_broken_nowhere(token: Token) -> None:
    """Browsers break a date at its hyphens, unless they are told otherwise."""
    date, time = UNTIL.split(" ", 1)
    assert f'until <span style="white-space: nowrap">{date}</span> {time}<' in html_of(token)


def test_nothing_is_cut(token: Token) -> None:
    """A long path and a long reason are shown to their end."""
    path, reason = f"remembered in /home/{'long/' * 60}tokens", f"its renewal failed: {'word ' * 60}end"
    shown = Page(html_of(token, notes=(path,), warnings=(reason,))).text
    assert (True, True) == (path in shown, reason in shown)


@pytest.mark.usefixtures("_in_berlin")
def test_learned(token: Token) -> None:
    """An end that was learned is marked as that."""
    token.learn(token.lifetime / 2)
    assert "etna: fresh, 30 min left, until 2026-11-25 14:33:22 CET (learned)" == text_of(token)[0]


def test_waiting(token: Token, clock: ManualClock) -> None:
    """A form that waits is said, with a token and without; and of the token what there is."""
    assert ["late: waiting for the login"] == text_of(None, "late", "", is_waiting=True)
    clock.seconds += 3_600
    lines = text_of(token, is_waiting=True)
    assert lines[0].startswith("etna: stale, waiting for the login, expired")


def test_only_remembered(token: Token) -> None:
    """A token that no login of this kernel uses says so."""
    assert text_of(token, is_only_remembered=True)[0].startswith("etna: fresh, only remembered, 1 h left")


def test_read_only(token: Token) -> None:
    """It is in the badge, and in the text."""
    assert "  alice at https://api.example.com (LIVE, READ-ONLY)" == text_of(token, is_read_only=True)[1]
    assert "READ-ONLY" in Page(html_of(token, is_read_only=True)).text


def test_a_state_is_told_by_text_by_shape_and_by_colour(token: Token, clock: ManualClock) -> None:
    """Any one of them is enough, and the screen reader reads the text alone."""
    seen = {}
    for left, state in ((3_600, "fresh"), (60, "expiring"), (0, "stale")):
        clock.seconds = 1_795_611_802.0 + 3_600 - left
        page = html_of(token)
        colour = re.search(r"border-left: 4px solid (var\(--jp-\w+-color1, #\w+\))", page)[1]
        mark = re.search(r'<span aria-hidden="true" style="color: (.*?)">(.)</span> (\w+)</span>', page)
        seen[mark[3]] = (mark[2], colour)
        assert (state, colour, state == "stale") == (mark[3], mark[1], "etna-stale" in page)
    assert 3 == len({mark for mark, _ in seen.values()}) == len({colour for _, colour in seen.values()})


def test_a_list_for_screen_readers(token: Token) -> None:
    """One item for each login; what only decorates is hidden from it."""
    page = Page(status([Row("a", token, "LIVE"), Row("b", None, is_waiting=True)])["text/html"])
    assert (1, 2) == (page.having("role", "list"), page.having("role", "listitem"))
    assert 2 == page.having("aria-hidden", "true")  # the bar, and the mark beside a state


def test_where_an_address_may_be_broken(clock: ManualClock) -> None:
    """Between its parts: not inside a word, a number, a date or an IP address; copied it is the same."""
    url = "https://priceless-demo.example.com:8443/api_v1"
    page = html_of(make_token(clock, "alice", url), notes=("http://127.0.0.1:80/x /a/b",))
    assert "https://<wbr>priceless-<wbr>demo.<wbr>example.<wbr>com:8443/<wbr>api_v1" in page
    assert "http://<wbr>127.0.0.1:80/<wbr>x /<wbr>a/<wbr>b" in page
    assert url in Page(page).text


def test_several(token: Token) -> None:
    """Text has an empty line between two; each name begins its own."""
    text = status([Row("a", token, "LIVE"), Row("b", token, "LIVE")])["text/plain"]
    assert ["a", "b"] == [part.split(":")[0] for part in text.split("\n\n")]
