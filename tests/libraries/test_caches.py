"""Caches of answers and of results: requests-cache, joblib and diskcache."""

import json
import shutil
import socket
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import diskcache
import pytest
import requests
import requests_cache
from joblib import Memory
from requests_cache import CachedSession, CacheMixin

from etna_magic import EtnaSession, InsecureURLError, NotLoggedInError, Secret, Token
from tests.helpers import accounts
from tests.helpers.accounts import TOKEN
from tests.helpers.clean_home import environment
from tests.helpers.leaks import caught
from tests.helpers.logins import session_of
from tests.helpers.server import Received, ScriptedServer, answer
from tests.libraries.seen import secrets_below, secrets_in

METHODS = ["GET,HEAD", "GET,HEAD,POST"]


def other_token(base_url: str, text: str = "b3RoZXI=", username: str = "bob") -> Token:
    """Return a token of another text, by default of another account."""
    return Token(
        Secret(text),
        app_key=Secret(accounts.APP_KEY),
        username=username,
        base_url=base_url,
        lifetime=timedelta(hours=1),
        issued=(1_750_000_000.0, 0.0),
        clock=accounts.ManualClock(),
    )


def say_who(connection: socket.socket, received: Received) -> None:
    """Answer as a server does that knows two accounts: a login with a token, a call with whose it is."""
    path = received.target.rsplit("/", 1)[-1]
    if path == "token":
        text = f"{TOKEN}{''.join(received.values('Username'))}"
        connection.sendall(answer(200, accounts.body(State="Succeeded", Token=text)))
    elif path == "refused":
        connection.sendall(answer(401))
    else:
        (bearer,) = received.values("Authorization")
        connection.sendall(answer(200, json.dumps(f"{path} of {bearer[len(f'Bearer {TOKEN}') :]}").encode()))


@pytest.mark.parametrize("methods", METHODS)
def test_installed_cache(server: ScriptedServer, tmp_path: Path, methods: str) -> None:
    """A cache that was installed before the first login answers and keeps nothing of ours."""
    server.play(say_who)
    folder = tmp_path / "cache"
    program = [sys.executable, "-m", "tests.libraries.cached_process", server.base_url]
    done = subprocess.run(
        [*program, str(folder / "http"), methods],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "" == done.stderr
    expected: dict[str, Any] = {}
    for name in ("alice", "bob"):
        expected |= {
            name: [f"me of {name}", f"me of {name}", f"orders of {name}"],
            f"refused to {name}": [401, 401],
        }
    assert expected | {"own": ["own of bob"] * 2} == json.loads(done.stdout)
    asked = Counter(received.target.rsplit("/", 1)[-1] for received in server.received)
    # The probe ("info") once for each token; the user's own call once, as the cache is for.
    assert {"token": 2, "me": 4, "orders": 2, "refused": 4, "info": 2, "own": 1} == asked
    assert [] == secrets_below(folder)


def test_installed_later(server: ScriptedServer, session: EtnaSession) -> None:
    """A cache that is installed after the login answers nothing of a session, either."""
    server.play(answer(200, b"1"), answer(200, b"2"))
    with requests_cache.enabled(backend="memory"):
        assert [1, 2] == [session.get("v1.0/me").json() for _ in range(2)]


def test_cached_answer(server: ScriptedServer, token: Token) -> None:
    """auth=etna_token works with a session of requests-cache, on an answer that is cached too."""
    with CachedSession(backend="memory") as cached:
        found = [cached.get(f"{server.base_url}/v1.0/quotes", auth=token) for _ in range(3)]
        (kept,) = cached.cache.filter()
    assert [False, True, True] == [one.from_cache for one in found]
    texts = [f"{one.request.headers} {vars(one)}" for one in (*found, kept)]
    assert [] == secrets_in("".join(texts))
    assert 1 == len(server.received)


@pytest.mark.parametrize("backend", ["sqlite", "filesystem"])
def test_nothing_on_the_disk(server: ScriptedServer, token: Token, tmp_path: Path, backend: str) -> None:
    """What requests-cache writes of a signed call has neither token nor app key, with any of its settings."""
    settings: dict[str, Any] = {"match_headers": True, "ignored_parameters": []}
    with CachedSession(tmp_path / "cache" / "http", backend=backend, **settings) as cached:
        for _ in range(2):
            cached.get(f"{server.base_url}/v1.0/quotes", auth=token)
    assert [] == secrets_below(tmp_path / "cache")


def test_told_apart(server: ScriptedServer, token: Token) -> None:
    """A cache that is given both settings gives each account its own answer."""
    server.play(answer(200, b'"alice"'), answer(200, b'"bob"'))
    with CachedSession(backend="memory", match_headers=["Authorization"], ignored_parameters=[]) as cached:
        found = [
            cached.get(f"{server.base_url}/v1.0/me", auth=one).json()
            for one in (token, other_token(server.base_url), token)
        ]
    assert ["alice", "bob", "alice"] == found


def test_cached_for_another(server: ScriptedServer, token: Token) -> None:
    """A cache that looks at no header, as is the default, hands over nobody else's answer: it is an error."""
    bob = other_token(server.base_url)
    with CachedSession(backend="memory") as cached:
        cached.get(f"{server.base_url}/v1.0/me", auth=token)
        error = caught(lambda: cached.get(f"{server.base_url}/v1.0/me", auth=bob))
    assert [f"{one.account}" in str(error) for one in (token, bob)] == [True, True]
    assert ("match_headers" in str(error), "ignored_parameters" in str(error)) == (True, True)


def test_cached_for_the_next_token(server: ScriptedServer, token: Token) -> None:
    """The next token of the same account gets what is cached, and so does what was cached without a token."""
    later = other_token(server.base_url, username="alice")
    with CachedSession(backend="memory") as cached:
        cached.get(f"{server.base_url}/v1.0/public")
        cached.get(f"{server.base_url}/v1.0/me", auth=token)
        found = [cached.get(f"{server.base_url}/v1.0/{path}", auth=later) for path in ("me", "public")]
    assert ([True, True], 2) == ([one.from_cache for one in found], len(server.received))


def test_redirect_of_a_cached_session(server: ScriptedServer, token: Token) -> None:
    """A redirect to another server that a session of requests-cache follows has none of the headers."""
    with CachedSession(backend="memory") as cached, ScriptedServer(answer(200)) as other:
        server.play(answer(302, b"", ("Location", f"{other.base_url}/x")))
        for _ in range(2):
            cached.get(f"{server.base_url}/v1.0/quotes", auth=token)
    (received,) = other.received
    assert ([], []) == (received.values("Authorization"), received.values("Et-App-Key"))


def test_refused_by_a_cached_session(server: ScriptedServer, token: Token) -> None:
    """To another server a session of requests-cache sends no token, as any other does not."""
    with CachedSession(backend="memory") as cached, ScriptedServer(answer(200)) as other:
        error = caught(lambda: cached.get(f"{other.base_url}/v1.0/quotes", auth=token))
    assert (InsecureURLError, []) == (type(error), other.received)


class CachedEtnaSession(CacheMixin, EtnaSession):
    """A session of ours with a cache, as the documentation of requests-cache makes one of any class."""


def test_mixed_in(server: ScriptedServer, token: Token) -> None:
    """The placeholder names the account, so that a cache of sessions of ours can tell them apart."""
    server.play(answer(200, b'"alice"'), answer(200, b'"bob"'))
    backend = requests_cache.BaseCache()
    found = []
    for one in (token, other_token(server.base_url), token):
        with CachedEtnaSession(
            backend=backend, match_headers=True, ignored_parameters=[], name="etna"
        ) as session:
            session.holder.put(one)
            found.append(session.get("v1.0/me").json())
    assert (["alice", "bob", "alice"], 2) == (found, len(server.received))
    assert [] == secrets_in(f"{list(backend.responses.values())}")


#: How often the function below has run.
RUNS: list[str] = []


def quotes(session: EtnaSession, symbol: str) -> str:
    """Return what is slow to get."""
    RUNS.append(symbol)
    return f"{symbol}: {session.get('v1.0/quotes').text}"


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """Return a cache of joblib in a folder of its own."""
    RUNS.clear()
    return Memory(tmp_path / "joblib", verbose=0)


def test_joblib_after_renewal(server: ScriptedServer, session: EtnaSession, memory: Memory) -> None:
    """What joblib keeps is found again with the next token of the account, and with a new session of it."""
    remembered = memory.cache(quotes)
    first = remembered(session, "AAPL")
    session.holder.put(other_token(server.base_url, username="alice"))
    again = remembered(session, "AAPL")
    with session_of(other_token(server.base_url, username="alice")) as later:
        assert [first, first] == [again, remembered(later, "AAPL")]
    assert ["AAPL"] == RUNS


def test_joblib_other_account(server: ScriptedServer, session: EtnaSession, memory: Memory) -> None:
    """Another account gets its own."""
    server.play(answer(200, b"alice's"), answer(200, b"bob's"))
    remembered = memory.cache(quotes)
    with session_of(other_token(server.base_url)) as other:
        assert ["AAPL: alice's", "AAPL: bob's"] == [remembered(one, "AAPL") for one in (session, other)]


def test_joblib_writes_no_secret(session: EtnaSession, memory: Memory, tmp_path: Path) -> None:
    """Neither arguments nor results that joblib writes hold a secret."""
    memory.cache(quotes)(session, "AAPL")
    memory.cache(_itself)(session)
    memory.cache(_its_token)(session)
    assert [] == secrets_below(tmp_path / "joblib")


def _itself(session: EtnaSession) -> EtnaSession:
    return session


def _its_token(session: EtnaSession) -> Token:
    return session.token


def test_joblib_keeps_answers(session: EtnaSession, memory: Memory, tmp_path: Path) -> None:
    """A response that joblib keeps is the same when it is read again, and holds no secret."""
    fetch = memory.cache(_response)
    found = [fetch(session, "v1.0/quotes") for _ in range(2)]
    assert ([b"{}"] * 2, []) == ([one.content for one in found], secrets_below(tmp_path / "joblib"))


def _response(session: EtnaSession, path: str) -> requests.Response:
    return session.get(path)


def test_diskcache(session: EtnaSession, token: Token, tmp_path: Path) -> None:
    """What diskcache gives back is a copy that says whose it was and cannot be used."""
    with diskcache.Cache(str(tmp_path / "disk")) as cache:
        cache["session"], cache["token"], cache["answer"] = session, token, session.get("v1.0/quotes")
        found, kept, response = cache["session"], cache["token"], cache["answer"]
    assert ((True, True), b"{}") == ((found.is_copy, kept.is_copy), response.content)
    assert [] == secrets_below(tmp_path / "disk")
    for error in (caught(lambda: found.get("v1.0/quotes")), caught(kept.headers)):
        assert NotLoggedInError is type(error)
        assert "%etna_login" in str(error)
        assert "for_workers()" in str(error)


def test_diskcache_memoize(server: ScriptedServer, session: EtnaSession, tmp_path: Path) -> None:
    """A function of a session that diskcache remembers is keyed by the account."""
    RUNS.clear()
    with diskcache.Cache(str(tmp_path / "disk")) as cache:
        remembered = cache.memoize()(quotes)
        remembered(session, "AAPL")
        session.holder.put(other_token(server.base_url, username="alice"))
        remembered(session, "AAPL")
        with session_of(other_token(server.base_url)) as other:
            remembered(other, "AAPL")
    assert (["AAPL"] * 2, []) == (RUNS, secrets_below(tmp_path / "disk"))


def test_lost_cache_folder(session: EtnaSession, memory: Memory, tmp_path: Path) -> None:
    """A folder that was removed meanwhile costs a call, and no error of ours."""
    remembered = memory.cache(quotes)
    remembered(session, "AAPL")
    shutil.rmtree(tmp_path / "joblib")
    remembered(session, "AAPL")
    assert ["AAPL"] * 2 == RUNS
