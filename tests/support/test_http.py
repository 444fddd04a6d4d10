"""HTTP without surprises: quiet connections, the environment looked up once, and an end in time."""

import http.client
import io
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from urllib3.connectionpool import HTTPConnectionPool

from etna_magic import Secret
from etna_magic.support.http import (
    LONGEST_RETRY_AFTER,
    ProxyEnvironment,
    QuietAdapter,
    call_in_time,
    calls_in_time,
    plain_session_class,
    post_once,
    retry_after_seconds,
)
from etna_magic.support.safe_call import Failure
from tests.helpers import environment
from tests.helpers.certificates import Certificates
from tests.helpers.server import Received, ScriptedServer, answer

URL = "https://api.example.com/api/v1.0/x"
PROXY = "http://127.0.0.1:1"
HEADERS = {"Password": "PIN-SECRET-4711"}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a server that answers everything well."""
    with ScriptedServer(answer(200, b"{}")) as running:
        yield running


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("0", 0.0), ("17", 17.0), (" 17 ", 17.0), ("1.5", 1.5), ("86400", LONGEST_RETRY_AFTER),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0), ("Fri, 31 Dec 1999 23:59:59 -0000", 0.0),
        ("86401", None), ("999999999999", None), ("9" * 5_000, None), ("", None), ("soon", None),
        ("-5", None), ("+5", None), ("1e3", None), ("inf", None), ("nan", None), (".", None), ("1.2.3", None),
        ("\u0661\u0667", None), ("17, 18", None), ("Fri, 31 Dec", None), ("Fri, 31 Dec 10:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None), ("Fri, 31 Feb 99999 10:00:00 GMT", None),
        ("Thu, 99 Foo 2026 99:99:99 GMT", None), ("\x1b[31m17", None),
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_retry_after(header: str, expected: float | None) -> None:
    """Seconds or a date, up to a day; anything else says nothing."""
    assert expected == retry_after_seconds(header)


def test_retry_after_until_a_date() -> None:
    """A date counts from now, and one without a zone is in GMT."""
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    for header in (date, date.removesuffix(" GMT")):
        assert 590 <= retry_after_seconds(header) <= 600


def test_retry_after_with_a_limit_of_ones_own() -> None:
    """What is longer than the caller waits says nothing."""
    assert (30.0, None) == (retry_after_seconds("30", 30), retry_after_seconds("31", 30))


@pytest.mark.parametrize("kind", ["mount", "post"])
def test_a_connection_prints_nothing(
    server: ScriptedServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`http.client` prints every header where its debug level is set, but for ours."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    printed = io.StringIO()
    with redirect_stdout(printed), requests.Session() as session:
        if kind == "mount":
            session.mount("http://", QuietAdapter())
            session.get(server.base_url, headers=HEADERS, timeout=5)
        else:
            post_once(server.base_url, HEADERS, timeout=5, longest=100)
    assert ("", 1) == (printed.getvalue(), len(server.received))
    with redirect_stdout(printed):
        requests.get(server.base_url, headers=HEADERS, timeout=5)
    assert HEADERS["Password"] in printed.getvalue()


def test_a_recorders_connection_is_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder such as vcrpy puts a class of its own into the pool for a while: ours is derived from it."""
    used: list[HTTPConnectionPool.ConnectionCls] = []

    class Recording(HTTPConnectionPool.ConnectionCls):
        """Notes who has connected."""

        def connect(self) -> None:
            used.append(self)
            super().connect()

    adapter, request = QuietAdapter(), requests.Request("GET", server.base_url).prepare()
    before = adapter.get_connection_with_tls_context(request, verify=True).ConnectionCls
    with monkeypatch.context() as patch:
        patch.setattr(HTTPConnectionPool, "ConnectionCls", Recording)
        assert 200 == adapter.send(request, timeout=5).status_code
    after = adapter.get_connection_with_tls_context(request, verify=True).ConnectionCls
    assert ([True], [0]) == ([isinstance(one, Recording) for one in used], [one.debuglevel for one in used])
    assert (before, False) == (after, issubclass(after, Recording))
    adapter.close()


def test_the_plain_session_of_requests() -> None:
    """A cache that was installed for everybody answers no order and no check of a token."""
    requests_cache = pytest.importorskip("requests_cache")
    plain = requests.Session
    assert plain is plain_session_class()
    requests_cache.install_cache(backend="memory")
    try:
        assert (True, True) == (plain is not requests.Session, plain is plain_session_class())
        with ScriptedServer(answer(200, b"one"), answer(200, b"two")) as server:
            bodies = [post_once(server.base_url, {}, timeout=5, longest=100)[1] for _ in range(2)]
    finally:
        requests_cache.uninstall_cache()
    assert [b"one", b"two"] == bodies


def proxies(found: ProxyEnvironment, url: str = URL, no_proxy: str | None = None) -> dict[str, str]:
    """Return the proxies for a URL."""
    return found.settings(url, no_proxy)[0]


def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are as `requests` finds them, again after a variable has changed."""
    found = ProxyEnvironment()
    assert {} == proxies(found)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    assert PROXY == proxies(found)["https"]
    assert PROXY == proxies(found, "https://api.example.com:8443/x")["https"]
    monkeypatch.setenv("NO_PROXY", "api.example.com")
    assert ({}, PROXY) == (proxies(found), proxies(found, "https://other.example/")["https"])
    monkeypatch.delenv("HTTPS_PROXY")
    assert "https" not in proxies(found, "https://other.example/")


def test_certificates_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is named by either variable, as `requests` reads them, whatever the proxies are."""
    found, files = ProxyEnvironment(), [None, "/etc/curl.pem", "/etc/requests.pem", "/etc/requests.pem"]
    seen = [found.settings(URL)[1]]
    monkeypatch.setenv("CURL_CA_BUNDLE", "/etc/curl.pem")
    seen.append(found.settings(URL)[1])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/requests.pem")
    seen += [found.settings(URL)[1], found.settings("http://127.0.0.1:5000/", "other.example")[1]]
    assert files == seen


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "[::1]"])
def test_no_proxy_to_loopback(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would read a password and find nobody; `requests` keeps to it after a redirect, too."""
    environment.set_proxy(monkeypatch, PROXY)
    assert {"no_proxy": host.strip("[]")} == proxies(ProxyEnvironment(), f"http://{host}:5000/api/x")


@pytest.mark.parametrize("later", ["https://api.example.com", "https://api.example.com/", URL])
def test_each_server_is_looked_up_by_itself(later: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found for one counts for no other, however alike they are."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "api.example.co")
    found = ProxyEnvironment()
    assert ({}, PROXY) == (proxies(found, "https://api.example.co/x"), proxies(found, later)["https"])


def test_a_callers_own_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller names more hosts that need no proxy, for this call alone."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    found = ProxyEnvironment()
    assert ({}, PROXY) == (proxies(found, URL, "api.example.com"), proxies(found)["https"])


def test_proxies_are_a_new_dict(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a caller does to it changes nothing of what is known."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    found = ProxyEnvironment()
    proxies(found).clear()
    assert PROXY == proxies(found)["https"]


def test_a_post_is_sent_once(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Its headers go there, without a body, a proxy, a password of .netrc or a cookie of before."""
    environment.set_proxy(monkeypatch, PROXY)
    environment.write_netrc(monkeypatch, tmp_path)
    server.play(answer(202, b"body", ("Set-Cookie", "who=somebody; Path=/")))
    replies = [post_once(server.base_url, HEADERS, timeout=5, longest=4) for _ in range(2)]
    assert [(202, b"body")] * 2 == [(response.status_code, body) for response, body in replies]
    assert [("POST", "/api", b"")] * 2 == [(one.method, one.target, one.body) for one in server.received]
    names = ("Password", "Authorization", "Cookie")
    assert [[[HEADERS["Password"]], [], []]] * 2 == [
        [one.values(n) for n in names] for one in server.received
    ]
    assert 2 == server.connections


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 429, 503])
def test_no_answer_makes_it_sent_again(server: ScriptedServer, status: int) -> None:
    """A redirect, a limit and an error are the answer."""
    server.play(answer(status, b"", ("Location", "/elsewhere"), ("Retry-After", "0")), answer(200))
    response, _ = post_once(server.base_url, HEADERS, timeout=5, longest=100)
    assert (status, 1) == (response.status_code, len(server.received))


def test_a_post_with_an_auth(server: ScriptedServer) -> None:
    """Its headers are added last, as a token's are."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = "Bearer x"
        return request

    post_once(server.base_url, {}, timeout=5, auth=sign, longest=100)
    assert [["Bearer x"]] == [one.values("Authorization") for one in server.received]


@pytest.mark.parametrize("head", ["200 OK", "302 Found\r\nLocation: /elsewhere"], ids=["200", "302"])
def test_a_body_that_is_too_long(server: ScriptedServer, head: str) -> None:
    """No more of it is read than is useful, whatever the status is."""

    def flood(connection: socket.socket, _: object) -> None:
        connection.sendall(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode())
        while not server.over.is_set():
            connection.sendall(b"x" * 65_536)

    server.play(flood)
    assert None is post_once(server.base_url, {}, timeout=5, longest=100_000)[1]


def test_a_post_over_tls(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It trusts whom the environment names, and nothing is printed there either."""
    certificates = Certificates(tmp_path)
    context = certificates.signed("good", "here", "20200101000000Z", "20491231000000Z")
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    environment.set_proxy(monkeypatch, PROXY)
    printed = io.StringIO()
    with ScriptedServer(answer(200, b"{}"), tls=context) as server, redirect_stdout(printed):
        with pytest.raises(requests.exceptions.SSLError):
            post_once(server.base_url, HEADERS, timeout=5, longest=100)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
        assert b"{}" == post_once(server.base_url, HEADERS, timeout=5, longest=100)[1]
    assert "" == printed.getvalue()


class Watched:
    """A call that tells when it has ended, in time or not."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._ended = threading.Event()

    def __call__(self) -> object:
        """Make the call."""
        try:
            return self._act()
        finally:
            self._ended.set()

    def wait(self) -> None:
        """Wait until it has ended."""
        assert self._ended.wait(30)


def test_a_call_that_ends_in_time() -> None:
    """Its result or its failure is returned, from another thread."""
    assert "etna_magic-request" == call_in_time(lambda: threading.current_thread().name, 30, [])
    failure = call_in_time(lambda: 1 / 0, 30, [Secret("x")])
    assert (ZeroDivisionError, True) == (failure.kind, isinstance(failure.foreign, ZeroDivisionError))


def test_the_thread_is_kept() -> None:
    """The next call goes to the same one, and a call meanwhile to another."""
    inner: list[int] = []

    def act() -> int:
        inner.append(call_in_time(threading.get_ident, 30, []))
        return threading.get_ident()

    outer = [call_in_time(act, 30, []) for _ in range(2)]
    assert (1, 1, set()) == (len(set(outer)), len(set(inner)), {*outer} & {*inner})


def test_nothing_of_a_call_is_kept() -> None:
    """A thread that waits for the next call refers to nothing of the last one, which had secrets."""
    held = Watched(lambda: "PIN-SECRET")
    died = threading.Event()
    weakref.finalize(held, died.set)
    assert "PIN-SECRET" == call_in_time(held, 30, [])
    del held
    assert died.wait(30)


def test_a_call_that_is_late() -> None:
    """It is abandoned, and what comes of it later is nobody's."""
    end = threading.Event()
    late = Watched(lambda: end.wait(30))
    start = time.monotonic()
    failure = call_in_time(late, 0.1, [])
    assert (requests.ReadTimeout, "it took too long to answer") == (failure.kind, failure.reason)
    assert (True, True) == (failure.is_sent, time.monotonic() - start < 10)
    assert "in time" == call_in_time(lambda: "in time", 30, [])
    end.set()
    late.wait()
    assert "in time" == call_in_time(lambda: "in time", 30, [])


def test_calls_at_once() -> None:
    """All are under way together; results are in the order of the calls, failures among them."""
    together = threading.Barrier(3)
    calls = [(lambda number=number: (together.wait(30), 1 // number)[1], []) for number in (1, 0, 2)]
    first, second, third = calls_in_time(calls, 30)
    assert (1, ZeroDivisionError, 0) == (first, second.kind, third)


def test_calls_of_which_one_is_late() -> None:
    """It is abandoned, word is given once meanwhile, and the other has its result."""
    end, said = threading.Event(), []
    late = Watched(lambda: end.wait(30))
    calls = [(late, []), (lambda: "in time", [])]
    first, second = calls_in_time(calls, 0.2, lambda: said.append("waiting"), patience=0.05)
    assert ("it took too long to answer", "in time", ["waiting"]) == (first.reason, second, said)
    end.set()
    late.wait()


def test_calls_that_end_while_word_is_given() -> None:
    """What ends after the patience and in time has its result."""
    end = threading.Event()
    calls = [(lambda: end.wait(30) and "in time", [])]
    assert ["in time"] == calls_in_time(calls, 30, end.set, patience=0.05)


def test_a_resolver_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system looks a name up without any time-out: the wait for it ends all the same."""
    end, asked = threading.Event(), threading.Event()

    def resolve(*_: object, **__: object) -> None:
        asked.set()
        end.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    late = Watched(lambda: post_once(URL, HEADERS, timeout=0.1, longest=100))
    failure = call_in_time(late, 0.5, [])
    assert (True, Failure) == (asked.is_set(), type(failure))
    assert "it took too long to answer" == failure.reason
    end.set()
    late.wait()


def test_a_server_that_drips(server: ScriptedServer) -> None:
    """Each byte starts the time-out of `requests` again; the whole ends in time."""

    def drip(connection: socket.socket, _: object) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.over.wait(0.02):
            connection.sendall(b"x")

    server.play(drip)
    late = Watched(lambda: post_once(server.base_url, {}, timeout=5, longest=10**6))
    assert "it took too long to answer" == call_in_time(late, 0.3, []).reason
    server.over.set()
    late.wait()


def test_an_interrupt_ends_the_wait(server: ScriptedServer) -> None:
    """Ctrl-C is the caller's at once, though the server is silent."""

    def interrupt(connection: socket.socket, received: Received) -> None:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        server.stay_silent(connection, received)

    server.play(interrupt)
    late = Watched(lambda: post_once(server.base_url, {}, timeout=30, longest=100))
    with pytest.raises(KeyboardInterrupt):
        call_in_time(late, 30, [])
    server.over.set()
    late.wait()


def test_an_abandoned_call_holds_up_no_exit() -> None:
    """A process ends although a call is still under way."""
    program = (
        "import time\n"
        "from etna_magic.support.http import call_in_time\n"
        "print(call_in_time(lambda: time.sleep(60), 0.1, []).reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert ("it took too long to answer", "") == (done.stdout.strip(), done.stderr)
