"""A read-only session: whatever the spelling and the way, nothing but reads reaches a server."""

import contextlib
import pickle
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etna_magic import EtnaError, EtnaSession, ReadOnlyError
from etna_magic.session import READS
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.session.broken_servers import ORDER

OK = answer(200, b"{}")
#: What ETNA reads by another method than GET.
OTHER_READS = [
    ("PUT", "v1.0/history/symbols"),
    ("PUT", "v1.0/history/symbols/"),
    ("PUT", "v1.0/history/compare"),
    ("POST", "v1.0/accounts/83267/preview/orders"),
    ("POST", "v1.0/accounts/83267/preview/orders/?currency=USD&exchange=XNAS"),
    ("PUT", "v1.0/accounts/83267/preview/orders/5001"),
]
WRITES = [
    ("POST", "v1.0/accounts/83267/orders"),
    ("PUT", "v1.0/accounts/83267/orders/5001"),
    ("DELETE", "v1.0/accounts/83267/orders/5001"),
    ("POST", "v1.0/accounts/83267/syncorders"),
    ("POST", "v1.0/users/@me/pricealerts"),
    ("DELETE", "v1.0/users/@me/watchlists/7"),
    ("PUT", "v1.0/users/@me/password/change"),
    ("POST", "v1.0/logout"),
    ("DELETE", "logout"),
]


@pytest.fixture
def read_only(session: EtnaSession) -> EtnaSession:
    """Return the session of a read-only login."""
    session.holder.read_only = True
    return session


# ------------------------------------------------------------------ the reads


@pytest.mark.parametrize("method", READS)
def test_reads(server, read_only: EtnaSession, method: str) -> None:
    """GET, HEAD and OPTIONS pass, with any query, at any server."""
    assert 200 == read_only.request(method, "v1.0/x", params={"filter": "Status in (0,1)"}).status_code
    assert [method] == [received.method for received in server.received]


@pytest.mark.parametrize(("method", "path"), OTHER_READS)
def test_reads_by_put_and_post(server, read_only: EtnaSession, method: str, path: str) -> None:
    """So do the calls that ETNA reads by PUT or POST, their bodies with them."""
    assert 200 == read_only.request(method, path, json=ORDER).status_code
    assert [(method, f"/api/{path}")] == [(one.method, one.target) for one in server.received]
    assert b'"AAPL"' in server.received[0].body


def test_logout(server, read_only: EtnaSession) -> None:
    """The token can be ended at the server, by that very call and with no body."""
    assert 200 == read_only.post("logout").status_code
    errors = [
        caught(lambda: read_only.post("logout?a=b")),
        caught(lambda: read_only.post("logout", json=ORDER)),
    ]
    assert [ReadOnlyError] * 2 == [type(error) for error in errors]
    assert [("POST", "/api/logout")] == [(one.method, one.target) for one in server.received]


def test_as_it_is_shown(session: EtnaSession) -> None:
    """A session says whether it is read-only, and cannot be told otherwise by an assignment."""
    assert not session.read_only
    session.holder.read_only = True
    assert session.read_only
    with pytest.raises(AttributeError):
        session.read_only = False


# ------------------------------------------------------------------ the writes


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writes(server, read_only: EtnaSession, method: str, path: str) -> None:
    """Anything else is an error in two sentences, without a secret, and is not sent."""
    error = caught(lambda: read_only.request(method, path, json=ORDER))
    expected = f"etna is read-only, so the {method} was not sent. A login without --read-only lifts that."
    assert (ReadOnlyError, expected, []) == (type(error), str(error), leaks(error, accounts.SECRETS))
    assert 0 == server.connections


def test_lifted(server, read_only: EtnaSession) -> None:
    """Where it is lifted, a write is sent again."""
    caught(lambda: read_only.post("v1.0/x"))
    read_only.holder.read_only = False
    assert (200, 1) == (read_only.post("v1.0/x").status_code, len(server.received))


def test_elsewhere(server, other: ScriptedServer, read_only: EtnaSession) -> None:
    """Nothing but reads leaves: a write to another server is not sent either."""
    errors = [
        caught(lambda path=path: read_only.put(f"{other.base_url}/{path}"))
        for path in ("x", "v1.0/history/symbols")
    ]
    assert [ReadOnlyError] * 2 == [type(error) for error in errors]
    assert 200 == read_only.get(f"{other.base_url}/x").status_code
    assert (1, 0) == (other.connections, server.connections)


OTHER_METHODS = {
    "X-HTTP-Method-Override": "DELETE",
    "X-HTTP-Method": "DELETE",
    "x_http_method_override": "DELETE",
    "X-Method-Override": "DELETE",
    "X-HTTP-Verb": "DELETE",
    "X-Original-URL": "/api/v1.0/accounts/83267/orders",
    "X-Rewrite-URL": "/api/v1.0/accounts/83267/orders",
}


@pytest.mark.parametrize("header", OTHER_METHODS.items(), ids=lambda header: header[0])
@pytest.mark.parametrize(("method", "path"), [("GET", "v1.0/x"), *OTHER_READS[:1]])
def test_another_method_in_a_header(server, read_only, header, method: str, path: str) -> None:
    """A header by which servers carry out something else makes a write of a read."""
    error = caught(lambda: read_only.request(method, path, headers=dict([header])))
    assert (ReadOnlyError, 0) == (type(error), server.connections)
    assert re.search(f"so the {method} that names another (method|path) was not sent", str(error))


@pytest.mark.parametrize(
    "query", ["_method=DELETE", "a=1&X-HTTP-Method-Override=POST", "%5Fmethod=PUT", "x=1;_method=DELETE"]
)
def test_another_method_in_a_query(server, read_only: EtnaSession, query: str) -> None:
    """So does such a query."""
    assert ReadOnlyError is type(caught(lambda: read_only.get(f"v1.0/x?{query}")))
    assert 0 == server.connections


@pytest.mark.parametrize(
    "body", [{"data": "a=b"}, {"json": ORDER}, {"data": iter([b"x"])}], ids=["text", "json", "pieces"]
)
@pytest.mark.parametrize("method", READS)
def test_a_body(server, read_only: EtnaSession, method: str, body: dict) -> None:
    """A GET with a body is refused: ETNA's documentation has one that changes a PIN."""
    error = caught(lambda: read_only.request(method, "v1.0/users/@me/pincode", **body))
    assert (True, 0) == (f"so the {method} with a body was not sent" in str(error), server.connections)


SMUGGLED = b"DELETE /api/v1.0/accounts/1/orders/7 HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [{"Content-Length": "0"}, {b"content-length": b"0"}, {"Transfer-Encoding": "chunked"}],
    ids=str,
)
def test_a_second_request_in_a_body(server, read_only: EtnaSession, framing: dict) -> None:
    """A body that is longer than its header says could be a request of its own."""
    request = requests.Request("PUT", "v1.0/history/symbols", data=SMUGGLED)
    prepared = read_only.prepare_request(request)
    prepared.headers.update(framing)
    error = caught(lambda: read_only.send(prepared))
    assert (ReadOnlyError, 0) == (type(error), server.connections)
    assert "whose length is not that of its body" in str(error)


def test_a_body_that_is_made_while_it_is_sent(server, read_only: EtnaSession) -> None:
    """A body that nobody can look at beforehand is none of a read."""
    error = caught(lambda: read_only.put("v1.0/history/symbols", data=iter([b"{}"])))
    assert (ReadOnlyError, 0) == (type(error), server.connections)


# ------------------------------------------------------------------ every way out


def prepared(session: EtnaSession, method: str, url: str) -> requests.PreparedRequest:
    """Return a request that is ready to be sent."""
    return session.prepare_request(requests.Request(method, url, json=ORDER))


def changed(session: EtnaSession, method: str, url: str) -> requests.PreparedRequest:
    """Return one that was a read when it was prepared."""
    request = session.prepare_request(requests.Request("GET", "v1.0/x"))
    request.method, request.url = method, prepared(session, method, url).url
    return request


def by_hook(session: EtnaSession, method: str, url: str) -> object:
    """Send by a hook of a read, as digest authentication does."""
    write = prepared(session, method, url)
    return session.get("v1.0/x", hooks={"response": lambda answered, **_: answered.connection.send(write)})


def by_redirect(session: EtnaSession, method: str, url: str) -> object:
    """Send what waits in the answer to a read, made a write."""
    following = session.get("v1.0/x", allow_redirects=False)
    write = prepared(session, method, url)
    following.request.method, following.request.url = write.method, write.url
    return session.send(following.request)


ROUTES: dict[str, Callable[[EtnaSession, str, str], object]] = {
    "request": lambda session, method, url: session.request(method, url, json=ORDER),
    "prepared": lambda session, method, url: session.send(prepared(session, method, url)),
    "changed": lambda session, method, url: session.send(changed(session, method, url)),
    "adapter": lambda session, method, url: session.get_adapter("http://").send(
        prepared(session, method, url)
    ),
    "hook": by_hook,
    "redirect": by_redirect,
    "worker": lambda session, method, url: session.for_workers().request(method, url, json=ORDER),
    "pickled": lambda session, method, url: pickle.loads(  # noqa: S301 - our own
        pickle.dumps(session.for_workers())
    ).request(method, url),
    "auth=token": lambda session, method, url: session.request(method, url, auth=session.token),
    "own auth": lambda session, method, url: session.request(method, url, auth=("user", "password")),
}


@pytest.mark.parametrize("send", ROUTES.values(), ids=ROUTES)
def test_every_way(server, read_only: EtnaSession, send) -> None:
    """Whichever way a write goes, it does not leave."""
    error = caught(lambda: send(read_only, "POST", "v1.0/accounts/83267/orders"))
    assert ReadOnlyError is type(error)
    assert [] == [one.target for one in server.received if one.method not in READS]


def test_a_redirected_read_stays_one(server, read_only: EtnaSession) -> None:
    """A redirect of a read leads to reads only, and one of a PUT nowhere."""
    for status in (301, 302, 303, 307, 308):
        server.play(answer(status, b"", ("Location", "/api/v1.0/accounts/83267/orders")), OK)
        assert 200 == read_only.get("v1.0/x").status_code
        server.answers = [answer(status, b"", ("Location", "/api/v1.0/accounts/83267/orders"))]
        assert status == read_only.put("v1.0/history/symbols", json={}).status_code
        assert ["GET", "GET", "PUT"] == [received.method for received in server.received]


# ------------------------------------------------------------------ spellings

METHODS = [
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "post",
    "Put",
    "TRACE",
    "CONNECT",
    "MKCOL",
    "GET ",
    "get",
    "GETS",
]


def _escaped(text: str, every: int) -> str:
    """Escape each so many letters."""
    return "".join(
        f"%{ord(letter):02x}" if index % every == 0 and letter not in "/:?@" else letter
        for index, letter in enumerate(text)
    )


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "upper": str.upper,
    "title": str.title,
    "slash": lambda path: f"/{path}",
    "slashes": lambda path: path.replace("/", "//"),
    "trailing": lambda path: f"{path}/",
    "dot": lambda path: path.replace("/", "/./"),
    "dots": lambda path: f"v1.0/history/symbols/../../../{path}",
    "escaped dots": lambda path: f"v1.0/history/symbols/%2e%2e/%2E%2e/../{path}",
    "escaped slash": lambda path: path.replace("/", "%2f"),
    "escaped dots and slash": lambda path: f"v1.0/history/symbols%2f..%2F..%2f..%2f{path}",
    "escaped": lambda path: _escaped(path, 3),
    "escaped twice": lambda path: quote(_escaped(path, 3)),
    "backslash": lambda path: path.replace("/", "\\"),
    "matrix": lambda path: f"v1.0/history/symbols;/../../../{path}",
    "query": lambda path: f"{path}?v1.0/history/symbols",
    "query of a preview": lambda path: f"{path}?currency=USD",
    "fragment": lambda path: f"{path}#/v1.0/history/symbols",
    "null": lambda path: f"v1.0/history/symbols%00/../../../{path}",
    "blank": lambda path: f"{path}%20",
    "tab": lambda path: f"v1.0/history/symbols\t/../../../{path}",
    "line": lambda path: f"v1.0/history/symbols\n/../../../{path}",
    "wide dots": lambda path: f"v1.0/history/symbols/\uff0e\uff0e/{path}",
    "behind a preview": lambda path: f"v1.0/accounts/1/preview/orders/../../../../{path}",
    "below a preview": lambda path: f"v1.0/accounts/1/preview/orders/1/{path}",
    "preview's query": lambda path: f"v1.0/accounts/1/preview/orders?currency=USD/../{path}",
    "absolute": lambda path: f"{{base}}/{path}",
    "absolute, slashes": lambda path: f"{{base}}//{path}",
    "absolute, capitals": lambda path: f"HTTP://127.0.0.1:{{port}}/api/{path}",
    "absolute, user": lambda path: f"http://history@127.0.0.1:{{port}}/api/{path}",
    "absolute, other name": lambda path: f"http://localhost:{{port}}/api/v1.0/history/symbols/../{path}",
    "absolute, dots": lambda path: f"{{base}}/v1.0/history/symbols/../../../{path}",
}


@pytest.fixture(scope="module")
def counting() -> Iterator[ScriptedServer]:
    """Run a server that counts what reaches it."""
    with ScriptedServer(OK) as running:
        yield running


EXAMPLES = settings(
    max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
REFUSED: set[tuple[str, str, str]] = set()


@EXAMPLES
@given(
    write=st.sampled_from([path for _, path in WRITES]),
    method=st.sampled_from(METHODS),
    spellings=st.lists(st.sampled_from(sorted(SPELLINGS)), min_size=1, max_size=2),
    route=st.sampled_from(sorted(ROUTES)),
)
def test_no_spelling_of_a_write(counting: ScriptedServer, write, method, spellings, route) -> None:
    """No method and no spelling of a path of a write reaches the server, by whichever way it is sent."""
    path = write
    for name in spellings:
        path = SPELLINGS[name](path)
    path = path.replace("{base}", counting.base_url).replace("{port}", str(counting.port))
    counting.play(OK)
    with logins.session_of(accounts.token(counting.base_url)) as session:
        session.holder.read_only = True
        try:
            ROUTES[route](session, method, path)
        except ReadOnlyError:
            REFUSED.add((method, path, route))
        except (EtnaError, requests.RequestException, ValueError):
            pass  # what is no URL or no method is refused before, and not sent either
    # `get` is made GET by requests, and that is a read.
    assert {"GET"} >= {received.method for received in counting.received}


def test_how_many_were_refused() -> None:
    """There were more than 200 of them, each refused as a write."""
    assert not REFUSED or len(REFUSED) > 200


LETTERS = st.text("abcdehimnoprstuvwy/.%2eE?=&;#@:0159 \\", max_size=12)


@EXAMPLES
@given(
    call=st.sampled_from([path for _, path in OTHER_READS]),
    change=st.tuples(st.integers(0, 60), st.integers(0, 3), LETTERS),
    method=st.sampled_from(METHODS),
)
def test_next_to_a_read(counting: ScriptedServer, call, change, method) -> None:
    """Of what looks nearly like a read by PUT or POST, only a read as it is documented reaches the server."""
    at, cut, more = change
    path = call[:at] + more + call[at + cut :]
    counting.play(OK)
    with logins.session_of(accounts.token(counting.base_url)) as session:
        session.holder.read_only = True
        with contextlib.suppress(EtnaError, requests.RequestException, ValueError):
            session.request(method, path, data=b"{}")
    known = re.compile(
        r"PUT /api/v1\.0/history/(symbols|compare)/?"
        r"|POST /api/v1\.0/accounts/\d+/preview/orders/?(\?\w+=\w+(&\w+=\w+)?)?"
        r"|PUT /api/v1\.0/accounts/\d+/preview/orders/\d+/?(\?\w+=\w+(&\w+=\w+)?)?",
        re.ASCII,
    )
    sent = [f"{received.method} {received.target}" for received in counting.received]
    assert [] == [one for one in sent if not known.fullmatch(one)]
