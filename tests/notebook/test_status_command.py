"""What ``%etna_status`` says of each login, to people and to programs, and what it asks the servers."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from etna_magic import NotLoggedInError
from etna_magic.logins import LoginRegistry
from etna_magic.notebook.arguments import StatusOptions
from etna_magic.notebook.commands import entries_of, show_status
from etna_magic.session import TokenRefresher
from etna_magic.support import Clock
from tests.helpers.server import Received, ScriptedServer, answer
from tests.notebook.tokens import START, MovedClock, token

PROBE = "/api/v1.0/users/@me/info"
DENIED = answer(401, b'{"Message":"Authorization has been denied for this request."}')


class Form:
    """A form that waits for a user."""

    def call_off(self, sentence: str) -> None:
        """Close it."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that accepts tokens."""
    with ScriptedServer(answer(200, b"{}")) as running:
        yield running


@pytest.fixture
def clock() -> MovedClock:
    """Return a clock that a test moves."""
    return MovedClock()


@pytest.fixture
def registry(server: ScriptedServer, clock: MovedClock) -> LoginRegistry:
    """Return a registry of two logins."""
    made = LoginRegistry({})
    for name in ("etna", "paper"):
        login = made.put(name, token(clock, text=f"dG9rZW4-{name}", base_url=server.base_url), None)
        login.session.holder.use_timer(is_used=False)  # what the tests call a refresher renews nothing
    return made


def refresher(**members: object) -> SimpleNamespace:
    """Return what the status asks of a refresher."""
    usual = {"error": None, "needs_person": False, "tried_at": None, "next_try_at": None, "schedule": ""}
    made = SimpleNamespace(**usual | members, seconds_left=lambda _: None)
    made.renews = made.error is None and not made.needs_person
    return made


def facts(registry: LoginRegistry, capsys: pytest.CaptureFixture[str], **options: object) -> dict:
    """Return what is printed for programs, which has to be all that is printed."""
    show_status(registry, StatusOptions(json=True, **options))
    return json.loads(capsys.readouterr().out)


def first(registry: LoginRegistry, capsys: pytest.CaptureFixture[str], **options: object) -> dict:
    """Return what is said there of the first login."""
    return facts(registry, capsys, **options)["logins"][0]


def test_of_all(registry: LoginRegistry, shown: list[str]) -> None:
    """One card for each, with the names of its variables."""
    show_status(registry, StatusOptions())
    (text,) = shown
    assert ["etna", "paper"] == [part.split(":")[0] for part in text.split("\n\n")]
    assert "  in etna_token, etna_session\n  is not renewed by itself" in text


def test_of_one(registry: LoginRegistry, shown: list[str]) -> None:
    """Its card alone."""
    show_status(registry, StatusOptions("paper"))
    assert (1, True) == (len(shown), shown[0].startswith("paper: fresh"))
    assert "\n\n" not in shown[0]


def test_of_one_that_is_not_there(registry: LoginRegistry) -> None:
    """The error names those that are."""
    with pytest.raises(NotLoggedInError, match=r"no login called live \(there is: etna, paper\)"):
        show_status(registry, StatusOptions("live"))


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("papre", "Did you mean paper?"),
        ("Etna", "Did you mean etna?"),
        ("overnihgt", "Did you mean overnight?"),
        ("live", "Log in with %etna_login."),
    ],
)
def test_of_a_name_that_is_nearly_right(registry: LoginRegistry, typed: str, hint: str) -> None:
    """The nearest is named, of a token that is only remembered too; where none is near, how to log in."""
    remembered = [SimpleNamespace(name="overnight", token=token(text="b3Zlcm5pZ2h0"))]
    with pytest.raises(NotLoggedInError) as caught:
        entries_of(registry, remembered, typed)
    said = f"There is no login called {typed} (there is: etna, paper, overnight). {hint}"
    assert said == str(caught.value)


def test_of_a_name_where_there_is_none() -> None:
    """Nothing can be meant."""
    with pytest.raises(NotLoggedInError, match=r"\(there is: none\)\. Log in with %etna_login\.$"):
        show_status(LoginRegistry({}), StatusOptions("etna"))


def test_of_nobody(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line that says so; to a program, an empty list."""
    show_status(LoginRegistry({}), StatusOptions())
    assert ["Nobody is logged in. To log in: %etna_login"] == shown
    assert {"logins": [], "problems": []} == facts(LoginRegistry({}), capsys)


def test_of_a_login_that_waits(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A form that waits is a card without a token."""
    registry = LoginRegistry({})
    registry.wait_for_form("etna", Form())
    show_status(registry, StatusOptions(duration=timedelta(hours=6), check=True))
    assert "etna: waiting for the login" == shown[0].splitlines()[0]
    assert "no good token" in shown[1]
    waiting = first(registry, capsys)
    assert (True, None, ["etna_session"]) == (waiting["waiting"], waiting["state"], waiting["variables"])


@pytest.mark.parametrize("set_back", [0, 7_200])
def test_after_a_clock_was_set_back(server: ScriptedServer, shown: list[str], set_back: float) -> None:
    """Until and left agree: until is what the clock will show when nothing is left."""

    class TwoClocks(MovedClock):
        __slots__ = ("back",)

        def wall(self) -> float:
            return self.now - self.back

    clock = TwoClocks()
    clock.back = 0
    registry = LoginRegistry({})
    registry.put("etna", token(clock, base_url=server.base_url), None)
    clock.now, clock.back = START + 3_600, set_back
    show_status(registry, StatusOptions())
    until = datetime.fromtimestamp(START + 24 * 3_600 - set_back, UTC).astimezone()
    assert f"23 h left, until {until:%Y-%m-%d %H:%M:%S}" in shown[0]


@pytest.mark.parametrize(
    ("hours", "made", "said"),
    [
        (6, None, "lasts for"),
        (48, None, "will not last"),
        (48, refresher(), "renewed by itself"),
        (48, refresher(error=NotLoggedInError("x")), "will not last"),
        (48, refresher(needs_person=True), "will not last"),
    ],
)
def test_which_tokens_last(  # noqa: PLR0913, PLR0917 - three of them are its examples
    registry: LoginRegistry, shown: list[str], capsys: pytest.CaptureFixture[str], hours, made, said
) -> None:
    """A line for each login; a program gets it as true or false."""
    registry.get("etna").session.holder.refresher = made
    options = {"name": "etna", "duration": timedelta(hours=hours)}
    show_status(registry, StatusOptions(**options))
    assert said in shown[1]
    assert (said != "will not last") is first(registry, capsys, **options)["lasts"]


def test_that_it_renews(
    registry: LoginRegistry, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By itself, or with a code that a person has to give."""
    registry.get("etna").session.holder.refresher = refresher()
    registry.get("paper").session.holder.refresher = refresher(needs_person=True)
    show_status(registry, StatusOptions())
    etna, paper = shown[0].split("\n\n")
    assert "\n  renews by itself" == etna[-len("\n  renews by itself") :]
    assert paper.endswith("\n  renews by itself, with a code that a person has to give")
    assert [True, False] == [one["renews"] for one in facts(registry, capsys)["logins"]]


@pytest.mark.parametrize("next_try", [datetime(2001, 9, 9, 3, 0, tzinfo=UTC), None])
def test_a_renewal_that_failed(
    registry: LoginRegistry, shown: list[str], capsys: pytest.CaptureFixture[str], next_try
) -> None:
    """Why, when it was tried last, and when it will be next, or that it will not."""
    tried = datetime(2001, 9, 9, 2, 59, tzinfo=UTC)
    failed = refresher(
        error=NotLoggedInError("The server is busy."),
        tried_at=tried,
        next_try_at=next_try,
        schedule="tried last at one, next at ten",
    )
    registry.get("etna").session.holder.refresher = failed
    show_status(registry, StatusOptions("etna"))
    lines = [line.strip() for line in shown[0].splitlines()]
    assert "its renewal failed (tried last at one, next at ten): The server is busy." in lines
    said = first(registry, capsys)
    assert (False, "The server is busy.", "2001-09-09T02:59:00+00:00") == (
        said["renews"],
        said["renewal_error"],
        said["renewal_tried_at"],
    )
    assert (next_try and "2001-09-09T03:00:00+00:00") == said["renewal_next_at"]


@pytest.mark.parametrize("made", [refresher(), refresher(needs_person=True), None])
def test_a_stale_one(registry: LoginRegistry, clock: MovedClock, shown: list[str], made) -> None:
    """How to log in again, unless it is being renewed by itself at this moment."""
    registry.get("etna").session.holder.refresher = made
    clock.now += 25 * 3_600
    show_status(registry, StatusOptions("etna"))
    assert shown[0].startswith("etna: stale, expired 1 h ago, at ")
    is_renewed = made is not None and made.renews
    assert (is_renewed, not is_renewed) == (
        "is being renewed by itself" in shown[0],
        shown[0].endswith("\n  to log in again: %etna_login"),
    )


def test_variables_that_are_not_there(registry: LoginRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """What a user has put in their place is not named as ours."""
    registry.namespace["etna_token"] = "mine"
    assert ["etna_session"] == first(registry, capsys)["variables"]


def test_read_only(registry: LoginRegistry, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A session that sends reads alone is marked."""
    registry.get("etna").session.holder.read_only = True
    show_status(registry, StatusOptions("etna"))
    assert "(LIVE, READ-ONLY)" in shown[0]
    assert [True, False] == [one["read_only"] for one in facts(registry, capsys)["logins"]]


KEYS = """
    name username base_url environment state ended issued_at expires_at seconds_left learned waiting variables
    read_only renews renewal_error renewal_tried_at renewal_next_at remembered_in only_remembered server
    server_reason lasts
""".split()  # noqa: SIM905 - a list of them would be as long as a test


def test_for_programs(
    registry: LoginRegistry, clock: MovedClock, capsys: pytest.CaptureFixture[str], server: ScriptedServer
) -> None:
    """Keys that stay, moments in UTC, and no secret."""
    clock.now += 3_600.25
    show_status(registry, StatusOptions("etna", json=True))
    printed = capsys.readouterr().out
    (said,) = json.loads(printed)["logins"]
    assert KEYS == list(said)
    assert said | {
        "name": "etna", "username": "demo", "base_url": server.base_url, "environment": "LIVE",
        "state": "fresh", "ended": None, "issued_at": "2001-09-09T01:46:40+00:00",
        "expires_at": "2001-09-10T01:46:40+00:00",
        "seconds_left": 23 * 3_600 - 0.25, "learned": False, "waiting": False,
        "variables": ["etna_token", "etna_session"], "read_only": False, "renews": False,
        "renewal_error": None, "remembered_in": None, "only_remembered": False,
        "server": None, "server_reason": None, "lasts": None,
    } == said  # fmt: skip
    assert [] == [secret for secret in ("dG9rZW4", "a2V5") if secret in printed]


def test_the_docstring_has_every_key(registry: LoginRegistry) -> None:
    """``%etna_status?`` lists them all."""
    from etna_magic.notebook.magics import EtnaMagics  # noqa: PLC0415 - traitlets is asked for by this test alone

    documented = EtnaMagics.etna_status.__doc__
    assert [] == [key for key in [*KEYS, "problems"] if key not in documented]


# Asking the servers


def test_what_each_server_says(registry: LoginRegistry, server: ScriptedServer, shown: list[str]) -> None:
    """Each is asked once, by the cheap read; what it said is on the card, and no login is made."""
    server.play(answer(200, b"{}"))
    show_status(registry, StatusOptions(check=True))
    assert 2 == shown[0].count("the server accepts it")
    assert [("GET", PROBE)] * 2 == [(one.method, one.target) for one in server.received]


def test_without_the_option_nobody_is_asked(registry: LoginRegistry, server: ScriptedServer) -> None:
    """A look sends nothing."""
    show_status(registry, StatusOptions())
    assert [] == server.received


def test_all_are_asked_at_once(registry: LoginRegistry, server: ScriptedServer, shown: list[str]) -> None:
    """No answer comes before the other was asked for."""
    together = threading.Barrier(2)

    def wait(connection: socket.socket, _: Received) -> None:
        together.wait(30)
        connection.sendall(answer(200))

    server.play(wait)
    show_status(registry, StatusOptions(check=True))
    assert 2 == shown[-1].count("the server accepts it")


def test_a_refusal_is_noted(
    registry: LoginRegistry, server: ScriptedServer, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The token is stale from then on, and the next cell will say so; a later answer takes that back."""
    before = registry.version
    server.play(DENIED)
    show_status(registry, StatusOptions("etna", check=True))
    assert "etna: stale, was refused by the server" == shown[0].splitlines()[0]
    assert "  the server refuses it" in shown[0]
    held = registry.get("etna").token
    assert ("was refused by the server", True) == (held.ended, registry.version > before)
    server.play(answer(200))
    said = first(registry, capsys, name="etna", check=True)
    assert ("accepted", "fresh", "") == (said["server"], said["state"], held.ended)


def test_a_refused_one_that_renews_itself(
    registry: LoginRegistry, server: ScriptedServer, shown: list[str]
) -> None:
    """Nobody is told to log in while a renewal is to come."""
    login = registry.get("etna")
    login.session.holder.refresher = TokenRefresher(list, lambda: login.session.token, Clock())
    server.play(DENIED)
    show_status(registry, StatusOptions("etna", check=True))
    assert (True, True, False) == (
        "the server refuses it" in shown[0],
        "is being renewed by itself" in shown[0],
        "%etna_login" in shown[0],
    )


def test_one_that_does_not_answer(
    registry: LoginRegistry, server: ScriptedServer, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is given up after a while, of which a line says so; nothing is noted, and the rest is shown."""
    registry.settings.timeout = 1.3
    server.play(server.stay_silent)
    show_status(registry, StatusOptions("etna", check=True))
    reason = "it took too long to answer"
    assert ["Asking the server…", f"whether the server accepts it is not known: {reason}"] == [
        shown[0],
        shown[1].splitlines()[-1].strip(),
    ]
    assert "" == registry.get("etna").token.ended
    registry.settings.timeout = 0.2
    said = first(registry, capsys, name="etna", check=True)
    assert ("no answer", reason, "fresh") == (said["server"], said["server_reason"], said["state"])


def test_an_answer_that_proves_nothing(
    registry: LoginRegistry, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server in trouble has refused nobody."""
    server.play(answer(503))
    said = first(registry, capsys, check=True)
    assert ("unclear", "it answered with status 503", "fresh") == (
        said["server"],
        said["server_reason"],
        said["state"],
    )


def test_a_token_past_a_learned_end(
    registry: LoginRegistry, clock: MovedClock, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that accepts it shows that it was learned wrongly."""
    registry.get("etna").token.learn(timedelta(hours=1))
    clock.now += 7_200
    assert "stale" == first(registry, capsys, name="etna")["state"]
    said = first(registry, capsys, name="etna", check=True)
    assert ("accepted", "fresh", False) == (said["server"], said["state"], said["learned"])
