"""`session.pages`: the items of each page, by links that lead no further than the broker's own server."""

import itertools
import json

import pytest
import requests

from etna_magic import EtnaSession, TokenExpiredError, UnexpectedResponseError
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.session.renewing_login import DENIED

ORDERS = "v1.0/accounts/1/orders"
TARGET = f"/api/{ORDERS}"
SIGNED = [f"Bearer {accounts.TOKEN}"]
LAST = answer(200, accounts.body(Result=[9], NextPageLink=""))


def page(*items: object, link: object) -> bytes:
    """Return a page with a link to the next."""
    return answer(200, accounts.body(Result=list(items), NextPageLink=link))


def targets(server: ScriptedServer) -> list[str]:
    """Return what the server was asked for."""
    return [received.target for received in server.received]


def test_every_page_of_the_sandbox(sandbox, trading: EtnaSession) -> None:
    """All orders, each once, by the links of a server that is not made for this test."""
    path = "v1.0/accounts/83267/orders"
    seen = list(trading.pages(path, pageNumber=0, pageSize=2))
    count = sum(call.path.endswith("/orders") for call in sandbox.seen)
    total = trading.get(path, params={"pageNumber": 0, "pageSize": 2}).json()["TotalCount"]
    assert (5, 3) == (total, count)
    assert total == len(seen) == len({order["Id"] for order in seen})


ENDS = {
    "empty": {"NextPageLink": ""},
    "null": {"NextPageLink": None},
    "missing": {},
    "false": {"NextPageLink": False},
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_last_page(server, session: EtnaSession, end: dict[str, object]) -> None:
    """A page without a link is the last."""
    server.play(answer(200, accounts.body(Result=[1, 2], **end)))
    assert ([1, 2], [TARGET]) == (list(session.pages(ORDERS)), targets(server))


LINKS = {
    "absolute": (f"http://HOST{TARGET}?pageNumber=1", f"{TARGET}?pageNumber=1"),
    "absolute, host in capitals": (f"HTTP://HOST{TARGET}?pageNumber=1", f"{TARGET}?pageNumber=1"),
    "below the host": (f"{TARGET}?pageNumber=1", f"{TARGET}?pageNumber=1"),
    "without a scheme": (f"//HOST{TARGET}?pageNumber=1", f"{TARGET}?pageNumber=1"),
    "query": ("?pageNumber=1&a=b", f"{TARGET}?pageNumber=1&a=b"),
    "last part": ("orders?pageNumber=1", f"{TARGET}?pageNumber=1"),
    "up": ("../2/orders", "/api/v1.0/accounts/2/orders"),
}


@pytest.mark.parametrize(("link", "target"), LINKS.values(), ids=LINKS)
def test_links(server, session: EtnaSession, link: str, target: str) -> None:
    """A link may be absolute or relative to its page; it is followed as it is, signed."""
    server.play(page(1, 2, link=link.replace("HOST", server.host)), LAST)
    assert [1, 2, 9] == list(session.pages(ORDERS))
    assert [TARGET, target] == targets(server)
    assert [SIGNED] * 2 == [received.values("Authorization") for received in server.received]


def test_the_query(server, session: EtnaSession) -> None:
    """It is sent with the first page; the links have what the others need."""
    server.play(page(1, link="?pageNumber=1"), page(2, link="?pageNumber=2"), LAST)
    assert [1, 2, 9] == list(session.pages(ORDERS, pageSize=50, status="New order"))
    queries = [target.removeprefix(TARGET) for target in targets(server)]
    assert ["?pageSize=50&status=New+order", "?pageNumber=1", "?pageNumber=2"] == queries


def test_a_query_in_the_path(server, session: EtnaSession) -> None:
    """A path may have a query of its own."""
    server.play(LAST)
    list(session.pages(f"{ORDERS}?a=1", b=2))
    assert [f"{TARGET}?a=1&b=2"] == targets(server)


def test_lazy(server, session: EtnaSession) -> None:
    """Nothing is asked for before its items are needed."""
    server.play(page(1, 2, link="?pageNumber=1"), page(3, link="?pageNumber=2"), LAST)
    items = session.pages(ORDERS)
    counts = [len(server.received)]
    for _ in range(4):
        next(items)
        counts.append(len(server.received))
    assert [0, 1, 1, 2, 3] == counts


def test_given_up(server, session: EtnaSession) -> None:
    """Who needs the first items only asks for no other page, where the server would go on for ever."""
    links = (f"?pageNumber={number}" for number in itertools.count(1))
    server.play(lambda connection, _: connection.sendall(page(1, link=next(links))))
    assert [1, 1, 1] == list(itertools.islice(session.pages(ORDERS), 3))
    assert 3 == len(server.received)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([], id="empty"),
        pytest.param([1, {"Id": 2}, [3], None, ""], id="of any items"),
        pytest.param([{"Result": [1], "NextPageLink": "?pageNumber=1"}], id="of a page"),
    ],
)
def test_bare_array(server, session: EtnaSession, members: list[object]) -> None:
    """A bare array is all there is."""
    server.play(answer(200, json.dumps(members).encode()))
    assert (members, 1) == (list(session.pages(ORDERS)), len(server.received))


def test_empty_page(server, session: EtnaSession) -> None:
    """A page without items is not the end where it links on."""
    server.play(page(link="?pageNumber=1"), LAST)
    assert [9] == list(session.pages(ORDERS))


# ------------------------------------------------------------------ circles

CIRCLES = {
    "itself": ["?pageSize=2"],
    "itself, absolute": [f"http://HOST{TARGET}?pageSize=2"],
    "itself, as requests spells it": ["?pageSize=2&a=b|c", "?pageSize=2&a=b|c"],
    "the first": ["?pageNumber=1", "?pageSize=2"],
    "one before": ["?pageNumber=1", "?pageNumber=2", "?pageNumber=1"],
}


@pytest.mark.parametrize("links", CIRCLES.values(), ids=CIRCLES)
def test_circles(server, session: EtnaSession, links: list[str]) -> None:
    """Links that lead back end it, each page's items given once."""
    pages = [page(number, link=link.replace("HOST", server.host)) for number, link in enumerate(links)]
    server.play(*pages, answer(500))
    assert list(range(len(links))) == list(session.pages(ORDERS, pageSize=2))
    assert len(links) == len(server.received)


def test_a_circle_by_a_redirect(server, session: EtnaSession) -> None:
    """So does a link that is redirected each time."""
    redirect = answer(302, b"", ("Location", f"{TARGET}?pageNumber=2"))
    server.play(page(1, link="?next"), redirect, page(2, link="?next"), answer(500))
    assert [1, 2] == list(session.pages(ORDERS))
    assert 3 == len(server.received)


# ------------------------------------------------------------------ elsewhere


def gives(session: EtnaSession, *items: object) -> UnexpectedResponseError:
    """Return the error that comes after these items."""
    found: list[object] = []
    error = caught(lambda: found.extend(item for item in session.pages(ORDERS)))
    assert (list(items), UnexpectedResponseError) == (found, type(error))
    assert (1, True) == (len(str(error).splitlines()), len(str(error)) < 200)
    assert (None, None) == (error.__cause__, error.__context__)
    # Its frames hold the page, which the user has as well.
    assert [] == [secret for secret in accounts.SECRETS if secret in f"{error} {error!r} {vars(error)}"]
    return error


ELSEWHERE = {
    "port": "http://OTHER/api/orders",
    "no scheme": "//OTHER/api/orders",
    "host": "http://localhost:PORT/api/orders",
    "no port": "http://127.0.0.1/api/orders",
    "scheme": "https://HOST/api/orders",
    "user name": "http://HOST@OTHER/api/orders",
    "backslash": "http://OTHER\\@HOST/api/orders",
    "file": "file:///etc/passwd",
    "data": "data:application/json,[]",
    "script": "javascript:alert(1)",
    "with the token": f"http://OTHER/{accounts.TOKEN}?Et-App-Key={accounts.APP_KEY}",
    "with the token in its host": f"http://{accounts.TOKEN[:40]}.example.com/",
    "bad port": f"http://127.0.0.1:{accounts.TOKEN[:40]}/",
    "no IPv6": "http://[::1/",
    "blank": "http://HOST/api /orders",
    "number": 17,
    "true": True,
    "list": ["?pageNumber=1"],
    "object": {"href": "?pageNumber=1"},
    "8,000 long": "http://OTHER/" + "x" * 8000,
}


@pytest.mark.parametrize("link", ELSEWHERE.values(), ids=ELSEWHERE)
def test_elsewhere(server, session: EtnaSession, other: ScriptedServer, link: object) -> None:
    """A link to anywhere else is an error before anything is sent there; nothing of it is shown."""
    if isinstance(link, str):
        link = link.replace("HOST", server.host).replace("OTHER", other.host)
        link = link.replace("PORT", str(server.port))
    server.play(page(1, link=link), LAST)
    error = gives(session, 1)
    assert ([TARGET], 0) == (targets(server), other.connections)
    assert accounts.TOKEN[:40] in str(link) or [] == leaks(error, accounts.SECRETS)
    assert (True, False) == ("NextPageLink leads to" in str(error), other.host in str(error))


def test_a_page_that_is_redirected_elsewhere(server, session: EtnaSession, other: ScriptedServer) -> None:
    """Where a redirect led elsewhere, the links of what came from there lead no further."""
    other.play(page(1, link="?pageNumber=1"))
    server.play(answer(302, b"", ("Location", f"{other.base_url}/orders")))
    gives(session, 1)
    assert ([TARGET], [[]]) == (
        targets(server),
        [received.values("Authorization") for received in other.received],
    )


# ------------------------------------------------------------------ what is no page

NO_PAGES = {
    "empty": b"",
    "page of HTML": b"<html>Sign in</html>",
    "half of JSON": b'{"Result":[1',
    "nested too deep": b"[" * 100_000,
    "text": b'"orders"',
    "number": b"17",
    "null": b"null",
    "object without": b"{}",
    "object": b'{"Result":{"1":2}}',
    "Result is text": b'{"Result":"orders","NextPageLink":"?pageNumber=1"}',
    "Result is null": b'{"Result":null}',
    "echo": json.dumps({"Result": accounts.TOKEN}).encode(),
}


@pytest.mark.parametrize("body", NO_PAGES.values(), ids=NO_PAGES)
def test_no_page(server, session: EtnaSession, body: bytes) -> None:
    """An answer that is no list is an error that shows nothing of it."""
    server.play(answer(200, body))
    gives(session)
    assert [TARGET] == targets(server)


def test_a_later_one(server, session: EtnaSession) -> None:
    """So it is on a later page, after the items of those before."""
    server.play(page(1, 2, link="?pageNumber=1"), answer(200, b"<html>"))
    gives(session, 1, 2)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_error_status(server, session: EtnaSession, pauses, status: int) -> None:
    """An error of the server is an HTTPError with its answer, even where that would be a page."""
    server.play(answer(status, b"[1]"))
    with pytest.raises(requests.HTTPError) as error:
        next(session.pages(ORDERS))
    assert (status, []) == (error.value.response.status_code, leaks(error.value, accounts.SECRETS))


def test_error_status_later(server, session: EtnaSession) -> None:
    """On a later page it comes after the items of those before."""
    server.play(page(1, link="?pageNumber=1"), answer(404, b"[2]"))
    items = session.pages(ORDERS)
    assert 1 == next(items)
    with pytest.raises(requests.HTTPError):
        next(items)


def test_stale_token(server, session: EtnaSession) -> None:
    """A token that is refused on the way is an error of ours, as of any call."""
    server.play(page(1, link="?pageNumber=1"), DENIED)
    items = session.pages(ORDERS)
    assert 1 == next(items)
    assert TokenExpiredError is type(caught(lambda: next(items)))
