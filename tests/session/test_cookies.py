"""Cookies that the broker's server has set: they go back to its origin, and nobody else gets them."""

import socket
from email.message import Message
from ssl import SSLContext
from types import SimpleNamespace
from urllib.request import Request

import pytest
from requests.cookies import RequestsCookieJar

from etna_magic.logins import LoginRegistry
from etna_magic.session import EtnaSession
from etna_magic.session.call_rules import OwnOriginCookies
from tests.helpers import accounts, logins
from tests.helpers.server import ScriptedServer, answer
from tests.session.renewing_login import IN_THE_WINDOW, PAST_THE_END, RenewingLogin

OK = answer(200, b"{}")
SET = answer(200, b"{}", ("Set-Cookie", "sid=SESSION; Path=/; HttpOnly"))
HOME = ["sid=SESSION"]

by_way = pytest.mark.parametrize("way", ["directly", "by redirect"])


def go(session: EtnaSession, server: ScriptedServer, url: str, way: str, **more) -> None:
    """Have a cookie set by the own server, and go to another one then."""
    server.play(SET)
    session.get("v1.0/x")
    server.play(answer(302, b"", ("Location", url)))
    session.get(url if way == "directly" else "v1.0/x", **more)
    server.play(OK)


def cookies(server: ScriptedServer) -> list[list[str]]:
    """Return the cookies of each request that a server has received, sorted."""
    headers = [received.values("Cookie") for received in server.received]
    return [sorted("; ".join(values).split("; ")) if values else [] for values in headers]


@by_way
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_port(server, other, host: str, way: str) -> None:
    """Another port of the same host gets no cookie, and the own origin goes on getting it."""
    with logins.session_of(accounts.token(server.base_url.replace("127.0.0.1", host))) as session:
        go(session, server, f"http://{host}:{other.port}/x", way)
        session.get("v1.0/x")
    assert ([[]], [HOME]) == (cookies(other), cookies(server))


@by_way
@pytest.mark.parametrize("secure", [True, False], ids=["from https", "from http"])
def test_another_scheme(tls: SSLContext, secure: bool, way: str) -> None:  # noqa: FBT001 - a table's column
    """A cookie of https does not go out in clear, and one of http not to an https server."""
    here, there = (tls, None) if secure else (None, tls)
    with ScriptedServer(OK, tls=here) as server, ScriptedServer(OK, tls=there) as other:
        with logins.session_of(accounts.token(server.base_url)) as session:
            go(session, server, f"{other.base_url}/x", way)
            session.get("v1.0/x")
        assert ([[]], [HOME]) == (cookies(other), cookies(server))


def test_on_the_origin(server, session: EtnaSession) -> None:
    """A redirect within the origin has the cookie, and one that the redirect has set."""
    server.play(SET)
    session.get("v1.0/x")
    server.play(answer(302, b"", ("Location", "/api/y"), ("Set-Cookie", "b=2; Path=/")), OK)
    session.get("v1.0/x")
    assert [HOME, ["b=2", *HOME]] == cookies(server)


def has_ipv6() -> bool:
    """Say whether this machine has a loopback address of IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_on_an_address_with_colons(other) -> None:
    """A server that is named by its IPv6 address gets its cookie back, and another port of it does not."""
    with ScriptedServer(SET, host="::1") as server, ScriptedServer(OK, host="::1") as another:
        with logins.session_of(accounts.token(server.base_url)) as session:
            for url in ("v1.0/x", "v1.0/x", f"{other.base_url}/x", f"{another.base_url}/x"):
                session.get(url)
        assert ([[], HOME], [[]]) == (cookies(server), cookies(other))


def test_away_and_home(server, session: EtnaSession, other) -> None:
    """A redirect back from elsewhere finds the cookie at home again."""
    server.play(SET, answer(302, b"", ("Location", f"{other.base_url}/x")), OK)
    other.play(answer(302, b"", ("Location", f"{server.base_url}/y")))
    session.get("v1.0/x")
    assert 200 == session.get("v1.0/x").status_code
    assert ([[]], [[], HOME, HOME]) == (cookies(other), cookies(server))


@pytest.mark.parametrize(("scheme", "sent"), [("https", "sid=1"), ("http", None)])
def test_the_usual_ports(scheme: str, sent: str | None) -> None:
    """Where neither address names its port, a cookie of https is kept from http by its scheme."""
    jar, headers = RequestsCookieJar(OwnOriginCookies()), Message()
    headers["Set-Cookie"] = "sid=1; Path=/"
    jar.extract_cookies(SimpleNamespace(info=lambda: headers), Request("https://api.example.com/x"))
    request = Request(f"{scheme}://api.example.com/y")
    jar.add_cookie_header(request)
    assert sent == request.get_header("Cookie")


def test_a_cookie_for_another_host(server, session: EtnaSession) -> None:
    """A cookie that is not for the server that set it is not kept."""
    server.play(answer(200, b"{}", ("Set-Cookie", "a=b; Domain=example.com")))
    session.get("v1.0/x")
    session.get("v1.0/x")
    assert ([[], []], []) == (cookies(server), list(session.cookies))


def test_cookies_of_another_server(session: EtnaSession, other) -> None:
    """What another server has set goes back there."""
    other.play(SET, OK)
    for _ in range(2):
        session.get(f"{other.base_url}/x")
    assert [[], HOME] == cookies(other)


@by_way
def test_a_users_own_cookie_goes_on(server, session: EtnaSession, other, way: str) -> None:
    """What a user has put into the jar without naming a host goes everywhere, as with requests."""
    session.cookies.set("a", "b")
    go(session, server, f"{other.base_url}/x", way)
    session.get("v1.0/x")
    assert ([["a=b"]], [["a=b", *HOME]]) == (cookies(other), cookies(server))


MINE = {"header": {"headers": {"Cookie": "a=b"}}, "cookies": {"cookies": {"a": "b"}}}


@pytest.mark.parametrize("more", MINE.values(), ids=MINE)
def test_cookies_of_a_call(server, session: EtnaSession, other, more: dict) -> None:
    """What a call names is sent where the call goes."""
    go(session, server, f"{other.base_url}/x", "directly", **more)
    assert [["a=b"]] == cookies(other)


def test_cookies_of_a_call_that_is_redirected(server, session: EtnaSession, other) -> None:
    """They go on within the origin, and are not handed to a server that a redirect names."""
    server.play(answer(302, b"", ("Location", "/api/y")), answer(302, b"", ("Location", other.base_url)))
    session.get("v1.0/x", cookies={"a": "b"})
    assert ([["a=b"], ["a=b"]], [[]]) == (cookies(server), cookies(other))


def test_a_cookie_header_of_the_session_goes_on(server, session: EtnaSession, other) -> None:
    """A header that a user has put on the session is sent as it is."""
    session.headers["Cookie"] = "a=b"
    go(session, server, f"{other.base_url}/x", "directly")
    assert [["a=b"]] == cookies(other)


@pytest.mark.parametrize(
    ("username", "path"), [("bob", "/api"), (accounts.USERNAME, "/demo")], ids=["user", "base URL"]
)
def test_whoever_logs_in_next(server, clock, username: str, path: str) -> None:
    """Another account under the same name in the notebook gets no cookie that was set before."""
    registry = LoginRegistry({})
    server.play(SET, OK)
    with logins.put(accounts.token(server.base_url, clock), registry=registry).session as session:
        session.cookies.set("a", "b")
        session.get("v1.0/x")
    token = accounts.token(server.base_url.replace("/api", path), clock)
    token.username = username
    with logins.put(token, registry=registry).session as another:
        another.get("v1.0/x")
    assert [["a=b"], []] == cookies(server)


@pytest.mark.parametrize("seconds", [IN_THE_WINDOW, PAST_THE_END])
def test_a_renewal_keeps_them(renewing: RenewingLogin, seconds: int) -> None:
    """A fresh token of the same account goes on with the cookies of the old one."""
    renewing.call_reply = SET
    renewing.session.get("v1.0/x")
    renewing.call_reply = OK
    renewing.clock.move(seconds)
    for _ in range(2):
        renewing.session.get("v1.0/x")
    assert (1, [[], [], HOME, HOME]) == (renewing.login_count, cookies(renewing.server))
