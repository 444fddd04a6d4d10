"""Redirects: token and app key stay at their own origin, whoever sends the request."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from etna_magic import Token
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment
from tests.helpers.certificates import Certificates
from tests.helpers.server import ScriptedServer, answer

STATUSES = [301, 302, 303, 307, 308]
SIGNED = {"Authorization": [f"Bearer {accounts.TOKEN}"], "Et-App-Key": [accounts.APP_KEY]}
UNSIGNED = {"Authorization": [], "Et-App-Key": []}
OK = answer(200, b"{}")

by_status = pytest.mark.parametrize("status", STATUSES)


def _by_session(token: Token, method: str, url: str, **more) -> requests.Response:
    with EtnaSession("etna", 5.0) as session:
        session.bind(token)
        return session.request(method, url, **more)


def _by_auth(token: Token, method: str, url: str, **more) -> requests.Response:
    return requests.request(method, url, auth=token, timeout=5, **more)


SENDERS = {"EtnaSession": _by_session, "auth=token": _by_auth}
by_sender = pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
Sender = Callable[..., requests.Response]


def _ours(request) -> dict[str, list[str]]:
    return {name: request.values(name) for name in SIGNED}


def _redirect(status: int, location: str) -> bytes:
    return answer(status, b"", ("Location", location))


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """Run a server that must see neither header."""
    with ScriptedServer(OK) as running:
        yield running


@by_sender
@by_status
@pytest.mark.parametrize("method", ["GET", "POST"])
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
def test_off_the_origin(other, send: Sender, status: int, method: str, location: str) -> None:
    """A redirect to another server carries neither header; the first request carried both."""
    with ScriptedServer(b"") as server:
        server.play(_redirect(status, location.format(own=server.port, other=other.port)))
        response = send(accounts.token(server.base_url), method, f"{server.base_url}/v1.0/x")
    # A session sends no order a second time, and these two would.
    stays = method == "POST" and status in (307, 308) and send is _by_session
    assert (status if stays else 200, SIGNED) == (response.status_code, _ours(server.received[0]))
    assert [UNSIGNED] * (not stays) == [_ours(request) for request in other.received]


@by_sender
@by_status
def test_other_name_of_the_same_server(send: Sender, status: int) -> None:
    """`localhost` is another origin than 127.0.0.1, though the same server stands there."""
    with ScriptedServer(b"") as server:
        server.play(_redirect(status, f"http://localhost:{server.port}/x"), OK)
        send(accounts.token(server.base_url), "GET", f"{server.base_url}/v1.0/x")
    assert [SIGNED, UNSIGNED] == [_ours(request) for request in server.received]


@by_sender
@by_status
@pytest.mark.parametrize("secure", [True, False], ids=["http to https", "https to http"])
def test_other_scheme(
    send: Sender,
    status: int,
    secure: bool,  # noqa: FBT001 - a table's column
    tls: tuple,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A redirect to the other scheme carries neither header."""
    context, authority = tls
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
    here, there = (None, context) if secure else (context, None)
    with ScriptedServer(b"", tls=here) as server, ScriptedServer(OK, tls=there) as target:
        server.play(_redirect(status, f"{target.base_url}/x"))
        send(accounts.token(server.base_url), "GET", f"{server.base_url}/v1.0/x")
    assert [SIGNED, UNSIGNED] == [_ours(r) for r in (*server.received, *target.received)]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """Make a server's context, and the authority that vouches for it."""
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    return made.signed("good", "here", "20200101000000Z", "20491231000000Z"), made.authority


@by_sender
@by_status
@pytest.mark.parametrize("location", ["/api/v1.0/y", "y", "http://127.0.0.1:{own}/y", "//127.0.0.1:{own}/y"])
def test_on_the_origin(send: Sender, status: int, location: str) -> None:
    """A redirect within the origin keeps both headers."""
    with ScriptedServer(b"") as server:
        server.play(_redirect(status, location.format(own=server.port)), OK)
        _by_session(accounts.token(server.base_url), "GET", f"{server.base_url}/v1.0/x")
    assert [SIGNED, SIGNED] == [_ours(request) for request in server.received]


@by_status
def test_on_the_origin_with_netrc(status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc replaces no header of a session, not at a redirect either.

    With `auth=token` on a session of one's own, requests asks .netrc at the redirect by itself.
    """
    traps.write_netrc(monkeypatch, tmp_path)
    with ScriptedServer(b"") as server:
        server.play(_redirect(status, "/api/y"), OK)
        _by_session(accounts.token(server.base_url), "GET", f"{server.base_url}/v1.0/x")
    assert [SIGNED, SIGNED] == [_ours(request) for request in server.received]


def test_session_asks_no_netrc_for_another_server(
    other, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A session does not send a password of ~/.netrc along with a redirect."""
    traps.write_netrc(monkeypatch, tmp_path)
    with ScriptedServer(_redirect(302, f"{other.base_url}/x")) as server:
        _by_session(accounts.token(server.base_url), "GET", "v1.0/x")
    assert [UNSIGNED] == [_ours(request) for request in other.received]


@by_sender
def test_there_and_back(other, send: Sender) -> None:
    """Headers that were dropped on the way out are not sent to a third server either."""
    with ScriptedServer(b"") as server, ScriptedServer(OK) as third:
        server.play(_redirect(302, f"{other.base_url}/x"))
        other.play(_redirect(307, f"{third.base_url}/x"))
        send(accounts.token(server.base_url), "GET", f"{server.base_url}/v1.0/x")
    assert [UNSIGNED, UNSIGNED] == [_ours(r) for r in (*other.received, *third.received)]


@pytest.mark.parametrize("status", [*STATUSES, 200])
def test_response_holds_no_token(status: int) -> None:
    """Neither a session's response nor its history shows the headers that were sent."""
    with ScriptedServer(b"") as server:
        server.play(_redirect(status, "/api/y"), _redirect(status, "/api/z"), OK)
        response = _by_session(accounts.token(server.base_url), "GET", "v1.0/x")
    shown = [dict(one.request.headers) for one in (response, *response.history)]
    assert len(server.received) == len(shown)
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(shown)]


@by_status
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_response_whose_redirect_is_not_followed(status: int, method: str) -> None:
    """The request that waits in a response's `next` does not show the headers either."""
    with ScriptedServer(_redirect(status, "/api/y")) as server:
        response = _by_session(accounts.token(server.base_url), method, "v1.0/x", allow_redirects=False)
    shown = (dict(response.request.headers), response.next and dict(response.next.headers))
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(shown)]


def test_prepared_request_is_masked_when_sent() -> None:
    """A request that was prepared and sent by hand comes back without the headers as well."""
    with ScriptedServer(OK) as server, EtnaSession("etna", 5.0) as session:
        session.bind(accounts.token(server.base_url))
        response = session.send(session.prepare_request(requests.Request("GET", "v1.0/x")))
    assert SIGNED == _ours(server.received[0])
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(dict(response.request.headers))]
