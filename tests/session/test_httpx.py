"""Both clients of httpx: signed, renewed, checked and limited as the session is."""

import asyncio
import gzip
import logging
import pickle
import re
import socket
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
import requests

from etna_magic import (
    ApplicationKeyError,
    ConnectionFailedError,
    EtnaError,
    NotLoggedInError,
    ReadOnlyError,
    TokenExpiredError,
    TokenState,
)
from etna_magic.session import READS, EtnaSession, httpx_client
from etna_magic.token import placeholder
from tests.helpers import accounts, environment, logins
from tests.helpers.http2_server import Http2Server
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.waiting import LIMIT
from tests.session.broken_servers import CUTS, HALVES, ORDER, REFUSALS
from tests.session.held_answer import HeldAnswer
from tests.session.httpx_clients import BothKinds
from tests.session.renewing_login import (
    DENIED,
    IN_THE_WINDOW,
    NEW,
    OK,
    OLD,
    PAST_THE_END,
    PROBE,
    RenewingLogin,
    new_token_only,
    probed,
)
from tests.session.test_read_only import OTHER_METHODS, OTHER_READS, SPELLINGS, WRITES
from tests.session.test_refused_calls import EXPIRED, UNKNOWN_KEY

TASKS = 32
WRITE_METHODS = ["POST", "PUT", "PATCH", "DELETE"]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    """Return which kind of client."""
    return request.param


@pytest.fixture
def client(session: EtnaSession, is_async: bool) -> Iterator[BothKinds]:  # noqa: FBT001 - a fixture
    """Return a client of a session."""
    with BothKinds(session, is_async=is_async) as made:
        yield made


@pytest.fixture
def fresh(renewing: RenewingLogin, is_async: bool) -> Iterator[BothKinds]:  # noqa: FBT001 - a fixture
    """Return a client of a login that renews itself."""
    with BothKinds(renewing.session, is_async=is_async) as made:
        yield made


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list of the seconds that would have been waited between two tries."""
    noted: list[float] = []

    async def sleep(seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.setattr(httpx_client, "time", SimpleNamespace(sleep=noted.append))
    monkeypatch.setattr(httpx_client, "anyio", SimpleNamespace(**vars(anyio) | {"sleep": sleep}))
    return noted


def targets(server: ScriptedServer) -> list[str]:
    """Return what the server was asked for."""
    return [received.target for received in server.received]


# ------------------------------------------------------------------ signed


@pytest.mark.parametrize("method", [*READS, *WRITE_METHODS])
def test_signed(server, client: BothKinds, method: str) -> None:
    """A path is below the base URL; the server gets both headers, and the request shows whose it is."""
    response = client.request(method, "v1.0/x", params={"a": "b"})
    assert ["/api/v1.0/x?a=b"] == targets(server)
    assert [([OLD], [accounts.APP_KEY])] == [
        (one.values("Authorization"), one.values("Et-App-Key")) for one in server.received
    ]
    expected = placeholder(logins.session_of(accounts.token(server.base_url)).account)
    assert expected == response.request.headers["Authorization"].strip()
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(vars(response.request))]


def test_its_time_out(session: EtnaSession, is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """It waits as long as the session does, unless it is said otherwise."""
    session.timeout = 7.0
    for options, expected in (({}, 7.0), ({"timeout": 3.0}, 3.0)):
        with BothKinds(session, is_async=is_async, **options) as client:
            assert httpx.Timeout(expected) == client.client.timeout


def test_no_base_url_of_another(session: EtnaSession, is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """The base URL is the account's."""
    with pytest.raises(TypeError, match="leave base_url out"):
        BothKinds(session, is_async=is_async, base_url="https://example.com")


def test_nobody_logged_in(is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """Without an account there is no client, and after a logout nothing is sent."""
    assert NotLoggedInError is type(caught(lambda: BothKinds(EtnaSession("etna"), is_async=is_async)))


def test_logged_out(server, session: EtnaSession, client: BothKinds) -> None:
    """After a logout nothing is sent, also not by another auth or to another server."""
    session.holder.release("was logged out")
    errors = [
        caught(lambda: client.post("v1.0/x")),
        caught(lambda: client.get("v1.0/x", auth=("user", "password"))),
    ]
    expected = "etna was logged out. The POST was not sent."
    assert ([NotLoggedInError] * 2, expected) == ([type(error) for error in errors], str(errors[0]))
    assert 0 == server.connections


def test_of_another_account(server, client: BothKinds) -> None:
    """A request of another account's client is refused."""
    other = logins.session_of(accounts.token(f"{server.base_url}/other"))
    with BothKinds(other, is_async=client.is_async) as theirs:
        response = theirs.get("v1.0/x")
    assert "The request was made for" in str(caught(lambda: client.send(response.request)))
    assert 1 == len(server.received)


def test_by_another_client_nothing_is_sent(server, client: BothKinds) -> None:
    """What shows a placeholder cannot be sent by a plain client of httpx."""
    request = client.get("v1.0/x").request
    with httpx.Client() as plain, pytest.raises(httpx.LocalProtocolError):
        plain.send(httpx.Request("GET", request.url, headers=request.headers))
    assert 1 == len(server.received)


def test_auth_is_token(server, session: EtnaSession, client: BothKinds) -> None:
    """`auth=etna_token` is of requests, and says what httpx has instead."""
    with pytest.raises(TypeError, match=r"httpx_client\(\)") as error:
        client.get("v1.0/x", auth=session.token)
    with pytest.raises(TypeError, match=r"httpx_client\(\)"):
        httpx.get(f"{server.base_url}/x", auth=session.token)
    assert ([], 0) == (leaks(error.value, accounts.SECRETS), server.connections)


def test_another_auth(server, client: BothKinds) -> None:
    """With an auth of the user's own, nothing of ours is sent."""
    client.get("v1.0/x", auth=("user", "password"))
    assert [[], True] == [
        server.received[0].values("Et-App-Key"),
        server.received[0].values("Authorization")[0].startswith("Basic "),
    ]


def test_hooks_see_no_secret(server, session: EtnaSession, is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """Neither hook, and no trace, sees a secret."""
    seen: list[str] = []

    async def note_later(what: Any) -> None:
        seen.append(repr(vars(what)))

    def note(what: Any) -> None:
        seen.append(repr(vars(what)))

    hook = note_later if is_async else note
    traced: list[object] = []
    with BothKinds(session, is_async=is_async, event_hooks={"request": [hook], "response": [hook]}) as client:
        client.get("v1.0/x", extensions={"trace": lambda *args: traced.append(args)})
    assert (2, []) == (len(seen), traced)
    assert [] == [secret for secret in accounts.SECRETS if secret in "".join(seen)]


def test_shows_nothing(client: BothKinds) -> None:
    """No repr of what a client holds shows a secret."""
    parts = [client.client, *vars(client.client).values()]
    shown = "".join(repr(getattr(part, "__dict__", "")) for part in parts)
    assert [] == [secret for secret in accounts.SECRETS if secret in shown]


# ------------------------------------------------------------------ 401s and renewals


@pytest.mark.parametrize("seconds", [IN_THE_WINDOW, PAST_THE_END])
def test_renews(renewing: RenewingLogin, fresh: BothKinds, seconds: int) -> None:
    """A token that is near its end, or past it, is replaced before the call is sent."""
    renewing.clock.move(seconds)
    assert 200 == fresh.post("v1.0/x").status_code
    assert (1, [NEW]) == (renewing.login_count, renewing.signed)


def test_a_read_is_sent_again(renewing: RenewingLogin, fresh: BothKinds) -> None:
    """A read that was refused with a dead token is sent again with a fresh one, once."""
    renewing.call_reply = new_token_only()
    response = fresh.get("v1.0/x")
    assert (200, [OLD, OLD, NEW], 1) == (response.status_code, renewing.signed, renewing.login_count)
    assert ["/api/v1.0/x", PROBE, "/api/v1.0/x"] == [one.target for one in renewing.calls]


def test_a_read_is_sent_again_once(renewing: RenewingLogin, fresh: BothKinds) -> None:
    """Refused again, it is an error: the server refuses the fresh token, too."""
    renewing.call_reply = DENIED
    assert isinstance(caught(lambda: fresh.get("v1.0/x")), TokenExpiredError)
    assert [OLD, OLD, NEW, NEW] == renewing.signed
    renewing.call_reply = probed(OK)
    renewing.clock.move(60)
    assert 401 == fresh.get("v1.0/x").status_code


@pytest.mark.parametrize("method", WRITE_METHODS)
def test_an_order_is_not(renewing: RenewingLogin, fresh: BothKinds, method: str) -> None:
    """An order that was refused is not sent again, and the error says so and that there is a fresh token."""
    renewing.call_reply = new_token_only()
    error = caught(lambda: fresh.request(method, "v1.0/x", json=ORDER))
    outcome = f"There is a fresh token now: repeat the call. The {method} was refused with a 401 "
    assert (TokenExpiredError, True) == (type(error), outcome in str(error))
    assert ([OLD, OLD], []) == (renewing.signed, leaks(error, [*accounts.SECRETS, NEW]))
    assert 200 == fresh.request(method, "v1.0/x", json=ORDER).status_code


def test_a_401_about_the_call(server, session: EtnaSession, client: BothKinds) -> None:
    """A token that the probe finds accepted stays fresh, and the 401 is returned as it came."""
    server.play(probed(OK))
    response = client.post("v1.0/x")
    assert (401, TokenState.FRESH) == (response.status_code, session.token.state)
    assert "denied" in response.json()["Message"]
    assert ["/api/v1.0/x", PROBE] == targets(server)


def test_asked_once_a_minute(server, session: EtnaSession, client: BothKinds) -> None:
    """The session and its clients ask the server about one token once a minute, together."""
    server.play(probed(OK))
    for call in (client.get, session.get, client.get):
        assert 401 == call("v1.0/x").status_code
    assert 1 == targets(server).count(PROBE)


@pytest.mark.parametrize("call_reply", [DENIED, EXPIRED], ids=["401", "403"])
def test_refused(server, session: EtnaSession, client: BothKinds, call_reply: bytes) -> None:
    """Refused by the probe as well, the token is stale, for the session too."""
    server.play(call_reply)
    error = caught(lambda: client.get("v1.0/x"))
    assert (TokenExpiredError, TokenState.STALE) == (type(error), session.token.state)
    assert "The token of etna was refused by the server. Log in again: %etna_login" == str(error)
    assert ([], TokenExpiredError) == (
        leaks(error, accounts.SECRETS),
        type(caught(lambda: session.get("v1.0/x"))),
    )


@pytest.mark.parametrize("status", [401, 403])
def test_unknown_app_key(server, client: BothKinds, status: int) -> None:
    """An app key that the server does not know is an error of its own, and nothing of the answer is kept."""
    server.play(answer(status, UNKNOWN_KEY[:-1] + b',"you sent":"' + accounts.APP_KEY.encode() + b'"}'))
    error = caught(lambda: client.post("v1.0/x"))
    assert (ApplicationKeyError, [], 1) == (type(error), leaks(error, accounts.SECRETS), len(server.received))


def test_zipped_refusal(server, client: BothKinds) -> None:
    """A refusal that is packed is read."""
    server.play(answer(403, gzip.compress(UNKNOWN_KEY), ("Content-Encoding", "gzip")))
    assert ApplicationKeyError is type(caught(lambda: client.get("v1.0/x")))


@pytest.mark.parametrize("seconds", [None, PAST_THE_END], ids=["refused", "past its end"])
def test_many_tasks_make_one_login(renewing: RenewingLogin, seconds: int | None) -> None:
    """32 tasks at a token's end make one login; the loop runs on meanwhile."""
    held = HeldAnswer(renewing.token_reply)
    renewing.token_reply = held
    renewing.call_reply = new_token_only()
    if seconds:
        renewing.clock.move(seconds)

    async def run() -> tuple[list[int], bool]:
        async with renewing.session.httpx_async_client() as client:
            tasks = [asyncio.create_task(client.get("v1.0/x")) for _ in range(TASKS)]
            while not held.asked.is_set():
                await asyncio.sleep(0.01)  # the loop is not blocked while the login waits for its answer
            is_waiting = not any(task.done() for task in tasks)
            held.release()
            return [response.status_code for response in await asyncio.gather(*tasks)], is_waiting

    statuses, is_waiting = asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert ([200] * TASKS, 1, True) == (statuses, renewing.login_count, is_waiting)


def test_many_threads_make_one_login(renewing: RenewingLogin) -> None:
    """So do 32 threads with one client."""
    renewing.call_reply = new_token_only()
    renewing.clock.move(PAST_THE_END)
    with renewing.session.httpx_client() as client, ThreadPoolExecutor(TASKS) as threads:
        statuses = [one.status_code for one in threads.map(lambda _: client.get("v1.0/x"), range(TASKS))]
    assert ([200] * TASKS, 1) == (statuses, renewing.login_count)


def test_cancelled_while_a_login_waits(renewing: RenewingLogin) -> None:
    """A task that is cancelled does not wait for the login, and another task gets its token."""
    held = HeldAnswer(renewing.token_reply)
    renewing.token_reply = held
    renewing.clock.move(PAST_THE_END)

    async def run() -> int:
        async with renewing.session.httpx_async_client() as client:
            task = asyncio.create_task(client.post("v1.0/x"))
            while not held.asked.is_set():
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            held.release()
            return (await client.get("v1.0/x")).status_code

    assert 200 == asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert (1, [NEW]) == (renewing.login_count, renewing.signed)


# ------------------------------------------------------------------ what is sent again


@pytest.mark.parametrize("fault", REFUSALS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_busy_servers(server, client: BothKinds, waits, fault: str, method: str) -> None:
    """A read is sent again three times, with the pauses of a session; an order is not."""
    server.play(REFUSALS[fault].reply)
    assert REFUSALS[fault].status == client.request(method, "v1.0/x").status_code
    pauses = [1.0, 1.0, 1.0] if "Retry-After" in fault else [0.0, 0.6, 1.2]
    assert ((4, pauses) if method == "GET" else (1, [])) == (len(server.received), waits)


def test_a_long_retry_after(server, client: BothKinds, waits) -> None:
    """Where the server says to wait longer than half a minute, its answer is given back at once."""
    server.play(answer(429, b"", ("Retry-After", "31")))
    assert (429, 1, []) == (client.get("v1.0/x").status_code, len(server.received), waits)


@pytest.mark.parametrize("fault", CUTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_broken_connections(waits, is_async: bool, fault: str, method: str) -> None:  # noqa: FBT001 - a fixture
    """A read is sent again; an order is not, and the error says what became of it."""
    with ScriptedServer(CUTS[fault].reply, read=CUTS[fault].read) as server:
        session = logins.session_of(accounts.token(server.base_url))
        with BothKinds(session, is_async=is_async) as client:
            error = caught(lambda: client.request(method, "v1.0/x"))
        assert ([], True) == (leaks(error, accounts.SECRETS), isinstance(error, httpx.TransportError))
        assert isinstance(error, ConnectionFailedError)
        # A reset may come while the connection is being made.
        outcome = "" if method == "GET" else r" The POST was (sent once and not again|not sent)"
        assert (4 if method == "GET" else 1) == server.connections
        assert re.search(outcome, str(error))


@pytest.fixture
def silent_port() -> int:
    """Return a port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_nothing_listens(waits, is_async: bool, silent_port: int) -> None:  # noqa: FBT001 - a fixture
    """Where no connection is made, nothing was sent, and the error is one of httpx, with its request."""
    url = f"http://127.0.0.1:{silent_port}"
    with BothKinds(logins.session_of(accounts.token(url)), is_async=is_async) as client:
        error = caught(lambda: client.post("v1.0/x"))
        assert [] == waits
        caught(lambda: client.get("v1.0/x"))
        assert 3 == len(waits)
    expected = f"POST to {url} got no answer: nothing listens there. The POST was not sent."
    assert (True, False, expected) == (
        isinstance(error, httpx.ConnectError),
        isinstance(error, requests.RequestException),
        str(error),
    )
    assert ([], []) == (
        leaks(error, accounts.SECRETS),
        [secret for secret in accounts.SECRETS if secret in repr(error.request.headers.raw)],
    )
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 - our own


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_time_out(server, client: BothKinds, waits, method: str) -> None:
    """A time-out is final, for a read too."""
    server.play(server.stay_silent)
    error = caught(lambda: client.request(method, "v1.0/x", timeout=0.2))
    assert (True, 1, []) == (isinstance(error, httpx.ReadTimeout), len(server.received), waits)
    assert "it took too long to answer" in str(error)


@pytest.mark.parametrize("fault", HALVES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_half_a_body(server, client: BothKinds, waits, fault: str, method: str) -> None:
    """A body that breaks off is an error without a secret, and is not read again."""
    server.play(HALVES[fault].reply)
    error = caught(lambda: client.request(method, "v1.0/x"))
    assert (True, []) == (isinstance(error, httpx.RemoteProtocolError), leaks(error, accounts.SECRETS))
    assert ("was answered with status 200, but not to the end" in str(error), 1) == (
        True,
        len(server.received),
    )


def test_streamed(server, client: BothKinds) -> None:
    """A body that is read as it comes is whole."""
    server.play(answer(200, b"x" * 100_000))
    response = client.send(client.client.build_request("GET", "v1.0/x"), stream=True)

    async def read() -> int:
        return sum([len(part) async for part in response.aiter_bytes()])

    found = client.run(read()) if client.is_async else sum(len(part) for part in response.iter_bytes())
    assert 100_000 == found


@pytest.mark.parametrize("method", READS)
def test_a_read_whose_body_is_gone(server, client: BothKinds, method: str) -> None:
    """A read must have a body that can be sent again, as with the session."""

    async def later() -> Any:
        yield b"x"

    body = later() if client.is_async else iter([b"x"])
    assert "can be read only once, and a read may be sent again" in str(
        caught(lambda: client.request(method, "v1.0/x", content=body))
    )
    assert 0 == server.connections


def test_a_certificate_that_is_not_valid(context, is_async, waits) -> None:
    """A certificate of an unknown issuer is final, and says so."""
    with ScriptedServer(OK, tls=context) as server:
        session = logins.session_of(accounts.token(server.base_url))
        with BothKinds(session, is_async=is_async) as client:
            error = caught(lambda: client.get("v1.0/x"))
    assert ("its TLS certificate is of an unknown issuer, so set" in str(error), [], []) == (
        True,
        waits,
        leaks(error, accounts.SECRETS),
    )


# ------------------------------------------------------------------ which way it goes


@pytest.mark.parametrize("way", ["REQUESTS_CA_BUNDLE", "session", "client"])
def test_certificates(certificates, context, is_async, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A company's own authority is known by whichever way it was named."""
    authority = str(certificates.authority)
    if way == "REQUESTS_CA_BUNDLE":
        monkeypatch.setenv(way, authority)
    with ScriptedServer(OK, tls=context) as server:
        session = logins.session_of(accounts.token(server.base_url))
        if way == "session":
            session.verify = authority
        options = {"verify": authority} if way == "client" else {}
        with BothKinds(session, is_async=is_async, **options) as client:
            assert 200 == client.get("v1.0/x").status_code


def test_a_certificate_file_that_is_not_there(server, session, is_async, waits) -> None:
    """A file that is named and not there is said, and nothing was sent."""
    session.verify = "/no/such/file.pem"
    with BothKinds(session, is_async=is_async) as client:
        error = caught(lambda: client.post("v1.0/x"))
    assert isinstance(error, ConnectionFailedError)
    assert ("The POST was not sent." in str(error), 0) == (True, server.connections)


@pytest.mark.parametrize("scheme", ["http://", ""])
@pytest.mark.parametrize("way", ["session", "client"])
def test_a_proxy(server, session, is_async, way: str, scheme: str) -> None:
    """A proxy is used where one was named, with a scheme or without; it is asked instead of the server."""
    with ScriptedServer(OK) as proxy:
        url = f"{scheme}{proxy.host}"
        if way == "session":
            session.proxies = {"http": url}
        options = {"proxy": url} if way == "client" else {}
        with BothKinds(session, is_async=is_async, **options) as client:
            assert 200 == client.get("v1.0/x").status_code
        assert (1, 0) == (len(proxy.received), server.connections)


def test_no_proxy_on_loopback(server, client: BothKinds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy sees nothing of a call to loopback."""
    with ScriptedServer(OK) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        assert 200 == client.get("v1.0/x").status_code
        assert (1, 0) == (len(server.received), proxy.connections)


@pytest.mark.parametrize("where", ["transport", "mounts"])
def test_a_transport_of_a_users_own(session: EtnaSession, is_async, where: str) -> None:
    """What sends may be the user's: it gets the signed request, and the answer shows none of it."""
    sent: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["Authorization"])
        return httpx.Response(200, json={"a": 1})

    own = httpx.MockTransport(reply)
    options = {"transport": own} if where == "transport" else {"mounts": {"http://127.0.0.1": own}}
    with BothKinds(session, is_async=is_async, **options) as client:
        response = client.get("v1.0/x")
    assert ([OLD], {"a": 1}) == (sent, response.json())
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(response.request.headers.raw)]


def test_a_transport_that_raises(session: EtnaSession, is_async, waits) -> None:
    """What such a one raises holds no secret, whatever it puts there."""

    def raising(request: httpx.Request) -> httpx.Response:
        raise ValueError(f"cannot send {request.headers['Authorization']}")

    with BothKinds(session, is_async=is_async, transport=httpx.MockTransport(raising)) as client:
        errors = [caught(lambda: client.get("v1.0/x")), caught(lambda: client.post("v1.0/x"))]
    assert [[], []] == [leaks(error, accounts.SECRETS) for error in errors]
    assert "raised ValueError" in str(errors[0])


# ------------------------------------------------------------------ limits, HTTP/2, logs


def test_limits(server, session: EtnaSession, client: BothKinds) -> None:
    """What the server says of its limits is kept with the session's figures."""
    server.play(answer(200, b"{}", ("X-RateLimit-Limit", "60"), ("X-RateLimit-Remaining", "59")))
    client.get("v1.0/accounts/1/orders")
    assert (60, 59) == session.limits["order queries"][:2]


def test_deprecated(server, client: BothKinds) -> None:
    """A deprecated call is warned of; as an error it says that an order was answered."""
    server.play(answer(200, b"{}", ("X-Deprecated", "2027-01-01")))
    with pytest.warns(DeprecationWarning, match="ETNA will remove POST /api/v1.0/x"):
        client.post("v1.0/x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning) as error:
            client.post("v1.0/accounts/1/orders")
    assert ["The POST was sent and answered with status 200: check whether it was carried out."] == (
        error.value.__notes__
    )


def test_http2(session: EtnaSession, server, is_async, caplog: pytest.LogCaptureFixture) -> None:
    """Over HTTP/2 it is the same, and no log has a header, where hpack would print the app key."""
    caplog.set_level(logging.DEBUG)
    with Http2Server() as target:
        session = logins.session_of(accounts.token(target.base_url))
        with BothKinds(session, is_async=is_async, http1=False, http2=True) as client:
            responses = [client.get("v1.0/x"), client.post("v1.0/x", json=ORDER)]
            with pytest.raises(TokenExpiredError) as error:
                client.get("v1.0/denied")
    assert [("HTTP/2", 200)] * 2 == [(one.http_version, one.status_code) for one in responses]
    assert {(OLD, accounts.APP_KEY)} == {
        (headers.get(b"authorization", b"").decode(), headers.get(b"et-app-key", b"").decode())
        for headers in target.received
    }
    logged = "".join(record.getMessage() for record in caplog.records)
    assert [] == [secret for secret in accounts.SECRETS if secret in logged]
    assert [] == leaks(error.value, accounts.SECRETS)


# ------------------------------------------------------------------ read-only


@pytest.fixture
def read_only(session: EtnaSession, client: BothKinds) -> BothKinds:
    """Return a client of a read-only login."""
    session.holder.read_only = True
    return client


@pytest.mark.parametrize(("method", "path"), [*((method, "v1.0/x") for method in READS), *OTHER_READS])
def test_reads(server, read_only: BothKinds, method: str, path: str) -> None:
    """The documented reads pass, their bodies with them."""
    options = {} if method in READS else {"json": ORDER}
    assert 200 == read_only.request(method, path, **options).status_code
    assert [(method, f"/api/{path}")] == [(one.method, one.target) for one in server.received]


def test_a_logout_of_a_read_only_session(server, read_only: BothKinds) -> None:
    """The token can be ended at the server."""
    assert 200 == read_only.post("logout").status_code
    assert ["/api/logout"] == targets(server)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_write(server, read_only: BothKinds, spelling: str) -> None:
    """No spelling of a write reaches the server."""
    for method, path in WRITES:
        url = SPELLINGS[spelling](path).replace("{base}", server.base_url).replace("{port}", str(server.port))
        try:
            read_only.request(method, url, json=ORDER)
        except (EtnaError, httpx.InvalidURL) as error:
            assert type(error) in (ReadOnlyError, httpx.InvalidURL)  # noqa: PT017 - either is right
        else:
            pytest.fail(f"{method} {url} was sent")
    assert 0 == server.connections


@pytest.mark.parametrize("header", OTHER_METHODS.items(), ids=lambda header: header[0])
def test_another_method_in_a_header(server, read_only: BothKinds, header) -> None:
    """A header by which servers carry out something else makes a write of a read."""
    assert ReadOnlyError is type(caught(lambda: read_only.get("v1.0/x", headers=dict([header]))))
    assert 0 == server.connections


def test_another_target(server, read_only: BothKinds) -> None:
    """Httpx's extension `target` would send another path than the one that is seen."""
    target = {"target": b"/api/v1.0/accounts/1/orders/7"}
    error = caught(lambda: read_only.request("PUT", "v1.0/history/symbols", json={}, extensions=target))
    assert (ReadOnlyError, 0) == (type(error), server.connections)


def test_a_body(server, read_only: BothKinds) -> None:
    """A read with a body, and a body that is made while it is sent, are refused."""

    async def later() -> Any:
        yield b"{}"

    body = later() if read_only.is_async else iter([b"{}"])
    errors = [
        caught(lambda: read_only.request("GET", "v1.0/x", content=b"x")),
        caught(lambda: read_only.request("PUT", "v1.0/history/symbols", content=body)),
        caught(
            lambda: read_only.request(
                "PUT", "v1.0/history/symbols", content=b"DELETE /", headers={"Content-Length": "0"}
            )
        ),
    ]
    assert ([ReadOnlyError] * 3, 0) == ([type(error) for error in errors], server.connections)


@pytest.mark.parametrize("read_only", [False, True])
def test_of_a_worker(server, is_async, read_only: bool) -> None:  # noqa: FBT001 - a table's column
    """A worker's session gives clients as well, as read-only as it is."""
    session = logins.session_of(accounts.token(server.base_url))
    session.holder.read_only = read_only
    with BothKinds(session.for_workers(), is_async=is_async) as client:
        assert 200 == client.get("v1.0/x").status_code
        if read_only:
            assert ReadOnlyError is type(caught(lambda: client.post("v1.0/x")))
        else:
            assert 200 == client.post("v1.0/x").status_code
