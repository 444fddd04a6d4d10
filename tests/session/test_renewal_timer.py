"""The thread that renews tokens while nothing is called: when it looks, how many there are, when it ends."""

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from etna_magic import LoginEvent, TokenState, callbacks, on
from etna_magic.session import TIMER, TokenHolder, TokenRefresher
from etna_magic.session.renewal_timer import LONGEST_WAIT, RenewalTimer
from etna_magic.session.token_refresher import LONGEST_PAUSE
from tests.helpers import accounts
from tests.helpers.moved_clocks import TimerWithoutThread
from tests.helpers.server import Received, answer
from tests.helpers.waiting import LIMIT, wait_until
from tests.session.held_answer import HeldAnswer
from tests.session.renewing_login import DAY, FRESH, PAST_THE_END, RenewingLogin
from tests.session.test_fork import in_a_child
from tests.session.test_token_refresher import FAILURES, REFUSED

HOUR = 3600.0


def threads() -> list[threading.Thread]:
    """Return the timer's threads that run now."""
    return [thread for thread in threading.enumerate() if thread.name == "etna_magic-renewals"]


@pytest.fixture(autouse=True)
def _nothing_else_is_watched() -> Iterator[None]:
    gc.collect()
    callbacks.clear()
    TIMER.wake()
    wait_until(lambda: not threads())
    yield
    callbacks.clear()


@pytest.fixture
def timer(renewing: RenewingLogin) -> TimerWithoutThread:
    """Return a timer that watches that login and looks when a test says so."""
    made = TimerWithoutThread()
    made.watch(renewing.holder)
    return made


class Numbered:
    """Logs in with another token each time."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, connection: socket.socket, _: Received) -> None:
        """Answer."""
        self._count += 1
        connection.sendall(answer(200, accounts.body(State="Succeeded", Token=f"dG9rZW4+{self._count}")))


class ManualRun:
    """Moves the clock of a login as the timer waits."""

    def __init__(self, timer: TimerWithoutThread, renewing: RenewingLogin) -> None:
        self._timer, self._clock = timer, renewing.clock

    def waits(self, seconds: float) -> list[float]:
        """Let so much time go by; return how long the timer waited each time."""
        return list(self._timer.run(self._clock, seconds))


@pytest.fixture
def night(timer: TimerWithoutThread, renewing: RenewingLogin) -> ManualRun:
    """Return what lets the time go by."""
    return ManualRun(timer, renewing)


def test_renewed_in_good_time(night: ManualRun, renewing: RenewingLogin) -> None:
    """With no call at all a token is replaced when it comes near its end, and not before; then the next."""
    renewing.token_reply = Numbered()
    night.waits(DAY - 901)
    assert 0 == renewing.login_count
    night.waits(2)
    assert (1, TokenState.FRESH) == (renewing.login_count, renewing.session.token.state)
    night.waits(3 * DAY)
    assert 4 == renewing.login_count


def test_wakes(night: ManualRun) -> None:
    """It wakes once a minute at most, and once more for a renewal."""
    waits = night.waits(DAY)
    assert 1440 <= len(waits) <= 1441
    assert max(waits) == LONGEST_WAIT


def test_wakes_when_a_token_is_short(server, clock: accounts.ManualClock) -> None:
    """What is due sooner is waited for so long and no longer: two wakes for each life."""
    holder, lives = TokenHolder("etna"), 50
    holder.use_timer(is_used=False)
    lifetime = accounts.timedelta(seconds=6)

    def renew() -> None:
        holder.put(accounts.token(server.base_url, clock, lifetime))

    renew()
    holder.refresher = TokenRefresher(renew, lambda: holder.token, clock)
    timer = TimerWithoutThread()
    timer.watch(holder)
    waits = list(timer.run(clock, 6 * 0.9 * lives))
    assert lives <= len(waits) <= lives + 1
    assert 5.4 == pytest.approx(min(waits[:-1]), abs=0.01)


@pytest.mark.parametrize("clocks", ["wall", "both"])
def test_after_a_sleep(timer: TimerWithoutThread, renewing: RenewingLogin, clocks: str) -> None:
    """A laptop that slept over the end, with either of the two clocks: the next look renews."""
    renewing.clock.wall_now += PAST_THE_END
    renewing.clock.forward_now += PAST_THE_END if clocks == "both" else 0
    assert TokenState.STALE is renewing.session.token.state
    timer.look()
    assert (1, TokenState.FRESH) == (renewing.login_count, renewing.session.token.state)


def test_a_clock_that_is_set(night: ManualRun, renewing: RenewingLogin) -> None:
    """A clock that is set back delays nothing; one that is set ahead costs one login early."""
    renewing.clock.wall_now -= 10 * HOUR
    night.waits(DAY - 800)
    assert 1 == renewing.login_count
    renewing.clock.wall_now += 2 * DAY
    night.waits(60)
    assert 2 == renewing.login_count


@pytest.mark.parametrize("reply", [FAILURES["500"], FAILURES["no answer"]], ids=["500", "no answer"])
def test_a_server_in_trouble(night: ManualRun, renewing: RenewingLogin, reply) -> None:
    """It is asked after 1, 2, 4 and 8 minutes, then each quarter of an hour; once it works, all is well."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = reply
    counts = []
    for minutes in (0.1, 1, 2, 4, 8, 15, 15):
        night.waits(minutes * 60)
        counts.append(renewing.login_count)
    assert ([1, 2, 3, 4, 5, 6, 7], 900.0) == (counts, LONGEST_PAUSE)
    renewing.token_reply = FRESH
    night.waits(LONGEST_PAUSE)
    assert (TokenState.FRESH, None) == (renewing.session.token.state, renewing.holder.refresher.error)


def test_a_call_does_not_wait_so_long(night: ManualRun, renewing: RenewingLogin) -> None:
    """Who calls after an hour of that is served within a minute, as ever."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = FAILURES["500"]
    night.waits(HOUR)
    renewing.clock.move(60)
    renewing.token_reply = FRESH
    assert 200 == renewing.call()


def test_a_limit_is_honoured(night: ManualRun, renewing: RenewingLogin) -> None:
    """A server that asks for half an hour is left alone for so long."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = answer(429, b"", ("Retry-After", "1800"))
    night.waits(1799)
    assert 1 == renewing.login_count
    night.waits(2)
    assert 2 == renewing.login_count


def test_refused_credentials(night: ManualRun, renewing: RenewingLogin) -> None:
    """They are sent once more after five minutes, and for the rest of the week not again."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = REFUSED
    counts = []
    for seconds in (299, 2, 7 * DAY):
        night.waits(seconds)
        counts.append(renewing.login_count)
    assert [1, 2, 2] == counts
    assert None is renewing.holder.refresher.next_try_at


def test_other_credentials_after_that(night: ManualRun, renewing: RenewingLogin) -> None:
    """Other values in the settings are tried within a minute."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = REFUSED
    night.waits(HOUR)
    renewing.token_reply = FRESH
    renewing.holder.refresher._fingerprint = lambda: b"another"
    night.waits(61)
    assert (3, TokenState.FRESH) == (renewing.login_count, renewing.session.token.state)


def test_one_that_needs_a_person(timer: TimerWithoutThread, renewing: RenewingLogin) -> None:
    """Where each login sends a person a code, nothing happens by itself, and nothing is waited for."""
    renewing.holder.refresher.needs_person = True
    renewing.clock.move(PAST_THE_END)
    assert (None, 0) == (timer.look(), renewing.login_count)


def test_a_server_that_gives_out_the_same_text(night: ManualRun, renewing: RenewingLogin) -> None:
    """It is asked with the same pauses as one in trouble."""
    renewing.token_reply = answer(200, accounts.body(State="Succeeded", Token=accounts.TOKEN))
    renewing.clock.move(PAST_THE_END)
    night.waits(HOUR)
    assert 7 == renewing.login_count


def test_an_error_ends_nothing(timer: TimerWithoutThread, renewing: RenewingLogin, caplog) -> None:
    """What befalls one login is logged, by its kind, and the others are looked at."""

    class Broken:
        def seconds_left(self) -> float | None:
            raise ZeroDivisionError("with a secret")

        def do_what_is_due(self) -> None:
            raise AssertionError("nothing is due")

    broken = Broken()
    timer.watch(broken)
    renewing.clock.move(PAST_THE_END)
    assert LONGEST_WAIT >= timer.look()
    assert 1 == renewing.login_count
    assert {"etna_magic could not look at a token (ZeroDivisionError)."} == set(caplog.messages)


def test_what_is_gone_is_forgotten() -> None:
    """A session that nothing refers to any more is renewed no more."""
    timer = TimerWithoutThread()
    held = [renewing_holder()]
    timer.watch(held[0])
    assert None is not timer.look()
    held.clear()
    gc.collect()
    assert None is timer.look()


# The thread


def renewing_holder(name: str = "etna") -> TokenHolder:
    """Return the holder of a token that is renewed in a day."""
    holder = TokenHolder(name)
    holder.put(accounts.token("https://api.example.com"))
    holder.refresher = TokenRefresher(lambda: None, lambda: holder.token)
    return holder


def test_one_thread_for_all() -> None:
    """A hundred logins use one, a daemon; it ends with the last of them, and begins with the next."""
    holders = [renewing_holder(f"login{number}") for number in range(100)]
    (thread,) = threads()
    assert thread.daemon
    for holder in holders[1:]:
        holder.release("was logged out")
    assert [thread] == threads()
    holders[0].release("was logged out")
    wait_until(lambda: not thread.is_alive())
    assert [] == threads()
    again = renewing_holder()
    assert 1 == len(threads())
    again.release("was logged out")


def test_no_thread_without_need() -> None:
    """A login that does not renew needs none, and one that needs a person's code needs none either."""
    holder = TokenHolder("etna")
    holder.put(accounts.token("https://api.example.com"))
    assert [] == threads()
    refresher = TokenRefresher(lambda: None, lambda: holder.token)
    refresher.needs_person = True
    holder.refresher = refresher
    assert [] == threads()


def test_without_the_timer() -> None:
    """A login that does without it stays so, whatever is put there, until that is taken back."""
    holder = renewing_holder()
    holder.use_timer(is_used=False)
    wait_until(lambda: not threads())
    holder.put(accounts.token("https://api.example.com"))
    assert [] == threads()
    holder.use_timer(is_used=True)
    assert 1 == len(threads())
    holder.release("was logged out")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_after_a_fork() -> None:
    """A forked process renews nothing by itself until it has called something; its parent goes on."""
    clock, renewed = accounts.ManualClock(), threading.Event()
    holder = TokenHolder("etna")
    holder.put(accounts.token("https://api.example.com", clock))
    holder.refresher = TokenRefresher(renewed.set, lambda: holder.token, clock)

    def in_the_child() -> tuple[int, int, bool]:
        idle = len(threads())
        holder.token_for_call()
        called = len(threads())
        # From here on nothing is called there: time goes by, and that is all.
        clock.move(PAST_THE_END)
        TIMER.wake()
        return idle, called, renewed.wait(30)

    assert 0 == in_a_child(in_the_child, (0, 1, True))
    assert (1, False) == (len(threads()), renewed.is_set())
    holder.release("was logged out")


@pytest.mark.parametrize("error", [ZeroDivisionError("with a secret"), SystemExit("a secret")])
def test_what_fails_at_once(error: BaseException, monkeypatch, caplog) -> None:
    """It is left alone for a while, though it is due all the time."""
    paused: list[float] = []
    monkeypatch.setattr(TimerWithoutThread, "_pause", lambda _, seconds: paused.append(seconds))

    class Failing:
        def seconds_left(self) -> float | None:
            return None if paused else 0.0

        def do_what_is_due(self) -> None:
            raise error

    timer, failing = TimerWithoutThread(), Failing()
    timer.watch(failing)
    assert (None, [LONGEST_WAIT]) == (timer.look(), paused)
    assert [f"etna_magic could not look at a token ({type(error).__name__})."] == caplog.messages


def test_no_more_threads(monkeypatch, renewing: RenewingLogin, caplog) -> None:
    """Where no thread can be started, that is logged, and the next look tries again."""

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    timer = RenewalTimer()
    monkeypatch.setattr(timer, "_begin", list)
    timer.watch(renewing.holder)
    renewing.clock.move(PAST_THE_END)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert [LONGEST_WAIT] * 2 == [timer.look(), timer.look()]
    assert ["etna_magic could not look at a token (RuntimeError)."] * 2 == caplog.messages


@pytest.mark.parametrize("end", [SystemExit("a mistake"), asyncio.CancelledError(), GeneratorExit()])
def test_a_callback_that_ends_things(timer: TimerWithoutThread, renewing: RenewingLogin, end, caplog) -> None:
    """What a callback raises ends no renewal, even if it is none of the usual exceptions."""

    def failing(_: LoginEvent) -> None:
        raise end

    on("stale", failing)
    renewing.holder.refresher = None
    renewing.clock.move(PAST_THE_END)
    timer.look()
    assert "A callback failed that etna_magic.on('stale', …) was given." in caplog.messages


def test_a_renewal_that_hangs() -> None:
    """It holds up no other login's renewal, and it is begun once."""
    clock, begun, free = accounts.ManualClock(), [], threading.Event()
    hanging, other = TokenHolder("hanging"), TokenHolder("other")

    def hang() -> None:
        begun.append(1)
        free.wait(LIMIT)

    def renew() -> None:
        other.put(accounts.token("https://other.example.com", clock))

    for holder in (hanging, other):
        holder.put(accounts.token(f"https://{holder.name}.example.com", clock))
    first = other.token
    hanging.refresher = TokenRefresher(hang, lambda: hanging.token, clock)
    other.refresher = TokenRefresher(renew, lambda: other.token, clock)
    clock.move(PAST_THE_END)
    TIMER.wake()
    try:
        wait_until(lambda: begun and other.token is not first)
        for _ in range(20):
            TIMER.look()
        assert [1] == begun
    finally:
        free.set()
        hanging.release("was logged out")
        other.release("was logged out")
    wait_until(lambda: "etna_magic-renewal" not in {thread.name for thread in threading.enumerate()})


def test_a_logout_during_a_renewal(timer: TimerWithoutThread, renewing: RenewingLogin, caplog) -> None:
    """A login that is ended while it is renewed is nothing to report."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = held = HeldAnswer(FRESH)
    held.during(timer.look, lambda: renewing.registry.drop(renewing.login, "was logged out"))
    assert ([], None) == (caplog.messages, timer.look())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died() -> None:
    """Whatever ends the thread, the next login that wakes the timer gets another."""

    class Deadly:
        def seconds_left(self) -> float | None:
            raise GeneratorExit

        def do_what_is_due(self) -> None:
            raise AssertionError("nothing is due")

    deadly = Deadly()
    TIMER.watch(deadly)
    wait_until(lambda: not threads())
    TIMER.forget(deadly)
    holder = renewing_holder()
    assert 1 == len(threads())
    holder.release("was logged out")


# What it sees


def stale_events(name: str = "stale") -> list[LoginEvent]:
    """Return a list that collects what is called back."""
    got: list[LoginEvent] = []
    on(name, got.append)
    return got


def wait_for(true: Callable[[], object]) -> None:
    """Wait until something is true, with the thread at work."""
    wait_until(true)


@pytest.mark.parametrize("is_before", [True, False], ids=["before the login", "after it"])
def test_stale_while_nothing_is_called(*, is_before: bool) -> None:
    """A token that nobody renews or uses is reported as it ends, once, from the timer's thread."""
    got = stale_events() if is_before else []
    holder = TokenHolder("etna")
    holder.put(accounts.token("https://api.example.com", lifetime=accounts.timedelta(seconds=0.2)))
    if not is_before:
        got = stale_events()
    wait_for(lambda: got)
    (event,) = got
    assert ("stale", "etna", holder.token.expires_at) == (event.event, event.name, event.expires_at)
    holder.note_stale(holder.token)
    assert 1 == len(got)


def test_stale_after_a_renewal_failed(timer: TimerWithoutThread, renewing: RenewingLogin) -> None:
    """One that renews is not called stale while a renewal is to come, and once it has failed it is, once."""
    got = stale_events()
    renewing.clock.move(PAST_THE_END)
    renewing.holder.note_stale(renewing.session.token)
    assert [] == got
    renewing.token_reply = FAILURES["500"]
    for _ in range(3):
        timer.look()
        renewing.clock.move(HOUR)
    assert 1 == len(got)
