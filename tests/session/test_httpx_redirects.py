"""The hostile redirects of the session's own tests, by both clients of httpx: nothing leaves the origin."""

from collections.abc import Iterator
from ssl import SSLContext
from typing import Any

import httpx
import pytest

from etna_magic import InsecureURLError
from etna_magic.token import placeholder
from tests.helpers import accounts, environment, logins
from tests.helpers.leaks import leaks
from tests.helpers.server import ScriptedServer, answer
from tests.session.httpx_clients import BothKinds
from tests.session.renewing_login import NEW, OLD, PROBE, RenewingLogin, new_token_only, send
from tests.session.test_redirects import (
    LOCATIONS,
    OK,
    SIGNED,
    STATUSES,
    UNREADABLE,
    UNSIGNED,
    ours,
    redirect,
)

by_status = pytest.mark.parametrize("status", STATUSES)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    """Return which kind of client."""
    return request.param


@pytest.fixture
def client(session, is_async: bool) -> Iterator[BothKinds]:  # noqa: FBT001 - a fixture
    """Return a client that follows redirects."""
    with BothKinds(session, is_async=is_async, follow_redirects=True) as made:
        yield made


def shown(response: httpx.Response) -> list[str]:
    """Return the secrets that an answer and its history show of their requests."""
    headers = [one.request.headers.raw for one in (response, *response.history)]
    return [secret for secret in accounts.SECRETS if secret in repr(headers)]


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
def test_off_the_origin(server, other, client: BothKinds, status: int, location: str) -> None:
    """A redirect to another server has neither header; the first request had both."""
    server.play(redirect(location.format(own=server.port, other=other.port), status))
    response = client.get("v1.0/x")
    assert (200, [SIGNED]) == (response.status_code, ours(server))
    assert [[], []] == [received.values("Et-App-Key") for received in other.received] + [shown(response)]
    assert [] == [one for one in other.received for value in one.values("Authorization") if "Bearer" in value]


@by_status
def test_other_name_of_the_same_server(server, client: BothKinds, status: int) -> None:
    """`localhost` is another origin than 127.0.0.1, though it is the same server."""
    server.play(redirect(f"http://localhost:{server.port}/x", status), OK)
    client.get("v1.0/x")
    assert [SIGNED, UNSIGNED] == ours(server)


@by_status
@pytest.mark.parametrize("secure", [True, False], ids=["http to https", "https to http"])
def test_other_scheme(tls: SSLContext, is_async, status: int, secure: bool) -> None:  # noqa: FBT001 - a table's column
    """A redirect to the other scheme has neither header."""
    here, there = (None, tls) if secure else (tls, None)
    with ScriptedServer(b"", tls=here) as server, ScriptedServer(OK, tls=there) as target:
        server.play(redirect(f"{target.base_url}/x", status))
        session = logins.session_of(accounts.token(server.base_url))
        with BothKinds(session, is_async=is_async, follow_redirects=True) as client:
            client.get(f"{server.base_url}/v1.0/x")
        assert ([SIGNED], [UNSIGNED]) == (ours(server), ours(target))


def test_from_http_to_https_on_the_usual_ports(is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """Where httpx keeps Authorization, from http to https of one host, nothing of ours is sent."""
    sent: list[tuple[str, str | None]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append((str(request.url), request.headers.get("Authorization")))
        location = {"Location": "https://localhost/x"} if len(sent) == 1 else {}
        return httpx.Response(302 if location else 200, headers=location)

    session = logins.session_of(accounts.token("http://localhost/api"))
    transport = httpx.MockTransport(reply)
    with BothKinds(session, is_async=is_async, follow_redirects=True, transport=transport) as client:
        client.get("v1.0/x")
    assert [("http://localhost/api/v1.0/x", OLD), ("https://localhost/x", None)] == sent


def test_off_and_on(server, other, client: BothKinds) -> None:
    """Headers that were dropped on the way out are not sent to a third server either."""
    with ScriptedServer(OK) as third:
        server.play(redirect(f"{other.base_url}/x"))
        other.play(redirect(f"{third.base_url}/x", 307))
        client.get("v1.0/x")
        assert [UNSIGNED, UNSIGNED] == [*ours(other), *ours(third)]


@by_status
def test_away_and_home(server, client: BothKinds, other, status: int) -> None:
    """What another server sends back home is its own wish, and is not signed, nor is a step that follows."""
    server.play(redirect(f"{other.base_url}/x"), redirect("/api/v1.0/logout"), OK)
    other.play(redirect(f"{server.base_url}/y", status))
    assert 200 == client.get("v1.0/x").status_code
    assert ([SIGNED, UNSIGNED, UNSIGNED], [UNSIGNED]) == (ours(server), ours(other))


def test_a_call_that_began_elsewhere(server, client: BothKinds, other) -> None:
    """A call that began elsewhere is not signed at home."""
    other.play(redirect(f"{server.base_url}/v1.0/logout"))
    assert 200 == client.get(f"{other.base_url}/x").status_code
    assert ([UNSIGNED], [UNSIGNED]) == (ours(server), ours(other))


def test_headers_of_a_users_own(server, session, other, is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """Headers that a user has given the client are sent nowhere else either, where httpx would send one."""
    headers = session.token.headers()
    options: dict[str, Any] = {"headers": headers, "auth": None, "follow_redirects": True}
    with BothKinds(session, is_async=is_async, **options) as client:
        server.play(redirect(f"{other.base_url}/x"))
        client.get("v1.0/x")
        client.get(f"{other.base_url}/y")
    assert ([SIGNED], [UNSIGNED, UNSIGNED]) == (ours(server), ours(other))


def test_a_password_of_netrc(server, client, other, monkeypatch, tmp_path) -> None:
    """A password of ~/.netrc goes nowhere."""
    environment.write_netrc(monkeypatch, tmp_path)
    server.play(redirect("/api/y"), redirect(f"{other.base_url}/x"))
    client.get("v1.0/x")
    assert ([SIGNED, SIGNED], [UNSIGNED]) == (ours(server), ours(other))


def test_cookies_stay_at_home(server, client: BothKinds, other) -> None:
    """A cookie goes to the origin that has set it, and not to another port of its host."""
    server.play(answer(302, b"", ("Location", f"{other.base_url}/x"), ("Set-Cookie", "a=b; Path=/")), OK)
    client.get("v1.0/x")
    client.get("v1.0/y")
    assert [[], []] == [received.values("Cookie") for received in (server.received[0], other.received[0])]
    assert ["a=b"] == server.received[1].values("Cookie")


# ------------------------------------------------------------------ on the origin


@by_status
@pytest.mark.parametrize("location", ["/api/v1.0/y", "y", "http://127.0.0.1:{own}/y", "//127.0.0.1:{own}/y"])
def test_on_the_origin(server, client: BothKinds, status: int, location: str) -> None:
    """A redirect within the origin keeps both headers, each time, and no answer shows them."""
    location = location.format(own=server.port)
    server.play(redirect(location, status), redirect(location, status), OK)
    response = client.get("v1.0/x")
    assert ([SIGNED] * 3, [], 2) == (ours(server), shown(response), len(response.history))


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_location_with_a_blank(server, client: BothKinds, location: str) -> None:
    """A location that a server did not spell by the rules is followed, and signed."""
    server.play(redirect(location), OK)
    assert 200 == client.get("v1.0/x").status_code
    assert [SIGNED, SIGNED] == ours(server)


@by_status
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_one_that_is_not_followed(server, client: BothKinds, status: int, method: str) -> None:
    """The request that waits in `next_request` shows no header; sent on, it is signed when it leads home."""
    server.play(redirect("/api/y", status), OK)
    response = client.request(method, "v1.0/x", follow_redirects=False)
    assert (status, []) == (response.status_code, shown(response))
    assert [] == [secret for secret in accounts.SECRETS if secret in repr(response.next_request.headers.raw)]
    assert 200 == client.send(response.next_request).status_code
    assert [SIGNED, SIGNED] == ours(server)


@by_status
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_order_follows_none(server, client: BothKinds, other, status: int, method: str) -> None:
    """A call that is no read follows no redirect, even where the client does: the 3xx is the answer."""
    for location in ("/api/y", f"{other.base_url}/y"):
        server.play(redirect(location, status))
        assert status == client.request(method, "v1.0/x", json={}, follow_redirects=True).status_code
        assert (1, 0) == (len(server.received), other.connections)


def test_too_many(server, client: BothKinds) -> None:
    """A circle is what it is with httpx, and has no secret."""
    server.play(redirect("/api/v1.0/x"))
    client.client.max_redirects = 2
    with pytest.raises(httpx.TooManyRedirects) as error:
        client.get("v1.0/x")
    assert ([], 3) == (leaks(error.value, accounts.SECRETS), len(server.received))


@pytest.mark.parametrize("location", UNREADABLE.values(), ids=UNREADABLE)
def test_to_no_address(server, client: BothKinds, location: str) -> None:
    """A redirect to what cannot be read ends as an exception without a secret, or as the answer."""
    server.play(redirect(location))
    try:
        assert 302 == client.get("v1.0/x").status_code
    except (httpx.HTTPError, httpx.InvalidURL, InsecureURLError) as error:
        assert [] == leaks(error, accounts.SECRETS)  # noqa: PT017 - either is right
    assert [SIGNED] == ours(server)


@pytest.mark.parametrize("location", UNREADABLE.values(), ids=UNREADABLE)
def test_an_order_that_is_sent_to_no_address(server, client: BothKinds, location: str) -> None:
    """Of an order that was answered with such a one, the exception says that it was sent."""
    server.play(redirect(location))
    try:
        assert 302 == client.post("v1.0/x").status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        expected = ["The POST was sent and answered: check whether it was carried out."]
        assert (expected, []) == (error.__notes__, leaks(error, accounts.SECRETS))  # noqa: PT017 - as above
    assert [SIGNED] == ours(server)


def test_a_step_is_sent_again(renewing: RenewingLogin, is_async: bool) -> None:  # noqa: FBT001 - a fixture
    """A step that is refused with a dead token is sent once more with a fresh one."""
    known = {"/api/v1.0/x": redirect("/api/v1.0/y")}
    renewing.call_reply = lambda connection, received: send(
        known.get(received.target, new_token_only()), connection, received
    )
    with BothKinds(renewing.session, is_async=is_async, follow_redirects=True) as client:
        response = client.get("v1.0/x")
    assert [("/api/v1.0/x", [OLD]), ("/api/v1.0/y", [OLD]), (PROBE, [OLD]), ("/api/v1.0/y", [NEW])] == [
        (one.target, one.values("Authorization")) for one in renewing.calls
    ]
    expected = placeholder(renewing.session.account)
    assert expected == response.request.headers["Authorization"].strip()
