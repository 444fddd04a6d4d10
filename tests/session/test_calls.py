"""What a session sends, and what it gives back."""

import itertools
import pickle
import time
from pathlib import Path

import pytest
import requests

from etna_magic import ConnectionFailedError
from etna_magic.sandbox import Sandbox
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.waiting import LIMIT

METHODS = ["get", "head", "options", "post", "put", "patch", "delete"]
SIGNED = ([f"Bearer {accounts.TOKEN}"], [accounts.APP_KEY])


def ours(received) -> tuple[list[str], list[str]]:
    """Return our headers as a server has received them."""
    return received.values("Authorization"), received.values("Et-App-Key")


@pytest.mark.parametrize("method", METHODS)
def test_both_headers(server, session: EtnaSession, method: str) -> None:
    """Every method has the token byte for byte, and the app key."""
    getattr(session, method)("v1.0/x")
    (request,) = server.received
    assert (method.upper(), "/api/v1.0/x", SIGNED) == (request.method, request.target, ours(request))


@pytest.mark.parametrize(
    ("path", "more", "target"),
    [
        pytest.param("v1.0/x", {}, "/api/v1.0/x", id="path"),
        pytest.param("/v1.0/x", {}, "/api/v1.0/x", id="slash in front"),
        pytest.param("v1.0/x/", {}, "/api/v1.0/x/", id="slash at its end"),
        pytest.param("", {}, "/api/", id="nothing"),
        pytest.param("v1.0/x?a=1&b=2", {}, "/api/v1.0/x?a=1&b=2", id="query"),
        pytest.param("v1.0/x", {"params": {"a": 1}}, "/api/v1.0/x?a=1", id="params"),
        pytest.param("v1.0/x?a=1", {"params": {"b": "c d"}}, "/api/v1.0/x?a=1&b=c+d", id="query and params"),
        pytest.param("v1/news/http://x", {}, "/api/v1/news/http://x", id="URL in the path"),
        pytest.param("v1.0/x?to=http://a/b", {}, "/api/v1.0/x?to=http://a/b", id="URL in the query"),
        pytest.param("v1.0/users/@me/info", {}, "/api/v1.0/users/@me/info", id="at sign"),
        pytest.param("v1.0/équities/BRK B", {}, "/api/v1.0/%C3%A9quities/BRK%20B", id="odd letters"),
        pytest.param("v1.0/a:b", {}, "/api/v1.0/a:b", id="colon"),
        pytest.param("v1.0/x#part", {}, "/api/v1.0/x", id="fragment"),
        pytest.param(b"v1.0/x", {}, "/api/v1.0/x", id="bytes"),
    ],
)
def test_paths(server, session: EtnaSession, path: str, more: dict, target: str) -> None:
    """A path is joined to the base URL, whose own path stays."""
    session.get(path, **more)
    assert target == server.received[0].target


def test_all_that_requests_takes(server, session: EtnaSession) -> None:
    """Headers, JSON and cookies of the caller are sent along."""
    session.post("v1.0/orders", json={"Symbol": "AAPL"}, headers={"X-Mine": "1"}, cookies={"a": "b"})
    (request,) = server.received
    assert (b'{"Symbol": "AAPL"}', ["1"], ["a=b"]) == (
        request.body, request.values("X-Mine"), request.values("Cookie"),
    )  # fmt: skip


def test_files_and_small_letters(server, session: EtnaSession) -> None:
    """A file is sent as requests sends it, and a method in capitals."""
    session.request("put", "v1.0/x", files={"f": ("rows.csv", b"1,2")})
    (request,) = server.received
    assert ("PUT", True, True) == (request.method, b"rows.csv" in request.body, b"1,2" in request.body)


def test_hooks_of_the_session(session: EtnaSession) -> None:
    """A hook of the session sees an answer where the call has none of its own, as with requests."""
    seen: list[str] = []
    session.hooks["response"].append(lambda response, **_: seen.append(f"session {response.status_code}"))
    session.get("v1.0/x")
    session.get("v1.0/x", hooks={"response": lambda response, **_: seen.append("call")})
    assert ["session 200", "call"] == seen


def test_what_is_set_on_the_session(server, session: EtnaSession) -> None:
    """So are headers and parameters of the session; a call takes one away by None."""
    session.headers["X-Mine"], session.params = "1", {"a": "1"}
    session.get("v1.0/x")
    session.get("v1.0/x", headers={"x-mine": None, "X-Too": "2"}, params={"a": None, "b": "2"})
    assert [("/api/v1.0/x?a=1", ["1"], []), ("/api/v1.0/x?b=2", [], ["2"])] == [
        (one.target, one.values("X-Mine"), one.values("X-Too")) for one in server.received
    ]
    assert [SIGNED] * 2 == [ours(one) for one in server.received]


def test_no_headers_of_the_session(server, session: EtnaSession) -> None:
    """As with requests a session may have no headers at all: it signs, and sends those of the call."""
    session.headers = None
    for headers in (None, {"X-Mine": "1"}):
        assert 200 == session.post("v1.0/x", headers=headers).status_code
    assert [(SIGNED, []), (SIGNED, ["1"])] == [(ours(one), one.values("X-Mine")) for one in server.received]


def test_netrc_replaces_nothing(server, session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc does not replace the token."""
    environment.write_netrc(monkeypatch, tmp_path)
    session.get("v1.0/x")
    assert SIGNED == ours(server.received[0])


def test_netrc_adds_nothing_elsewhere(session, other, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Nor is one sent to another server."""
    environment.write_netrc(monkeypatch, tmp_path)
    session.get(f"{other.base_url}/x")
    assert ([], []) == ours(other.received[0])


@pytest.mark.parametrize("way", ["call", "prepared"])
def test_no_proxy_on_loopback(server, session, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """The environment's proxy sees nothing of a call on loopback."""
    with ScriptedServer(answer(200)) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        if way == "call":
            session.get("v1.0/x")
        else:
            session.send(session.prepare_request(requests.Request("GET", "v1.0/x")))
    assert (1, 0) == (server.connections, proxy.connections)


FAR = "https://api.example.com/x"
PROXY = "http://proxy.example.com:3128"
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "empty": {},
    "proxies": {"https_proxy": PROXY, "http_proxy": PROXY},
    "certificates": {"REQUESTS_CA_BUNDLE": "/requests.pem", "CURL_CA_BUNDLE": "/curl.pem"},
    "certificates of curl": {"CURL_CA_BUNDLE": "/curl.pem"},
    "no proxy": {"https_proxy": PROXY, "no_proxy": "example.com"},
}
SETTINGS: dict[str, dict] = {
    "none": {},
    "proxies": {"proxies": {"https": "http://mine.example.com:1", "ftp": None}},
    "verify": {"verify": "/mine.pem", "cert": "/mine.crt"},
    "no verify": {"verify": False},
    "stream": {"stream": True},
    "no environment": {"trust_env": False},
    "no environment, proxies": {"trust_env": False, "proxies": {"https": PROXY}},
}
OPTIONS: dict[str, tuple] = {
    "none": ({}, None, None, None),
    "as requests asks": ({}, True, True, None),
    "proxies": ({"https": "http://call.example.com:2"}, False, False, "/call.crt"),
    "no proxy": ({"no_proxy": "api.example.com"}, None, "/call.pem", ("/call.crt", "/call.key")),
    "another no proxy": ({"no_proxy": "example.org"}, None, True, None),
}


@pytest.mark.parametrize("environ", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_what_a_call_is_sent_with(
    session, monkeypatch, environ: dict, settings: dict, options: tuple
) -> None:
    """Environment, session and call are merged as requests merges them."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    plain = requests.Session()
    for one, (name, value) in itertools.product((plain, session), settings.items()):
        setattr(one, name, value)
    proxies, *others = options
    expected, found = (
        one.merge_environment_settings(FAR, dict(proxies), *others) for one in (plain, session)
    )
    assert expected | {"proxies": dict(expected["proxies"])} == found | {"proxies": dict(found["proxies"])}


@pytest.mark.parametrize("status", [200, 202, 204, 400, 401, 403, 404, 409, 500])
def test_answers_are_returned(server, session: EtnaSession, status: int) -> None:
    """An answer is returned as it is, whatever its status; a fresh token's 401 as well."""
    server.play(answer(status, b"" if status == 204 else b"[1]"), answer(200, b"{}"))
    response = session.post("v1.0/x")
    assert (status, b"" if status == 204 else b"[1]") == (response.status_code, response.content)


# ------------------------------------------------------------------ time


TIMEOUTS = {
    "of the session": {},
    "None": {"timeout": None},
    "half": {"timeout": (5, None)},
    "no halves": {"timeout": (None, None)},
    "of the call": {"timeout": 0.2},
    "of the call, half": {"timeout": (None, 0.2)},
}


@pytest.mark.parametrize("way", ["call", "prepared"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("more", TIMEOUTS.values(), ids=TIMEOUTS)
def test_time_out(server, session: EtnaSession, more: dict, method: str, way: str) -> None:
    """Every call ends, also where it names no time-out or half of one, and requests.Timeout catches it."""
    server.play(server.stay_silent)
    session.timeout = 60.0 if "0.2" in str(more) else 0.2
    request = requests.Request(method, "v1.0/x")
    acts = {
        "call": lambda: session.request(method, "v1.0/x", **more),
        "prepared": lambda: session.send(session.prepare_request(request), **more),
    }
    began = time.monotonic()
    error = caught(acts[way])
    assert (True, 1) == (time.monotonic() - began < 10, len(server.received))
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, requests.Timeout))
    assert [] == leaks(error, accounts.SECRETS)


# ------------------------------------------------------------------ pages


ORDERS = "v1.0/accounts/83267/orders"


def pages(session: EtnaSession, first: str) -> list[dict]:
    """Return every page, from the first on."""
    found, link = [], first
    while link:
        response = session.get(link)
        assert 200 == response.status_code
        found.append(response.json())
        link = found[-1]["NextPageLink"]
    return found


def test_every_page(sandbox: Sandbox, trading: EtnaSession) -> None:
    """NextPageLink, which is absolute, leads through all orders, each once, and every call is signed."""
    seen = pages(trading, f"{ORDERS}?pageNumber=0&pageSize=2")
    assert [2, 2, 1] == [len(page["Result"]) for page in seen]
    assert seen[0]["NextPageLink"].startswith(f"{sandbox.base_url}/{ORDERS}?")
    assert seen[0]["TotalCount"] == len({order["Id"] for page in seen for order in page["Result"]})
    calls = [call for call in sandbox.seen if call.path.endswith("/orders")]
    assert [True] * 3 == [{"Authorization", "Et-App-Key"} <= set(call.headers) for call in calls]


def test_page_before(trading: EtnaSession) -> None:
    """PreviousPageLink leads back to what was seen before."""
    first, second, _ = pages(trading, f"{ORDERS}?pageNumber=0&pageSize=2")
    assert first["Result"] == trading.get(second["PreviousPageLink"]).json()["Result"]


def test_page_of_another_server(server, session: EtnaSession, other) -> None:
    """A page that links elsewhere gets nothing of ours there."""
    other.play(answer(200, b'{"Result":[],"NextPageLink":""}'))
    link = accounts.body(Result=[], NextPageLink=f"{other.base_url}/orders?pageNumber=1")
    server.play(answer(200, link))
    assert 2 == len(pages(session, ORDERS))
    assert ([SIGNED], [([], [])]) == ([ours(one) for one in server.received], [ours(other.received[0])])


# ------------------------------------------------------------------ answers on their way to elsewhere


BODY = b'{"Symbol": "AAPL"}'
SENDERS = {
    "session": lambda session, path: session.get(path),
    "for_workers": lambda session, path: session.for_workers().get(path),
    "prepared": lambda session, path: session.send(session.prepare_request(requests.Request("GET", path))),
    "auth=token": lambda session, path: requests.get(
        f"{session.token.base_url}/{path}", auth=session.token, timeout=LIMIT
    ),
}
REPLIES = {
    "plain": [answer(200, BODY)],
    "redirected": [answer(302, b"", ("Location", "/api/v1.0/y")), answer(200, BODY)],
    "with a cookie": [answer(200, BODY, ("Set-Cookie", "a=b"))],
}


@pytest.mark.parametrize("replies", REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
def test_pickled(server, session: EtnaSession, send, replies: list[bytes]) -> None:
    """The pickle has the same body and history as the answer, and nothing that signed it."""
    server.play(*replies)
    response = send(session, "v1.0/x")
    pickled = pickle.dumps(response)
    assert [] == [secret for secret in accounts.SECRETS if secret.encode() in pickled]
    assert b"etna_magic" not in pickled
    same = pickle.loads(pickled)  # noqa: S301 - our own
    assert (BODY, 200, len(replies) - 1) == (same.content, same.status_code, len(same.history))
    assert [SIGNED] * len(replies) == [ours(received) for received in server.received]


def test_pickled_elsewhere(session: EtnaSession, other) -> None:
    """Nor does that of an answer which came from another server after a redirect."""
    session.cookies.set("a", "b")
    response = session.get(f"{other.base_url}/x")
    assert b"etna_magic" not in pickle.dumps(response)
