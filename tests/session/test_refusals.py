"""Five wrong passwords never happen by themselves: a server counts, and an hour goes by."""

import contextlib
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import EtnaError, InvalidCredentialsError
from etna_magic.sandbox import Sandbox
from etna_magic.session import REFUSALS, TokenHolder
from etna_magic.session.token_refresher import Refusals
from etna_magic.token import Account
from tests.helpers import accounts
from tests.helpers.ipython import set_credentials
from tests.helpers.moved_clocks import MovedClocks, TimerWithoutThread

ACCOUNT = Account("alice", "https://api.example.com")
WRONG = InvalidCredentialsError("The server refused this user name and password.")
NAMES = ("one", "two", "three", "four", "five", "six")
HOUR, DAY = 3600.0, 86_400.0
CELL = SimpleNamespace(raw_cell="6 * 7", store_history=True, cell_id=None)


class Night:
    """Six logins of one account that renew themselves, and whose password is wrong by now."""

    def __init__(self, ip: InteractiveShell, sandbox: Sandbox, clocks: MovedClocks) -> None:
        self.ip, self.sandbox, self.clocks = ip, sandbox, clocks
        self.magics = ip.magics_manager.registry["EtnaMagics"]
        self.timer = TimerWithoutThread()
        for name in NAMES:
            self.log_in(name)
        self._before = sandbox.token_requests

    def log_in(self, name: str) -> None:
        """Log in by the magic, the timer without its thread."""
        self.ip.run_line_magic("etna_login", f"{name} --auto-renew")
        self.holder(name).use_timer(is_used=False)
        self.timer.watch(self.holder(name))

    def holder(self, name: str) -> TokenHolder:
        """Return what holds a login's token."""
        return self.ip.user_ns[f"{name}_session"].holder

    @property
    def tries(self) -> int:
        """How many logins the server has seen since the evening."""
        return self.sandbox.token_requests - self._before

    def call(self, name: str) -> str:
        """Make a call; return the name of its error, or nothing."""
        try:
            self.ip.user_ns[f"{name}_session"].get("v1.0/users/@me/info")
        except EtnaError as error:
            return type(error).__name__
        return ""

    def hour(self, *, calls: bool) -> None:
        """Let an hour go by, in which the timer looks, cells run, and calls are made if so."""
        for number, _ in enumerate(self.timer.run(self.clocks, HOUR)):
            self.magics.watcher.pre_run_cell(CELL)
            if calls:
                self.call(NAMES[number % len(NAMES)])
            self.magics.watcher.post_run_cell(None)


@pytest.fixture
def night(ip: InteractiveShell, sandbox: Sandbox, monkeypatch, capsys) -> Night:
    """Return a night that begins when the password was changed; this user is locked out after five."""
    set_credentials(
        monkeypatch, sandbox, ETNA_USERNAME="lockout", ETNA_PASSWORD=sandbox.password_of("lockout")
    )
    made = Night(ip, sandbox, MovedClocks(monkeypatch))
    monkeypatch.setenv("ETNA_PASSWORD", "changed at the broker's")
    made.clocks.move(DAY - 600)
    return made


@pytest.mark.parametrize("calls", [False, True], ids=["idle", "with calls"])
def test_five_never_happen(night: Night, monkeypatch, *, calls: bool) -> None:
    """In an hour, and in a day after it, timer, cells and calls of six logins make two tries together."""
    night.hour(calls=calls)
    assert 2 == night.tries
    night.clocks.move(DAY)
    night.hour(calls=calls)
    assert (2, "InvalidCredentialsError") == (night.tries, night.call("one"))
    # The server would refuse the right one, too, if it had counted five.
    monkeypatch.setenv("ETNA_PASSWORD", night.sandbox.password_of("lockout"))
    night.clocks.move(60)
    assert {""} == {night.call(name) for name in NAMES}


def test_other_wrong_ones(night: Night, monkeypatch) -> None:
    """Passwords that change from one wrong one to another and back are three tries together, not more."""
    for password in ("changed", "changed again", "changed", "changed a third time"):
        monkeypatch.setenv("ETNA_PASSWORD", password)
        night.hour(calls=True)
        night.clocks.move(DAY)
    assert (3, "InvalidCredentialsError") == (night.tries, night.call("one"))
    monkeypatch.setenv("ETNA_PASSWORD", night.sandbox.password_of("lockout"))
    night.log_in("one")
    night.clocks.move(DAY)
    assert ["", ""] == [night.call(name) for name in NAMES[:2]]


def test_a_person_logs_in(night: Night, monkeypatch) -> None:
    """A login by hand is never held up; once it has worked, renewals are made again."""
    night.hour(calls=True)
    with contextlib.suppress(InvalidCredentialsError):
        night.ip.run_line_magic("etna_login", "one")
    assert 3 == night.tries
    monkeypatch.setenv("ETNA_PASSWORD", night.sandbox.password_of("lockout"))
    night.log_in("one")
    night.clocks.move(DAY)
    assert "" == night.call("one")


def test_what_a_person_tried_counts(night: Night) -> None:
    """Two wrong logins by hand with what the settings say leave renewals none."""
    for _ in range(2):
        with contextlib.suppress(InvalidCredentialsError):
            night.ip.run_line_magic("etna_login", "one")
    night.hour(calls=True)
    assert 2 == night.tries


class TestRefusals:
    """What is known of refusals."""

    def test_one(self) -> None:
        """For five minutes the same credentials are not sent, then once more, then never."""
        known, clock = Refusals(), accounts.ManualClock()
        waits = []
        for _ in range(2):
            known.note(ACCOUNT, b"a", WRONG, clock)
            for seconds in (0, 299, 1):
                clock.move(seconds)
                refusal = known.against(ACCOUNT, lambda: b"a")
                waits.append(refusal.wait if refusal else 0)
        assert [300, 1, 0, None, None, None] == waits

    def test_others(self) -> None:
        """Other credentials and other accounts are sent, and those that were accepted meanwhile."""
        known, clock = Refusals(), accounts.ManualClock()
        known.note(ACCOUNT, b"a", WRONG, clock)
        assert None is known.against(ACCOUNT, lambda: b"b")
        assert None is known.against(ACCOUNT._replace(username="bob"), lambda: b"a")
        known.forget(ACCOUNT)
        assert None is known.against(ACCOUNT, lambda: b"a")

    def test_each_counts_for_itself(self) -> None:
        """Others in between do not make refused credentials new."""
        known, clock = Refusals(), accounts.ManualClock()
        for fingerprint in (b"a", b"b"):
            known.note(ACCOUNT, fingerprint, WRONG, clock)
        assert [300, 300] == [known.against(ACCOUNT, lambda one=one: one).wait for one in (b"a", b"b")]

    def test_three_of_one_account(self) -> None:
        """After three refusals, of whichever credentials, nothing is sent for that account, and no others."""
        known, clock = Refusals(), accounts.ManualClock()
        for fingerprint in (b"a", b"b", b"a"):
            assert None is known.against(ACCOUNT, lambda: b"other")
            known.note(ACCOUNT, fingerprint, WRONG, clock)
        clock.move(DAY)
        assert None is known.against(ACCOUNT, lambda: b"other").wait
        assert None is known.against(ACCOUNT._replace(username="bob"), lambda: b"a")
        known.forget(ACCOUNT)
        assert None is known.against(ACCOUNT, lambda: b"a")

    def test_nothing_is_read_without_need(self) -> None:
        """The settings are not read where nothing was refused."""
        known, read = Refusals(), []
        assert (None, []) == (known.against(ACCOUNT, lambda: read.append(1) or b""), read)

    def test_no_secret_is_kept(self) -> None:
        """A fingerprint tells credentials apart and gives none away."""
        mine = accounts.credentials("https://api.example.com")
        others = [
            accounts.credentials("https://api.example.com", **{name: accounts.Secret("x")})
            for name in ("app_key", "password", "pin")
        ]
        assert 4 == len({one.fingerprint() for one in (mine, *others)})
        assert mine.fingerprint() == accounts.credentials("https://api.example.com").fingerprint()
        assert accounts.PASSWORD.encode("latin-1") not in mine.fingerprint()

    def test_a_right_password_clears(self, night: Night, monkeypatch) -> None:
        """A renewal that works leaves nothing behind."""
        account = night.holder("one").account
        night.call("one")
        assert REFUSALS.against(account, night.holder("one").refresher._fingerprint)
        monkeypatch.setenv("ETNA_PASSWORD", night.sandbox.password_of("lockout"))
        night.clocks.move(60)
        night.call("one")
        assert None is REFUSALS.against(account, lambda: b"")
