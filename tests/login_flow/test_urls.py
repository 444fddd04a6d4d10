"""URLs that look like the token's own and are not."""

from collections.abc import Iterator

import pytest
import requests

from etna_magic import EtnaError, InsecureURLError
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import session_of
from tests.helpers.server import ScriptedServer, answer

SIGNED = {"Authorization": [f"Bearer {accounts.TOKEN}"], "Et-App-Key": [accounts.APP_KEY]}
UNSIGNED = {"Authorization": [], "Et-App-Key": []}

ELSEWHERE = {
    "other port": "http://127.0.0.1:{other}/x",
    "other name": "http://localhost:{other}/x",
    "other name, own port": "http://localhost:{own}/x",
    "own host as user": "http://127.0.0.1:{own}@localhost:{other}/",
    "own host as user and password": "http://127.0.0.1:{own}:x@127.0.0.1:{other}/",
    "two @": "http://x@127.0.0.1:{own}@127.0.0.1:{other}/",
    "own host in the fragment": "http://127.0.0.1:{other}#@127.0.0.1:{own}/",
    "own host in the query": "http://127.0.0.1:{other}?@127.0.0.1:{own}/",
    "own host in the path": "http://127.0.0.1:{other}/@127.0.0.1:{own}/",
    "encoded @": "http://127.0.0.1:{own}%40localhost:{other}/",
    "encoded slash": "http://127.0.0.1:{own}%2F@localhost:{other}/",
    "backslash, own first": "http://127.0.0.1:{own}\\@localhost:{other}/",
    "backslash, other first": "http://localhost:{other}\\@127.0.0.1:{own}/",
    "backslashes for slashes": "http:\\\\localhost:{other}/x",
    "tab in the host": "http://127.0.0.1:{own}\t@localhost:{other}/",
    "line break": "http://localhost:{other}/\r\nX-Injected: 1",
    "blank in front": " http://localhost:{other}/x",
    "NUL": "http://localhost:{other}\0.127.0.0.1:{own}/",
    "full-width dot": "http://127.0.0\uff0e1:{other}/x",
    "full-width digits": "http://\uff11\uff12\uff17.0.0.1:{other}/x",
    "number for an address": "http://2130706433:{other}/x",
    "short address": "http://127.1:{other}/x",
    "octal address": "http://0177.0.0.1:{other}/x",
    "scheme in capitals": "HTTP://LOCALHOST:{other}/x",
    "three slashes": "http:///localhost:{other}/x",
    "one slash": "http:/localhost:{other}/x",
    "no scheme": "//localhost:{other}/x",
    "other scheme": "ftp://127.0.0.1:{own}/x",
    "file": "file:///etc/passwd",
    "port that is none": "http://127.0.0.1:{own}x/",
    "port too large": "http://127.0.0.1:99999/x",
    "open bracket": "http://[::1:{other}/x",
}
by_url = pytest.mark.parametrize("url", ELSEWHERE.values(), ids=ELSEWHERE)


@pytest.fixture
def servers() -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    """Run the token's own server, and one that must see neither header."""
    with ScriptedServer(answer(200, b"{}")) as own, ScriptedServer(answer(200, b"{}")) as other:
        yield own, other


def _ours(request) -> dict[str, list[str]]:
    return {name: request.values(name) for name in SIGNED}


@by_url
def test_session(servers, url: str) -> None:
    """A session signs nothing for another server; an error shows no secret."""
    own, other = servers
    error = None
    with session_of(accounts.token(own.base_url), timeout=2.0) as session:
        try:
            session.get(url.format(own=own.port, other=other.port))
        except (EtnaError, requests.RequestException) as raised:
            error = raised
    assert [] == [request for request in other.received if _ours(request) != UNSIGNED]
    hosts = [request.values("Host") for request in own.received if _ours(request) != UNSIGNED]
    assert [] == [host for host in hosts if host != [own.host]]
    assert [] == (leaks(error, accounts.SECRETS, deep=False) if error else [])


@by_url
def test_auth(servers, url: str) -> None:
    """`auth=token` refuses another server before anything is sent there."""
    own, other = servers
    url = url.format(own=own.port, other=other.port)
    refusals = (InsecureURLError, requests.exceptions.InvalidURL, requests.exceptions.MissingSchema)
    if url.startswith("http://127.0.0.1") and "\\" in url:
        refusals = ()  # requests reads it as a path on our own server, and writes it so
    error = None
    try:
        requests.get(url, auth=accounts.token(own.base_url), timeout=2)
    except Exception as raised:  # noqa: BLE001 - compared below
        error = raised
    if error is None:
        assert (SIGNED, [own.host]) == (_ours(own.received[0]), own.received[0].values("Host"))
        assert () == refusals
    else:
        assert (True, []) == (isinstance(error, refusals), leaks(error, accounts.SECRETS, deep=False))
    assert [] == other.received


OWN = [
    "v1.0/x",
    "/v1.0/x",
    "//v1.0/x",
    "v1.0/x?to=http://localhost/",
    b"v1.0/x",
    "http://127.0.0.1:{own}/api/v1.0/x",
    "HTTP://127.0.0.1:{own}/api/v1.0/x",
    "http://user:password@127.0.0.1:{own}/api/v1.0/x",
]


@pytest.mark.parametrize("url", OWN)
def test_own_server(servers, url: str | bytes) -> None:
    """Every way to write a URL of the token's own server is signed."""
    own, _ = servers
    with session_of(accounts.token(own.base_url), timeout=2.0) as session:
        session.get(url if isinstance(url, bytes) else url.format(own=own.port))
    assert [SIGNED] == [_ours(request) for request in own.received]
    assert "/api/v1.0/x" == own.received[0].target.split("?")[0]


def test_refusal_names_both_servers(servers) -> None:
    """`auth=token` says whose token it is and where it was not sent."""
    own, other = servers
    error = caught(lambda: requests.get(f"{other.base_url}/x", auth=accounts.token(own.base_url), timeout=2))
    assert (InsecureURLError, True, True) == (type(error), own.host in str(error), other.host in str(error))


def test_session_sends_no_netrc_elsewhere(servers, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """With an absolute URL elsewhere no password of ~/.netrc is sent."""
    environment.write_netrc(monkeypatch, tmp_path)
    own, other = servers
    with session_of(accounts.token(own.base_url), timeout=2.0) as session:
        session.get(f"{other.base_url}/x")
    assert [UNSIGNED] == [_ours(request) for request in other.received]
