"""Cookies that the broker's server has set: they go back to its origin, and nobody else gets them."""

from ssl import SSLContext

import pytest
import requests

from etna_magic.namespace import Logins
from etna_magic.session import EtnaSession
from tests.calls.house import IN_THE_WINDOW, PAST_THE_END, House
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

OK = answer(200, b"{}")
SET = answer(200, b"{}", ("Set-Cookie", "sid=SESSION; Path=/; HttpOnly"))
HOME = ["sid=SESSION"]

by_way = pytest.mark.parametrize("way", ["directly", "by redirect"])


def go(session: EtnaSession, server: ScriptedServer, url: str, way: str) -> None:
    """Have a cookie set by the own server, and go to another one then."""
    server.play(SET)
    session.get("v1.0/x")
    server.play(answer(302, b"", ("Location", url)))
    session.get(url if way == "directly" else "v1.0/x")
    server.play(OK)


def cookies(server: ScriptedServer) -> list[list[str]]:
    """Return the cookies of each request that a server has received, sorted."""
    headers = [received.values("Cookie") for received in server.received]
    return [sorted("; ".join(values).split("; ")) if values else [] for values in headers]


@by_way
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_port(server, session: EtnaSession, other, host: str, way: str) -> None:
    """Another port of the same host gets no cookie, and the own origin goes on getting it."""
    session.bind(accounts.token(server.base_url.replace("127.0.0.1", host)))
    go(session, server, f"http://{host}:{other.port}/x", way)
    session.get("v1.0/x")
    assert ([[]], [HOME]) == (cookies(other), cookies(server))


@by_way
@pytest.mark.parametrize("secure", [True, False], ids=["from https", "from http"])
def test_another_scheme(
    session: EtnaSession,
    tls: SSLContext,
    secure: bool,  # noqa: FBT001 - a table's column
    way: str,
) -> None:
    """A cookie of https does not go out in clear, and one of http not to an https server."""
    here, there = (tls, None) if secure else (None, tls)
    with ScriptedServer(OK, tls=here) as server, ScriptedServer(OK, tls=there) as other:
        session.bind(accounts.token(server.base_url))
        go(session, server, f"{other.base_url}/x", way)
        session.get("v1.0/x")
        assert ([[]], [HOME]) == (cookies(other), cookies(server))


def test_another_scheme_at_the_same_port(server, session: EtnaSession) -> None:
    """The scheme alone makes another origin."""
    server.play(SET)
    session.get("v1.0/x")
    urls = [f"{scheme}://{server.host}/x" for scheme in ("http", "https")]
    prepared = [session.prepare_request(requests.Request("GET", url)) for url in urls]
    assert ["sid=SESSION", None] == [request.headers.get("Cookie") for request in prepared]


def test_there_and_back(server, session: EtnaSession, other) -> None:
    """A redirect back from elsewhere finds the cookie at home again."""
    server.play(SET, answer(302, b"", ("Location", f"{other.base_url}/x")), OK)
    other.play(answer(302, b"", ("Location", f"{server.base_url}/y")))
    session.get("v1.0/x")
    assert 200 == session.get("v1.0/x").status_code
    assert ([[]], [[], HOME, HOME]) == (cookies(other), cookies(server))


@by_way
def test_a_users_own_cookie_goes_on(server, session: EtnaSession, other, way: str) -> None:
    """What a user has put into the jar without naming a host goes everywhere, as with requests."""
    session.cookies.set("a", "b")
    go(session, server, f"{other.base_url}/x", way)
    session.get("v1.0/x")
    assert ([["a=b"]], [["a=b", *HOME]]) == (cookies(other), cookies(server))


MINE = {"header": {"headers": {"Cookie": "a=b"}}, "cookies": {"cookies": {"a": "b"}}}


@pytest.mark.parametrize("more", MINE.values(), ids=MINE)
def test_cookies_of_a_call_go_on(server, session: EtnaSession, other, more: dict) -> None:
    """What a call names is sent, wherever it goes."""
    server.play(SET)
    session.get("v1.0/x")
    session.get(f"{other.base_url}/x", **more)
    assert [["a=b"]] == cookies(other)


def test_a_cookie_header_of_the_session_goes_on(server, session: EtnaSession, other) -> None:
    """So is what a user has put on the session."""
    session.headers["Cookie"] = "a=b"
    server.play(SET)
    session.get("v1.0/x")
    session.get(f"{other.base_url}/x")
    assert [["a=b"]] == cookies(other)


@pytest.mark.parametrize(
    ("username", "path"), [("bob", "/api"), (accounts.USERNAME, "/demo")], ids=["user", "base URL"]
)
def test_whoever_logs_in_next(server, clock, username: str, path: str) -> None:
    """Another user of the same name in the notebook, or another API, gets no cookie that was set before."""
    logins = Logins({})
    session = logins.store("etna", accounts.token(server.base_url, clock), None, 5.0).session
    session.cookies.set("a", "b")
    server.play(SET, OK)
    session.get("v1.0/x")
    token = accounts.token(server.base_url.replace("/api", path), clock)
    token.username = username
    with logins.store("etna", token, None, 5.0).session as same:
        same.get("v1.0/x")
    assert [["a=b"], ["a=b"]] == cookies(server)


@pytest.mark.parametrize("moment", [IN_THE_WINDOW, PAST_THE_END])
def test_a_renewal_keeps_them(house: House, moment: int) -> None:
    """A fresh token of the same account goes on with the cookies of the old one."""
    house.calls = SET
    house.session.get("v1.0/x")
    house.calls = OK
    house.clock.move(moment)
    for _ in range(2):
        house.session.get("v1.0/x")
    assert (1, [[], [], HOME, HOME]) == (house.log_ins, cookies(house.server))
