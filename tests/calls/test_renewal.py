"""When a token is renewed, who waits for that, and what a failure leads to."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from etna_magic import EtnaError, InvalidCredentialsError, TokenState, UnexpectedResponseError
from etna_magic.renewal import Renewal
from tests.calls.house import DAY, FRESH, IN_THE_WINDOW, NEW, OLD, PAST_THE_END, House
from tests.calls.shell import LIMIT
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught

REFUSED = answer(401, accounts.body(State="Failed", Step="BaseAuthentication", Reason="Invalid credentials"))
THREADS = 32


def test_fresh(house: House) -> None:
    """A fresh token is left alone."""
    house.call()
    assert (0, [OLD]) == (house.log_ins, house.signed)


@pytest.mark.parametrize("moment", [IN_THE_WINDOW, PAST_THE_END])
def test_renewed(house: House, moment: int) -> None:
    """Near its end, and past it, the token is replaced before the call."""
    house.clock.move(moment)
    assert [200, 200] == [house.call(), house.call()]
    assert (1, [NEW, NEW], TokenState.FRESH) == (house.log_ins, house.signed, house.session.token.state)
    assert house.session.token is house.logins.namespace["etna_token"]


def test_in_the_window_nobody_waits(house: House) -> None:
    """While one thread renews a token that is still good, the others go on with it."""
    house.clock.move(IN_THE_WINDOW)
    asked, others_are_done = threading.Event(), threading.Event()

    def hold(connection, _) -> None:
        asked.set()
        connection.sendall(FRESH if others_are_done.wait(LIMIT) else answer(500))

    house.reply = hold
    with ThreadPoolExecutor(THREADS) as threads:
        first = threads.submit(house.call)
        assert asked.wait(LIMIT)
        assert [200] * 100 == list(threads.map(house.call, range(100)))
        others_are_done.set()
        assert 200 == first.result()
    assert (1, [OLD] * 100 + [NEW]) == (house.log_ins, house.signed)


def test_who_comes_late_looks_again(house: House, clock: accounts.ManualClock) -> None:
    """A thread that saw the old token, and then finds that another has renewed it, renews nothing."""
    old = accounts.token(house.server.base_url, clock)
    clock.move(IN_THE_WINDOW)
    new = accounts.token(house.server.base_url, clock)
    seen, log_ins = [old], []
    renewal = Renewal(lambda: log_ins.append(1), lambda: seen.pop() if seen else new, clock)
    assert new is renewal.renewed()
    assert [] == log_ins


def test_past_the_end_all_wait_for_one(house: House) -> None:
    """Past its end one thread renews the token, and the others use what it got."""
    house.clock.move(PAST_THE_END)
    with ThreadPoolExecutor(THREADS) as threads:
        assert [200] * 100 == list(threads.map(house.call, range(100)))
    assert (1, [NEW] * 100) == (house.log_ins, house.signed)


def test_failure_in_the_window(house: House) -> None:
    """A renewal that fails while the old token is good is tried once a minute, and the old one is used."""
    house.clock.move(IN_THE_WINDOW)
    house.reply = answer(500, b'{"error":"Unexpected server error"}')
    counts = []
    for seconds in (0, 1, 58, 2, 1):
        house.clock.move(seconds)
        assert 200 == house.call()
        counts.append(house.log_ins)
    assert ([1, 1, 1, 2, 2], [OLD] * 5) == (counts, house.signed)
    assert isinstance(house.session.renewal.error, EtnaError)
    house.reply = FRESH
    house.clock.move(60)
    house.call()
    assert (NEW, None) == (house.signed[-1], house.session.renewal.error)


def test_failure_past_the_end(house: House) -> None:
    """Past its end a call gets the renewal's error and is not sent; the next try is a minute later."""
    house.clock.move(PAST_THE_END)
    house.reply = answer(500, b'{"error":"Unexpected server error"}')
    errors = [caught(house.call) for _ in range(3)]
    assert [UnexpectedResponseError] * 3 == [type(error) for error in errors]
    assert (1, []) == (house.log_ins, house.signed)
    assert (1, 3) == (len({str(error) for error in errors}), len({id(error) for error in errors}))
    house.clock.move(60)
    house.reply = FRESH
    assert (200, 2) == (house.call(), house.log_ins)


def test_failure_past_the_end_for_all(house: House) -> None:
    """All threads get the error of the one renewal that was tried."""
    house.clock.move(PAST_THE_END)
    house.reply = CLOSED
    with ThreadPoolExecutor(THREADS) as threads:
        errors = list(threads.map(lambda _: caught(house.call), range(THREADS)))
    assert (1, {"ConnectionFailedError"}) == (house.log_ins, {type(error).__name__ for error in errors})


def CLOSED(connection, _) -> None:  # noqa: N802 - an answer like the others
    """Hang up."""
    connection.close()


def test_failure_in_the_window_counts_past_the_end(house: House) -> None:
    """Who meets the end within the minute after a failure gets that failure, and no try is made."""
    house.clock.move(DAY - 10)
    house.reply = answer(500, b"{}")
    house.call()
    house.clock.move(20)
    assert UnexpectedResponseError is type(caught(house.call))
    assert 1 == house.log_ins


@pytest.mark.parametrize("moment", [IN_THE_WINDOW, PAST_THE_END])
def test_refused_credentials_are_never_sent_again(house: House, moment: int) -> None:
    """After a refused password there is no further try: five lock a user out."""
    house.clock.move(moment)
    house.reply = REFUSED
    for seconds in (0, 61, 3600, DAY):
        house.clock.move(seconds)
        try:
            house.call()
        except InvalidCredentialsError:
            assert TokenState.STALE is house.session.token.state
    assert 1 == house.log_ins


def test_limit_of_log_ins_is_kept(house: House) -> None:
    """A server that asks for five minutes is not asked again after one."""
    house.clock.move(PAST_THE_END)
    house.reply = answer(429, b"", ("Retry-After", "300"))
    assert 300 == caught(house.call).retry_after
    house.clock.move(61)
    caught(house.call)
    assert 1 == house.log_ins


def test_workers_get_a_renewed_token(house: House) -> None:
    """A session for workers is made with a fresh token, and cannot renew."""
    house.clock.move(PAST_THE_END)
    worker = house.session.for_workers()
    assert (NEW, None) == (worker.token.headers["Authorization"], worker.renewal)
