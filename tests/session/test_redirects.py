"""Redirects of reads: token and app key stay at their own origin, whoever sends the request on."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from ssl import SSLContext

import pytest
import requests

from etna_magic import EtnaError, Token
from etna_magic.session import EtnaSession
from etna_magic.token import placeholder
from tests.helpers import accounts, environment, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import Received, ScriptedServer, answer
from tests.session.broken_servers import HALVES, hang_up
from tests.session.renewing_login import (
    DENIED,
    NEW,
    OLD,
    PAST_THE_END,
    PROBE,
    RenewingLogin,
    new_token_only,
    send,
)

STATUSES = [301, 302, 303, 307, 308]
SIGNED = ([f"Bearer {accounts.TOKEN}"], [accounts.APP_KEY])
UNSIGNED = ([], [])
OK = answer(200, b"{}")

by_status = pytest.mark.parametrize("status", STATUSES)


def redirect(location: str, status: int = 302) -> bytes:
    """Return an answer that leads somewhere else."""
    return answer(status, b"", ("Location", location))


def ours(server: ScriptedServer) -> list[tuple[list[str], list[str]]]:
    """Return our headers as a server has received them."""
    return [(received.values("Authorization"), received.values("Et-App-Key")) for received in server.received]


def shown(response: requests.Response) -> list[str]:
    """Return the secrets that an answer and its history show of their requests."""
    headers = [dict(one.request.headers) for one in (response, *response.history)]
    return [secret for secret in accounts.SECRETS if secret in repr(headers)]


def by_session(token: Token, url: str) -> requests.Response:
    """Read by the session of a login."""
    with logins.session_of(token) as session:
        return session.get(url)


def by_auth(token: Token, url: str, method: str = "GET") -> requests.Response:
    """Make a call without a session of ours, signed by auth=token."""
    return requests.request(method, url, auth=token, timeout=5)


SENDERS = {"session": by_session, "auth=token": by_auth, "POST, auth=token": partial(by_auth, method="POST")}
by_sender = pytest.mark.parametrize("call", SENDERS.values(), ids=SENDERS)


# ------------------------------------------------------------------ off the origin


@by_sender
@by_status
@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://127.0.0.1:{other}/x", id="other port"),
        pytest.param("http://localhost:{other}/x", id="other name and port"),
        pytest.param("//127.0.0.1:{other}/x", id="without scheme"),
        pytest.param("HTTP://127.0.0.1:{other}/x", id="scheme in capitals"),
        pytest.param("http://127.0.0.1:{own}@localhost:{other}/", id="own host as user"),
        pytest.param("http://user:password@127.0.0.1:{other}/", id="user and password"),
        pytest.param("http://127.0.0.1:{other}/#http://127.0.0.1:{own}", id="own host in the fragment"),
        pytest.param("http://127.0.0.1:{other}?http://127.0.0.1:{own}/", id="own host in the query"),
    ],
)
def test_off_the_origin(server, other, call, status: int, location: str) -> None:
    """A redirect to another server has neither header; the first request had both."""
    server.play(redirect(location.format(own=server.port, other=other.port), status))
    response = call(accounts.token(server.base_url), f"{server.base_url}/v1.0/x")
    assert (200, [SIGNED], [UNSIGNED]) == (response.status_code, ours(server), ours(other))
    assert [] == shown(response)


@by_sender
@by_status
def test_other_name_of_the_same_server(server, call, status: int) -> None:
    """`localhost` is another origin than 127.0.0.1, though it is the same server."""
    server.play(redirect(f"http://localhost:{server.port}/x", status), OK)
    call(accounts.token(server.base_url), f"{server.base_url}/v1.0/x")
    assert [SIGNED, UNSIGNED] == ours(server)


@by_sender
@by_status
@pytest.mark.parametrize("secure", [True, False], ids=["http to https", "https to http"])
def test_other_scheme(tls: SSLContext, call, status: int, secure: bool) -> None:  # noqa: FBT001 - a table's column
    """A redirect to the other scheme has neither header."""
    here, there = (None, tls) if secure else (tls, None)
    with ScriptedServer(b"", tls=here) as server, ScriptedServer(OK, tls=there) as target:
        server.play(redirect(f"{target.base_url}/x", status))
        call(accounts.token(server.base_url), f"{server.base_url}/v1.0/x")
        assert ([SIGNED], [UNSIGNED]) == (ours(server), ours(target))


def test_from_http_to_https_on_the_usual_ports() -> None:
    """Where requests keeps Authorization, from http to https of one host, nothing of ours is sent."""

    class Recorder(requests.adapters.BaseAdapter):
        """Answers by a redirect once, and notes what it is asked to send."""

        def __init__(self) -> None:
            super().__init__()
            self.sent: list[tuple[str, str | None]] = []

        def send(self, request: requests.PreparedRequest, **_) -> requests.Response:
            self.sent.append((request.url, request.headers.get("Authorization")))
            response = requests.Response()
            response.status_code, response.url = (302, request.url) if len(self.sent) == 1 else (200, "")
            response.headers["Location"] = "https://localhost/x"
            return response

        def close(self) -> None:
            pass

    with logins.session_of(accounts.token("http://localhost/api")) as plain:
        recorder = Recorder()
        for scheme in ("http://", "https://"):
            plain.mount(scheme, recorder)
        plain.get("v1.0/x")
    assert [("http://localhost/api/v1.0/x", OLD), ("https://localhost/x", None)] == recorder.sent


@by_sender
def test_off_and_on(server, other, call) -> None:
    """Headers that were dropped on the way out are not sent to a third server either."""
    with ScriptedServer(OK) as third:
        server.play(redirect(f"{other.base_url}/x"))
        other.play(redirect(f"{third.base_url}/x", 307))
        call(accounts.token(server.base_url), f"{server.base_url}/v1.0/x")
        assert [UNSIGNED, UNSIGNED] == [*ours(other), *ours(third)]


@by_status
def test_away_and_home(server, session: EtnaSession, other, status: int) -> None:
    """What another server sends back home is its own wish, and is not signed."""
    server.play(redirect(f"{other.base_url}/x"), OK)
    other.play(redirect(f"{server.base_url}/v1.0/logout", status))
    assert 200 == session.get("v1.0/x").status_code
    assert ([SIGNED, UNSIGNED], [UNSIGNED]) == (ours(server), ours(other))


def test_away_home_and_home(server, session: EtnaSession, other) -> None:
    """Nor is a step that follows it within the own server."""
    server.play(redirect(f"{other.base_url}/x"), redirect("/api/v1.0/logout"), OK)
    other.play(redirect(f"{server.base_url}/y"))
    assert 200 == session.get("v1.0/x").status_code
    assert ([SIGNED, UNSIGNED, UNSIGNED], [UNSIGNED]) == (ours(server), ours(other))


def test_a_call_that_began_elsewhere(server, session: EtnaSession, other) -> None:
    """A call that began elsewhere is not signed at home."""
    other.play(redirect(f"{server.base_url}/v1.0/logout"))
    assert 200 == session.get(f"{other.base_url}/x").status_code
    assert ([UNSIGNED], [UNSIGNED]) == (ours(server), ours(other))


def test_a_password_of_netrc(server, session, other, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A session does not send a password of ~/.netrc along with a redirect, at home or elsewhere."""
    environment.write_netrc(monkeypatch, tmp_path)
    server.play(redirect("/api/y"), redirect(f"{other.base_url}/x"))
    session.get("v1.0/x")
    assert ([SIGNED, SIGNED], [UNSIGNED]) == (ours(server), ours(other))


# ------------------------------------------------------------------ on the origin


@by_sender
@by_status
@pytest.mark.parametrize("location", ["/api/v1.0/y", "y", "http://127.0.0.1:{own}/y", "//127.0.0.1:{own}/y"])
def test_on_the_origin(server, call, status: int, location: str) -> None:
    """A redirect within the origin keeps both headers, each time, and no answer shows them."""
    location = location.format(own=server.port)
    server.play(redirect(location, status), redirect(location, status), OK)
    response = call(accounts.token(server.base_url), f"{server.base_url}/v1.0/x")
    assert ([SIGNED] * 3, [], 2) == (ours(server), shown(response), len(response.history))


LOCATIONS = {
    "/api/my report.csv": "/api/my%20report.csv",
    "my report.csv?of=a b": "/api/v1.0/my%20report.csv?of=a%20b",
    "/api/echo?q={a b}|\\": "/api/echo?q=%7Ba%20b%7D%7C%5C",
    "/api/my%20report.csv": "/api/my%20report.csv",
}


@pytest.mark.parametrize(("location", "target"), LOCATIONS.items())
def test_a_location_with_a_blank(server, session: EtnaSession, location: str, target: str) -> None:
    """A location that a server did not spell by the rules is followed, spelt by them, and signed."""
    server.play(redirect(location), OK)
    assert 200 == session.get("v1.0/x").status_code
    assert ([target], [SIGNED, SIGNED]) == ([server.received[1].target], ours(server))


@by_status
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_one_that_is_not_followed(server, session: EtnaSession, status: int, method: str) -> None:
    """The request that waits in `next` shows no header; sent on, it is signed when it leads home."""
    server.play(redirect("/api/y", status), OK)
    response = session.request(method, "v1.0/x", allow_redirects=False)
    assert (status, []) == (response.status_code, shown(response))
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(dict(response.next.headers))]
    assert 200 == session.send(response.next).status_code
    assert [SIGNED, SIGNED] == ours(server)


def test_one_that_is_not_followed_elsewhere(server, session: EtnaSession, other) -> None:
    """One that leads elsewhere has nothing of ours, not even a placeholder."""
    server.play(redirect(f"{other.base_url}/x"))
    session.send(session.get("v1.0/x", allow_redirects=False).next)
    assert [UNSIGNED] == ours(other)


# ------------------------------------------------------------------ redirects that go wrong


@pytest.mark.parametrize("most", [0, 2, 30])
def test_too_many(server, session: EtnaSession, most: int) -> None:
    """A circle is what it is with requests, after as many steps as the session says, and has no secret."""
    server.play(redirect("/api/v1.0/x"))
    session.max_redirects = most
    with pytest.raises(requests.TooManyRedirects, match=f"Exceeded {most} redirects") as error:
        session.get("v1.0/x?key=private")
    assert ([], most + 1) == (leaks(error.value, accounts.SECRETS), len(server.received))
    assert "private" not in str(error.value)


def test_too_many_have_a_last_answer(server, session: EtnaSession) -> None:
    """The error of a circle holds the last answer, whose request shows nothing of ours."""
    server.play(*(redirect(f"/api/v1.0/{step}") for step in range(1, 9)))
    session.max_redirects = 3
    with pytest.raises(requests.TooManyRedirects) as error:
        session.get("v1.0/0")
    last = error.value.response
    assert (302, f"{server.base_url}/v1.0/3", "/api/v1.0/4") == (
        last.status_code, last.url, last.headers["Location"],
    )  # fmt: skip
    assert ([], [SIGNED] * 4) == (shown(last), ours(server))


UNREADABLE = {
    "no port": "http://127.0.0.1:99999/x",
    "no number": "http://127.0.0.1:x/x",
    "no host": "http://[::1/x",
    "other letters": "http://\x9bhost/",
    "no http": "ftp://127.0.0.1/x",
    "file": "file:///etc/passwd",
}


@pytest.mark.parametrize("location", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("steps", [0, 1])
def test_to_no_address(server, session: EtnaSession, location: str, steps: int) -> None:
    """A redirect to what cannot be read, or is of another protocol, is the answer itself."""
    server.play(*[redirect("/api/y")] * steps, redirect(location))
    response = session.get("v1.0/x")
    assert (302, steps, steps + 1) == (response.status_code, len(response.history), len(server.received))
    assert response.request.headers["Authorization"] == placeholder(session.account)


@pytest.mark.parametrize("location", [*UNREADABLE.values(), "myapp://callback?code=1", "mailto:x@y"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_to_no_address_that_is_not_followed(server, session: EtnaSession, location: str, method: str) -> None:
    """Nor does one raise where none is followed, and there is nothing to follow."""
    server.play(redirect(location))
    response = session.request(method, "v1.0/x", allow_redirects=False)
    assert (302, location, None, 1) == (
        response.status_code, response.headers["Location"], response.next, len(server.received),
    )  # fmt: skip
    assert 302 == session.head("v1.0/x").status_code


WRONG: dict[str, tuple[type[Exception], Callable[[object, Received], None] | bytes]] = {
    "broken off": (requests.ConnectionError, hang_up),
    "half a body": (requests.RequestException, HALVES["half a body"].reply),
    "refused": (EtnaError, DENIED),
}


@pytest.mark.parametrize(("kind", "reply"), WRONG.values(), ids=WRONG)
def test_what_fails_behind_one(server, session: EtnaSession, pauses, kind, reply) -> None:
    """What fails behind a redirect fails as it does without one."""
    known = {"/api/v1.0/x": redirect("/api/v1.0/y")}
    server.play(lambda connection, received: send(known.get(received.target, reply), connection, received))
    error = caught(lambda: session.get("v1.0/x"))
    assert (True, False, []) == (
        isinstance(error, kind),
        "sent" in str(error),
        leaks(error, accounts.SECRETS),
    )


# ------------------------------------------------------------------ redirects and renewals


def test_a_step_is_sent_again(renewing: RenewingLogin) -> None:
    """A step that is refused with a dead token is sent once more with a fresh one."""
    known = {"/api/v1.0/x": redirect("/api/v1.0/y")}
    renewing.call_reply = lambda connection, received: send(
        known.get(received.target, new_token_only()), connection, received
    )
    assert 200 == renewing.session.get("v1.0/x").status_code
    assert [("/api/v1.0/x", [OLD]), ("/api/v1.0/y", [OLD]), (PROBE, [OLD]), ("/api/v1.0/y", [NEW])] == [
        (one.target, one.values("Authorization")) for one in renewing.calls
    ]


AGAIN = {
    "request of the answer": lambda session: session.get("v1.0/x").request,
    "request of its history": lambda session: session.get("v1.0/x").history[0].request,
    "next": lambda session: session.get("v1.0/x", allow_redirects=False).next,
    "request of a step": lambda session: (
        session.send(session.get("v1.0/x", allow_redirects=False).next).request
    ),
}
by_again = pytest.mark.parametrize("find", AGAIN.values(), ids=AGAIN)


def redirected(renewing: RenewingLogin, find) -> requests.PreparedRequest:
    """Make a call that is redirected, and return one of its requests; then the old token is dead."""
    known = {"/api/v1.0/x": redirect("/api/v1.0/y")}
    renewing.call_reply = lambda connection, received: send(
        known.get(received.target, OK), connection, received
    )
    request = find(renewing.session)
    renewing.server.received.clear()
    renewing.call_reply = new_token_only()
    return request


@by_again
def test_sent_again_and_refused(renewing: RenewingLogin, find) -> None:
    """A request of a redirected call that is sent again and refused is read with a fresh token."""
    request = redirected(renewing, find)
    assert 200 == renewing.session.send(request).status_code
    assert (1, [OLD, OLD, NEW]) == (renewing.login_count, renewing.signed)


@by_again
def test_sent_again_past_the_end(renewing: RenewingLogin, find) -> None:
    """One that is sent again past the token's end renews it first."""
    request = redirected(renewing, find)
    renewing.clock.move(PAST_THE_END)
    assert 200 == renewing.session.send(request).status_code
    assert (1, [NEW]) == (renewing.login_count, renewing.signed)
