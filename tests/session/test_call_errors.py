"""What a call raises: in a sentence, without a secret, and of the class that requests would raise."""

import copy
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import tenacity
from requests.adapters import BaseAdapter, HTTPAdapter

from etna_magic import ConnectionFailedError, InsecureURLError
from etna_magic.session import EtnaSession
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, chain, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.session.broken_servers import HALVES, hang_up

OK = answer(200, b"{}")

by_method = pytest.mark.parametrize("method", ["GET", "POST"])


class OwnError(Exception):
    """An exception of the user's own."""


# ------------------------------------------------------------------ the network


BROKEN = {
    "closed": (hang_up, requests.ConnectionError),
    "half a head": (b"HTTP/1.", requests.ConnectionError),
    "half a body": (HALVES["half a body"].reply, requests.exceptions.ChunkedEncodingError),
    "half a chunk": (HALVES["half a chunk"].reply, requests.exceptions.ChunkedEncodingError),
    "no gzip": (answer(200, b"{}", ("Content-Encoding", "gzip")), requests.RequestException),
}


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(("reply", "kind"), BROKEN.values(), ids=BROKEN)
def test_broken(server, session: EtnaSession, reply, kind: type[Exception], method: str) -> None:
    """What breaks off is an error of ours in one line, one of requests, and holds no header anywhere."""
    server.play(reply)
    error = caught(lambda: session.request(method, "v1.0/x?key=private"))
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, kind))
    assert (1, False) == (len(str(error).splitlines()), "private" in str(error))
    assert ([error], []) == (chain(error), leaks(error, accounts.SECRETS))


@by_method
def test_it_is_copied(server, session: EtnaSession, pauses, method: str) -> None:
    """It is copied and pickled as what it is, from a worker process to its parent, say."""
    server.play(hang_up)
    error = caught(lambda: session.request(method, "v1.0/x"))
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert (type(error), str(error)) == (type(same), str(same))


@pytest.mark.parametrize("way", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "session", "call", "cert"])
def test_a_certificate_file_that_is_missing(server, monkeypatch, tmp_path: Path, way: str) -> None:
    """A path of a certificate that leads nowhere is named as the reason, and nothing is sent."""
    path = str(tmp_path / "none.pem")
    with logins.session_of(accounts.token(server.base_url.replace("http:", "https:"))) as session:
        if way.endswith("BUNDLE"):
            monkeypatch.setenv(way, path)
        if way == "session":
            session.verify = path
        more = {"call": {"verify": path}, "cert": {"cert": path}}.get(way, {})
        error = caught(lambda: session.get("v1.0/x", **more))
    named = {"session": "verify=", "call": "verify="}.get(way, way)
    missing = f"the certificate file {path} ({named}) does not exist, so correct or unset {named}"
    reason = "a certificate file that is set cannot be read" if way == "cert" else missing
    assert str(error).endswith(f"got no answer: {reason}.")
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, OSError))
    assert (0, []) == (server.connections, leaks(error, accounts.SECRETS))


# ------------------------------------------------------------------ the user's own code and arguments


def broken_body(text: str) -> Iterator[bytes]:
    """Begin a body and give up."""
    yield b"abc"
    raise OwnError(text)


WRONG = {
    "body": ("POST", OwnError, lambda: {"data": broken_body("mine")}),
    "time-out": ("GET", ValueError, lambda: {"timeout": "x"}),
    "half a time-out": ("POST", ValueError, lambda: {"timeout": (1, "x")}),
    "header": ("POST", requests.exceptions.InvalidHeader, lambda: {"headers": {"X-Mine": "a\nb"}}),
    "JSON": ("POST", requests.exceptions.InvalidJSONError, lambda: {"json": float("nan")}),
}


@pytest.mark.parametrize(("method", "kind", "more"), WRONG.values(), ids=WRONG)
def test_what_is_no_failure_of_the_network(session: EtnaSession, method: str, kind, more) -> None:
    """What a user's own code raises, or requests says of its arguments, comes out as it is."""
    with pytest.raises(kind) as error:
        session.request(method, "v1.0/x", **more())
    assert (kind, []) == (type(error.value), leaks(error.value, accounts.SECRETS))


def test_a_body_that_reads_in_vain(session: EtnaSession) -> None:
    """A body whose generator gets an error of ours has begun to be sent, and the error says so."""

    def rows() -> Iterator[bytes]:
        yield b"abc"
        session.holder.release("was logged out")
        yield session.get("v1.0/source").content

    error = caught(lambda: session.post("v1.0/up", data=rows()))
    outcome = "The POST was sent once and not again: check whether it was carried out."
    assert f"etna was logged out. {outcome}" == str(error)


@pytest.mark.parametrize("secret", [accounts.TOKEN, accounts.APP_KEY])
def test_an_exception_that_holds_a_secret(server, session: EtnaSession, secret: str) -> None:
    """One of the user's own that shows the token or the app key is named by its type alone."""
    error = caught(lambda: session.post("v1.0/x", data=broken_body(f"sent {secret}")))
    assert ConnectionFailedError is type(error)
    assert str(error) == (
        f"POST to http://{server.host} raised OwnError: check its data. "
        "The POST was sent once and not again: check whether it was carried out."
    )
    assert [] == leaks(error, accounts.SECRETS)


# ------------------------------------------------------------------ what a user's own adapter raises


class ThrottledError(requests.RequestException):
    """Takes two arguments."""

    def __init__(self, wait: float, limit: int) -> None:
        super().__init__(f"wait {wait} of {limit}")
        self.wait = wait


class NoAddressError(requests.ConnectionError):
    """Takes a request, and shows it, as those of requests_mock do."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        self.request = request

    def __str__(self) -> str:
        return f"No address: {self.request.method} {self.request.url} {dict(self.request.headers)}"


class NamedOnlyError(requests.Timeout):
    """Takes nothing by position."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(seconds)


MADE = {
    ThrottledError: (requests.RequestException, "ThrottledError", lambda _: ThrottledError(3, 4)),
    NoAddressError: (requests.ConnectionError, "NoAddressError", NoAddressError),
    NamedOnlyError: (requests.Timeout, "it took too long to answer", lambda _: NamedOnlyError(seconds=3)),
}


class Raising(BaseAdapter):
    """Sends nothing."""

    def __init__(self, make: Callable[[requests.PreparedRequest], Exception]) -> None:
        super().__init__()
        self._make = make

    def send(self, request: requests.PreparedRequest, **_) -> requests.Response:
        """Raise."""
        raise self._make(request)

    def close(self) -> None:
        """Have nothing to close."""


@by_method
@pytest.mark.parametrize("own", MADE)
def test_an_exception_of_an_adapter(server, session: EtnaSession, own: type[Exception], method: str) -> None:
    """One of its own class is one of ours, and of the class of requests that fits, without a secret."""
    kind, reason, make = MADE[own]
    session.mount("http://", Raising(make))
    error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, kind))
    assert str(error).startswith(f"{method} to http://{server.host} got no answer: {reason}.")
    assert (None, None, []) == (error.request, error.response, leaks(error, accounts.SECRETS))


def noted(text: str) -> OwnError:
    """Return an exception to which its author has added something."""
    error = OwnError(text, 17, 0.5, None, b"x")
    error.limit = "ten"
    error.add_note("ask again tomorrow")
    return error


def lacking(request: requests.PreparedRequest) -> Exception:
    """Return the exception of an attribute that a request does not have; Python keeps the request in it."""
    try:
        return request.tag
    except AttributeError as error:
        return error


PLAIN: dict[str, Callable[[requests.PreparedRequest], Exception]] = {
    "text": lambda _: OwnError("mine"),
    "values": lambda _: noted("mine"),
    "key": lambda _: KeyError("mine"),
    "attribute": lacking,
}
UNANSWERED = "The POST was sent and not answered: check whether it was carried out."


@by_method
@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN)
def test_one_that_is_not_of_requests(session: EtnaSession, make, method: str) -> None:
    """One that has nothing to do with a network comes out as it is; a note says what became of an order."""
    made: list[Exception] = []

    def keep(request: requests.PreparedRequest) -> Exception:
        made.append(make(request))
        return made[0]

    session.mount("http://", Raising(keep))
    with pytest.raises(Exception, match=r"mine|tag") as error:
        session.request(method, "v1.0/x")
    notes = ["ask again tomorrow"] if make is PLAIN["values"] else []
    assert notes + [UNANSWERED] * (method == "POST") == getattr(error.value, "__notes__", [])
    assert ([error.value], []) == (made, leaks(error.value, accounts.SECRETS))


class SlottedError(Exception):
    """Has the request where no dict shows it."""

    __slots__ = ("request",)

    def __init__(self, request: requests.PreparedRequest) -> None:
        super().__init__("refused")
        self.request = request


def behind(request: requests.PreparedRequest) -> Exception:
    """Return the exception of an attempt that tenacity has given up."""

    @tenacity.retry(stop=tenacity.stop_after_attempt(2))
    def fail() -> None:
        raise requests.ConnectionError("broken", request=request)

    try:
        return fail()
    except tenacity.RetryError as error:
        return error


HOLDING: dict[str, tuple[str, Callable[[requests.PreparedRequest], Exception]]] = {
    "argument": ("OwnError", OwnError),
    "list": ("OwnError", lambda request: OwnError([request])),
    "dict": ("RuntimeError", lambda request: RuntimeError({"request": request})),
    "headers": ("OwnError", lambda request: OwnError(request.headers)),
    "slot": ("SlottedError", SlottedError),
    "group": ("ExceptionGroup", lambda request: ExceptionGroup("all", [requests.Timeout(request=request)])),
    "tenacity": ("RetryError", behind),
}


@by_method
@pytest.mark.parametrize(("name", "make"), HOLDING.values(), ids=HOLDING)
def test_one_that_holds_the_request(server, session: EtnaSession, name: str, make, method: str) -> None:
    """But for one that holds the signed request, however deep: it is named by its type."""
    session.mount("http://", Raising(make))
    error = caught(lambda: session.request(method, "v1.0/x"))
    outcome = f" {UNANSWERED}" if method == "POST" else ""
    expected = f"{method} to http://{server.host} raised {name}: check its data.{outcome}"
    assert (ConnectionFailedError, expected) == (type(error), str(error))
    assert ([error], []) == (chain(error), leaks(error, accounts.SECRETS))


@by_method
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signal can be sent to a thread here")
def test_an_interrupt(server, session: EtnaSession, method: str) -> None:
    """Ctrl-C during a call is Ctrl-C; a note says what became of an order."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(connection, _) -> None:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        server.stay_silent(connection, _)

    server.play(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt) as error:
            session.request(method, "v1.0/x")
    finally:
        signal.signal(signal.SIGINT, before)
    note = "The POST was sent once and not again: check whether it was carried out."
    assert [note] * (method == "POST") == getattr(error.value, "__notes__", [])
    assert [] == leaks(error.value, accounts.SECRETS)


class Through(HTTPAdapter):
    """Sends an order by another session."""

    def __init__(self, other: EtnaSession, data: object = None) -> None:
        super().__init__()
        self._other, self._data = other, data

    def send(self, request: requests.PreparedRequest, **_) -> requests.Response:
        """Send it."""
        return self._other.request(request.method, "v1.0/y", data=self._data)


SAID = {
    "unanswered": (hang_up, "The POST was sent once and not again: check whether it was carried out."),
    "refused": (answer(401), "The POST was refused with a 401 and was not sent again."),
}


@pytest.mark.parametrize(("reply", "outcome"), SAID.values(), ids=SAID)
def test_an_error_of_a_session_below(server, session: EtnaSession, reply, outcome: str) -> None:
    """What a session below says of an order is said once."""
    server.play(reply)
    with logins.session_of(accounts.token(server.base_url)) as below:
        session.mount("http://", Through(below))
        error = caught(lambda: session.post("v1.0/x"))
    assert (1, 1) == (str(error).count("The POST was "), str(error).count(outcome))


def test_a_note_of_a_session_below(server, session: EtnaSession) -> None:
    """So is what it notes at an exception of the user's own."""
    with logins.session_of(accounts.token(server.base_url)) as below:
        session.mount("http://", Through(below, broken_body("mine")))
        with pytest.raises(OwnError, match="mine") as error:
            session.post("v1.0/x")
    expected = ["The POST was sent once and not again: check whether it was carried out."]
    assert expected == error.value.__notes__


class Fallback(HTTPAdapter):
    """Asks another login's server where its own does not answer."""

    def __init__(self, other: EtnaSession) -> None:
        super().__init__()
        self._other = other

    def send(self, request: requests.PreparedRequest, **kwargs) -> requests.Response:
        """Send it, or read the same elsewhere."""
        try:
            return super().send(request, **kwargs)
        except requests.ConnectionError:
            return self._other.get("v1.0/x")


@by_method
def test_a_second_failure_has_nothing_of_the_first(server, session: EtnaSession, pauses, method) -> None:
    """Where a fallback fails as well, its error has no trace of the request that failed before it."""
    server.play(hang_up)
    with ScriptedServer(hang_up) as second, EtnaSession("second", 5.0) as another:
        another.holder.put(accounts.token(second.base_url))
        session.mount("http://", Fallback(another))
        error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, []) == (second.host in str(error), leaks(error, accounts.SECRETS))
    outcome = f" {UNANSWERED}"
    assert str(error).endswith(outcome if method == "POST" else "the connection broke off.")


# ------------------------------------------------------------------ answers that raise


def test_raise_for_status(server, session: EtnaSession) -> None:
    """The HTTPError of requests has its response, whose request shows a placeholder."""
    server.play(answer(422, b'{"Message":"no"}'))
    with pytest.raises(requests.HTTPError) as error:
        session.post("v1.0/orders").raise_for_status()
    assert (422, b'{"Message":"no"}') == (error.value.response.status_code, error.value.response.content)
    assert error.value.request.headers["Authorization"] == f"••• alice at {server.base_url}"
    assert [] == leaks(error.value, accounts.SECRETS)


@pytest.mark.parametrize(("method", "outcome"), [("GET", ""), ("POST", " The POST was not sent.")])
def test_a_token_for_another_server(server, session: EtnaSession, other, method: str, outcome: str) -> None:
    """A token that a user gives for a call to another server is not sent, and the error says so."""
    error = caught(lambda: session.request(method, f"{other.base_url}/x", auth=session.token))
    assert (InsecureURLError, []) == (type(error), other.received)
    assert (
        f"This token belongs to http://{server.host} and was not sent to http://{other.host}: "
        f"use it for its own server only.{outcome}"
    ) == str(error)
