"""What is said of tokens that are stale or near their end, and in which cells."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from etna_magic import EtnaError
from etna_magic.logins import Login, LoginRegistry
from etna_magic.notebook.notices import Notices
from etna_magic.session import TokenRefresher
from etna_magic.support import format_moment
from tests.notebook.tokens import START, MovedClock, token

HOUR = 3600.0


def cell(code: str = "6 * 7", **more: object) -> SimpleNamespace:
    """Return what IPython says of a cell."""
    return SimpleNamespace(**{"raw_cell": code, "cell_id": "a", "store_history": True, **more})


class AgingLogins:
    """AgingLogins of 24 hours whose clock is moved."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.registry = LoginRegistry({})
        self.notices = Notices(self.registry, str)

    def log_in(self, name: str = "etna") -> Login:
        """Put a fresh token under a name."""
        return self.registry.put(name, token(self.clock), None)

    def age(self, hours: float) -> None:
        """Move the clock."""
        self.clock.now += hours * HOUR


@pytest.fixture
def logins() -> AgingLogins:
    """Return a registry with one fresh login."""
    made = AgingLogins()
    made.log_in()
    return made


def test_a_fresh_token(logins: AgingLogins, shown: list[str]) -> None:
    """Nothing is said, and nothing changes until the warning window."""
    assert 23.75 * HOUR == logins.notices.before(cell())
    assert [] == shown


def test_a_stale_token_in_every_cell(logins: AgingLogins, shown: list[str]) -> None:
    """Each cell begins with the line, which ends with the line to type."""
    logins.age(25)
    assert [0.0, 0.0] == [logins.notices.before(cell()) for _ in range(2)]
    assert 2 == len(shown)
    assert shown[0].startswith("etna: the token expired at ")
    assert shown[0].endswith(" To log in again: %etna_login")


def test_each_stale_login_has_a_line(logins: AgingLogins, shown: list[str]) -> None:
    """The line to type names the login where it is not the default."""
    logins.log_in("paper")
    logins.age(25)
    logins.notices.before(cell())
    assert ["%etna_login", "%etna_login paper"] == [line.split(": ")[-1] for line in shown]


def test_a_token_near_its_end_once(logins: AgingLogins, shown: list[str]) -> None:
    """One line; then nothing changes until it expires."""
    logins.age(23.8)
    assert [pytest.approx(0.2 * HOUR)] * 2 == [logins.notices.before(cell()) for _ in range(2)]
    assert 1 == len(shown)


def test_a_token_near_its_end_that_is_refreshed_by_itself(logins: AgingLogins, shown: list[str]) -> None:
    """Nobody has to do anything, so nothing is said."""
    refreshing(logins)
    logins.age(23.8)
    logins.notices.before(cell())
    assert [] == shown


def refreshing(logins: AgingLogins) -> TokenRefresher:
    """Let the login renew itself at the next call; the timer would see a moved clock sooner or later."""
    holder = logins.registry.get("etna").session.holder
    holder.use_timer(is_used=False)
    holder.refresher = TokenRefresher(lambda: None, lambda: holder.token, logins.clock)
    return holder.refresher


def test_a_stale_token_that_is_renewed_by_the_next_call(logins: AgingLogins, shown: list[str]) -> None:
    """Nobody is told to log in: neither as a cell begins, nor at its end."""
    refreshing(logins)
    logins.age(30)
    logins.notices.before(cell())
    logins.notices.after(cell(), ())
    assert [] == shown


def test_a_stale_token_that_needs_a_person(logins: AgingLogins, shown: list[str]) -> None:
    """Where each renewal needs a code of a person, the person is told."""
    refreshing(logins).needs_person = True
    logins.age(30)
    logins.notices.before(cell())
    assert shown[0].endswith(" To log in again: %etna_login")


def test_a_stale_token_whose_renewal_failed(logins: AgingLogins, shown: list[str]) -> None:
    """The line says when that was tried last and when it will be next, by the clock, in every cell."""
    refused_renewal(logins)
    logins.age(0.01)
    logins.notices.before(cell())
    tried, again = (
        format_moment(datetime.fromtimestamp(START + seconds, UTC)) for seconds in (30 * HOUR, 30 * HOUR + 60)
    )
    assert f"and could not be renewed (tried last at {tried}, next at {again}). It is down." in shown[0]
    logins.notices.before(cell())
    assert shown[0] == shown[1]


def test_while_the_next_try_is_due(logins: AgingLogins, shown: list[str]) -> None:
    """Nobody is told to log in while a renewal is at work again, though an earlier one has failed."""
    refresher = refused_renewal(logins)
    logins.registry.get("etna").notice = lambda: shown.append("told")
    logins.age(0.02)
    logins.notices.before(cell())
    logins.notices.after(cell(), ())
    assert ["told"] == shown  # which Renewal leaves for later, as long as that is so
    assert refresher.renews


def refused_renewal(logins: AgingLogins) -> TokenRefresher:
    """Let a token end whose renewal then fails; return what renews it."""
    refresher = refreshing(logins)
    refresher._refresh = failing
    logins.age(30)
    with pytest.raises(EtnaError):
        refresher.token()
    return refresher


def failing() -> None:
    """Fail as a login does."""
    raise EtnaError("It is down.")


@pytest.mark.parametrize(
    "quiet",
    [
        cell("%etna_login"),
        cell("x = 1\n  %etna_status"),
        cell("etna_logout --all"),
        cell("await etna_magic.login('paper')"),
        cell("session = await login('paper')"),
        cell("%time %etna_login"),
        cell("%%time\n%etna_login"),
        cell("%timeit -n1 -r1 %etna_status"),
        cell("rows = %etna_status --json"),
        cell("get_ipython().run_line_magic('etna_login', '')"),
        cell(store_history=False),
    ],
)
def test_cells_that_get_no_line(logins: AgingLogins, shown: list[str], quiet) -> None:
    """Our own magics and runs without history: the next cell has the line that waits."""
    logins.age(23.8)
    assert 0.0 == logins.notices.before(quiet)
    assert [] == shown
    logins.notices.before(cell())
    assert 1 == len(shown)


def test_a_token_that_was_stale_before_the_cell(logins: AgingLogins, shown: list[str]) -> None:
    """The end of a cell reports those tokens only that became stale in it."""
    logins.log_in("paper").token.refuse()
    before = logins.notices.stale()
    assert [logins.registry.get("paper").token] == list(before)
    logins.age(25)
    logins.notices.after(cell(), before)
    assert ["etna"] == [line.split(":")[0] for line in shown]


def test_never(logins: AgingLogins, shown: list[str]) -> None:
    """Nothing is said."""
    logins.registry.settings.warn = "never"
    logins.age(23.8)
    logins.notices.before(cell())
    logins.age(2)
    logins.notices.before(cell())
    assert [] == shown


def test_once_for_each_token(logins: AgingLogins, shown: list[str]) -> None:
    """A new token that becomes stale is reported again."""
    logins.registry.settings.warn = "once"
    counts = []
    for _ in range(2):
        logins.age(25)
        for _ in range(2):
            logins.notices.before(cell())
            counts.append(len(shown))
        logins.log_in()
    assert [1, 1, 2, 2] == counts


def test_used(logins: AgingLogins, shown: list[str]) -> None:
    """Only cells that use the login; the Python that IPython made of the cell counts, where it is given."""
    logins.registry.settings.warn = "used"
    logins.age(25)
    for info in (cell(), cell("%x", transformed_cell="6 * 7")):
        logins.notices.before(info)
    assert [] == shown
    logins.notices.before(cell("etna_session.get('x')"))
    logins.notices.before(cell("!!", transformed_cell="etna_token"))
    assert 2 == len(shown)


def test_a_variable_that_was_replaced(logins: AgingLogins, shown: list[str]) -> None:
    """A token that the namespace does not hold any more is nobody's concern."""
    logins.age(25)
    logins.registry.namespace["etna_token"] = "mine"
    assert 86400.0 == logins.notices.before(cell())
    assert [] == shown


def test_a_notice_of_a_refresh_is_shown_once(logins: AgingLogins) -> None:
    """In the next cell that may show it."""
    calls: list[int] = []
    logins.registry.get("etna").notice = lambda: calls.append(1)
    assert 0.0 == logins.notices.before(cell(store_history=False))
    assert [] == calls
    for _ in range(2):
        logins.notices.before(cell())
    assert [1] == calls
