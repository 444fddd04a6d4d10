"""A session belongs to one account for life, whoever logs in under the same name."""

import threading

import pytest
import requests
from requests.adapters import BaseAdapter

from etna_magic import EtnaSession, NotLoggedInError, Secret, Token
from etna_magic.logins import LoginRegistry
from etna_magic.support import checked_base_url
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.waiting import LIMIT
from tests.session.renewing_login import NEW, OK, OLD

BOB = "Bearer Qm9iLVNFQ1JFVA=="
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


class Names:
    """One name, under which this one and that one log in at a server."""

    def __init__(self, server: ScriptedServer, clock: accounts.ManualClock) -> None:
        self.server = server
        self.clock = clock
        self.registry = LoginRegistry({})

    def token(self, username: str, value: str, base_url: str | None = None) -> Token:
        """Return a token."""
        made = accounts.token(base_url or self.server.base_url, self.clock)
        made.username, made._value = username, Secret(value.removeprefix("Bearer "))
        return made

    def log_in(self, username: str, value: str, base_url: str | None = None) -> EtnaSession:
        """Log in; return the session that the notebook has then."""
        token = self.token(username, value, base_url)
        return logins.put(token, registry=self.registry).session

    @property
    def signed(self) -> list[str]:
        """What the calls were signed with."""
        return [value for received in self.server.received for value in received.values("Authorization")]


@pytest.fixture
def names(server: ScriptedServer, clock: accounts.ManualClock) -> Names:
    """Return a name that nobody has logged in under."""
    return Names(server, clock)


@pytest.fixture
def alice(names: Names) -> EtnaSession:
    """Return Alice's session."""
    return names.log_in(accounts.USERNAME, OLD)


def test_the_same_account_keeps_the_session(names: Names, alice: EtnaSession) -> None:
    """A new login of the same account keeps the object, which signs with the new token, and its cookies."""
    names.server.play(answer(200, b"{}", ("Set-Cookie", "sid=ALICE; Path=/")))
    alice.get("v1.0/x")
    alice.headers["X-Mine"] = "1"
    again = names.log_in(accounts.USERNAME, NEW)
    again.get("v1.0/x")
    last = names.server.received[-1]
    assert (alice, names.registry.namespace["etna_session"]) == (again, again)
    assert ([OLD, NEW], ["sid=ALICE"], ["1"]) == (names.signed, last.values("Cookie"), last.values("X-Mine"))


@pytest.mark.parametrize("method", METHODS)
def test_another_user(names: Names, alice: EtnaSession, method: str) -> None:
    """Another user has a session of their own; Alice's names both accounts, and sends nothing."""
    bob = names.log_in("bob", BOB)
    error = caught(lambda: alice.request(method, "v1.0/x"))
    base_url = names.server.base_url
    outcome = "" if method in METHODS[:3] else f" The {method} was not sent."
    expected = f"etna is bob at {base_url} now, and this session was of alice at {base_url}.{outcome}"
    assert (NotLoggedInError, expected) == (type(error), str(error))
    assert [] == leaks(error, [*accounts.SECRETS, BOB.removeprefix("Bearer ")])
    assert 200 == bob.request(method, "v1.0/x").status_code
    assert (bob, [BOB]) == (names.registry.namespace["etna_session"], names.signed)
    assert bob is not alice


def test_another_server(names: Names, alice: EtnaSession, other: ScriptedServer) -> None:
    """The same user at another server is another account."""
    there = names.log_in(accounts.USERNAME, NEW, other.base_url)
    error = caught(lambda: alice.post("v1.0/x"))
    assert (NotLoggedInError, []) == (type(error), names.server.received)
    assert f"is alice at {other.base_url} now, and this session was of alice at {names.server.base_url}." in (
        str(error)
    )
    assert 200 == there.post("v1.0/x").status_code


def test_back_again(names: Names, alice: EtnaSession) -> None:
    """Alice's old session stays as it is when she is back: whoever holds it holds the old one."""
    names.log_in("bob", BOB)
    back = names.log_in(accounts.USERNAME, NEW)
    assert back is not alice
    assert (200, NotLoggedInError) == (
        back.get("v1.0/x").status_code,
        type(caught(lambda: alice.get("v1.0/x"))),
    )


def test_its_token_and_repr(names: Names, alice: EtnaSession) -> None:
    """The old session has no token, no renewal and no worker to give, and says whose it was."""
    names.log_in("bob", BOB)
    for use in (lambda: alice.token, alice.for_workers):
        assert NotLoggedInError is type(caught(use))
    assert (accounts.USERNAME, None) == (alice.account.username, alice.holder.refresher)
    assert repr(alice).startswith("<EtnaSession etna: is bob at ")


class Minimal(BaseAdapter):
    """An adapter with no more than it needs: that of requests cannot close by itself."""

    def send(self, request: requests.PreparedRequest, **_) -> requests.Response:
        """Answer."""
        response = requests.Response()
        response.status_code, response.url = 200, request.url
        return response


def test_an_adapter_that_cannot_close(names: Names, alice: EtnaSession) -> None:
    """Bob's login succeeds though an adapter of Alice's session raises where it is closed."""
    alice.mount("http://", Minimal())
    bob = names.log_in("bob", BOB)
    assert (bob, bob.token) == tuple(
        names.registry.namespace[f"etna_{what}"] for what in ("session", "token")
    )
    assert (200, [BOB]) == (bob.get("v1.0/x").status_code, names.signed)
    assert NotLoggedInError is type(caught(lambda: alice.get("v1.0/x")))


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("https://api.example.com/api", "https://api.example.com:443/api"),
        ("http://localhost:80/api", "HTTP://LOCALHOST/api/"),
    ],
)
def test_one_account_however_it_is_spelt(names: Names, one: str, another: str) -> None:
    """The port that a scheme has anyway makes no other account: the session is kept."""
    sessions = [
        names.log_in(accounts.USERNAME, value, checked_base_url(url))
        for value, url in ((OLD, one), (NEW, another))
    ]
    assert sessions[0] is sessions[1]


def test_its_connections_are_closed(names: Names, alice: EtnaSession) -> None:
    """What the old session has kept open is closed."""
    closed = threading.Event()

    def keep_open(connection, _) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        if not connection.recv(1):
            closed.set()

    names.server.play(keep_open)
    alice.get("v1.0/x")
    assert not closed.is_set()
    names.log_in("bob", BOB)
    assert closed.wait(LIMIT)


def test_no_token_of_another_account(names: Names, alice: EtnaSession) -> None:
    """A session is not given another account's token, and keeps its own."""
    with pytest.raises(ValueError, match=r"this session is of alice at .*, and the token of bob at "):
        alice.holder.put(names.token("bob", BOB))
    assert 200 == alice.get("v1.0/x").status_code
    assert [OLD] == names.signed


def test_cookies_are_not_shared(names: Names, alice: EtnaSession) -> None:
    """A cookie of Alice's is not sent for Bob, and not for Alice when she is back in a new session."""
    names.server.play(answer(200, b"{}", ("Set-Cookie", "sid=ALICE; Path=/")))
    alice.get("v1.0/x")
    names.server.play(OK)
    names.log_in("bob", BOB).get("v1.0/x")
    names.log_in(accounts.USERNAME, NEW).get("v1.0/x")
    assert [[], []] == [received.values("Cookie") for received in names.server.received]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("stream", [False, True])
def test_prepared_for_another_user(names: Names, alice: EtnaSession, method: str, *, stream: bool) -> None:
    """What was prepared for Alice is sent by no session of Bob's, and by hers when she is back."""
    request = alice.prepare_request(requests.Request(method, "v1.0/accounts/ALICE-1/orders"))
    bob = names.log_in("bob", BOB)
    error = caught(lambda: bob.send(request, stream=stream))
    base_url = names.server.base_url
    outcome = " The POST was not sent." if method == "POST" else ""
    expected = (
        f"The request was made for alice at {base_url}, and this session is of bob at {base_url}.{outcome}"
    )
    assert (NotLoggedInError, expected, []) == (type(error), str(error), names.server.received)
    back = names.log_in(accounts.USERNAME, NEW)
    assert (200, [NEW]) == (back.send(request, stream=stream).status_code, names.signed)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_prepared_for_another_base_url(names: Names, alice: EtnaSession, method: str) -> None:
    """What was prepared for one base URL is not sent, not even unsigned, by a session of another."""
    request = alice.prepare_request(requests.Request(method, "v1.0/orders"))
    here, there = names.server.base_url, names.server.base_url.replace("/api", "/demo")
    elsewhere = names.log_in(accounts.USERNAME, NEW, there)
    error = caught(lambda: elsewhere.send(request))
    outcome = " The POST was not sent." if method == "POST" else ""
    expected = f"The request was made for alice at {here}, and this session is of alice at {there}.{outcome}"
    assert (NotLoggedInError, expected, []) == (type(error), str(error), names.server.received)


def test_other_names_are_untouched(names: Names, alice: EtnaSession) -> None:
    """A login of Bob's under another name changes nothing for Alice."""
    bob = logins.put(names.token("bob", BOB), "paper", registry=names.registry).session
    assert [200, 200] == [session.get("v1.0/x").status_code for session in (alice, bob)]
    assert [OLD, BOB] == names.signed


class TestOlderTokens:
    """An older `Token` given as `auth=` or set as `session.auth` names the account, and no more."""

    @pytest.fixture
    def older(self, names: Names, alice: EtnaSession) -> Token:
        """Return Alice's first token; her session has a later one by now."""
        older = alice.token
        names.log_in(accounts.USERNAME, NEW)
        return older

    @staticmethod
    def options(session: EtnaSession, token: Token, way: str) -> dict[str, Token]:
        """Have calls use a token as their auth; return what to say with each."""
        session.auth = token if way == "session.auth" else None
        return {"auth": token} if way == "auth=" else {}

    @pytest.mark.parametrize("ended", ["", "was logged out", "was refused by the server"])
    @pytest.mark.parametrize("way", ["auth=", "session.auth"])
    def test_signed_with_the_current_token(self, names, alice, older: Token, way: str, ended: str) -> None:
        """The token of the moment of sending signs, whatever has become of the older one."""
        if ended == "was logged out":
            older.end(ended)
        elif ended:
            older.refuse()
        more = self.options(alice, older, way)
        statuses = [alice.request(method, "v1.0/x", **more).status_code for method in ("GET", "POST")]
        assert ([200, 200], [NEW, NEW]) == (statuses, names.signed)
        assert [[accounts.APP_KEY]] * 2 == [one.values("Et-App-Key") for one in names.server.received]

    @pytest.mark.parametrize("way", ["auth=", "session.auth"])
    def test_prepared_before_and_sent_later(self, names: Names, alice, older: Token, way: str) -> None:
        """A prepared request has no secret, and is signed with the token of the moment of sending."""
        more = self.options(alice, older, way)
        request = alice.prepare_request(requests.Request("POST", "v1.0/x", **more))
        shown = f"{vars(request)}"
        assert [] == [secret for secret in (*accounts.SECRETS, NEW.partition(" ")[2]) if secret in shown]
        assert f"••• alice at {names.server.base_url}" == request.headers["Authorization"]
        latest = "Bearer bGF0ZXN0"
        names.log_in(accounts.USERNAME, latest)
        assert (200, [latest]) == (alice.send(request).status_code, names.signed)

    @pytest.mark.parametrize("way", ["auth=", "session.auth"])
    def test_no_header_in_any_frame(self, names: Names, alice, older: Token, way: str) -> None:
        """A call that fails leaves neither the older token nor the current one in a frame, nor an answer."""
        more = self.options(alice, older, way)
        response = alice.post("v1.0/x", **more)
        assert "Et-App-Key" not in response.request.headers
        assert f"••• alice at {names.server.base_url}" == response.request.headers["Authorization"]
        names.server.play(lambda connection, _: connection.close())
        error = caught(lambda: alice.post("v1.0/x", **more))
        assert [] == leaks(error, [*accounts.SECRETS, NEW.partition(" ")[2]], deep=True)

    @pytest.mark.parametrize("way", ["auth=", "session.auth"])
    def test_token_of_another_user(self, names: Names, alice: EtnaSession, way: str) -> None:
        """Another user's token signs nothing in Alice's session; the error names both."""
        more = self.options(alice, names.token("bob", BOB), way)
        error = caught(lambda: alice.post("v1.0/x", **more))
        base_url = names.server.base_url
        expected = (
            f"The request was made for bob at {base_url}, and this session is of alice at {base_url}. "
            "The POST was not sent."
        )
        assert (NotLoggedInError, expected, []) == (type(error), str(error), names.server.received)

    def test_elsewhere(self, alice: EtnaSession, older: Token, other: ScriptedServer) -> None:
        """To another server `auth=` sends nothing and says why; by `session.auth` no header goes along."""
        url = f"{other.base_url}/x"
        error = caught(lambda: alice.get(url, auth=older))
        assert ("InsecureURLError", 0) == (type(error).__name__, other.connections)
        alice.auth = older
        assert 200 == alice.get(url).status_code
        (received,) = other.received
        assert ([], []) == (received.values("Authorization"), received.values("Et-App-Key"))
