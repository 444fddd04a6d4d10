"""When a token is renewed, who waits for that, and what a failure leads to."""

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from etna_magic import (
    EtnaError,
    InvalidCredentialsError,
    TokenExpiredError,
    TokenState,
    UnexpectedResponseError,
)
from etna_magic.session import TokenRefresher
from etna_magic.settings import CodeSource
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import answer
from tests.helpers.waiting import LIMIT
from tests.session.broken_servers import hang_up
from tests.session.held_answer import HeldAnswer
from tests.session.renewing_login import (
    DAY,
    DENIED,
    FRESH,
    IN_THE_WINDOW,
    NEW,
    OK,
    OLD,
    PAST_THE_END,
    RenewingLogin,
    new_token_only,
)

REFUSED = answer(401, accounts.body(State="Failed", Step="BaseAuthentication", Reason="Invalid credentials"))
IN_TROUBLE = answer(500, b'{"error":"Unexpected server error"}')
FAILURES = {
    "500": IN_TROUBLE,
    "refused": REFUSED,
    "429": answer(429, b"", ("Retry-After", "300")),
    "no answer": hang_up,
}
THREADS = 32


def outcome_of(renewing: RenewingLogin, method: str) -> int | EtnaError:
    """Return the status of a call, or its error."""
    try:
        return renewing.session.request(method, "v1.0/x").status_code
    except EtnaError as error:
        return error


def test_fresh(renewing: RenewingLogin) -> None:
    """A fresh token is left alone."""
    renewing.call()
    assert (0, [OLD]) == (renewing.login_count, renewing.signed)


@pytest.mark.parametrize("age", [IN_THE_WINDOW, PAST_THE_END])
def test_renewed(renewing: RenewingLogin, age: int) -> None:
    """Near its end, and past it, the token is replaced before the call."""
    renewing.clock.move(age)
    assert [200, 200] == [renewing.call(), renewing.call()]
    assert (1, [NEW, NEW]) == (renewing.login_count, renewing.signed)
    assert TokenState.FRESH is renewing.session.token.state
    assert renewing.session.token is renewing.registry.namespace["etna_token"]


def test_in_the_window_nobody_waits(renewing: RenewingLogin) -> None:
    """While one thread renews a token that is still good, the others go on with it."""
    renewing.clock.move(IN_THE_WINDOW)
    renewing.token_reply = held = HeldAnswer(FRESH)
    statuses: list[int] = []
    with ThreadPoolExecutor(THREADS) as threads:
        first = held.during(renewing.call, lambda: statuses.extend(threads.map(renewing.call, range(100))))
    assert (200, [200] * 100) == (first, statuses)
    assert (1, [OLD] * 100 + [NEW]) == (renewing.login_count, renewing.signed)


def test_who_comes_late_looks_again(renewing: RenewingLogin, clock: accounts.ManualClock) -> None:
    """A thread that saw the old token, and then finds that another has renewed it, renews nothing."""
    old = accounts.token(renewing.server.base_url, clock)
    clock.move(IN_THE_WINDOW)
    new = accounts.token(renewing.server.base_url, clock)
    seen, refreshed = [old], []
    refresher = TokenRefresher(lambda: refreshed.append(1), lambda: seen.pop() if seen else new, clock)
    assert (new, []) == (refresher.token(), refreshed)


def test_past_the_end_all_wait_for_one(renewing: RenewingLogin) -> None:
    """Past its end one thread renews the token, and the others use what it got."""
    renewing.clock.move(PAST_THE_END)
    with ThreadPoolExecutor(THREADS) as threads:
        assert [200] * 100 == list(threads.map(renewing.call, range(100)))
    assert (1, [NEW] * 100) == (renewing.login_count, renewing.signed)


def test_failure_in_the_window(renewing: RenewingLogin) -> None:
    """A renewal that fails while the old token is good is tried once a minute, and the old one is used."""
    renewing.clock.move(IN_THE_WINDOW)
    renewing.token_reply = IN_TROUBLE
    counts = []
    for seconds in (0, 1, 58, 2, 1):
        renewing.clock.move(seconds)
        assert 200 == renewing.call()
        counts.append(renewing.login_count)
    assert ([1, 1, 1, 2, 2], [OLD] * 5) == (counts, renewing.signed)
    assert isinstance(renewing.holder.refresher.error, EtnaError)
    renewing.token_reply = FRESH
    renewing.clock.move(60)
    renewing.call()
    assert (NEW, None) == (renewing.signed[-1], renewing.holder.refresher.error)


def test_failure_past_the_end(renewing: RenewingLogin) -> None:
    """Past its end a call gets the renewal's error and is not sent; the next try is a minute later."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = IN_TROUBLE
    errors = [caught(renewing.call) for _ in range(3)]
    assert [UnexpectedResponseError] * 3 == [type(error) for error in errors]
    assert (1, []) == (renewing.login_count, renewing.signed)
    assert (1, 3) == (len({str(error) for error in errors}), len({id(error) for error in errors}))
    assert str(errors[0]).endswith(" The POST was not sent.")
    renewing.clock.move(60)
    renewing.token_reply = FRESH
    assert (200, 2) == (renewing.call(), renewing.login_count)


def test_failure_past_the_end_for_all(renewing: RenewingLogin) -> None:
    """All threads get the error of the one renewal that was tried."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = hang_up
    with ThreadPoolExecutor(THREADS) as threads:
        errors = list(threads.map(lambda _: caught(renewing.call), range(THREADS)))
    assert (1, {"ConnectionFailedError"}) == (
        renewing.login_count,
        {type(error).__name__ for error in errors},
    )


def test_failure_in_the_window_counts_past_the_end(renewing: RenewingLogin) -> None:
    """Who meets the end within the minute after a failure gets that failure, and no try is made."""
    renewing.clock.move(DAY - 10)
    renewing.token_reply = answer(500, b"{}")
    renewing.call()
    renewing.clock.move(20)
    assert UnexpectedResponseError is type(caught(renewing.call))
    assert 1 == renewing.login_count


@pytest.mark.parametrize("age", [IN_THE_WINDOW, PAST_THE_END])
def test_refused_credentials_are_sent_once_more(renewing: RenewingLogin, age: int) -> None:
    """After a refused password there is one more try, five minutes later: five lock a user out."""
    renewing.clock.move(age)
    renewing.token_reply = REFUSED
    counts = []
    for seconds in (0, 61, 238, 1, 3600, DAY):
        renewing.clock.move(seconds)
        try:
            renewing.call()
        except InvalidCredentialsError:
            assert TokenState.STALE is renewing.session.token.state
        counts.append(renewing.login_count)
    assert [1, 1, 1, 2, 2, 2] == counts


def test_limit_of_logins_is_kept(renewing: RenewingLogin) -> None:
    """A server that asks for five minutes is not asked again after one."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = answer(429, b"", ("Retry-After", "300"))
    assert 300 == caught(renewing.call).retry_after
    counts = []
    for seconds in (61, 238, 1):
        renewing.clock.move(seconds)
        caught(renewing.call)
        counts.append(renewing.login_count)
    assert [1, 1, 2] == counts


def test_a_function_for_codes_that_uses_the_session(renewing: RenewingLogin) -> None:
    """A call in it does not wait for the renewal that waits for it."""
    source = CodeSource(lambda: str(renewing.call()), timeout=LIMIT)
    renewing.holder.refresher = TokenRefresher(
        lambda: source.get_code() and None, lambda: renewing.session.token, renewing.clock
    )
    renewing.clock.move(PAST_THE_END)
    assert "code= failed with a TokenExpiredError" in str(caught(renewing.call))


def test_workers_get_a_renewed_token(renewing: RenewingLogin) -> None:
    """A session for workers is made with a fresh token, and cannot renew."""
    renewing.clock.move(PAST_THE_END)
    worker = renewing.session.for_workers()
    assert (NEW, None) == (worker.token.headers()["Authorization"], worker.holder.refresher)


class TestAfterA401:
    """A call that was refused, and what became of it."""

    def test_a_read_is_sent_again(self, renewing: RenewingLogin) -> None:
        """A read is sent once more, with the fresh token."""
        renewing.call_reply = new_token_only()
        assert 200 == renewing.session.get("v1.0/x").status_code
        targets = [received.target for received in renewing.server.received]
        assert ["/api/v1.0/x", "/api/v1.0/users/@me/info", "/api/token", "/api/v1.0/x"] == targets

    def test_an_order_is_not(self, renewing: RenewingLogin) -> None:
        """An order is not, and the error says that it was refused and that there is a fresh token."""
        renewing.call_reply = new_token_only()
        error = caught(renewing.call)
        expected = (
            "The token of etna was refused by the server. There is a fresh token now: repeat the call. "
            "The POST was refused with a 401 and was not sent again."
        )
        assert (TokenExpiredError, expected) == (type(error), str(error))
        assert (200, 1) == (renewing.call(), renewing.login_count)

    @pytest.mark.parametrize(
        ("reply", "reason"),
        [
            (FAILURES["500"], "The server is in trouble (status 500,"),
            (FAILURES["refused"], "“Invalid credentials”"),
            (FAILURES["429"], "accepts no more logins of this user for now: wait 5 min"),
            (FAILURES["no answer"], "could not be asked for a token: the connection broke off."),
        ],
        ids=FAILURES,
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_the_renewal_fails(self, renewing: RenewingLogin, reply, reason: str, method: str) -> None:
        """The error says that an order was refused with a 401, and why there is no fresh token."""
        renewing.call_reply, renewing.token_reply = DENIED, reply
        error = caught(lambda: renewing.session.request(method, "v1.0/x"))
        outcome = " The POST was refused with a 401 and was not sent again."
        assert (True, method == "POST") == (reason in str(error), str(error).endswith(outcome)), str(error)
        assert [] == leaks(error, accounts.SECRETS)
        # What is kept of it says nothing of that order to the next.
        again = caught(lambda: renewing.session.request(method, "v1.0/x"))
        assert str(error).removesuffix(outcome) == str(again).removesuffix(" The POST was not sent.")


class TestRefusingServers:
    """A server that hands out tokens and refuses every call is not asked for one after another."""

    CALLS = 20

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_few_logins(self, renewing: RenewingLogin, method: str) -> None:
        """Many calls in a row make two logins, and the last ones are not sent any more."""
        renewing.call_reply = DENIED
        outcomes = [outcome_of(renewing, method) for _ in range(self.CALLS)]
        assert 2 == renewing.login_count
        assert {TokenExpiredError} == {type(one) for one in outcomes}
        expected = (
            "The token could not be renewed (tried last at 2025-06-15 15:06:40 UTC, next at 2025-06-15 "
            "15:07:40 UTC). The server hands out tokens and then refuses them: wait for the next try."
        )
        expected += " The POST was not sent." if method == "POST" else ""
        assert {expected} == {str(one) for one in outcomes[3:]}
        before = len(renewing.server.received)
        assert isinstance(outcome_of(renewing, method), EtnaError)
        assert before == len(renewing.server.received)

    def test_a_few_logins_of_many_threads(self, renewing: RenewingLogin) -> None:
        """So do calls of many threads."""
        renewing.call_reply = DENIED
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: outcome_of(renewing, "GET"), range(self.CALLS)))
        assert 2 == renewing.login_count

    def test_tries_again_after_the_pause(self, renewing: RenewingLogin) -> None:
        """A minute later it tries again, and once the server accepts its tokens calls go on."""
        renewing.call_reply = DENIED
        for _ in range(self.CALLS):
            outcome_of(renewing, "GET")
        before = renewing.login_count
        renewing.clock.move(59)
        assert (True, before) == (isinstance(outcome_of(renewing, "GET"), EtnaError), renewing.login_count)
        renewing.clock.move(1)
        renewing.call_reply = OK
        assert (200, before + 1) == (outcome_of(renewing, "GET"), renewing.login_count)
        assert (200, None) == (outcome_of(renewing, "POST"), renewing.holder.refresher.error)

    def test_a_token_that_is_revoked_soon(self, renewing: RenewingLogin) -> None:
        """One fresh token that is revoked within the minute, elsewhere say, is replaced at once."""
        for number in (1, 2):
            renewing.call_reply = new_token_only()
            assert 200 == outcome_of(renewing, "GET")
            assert number == renewing.login_count
            renewing.session.token.refuse()

    def test_a_token_that_ends_later_is_renewed(self, renewing: RenewingLogin) -> None:
        """A token that was refused once is replaced, as is another that ends more than a minute later."""
        for logins in (1, 2):
            renewing.clock.move(60)
            renewing.call_reply = DENIED
            assert isinstance(outcome_of(renewing, "POST"), TokenExpiredError)
            renewing.call_reply = OK
            assert (200, logins) == (outcome_of(renewing, "POST"), renewing.login_count)


SAME = answer(200, accounts.body(State="Succeeded", Token=OLD.removeprefix("Bearer ")))


class TestTheSameText:
    """A server that hands out the same token text again."""

    @pytest.mark.parametrize("age", [IN_THE_WINDOW, PAST_THE_END])
    def test_asked_seldom(self, renewing: RenewingLogin, age: int) -> None:
        """It is asked once a minute, and not at each call; what it gave out is used meanwhile."""
        renewing.token_reply = SAME
        renewing.clock.move(age)
        assert [200] * 30 == [renewing.call() for _ in range(30)]
        assert 1 == renewing.login_count
        renewing.clock.move(61)
        assert [200] * 30 == [renewing.call() for _ in range(30)]
        assert 2 == renewing.login_count
        renewing.token_reply = FRESH
        renewing.clock.move(61)
        assert [200] * 30 == [renewing.call() for _ in range(30)]
        assert (3, NEW) == (renewing.login_count, renewing.signed[-1])

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_its_end_is_noticed(self, renewing: RenewingLogin, method: str) -> None:
        """When the server ends it, there is another one at once, and no minute of bare 401s."""
        renewing.token_reply = SAME
        renewing.clock.move(IN_THE_WINDOW)
        assert 200 == outcome_of(renewing, method)
        renewing.clock.move(5)
        renewing.token_reply, renewing.call_reply = FRESH, new_token_only()
        outcomes = [outcome_of(renewing, method) for _ in range(2)]
        assert (200, 2, method == "GET") == (outcomes[1], renewing.login_count, outcomes[0] == 200)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_refused_for_good(self, renewing: RenewingLogin, method: str) -> None:
        """One that comes again and is refused is an error of each call, after two logins."""
        renewing.token_reply = SAME
        renewing.clock.move(IN_THE_WINDOW)
        assert 200 == outcome_of(renewing, method)
        renewing.call_reply = DENIED
        assert {TokenExpiredError} == {type(outcome_of(renewing, method)) for _ in range(20)}
        assert renewing.login_count in (2, 3)


def depth(error: BaseException) -> int:
    """Return how many frames an error's traceback has."""
    return len(list(traceback.walk_tb(error.__traceback__)))


class TestKeptErrors:
    """An error that is kept for later calls is raised as a copy: its traceback would grow each time."""

    def test_dated(self, renewing: RenewingLogin) -> None:
        """It says when the renewal was tried and when it will be again: it is no new one."""
        renewing.clock.move(PAST_THE_END)
        renewing.token_reply = IN_TROUBLE
        first = str(caught(renewing.call))
        times = "(tried last at 2025-06-16 15:06:41 UTC, next at 2025-06-16 15:07:41 UTC)"
        assert first.startswith(f"The token could not be renewed {times}. The server is in trouble")
        renewing.clock.move(30)
        assert first == str(caught(renewing.call))
        renewing.token_reply = REFUSED
        renewing.clock.move(30)
        times = "(tried last at 2025-06-16 15:07:41 UTC, next at 2025-06-16 15:12:41 UTC)"
        assert str(caught(renewing.call)).startswith(f"The token could not be renewed {times}. ")
        renewing.clock.move(300)
        times = "(tried last at 2025-06-16 15:12:41 UTC, not again by itself)"
        assert str(caught(renewing.call)).startswith(f"The token could not be renewed {times}. ")

    @pytest.mark.parametrize("reply", FAILURES.values(), ids=FAILURES)
    def test_raised_often(self, renewing: RenewingLogin, reply) -> None:
        """Fifty calls raise fifty errors with the same sentence and the same number of frames."""
        renewing.clock.move(PAST_THE_END)
        renewing.token_reply = reply
        caught(renewing.call)
        errors = [caught(renewing.call) for _ in range(50)]
        assert (50, 1) == (len({id(error) for error in errors}), len({str(error) for error in errors}))
        assert {depth(errors[0])} == {depth(error) for error in errors}
        kept = renewing.holder.refresher.error
        assert (0, None, None) == (depth(kept), kept.__cause__, kept.__context__)
        assert " The POST" not in str(kept)

    @pytest.mark.parametrize(
        "end",
        [
            lambda renewing: renewing.registry.drop(renewing.login, "was logged out"),
            lambda renewing: renewing.session.token.refuse(),
        ],
        ids=["logged out", "refused"],
    )
    def test_raised_often_without_a_renewal(self, renewing: RenewingLogin, end: Callable) -> None:
        """The same of a session that was logged out, or whose token was refused."""
        renewing.call_reply = DENIED
        renewing.holder.refresher = None
        end(renewing)
        errors = [caught(renewing.call) for _ in range(50)]
        assert (50, 1) == (len({id(error) for error in errors}), len({str(error) for error in errors}))
        assert 1 == len({depth(error) for error in errors[1:]})
