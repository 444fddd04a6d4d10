"""A 401 on a token that the clock calls good: the server is asked, and what it says counts."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from requests.adapters import HTTPAdapter

from etna_magic import EtnaSession, Secret, TokenExpiredError, TokenState
from etna_magic.logins import LoginRegistry
from etna_magic.sandbox import Sandbox
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import Answer, ScriptedServer, answer
from tests.session.broken_servers import hang_up
from tests.session.renewing_login import DENIED, NEW, OK, PROBE, RenewingLogin, probed, send

# Demo's accounts are 83267 and 83268.
OTHERS = "v1.0/accounts/83269/orders"
DEAD = probed(DENIED)
THREADS = 32


def paths(sandbox: Sandbox) -> list[str]:
    """Return what the sandbox was asked since the login, without the base URL's path."""
    return [seen.path.removeprefix("/api/") for seen in sandbox.seen if seen.path != "/api/token"]


def targets(server: ScriptedServer) -> list[str]:
    """Return what the server was asked, without the base URL's path."""
    return [received.target.removeprefix("/api/") for received in server.received]


def probes(server: ScriptedServer) -> int:
    """Return how often the server was asked about the token."""
    return [received.target for received in server.received].count(PROBE)


def set_clock(session: EtnaSession, clock: accounts.ManualClock) -> None:
    """Have a session count the minute between two questions by a clock that the test moves."""
    session._rules._clock = clock


@pytest.fixture
def asking(session: EtnaSession, clock: accounts.ManualClock) -> EtnaSession:
    """Return a session that counts the minute between two questions by the test's clock."""
    set_clock(session, clock)
    return session


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_revoked(sandbox: Sandbox, trading: EtnaSession, method: str) -> None:
    """A token that the server has ended is stale, and one probe has shown it."""
    token = trading.token
    sandbox.revoke_all()
    path = "v1.0/accounts/83267/orders" + "/5004" * (method == "DELETE")
    error = caught(lambda: trading.request(method, path))
    assert (TokenExpiredError, TokenState.STALE) == (type(error), token.state)
    assert [path, "v1.0/users/@me/info"] == paths(sandbox)
    was_refused = "" if method == "GET" else f" The {method} was refused with a 401 and was not sent again."
    expected = f"The token of etna was refused by the server.{was_refused} Log in again: %etna_login"
    assert (expected, []) == (str(error), leaks(error, [token.get_secret_value(), sandbox.app_key]))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_within_the_minute_nothing_more_is_sent(sandbox: Sandbox, trading: EtnaSession, method: str) -> None:
    """After that no call is sent for a minute; of an order the error says that it was not."""
    sandbox.revoke_all()
    caught(lambda: trading.get("v1.0/equities/AAPL"))
    before = len(sandbox.seen)
    error = caught(lambda: trading.request(method, "v1.0/x"))
    assert (TokenExpiredError, before) == (type(error), len(sandbox.seen))
    assert (method == "POST") is ("The POST was not sent." in str(error))


def test_new_login_after_that(sandbox: Sandbox) -> None:
    """After a new login the same session works again."""
    registry = LoginRegistry({})
    session = logins.put(logins.log_in_at(sandbox), registry=registry).session
    sandbox.revoke_all()
    caught(lambda: session.get("v1.0/equities/AAPL"))
    with logins.put(logins.log_in_at(sandbox), registry=registry).session as same:
        assert (session, 200) == (same, session.get("v1.0/equities/AAPL").status_code)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_users_account(sandbox: Sandbox, trading: EtnaSession, method: str) -> None:
    """A 401 about that call alone is returned as it is, after one probe."""
    response = trading.request(method, OTHERS, json={})
    assert (401, TokenState.FRESH) == (response.status_code, trading.token.state)
    assert "Authorization has been denied for this request." == response.json()["Message"]
    assert [OTHERS, "v1.0/users/@me/info"] == paths(sandbox)


def test_asked_once_a_minute(sandbox: Sandbox, trading: EtnaSession, clock: accounts.ManualClock) -> None:
    """Within a minute the answer to the last probe counts; after it the server is asked again."""
    set_clock(trading, clock)
    counts = []
    for seconds in (0, 1, 58, 2, 1):
        clock.move(seconds)
        assert 401 == trading.get(OTHERS).status_code
        counts.append(paths(sandbox).count("v1.0/users/@me/info"))
    assert [1, 1, 1, 2, 2] == counts


def test_ends_within_the_minute(sandbox: Sandbox, trading: EtnaSession, clock: accounts.ManualClock) -> None:
    """A token that the server ends just after a probe is found out by the next one."""
    set_clock(trading, clock)
    trading.get(OTHERS)
    sandbox.revoke_all()
    assert 401 == trading.get("v1.0/equities/AAPL").status_code
    clock.move(61)
    assert TokenExpiredError is type(caught(lambda: trading.get("v1.0/equities/AAPL")))


def test_a_new_token_is_asked_about_at_once(sandbox: Sandbox) -> None:
    """The minute is that of one token."""
    registry = LoginRegistry({})
    logins.put(logins.log_in_at(sandbox), registry=registry).session.get(OTHERS)
    with logins.put(logins.log_in_at(sandbox), registry=registry).session as session:
        session.get(OTHERS)
    assert 2 == paths(sandbox).count("v1.0/users/@me/info")


def test_threads_with_a_dead_token(sandbox: Sandbox, trading: EtnaSession) -> None:
    """Many threads that are refused at once make one probe, and all get the error."""
    sandbox.revoke_all()
    line_up = threading.Barrier(THREADS)

    def call(_: int) -> type:
        line_up.wait(30)
        return type(caught(lambda: trading.get("v1.0/equities/AAPL")))

    with ThreadPoolExecutor(THREADS) as threads:
        assert [TokenExpiredError] * THREADS == list(threads.map(call, range(THREADS)))
    assert 1 == paths(sandbox).count("v1.0/users/@me/info")


NO_PROOF = {"broken off": hang_up, "503": answer(503), "500": answer(500), "403": answer(403)}


@pytest.mark.parametrize("reply", NO_PROOF.values(), ids=NO_PROOF)
def test_probe_that_proves_nothing(server, session: EtnaSession, pauses, reply: Answer) -> None:
    """A probe that brings no yes or no proves nothing: the call's own 401 is returned."""
    server.play(probed(reply))
    assert 401 == session.get("v1.0/accounts/9/orders").status_code
    assert TokenState.FRESH is session.token.state


@pytest.mark.parametrize("hours", [0, 25])
def test_401_of_another_origin(server, session: EtnaSession, clock: accounts.ManualClock, hours: int) -> None:
    """A 401 from elsewhere says nothing of the token, however old that is, and is not asked about."""
    server.play(DENIED)
    clock.move(hours * 3600)
    elsewhere = server.base_url.replace("127.0.0.1", "localhost")
    assert 401 == session.get(f"{elsewhere}/x").status_code
    assert 1 == len(server.received)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_401_while_a_login_went_on(server, clock: accounts.ManualClock, method: str) -> None:
    """A 401 about a call, whose token was replaced meanwhile though still good, is no expiry."""
    registry = LoginRegistry({})
    session = logins.put(accounts.token(server.base_url, clock), registry=registry).session

    def reply(connection, received) -> None:
        if received.target != PROBE:
            logins.put(accounts.token(server.base_url, clock), registry=registry)
        send(OK if received.target == PROBE else DENIED, connection, received)

    server.play(reply)
    with session:
        assert 401 == session.request(method, "v1.0/accounts/9/orders").status_code


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hiccup_is_not_for_ever(
    server, clock: accounts.ManualClock, asking: EtnaSession, method: str
) -> None:
    """A token that was refused is asked about again after a minute, and is good if the server says so."""
    changes: list[TokenState] = []
    asking.holder.on_change = lambda _: changes.append(asking.token.state)
    server.play(DEAD)
    caught(lambda: asking.get("v1.0/x"))
    clock.move(59)
    server.play(OK)
    assert (TokenExpiredError, []) == (
        type(caught(lambda: asking.request(method, "v1.0/x"))),
        targets(server),
    )
    clock.move(1)
    assert [200, 200] == [asking.request(method, "v1.0/x").status_code for _ in range(2)]
    assert ["v1.0/users/@me/info", "v1.0/x", "v1.0/x"] == targets(server)
    assert [TokenState.STALE, TokenState.FRESH] == changes


@pytest.mark.parametrize("reply", [DENIED, *NO_PROOF.values()], ids=["401", *NO_PROOF])
def test_a_refused_token_stays_refused(
    server, clock: accounts.ManualClock, asking: EtnaSession, pauses, reply: Answer
) -> None:
    """While the server does not say that it is good, it is asked once a minute, and no call is sent."""
    server.play(DEAD)
    caught(lambda: asking.get("v1.0/x"))
    server.play(probed(reply))
    counts = []
    for seconds in (59, 1, 30, 30, 1):
        clock.move(seconds)
        assert TokenExpiredError is type(caught(lambda: asking.post("v1.0/x")))
        counts.append(probes(server))
    assert ([0, 1, 1, 2, 2], {"v1.0/users/@me/info"}) == (counts, set(targets(server)))


def test_many_threads_after_a_hiccup(server, clock: accounts.ManualClock, asking: EtnaSession) -> None:
    """Many threads that find a refused token after a minute make one probe, and all go on."""
    server.play(DEAD)
    caught(lambda: asking.get("v1.0/x"))
    server.play(OK)
    clock.move(60)
    line_up = threading.Barrier(THREADS)

    def call(_: int) -> int:
        line_up.wait(30)
        return asking.post("v1.0/x").status_code

    with ThreadPoolExecutor(THREADS) as threads:
        assert [200] * THREADS == list(threads.map(call, range(THREADS)))
    assert 1 == probes(server)


def test_a_hiccup_on_a_worker(server, clock: accounts.ManualClock, session: EtnaSession) -> None:
    """On a worker it is the same: there it cannot be renewed at all."""
    with session.for_workers() as worker:
        set_clock(worker, clock)
        server.play(DEAD)
        caught(lambda: worker.get("v1.0/x"))
        server.play(OK)
        clock.move(60)
        assert 200 == worker.post("v1.0/x").status_code


@pytest.mark.parametrize("status", [401, 503])
def test_a_hiccup_of_the_login_too(renewing: RenewingLogin, status: int) -> None:
    """A server that in its hiccup refuses to renew the token as well is asked about the token too."""
    set_clock(renewing.session, renewing.clock)
    renewing.call_reply = DENIED
    renewing.token_reply = answer(
        status, accounts.body(State="Failed", Step="BaseAuthentication", Reason="Invalid credentials")
    )
    error = caught(renewing.call)
    renewing.call_reply = OK
    again = caught(renewing.call)
    renewing.clock.move(60)
    assert 200 == renewing.call()
    refused, not_sent = " The POST was refused with a 401 and was not sent again.", " The POST was not sent."
    assert str(error).removesuffix(refused) == str(again).removesuffix(not_sent)
    assert [True, True] == [str(error).endswith(refused), str(again).endswith(not_sent)]
    assert NEW not in renewing.signed


def keep_open(status_of: Callable[[bytes], int]) -> Callable:
    """Return an answer to all requests of one connection, which stays open; a request's head says which."""

    def reply(connection, received) -> None:
        head = f"GET {received.target} {received.values('Authorization')}".encode()
        while head:
            connection.sendall(f"HTTP/1.1 {status_of(head)} X\r\nContent-Length: 4\r\n\r\nbody".encode())
            head = connection.recv(65536)

    return reply


def refusing(probe: int) -> Callable:
    """Return an answer that is a 401 to every call, and this status to the probe."""
    return keep_open(lambda head: probe if PROBE.encode() in head else 401)


@pytest.mark.timeout(60)
class TestPool:
    """A pool of one connection: a call that finds it in use waits for ever."""

    @staticmethod
    def mount(session: EtnaSession) -> None:
        """Give a session such a pool."""
        session.mount("http://", HTTPAdapter(pool_maxsize=1, pool_block=True))

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_refused(self, server, asking, clock, method: str, *, stream: bool) -> None:
        """A refused answer is closed before anything else is sent: the probe finds a connection."""
        self.mount(asking)
        server.play(refusing(401))
        for _ in range(3):
            error = caught(lambda: asking.request(method, "v1.0/x", stream=stream))
            assert TokenExpiredError is type(error)
            clock.move(60)
        server.play(keep_open(lambda _: 200))
        assert b"body" == asking.get("v1.0/x").content

    @pytest.mark.parametrize("stream", [False, True])
    def test_returned(self, server, asking: EtnaSession, *, stream: bool) -> None:
        """A 401 that is about the call is returned with its body, and its connection is free by then."""
        self.mount(asking)
        server.play(refusing(200))
        responses = [asking.get("v1.0/x", stream=stream) for _ in range(3)]
        assert [(401, b"body")] * 3 == [(one.status_code, one.content) for one in responses]
        assert [[b"bo", b"dy"]] * 3 == [list(one.iter_content(2)) for one in responses]

    @pytest.mark.parametrize("stream", [False, True])
    def test_read_again(self, renewing: RenewingLogin, *, stream: bool) -> None:
        """A read that was refused is sent again, with a fresh token, though its pool has one connection."""
        self.mount(renewing.session)
        renewing.call_reply = keep_open(lambda head: 200 if NEW.encode() in head else 401)
        assert b"body" == renewing.session.get("v1.0/x", stream=stream).content
        assert 1 == renewing.login_count

    @pytest.mark.parametrize("stream", [False, True])
    def test_replaced_meanwhile(self, server, clock: accounts.ManualClock, *, stream: bool) -> None:
        """So is one whose token was replaced while the server refused it."""
        registry = LoginRegistry({})

        def reply(head: bytes) -> int:
            if NEW.encode() in head:
                return 200
            token = accounts.token(server.base_url, clock)
            token._value = Secret(NEW.removeprefix("Bearer "))
            logins.put(token, registry=registry)
            return 401

        server.play(keep_open(reply))
        with logins.put(accounts.token(server.base_url, clock), registry=registry).session as session:
            self.mount(session)
            assert b"body" == session.get("v1.0/x", stream=stream).content


def test_a_401_that_breaks_off(server, session: EtnaSession) -> None:
    """A refusal whose body breaks off is an error that says what became of the order, and asks nothing."""
    server.play(b"HTTP/1.1 401 X\r\nContent-Length: 99\r\n\r\n{")
    error = caught(lambda: session.post("v1.0/x", stream=True))
    assert str(error).endswith(" The POST was sent once and answered: check whether it was carried out.")
    assert 1 == len(server.received)
