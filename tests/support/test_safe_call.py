"""A call whose failure holds no secret: what is kept of it, and what a person is shown."""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import requests
import urllib3

from etna_magic import EtnaError, Secret
from etna_magic.support.safe_call import Failure, causes, safe_await, safe_call
from tests.helpers import accounts
from tests.helpers.certificates import Certificates
from tests.helpers.leaks import caught, chain, leaks
from tests.helpers.server import Answer, ScriptedServer, answer

SECRETS = [Secret(text) for text in accounts.SECRETS]
HEADERS = {"Password": "PIN-SECRET"}


def post(url: str, **options: object) -> Failure:
    """Send a secret header by `requests`; return how it failed."""
    headers, timeout = options.pop("headers", HEADERS), options.pop("timeout", 5)
    failure = safe_call(lambda: requests.post(url, headers=headers, timeout=timeout, **options), SECRETS)
    assert isinstance(failure, Failure)
    return failure


def raising(error: BaseException, cause: BaseException | None = None) -> Callable[[], None]:
    """Return what raises an exception."""

    def act() -> None:
        header = HEADERS["Password"]
        assert header
        raise error from cause

    return act


def test_a_result_is_returned() -> None:
    """What goes well is returned as it is."""
    result = object()
    assert result is safe_call(lambda: result)
    assert None is safe_call(lambda: None)


def test_an_error_of_ours_is_kept() -> None:
    """It holds no secret; its frames and causes, which may, are gone."""
    failure = safe_call(raising(EtnaError("The user was refused."), ValueError("PIN-SECRET")))
    assert (EtnaError, "The user was refused.") == (failure.kind, failure.reason)
    assert (None, 1, None) == (failure.error.__traceback__, len(chain(failure.error)), failure.foreign)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), SystemExit(17), GeneratorExit()], ids=repr)
def test_an_interrupt_is_kept(interrupt: BaseException) -> None:
    """It is raised again by whoever left the frames that hold headers: an exit keeps its code."""
    failure = safe_call(raising(interrupt))
    assert (type(interrupt), interrupt, None) == (
        failure.kind,
        failure.foreign,
        failure.foreign.__traceback__,
    )
    with pytest.raises(type(interrupt)) as raised:
        failure.raise_foreign()
    assert [] == leaks(raised.value, ["PIN-SECRET"])


def test_an_interrupt_within_a_lock() -> None:
    """Ctrl-C in the middle of threading's own locks comes out as their complaint, and counts as Ctrl-C."""

    def fail() -> None:
        lock = threading.Lock()
        try:
            raise KeyboardInterrupt
        finally:
            lock.release()

    assert KeyboardInterrupt is safe_call(fail).kind


class OwnError(Exception):
    """An exception of a user's own code."""

    def __init__(self, *args: object, **held: object) -> None:
        super().__init__(*args)
        self.__dict__.update(held)


class SlottedError(Exception):
    """An exception whose dict does not show what it holds."""

    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        super().__init__("saw")
        self.held = held


def noted(*notes: str) -> OwnError:
    """Return an exception with notes."""
    error = OwnError("saw")
    for note in notes:
        error.add_note(note)
    return error


class UnprintableError(OwnError):
    """An exception that cannot be looked at."""

    def __str__(self) -> str:
        raise ValueError("PIN-SECRET")


@pytest.mark.parametrize(
    ("error", "is_kept"),
    [
        (OwnError("a hook failed"), True),
        (OwnError("a hook failed", count=17), True),
        (noted("the third row", "of ten"), True),
        (noted("the third row", "PIN-SECRET-4711"), False),
        (SlottedError(17), True),
        (SlottedError("PIN-SECRET-4711"), False),
        (SlottedError(requests.PreparedRequest()), False),
        (AttributeError("no such attribute", name="tag", obj=requests.PreparedRequest()), True),
        (OwnError([requests.PreparedRequest()]), False),
        (ExceptionGroup("several", [OwnError("nothing to see")]), False),
        (OwnError("saw PIN-SECRET-4711"), False),
        (OwnError("saw", header="PIN-SECRET-4711"), False),
        (OwnError({"Password": "PIN-SECRET-4711"}), False),
        (OwnError("saw", request=requests.PreparedRequest()), False),
        (OwnError(SimpleNamespace(headers=None)), False),
        (UnprintableError("saw"), False),
        (requests.ConnectionError("PIN-SECRET-4711"), False),
        (requests.ConnectionError("nothing to see"), False),
        (urllib3.exceptions.HTTPError("nothing to see"), False),
        (UnicodeEncodeError("latin-1", "PIN-SECRET \u20ac", 11, 12, "no such letter"), False),
        (OSError("nothing to see"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_exception_of_a_users_own_code(error: Exception, *, is_kept: bool) -> None:
    """It is handed on only if it shows no secret and has nothing to do with a network."""
    failure = safe_call(raising(error), SECRETS)
    assert (type(error), error if is_kept else None) == (failure.kind, failure.foreign)
    assert None is getattr(error, "obj", None)  # which Python keeps for its suggestions
    assert "PIN-SECRET" not in f"{failure!r} {failure.reason}"


def test_without_the_secrets_only_interrupts_are_kept() -> None:
    """Whoever cannot say what must not be shown is handed nothing on."""
    failure = safe_call(raising(OwnError("a hook failed")))
    assert (OwnError, None) == (failure.kind, failure.foreign)
    failure.raise_foreign()


def refused() -> str:
    """Return the URL of a port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def closing(connection: socket.socket, _: object) -> None:
    """Hang up without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


MISBEHAVING = {
    "hangs up": (closing, requests.ConnectionError, "the connection broke off"),
    "short body": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort",
        requests.exceptions.ChunkedEncodingError,
        "the connection broke off",
    ),
    "no gzip": (
        answer(200, b"no gzip", ("Content-Encoding", "gzip")),
        requests.exceptions.ContentDecodingError,
        "its answer cannot be unpacked",
    ),
}


@pytest.mark.parametrize(("reply", "kind", "reason"), MISBEHAVING.values(), ids=MISBEHAVING)
def test_a_server_that_misbehaves(reply: Answer, kind: type, reason: str) -> None:
    """The reason is one that a person understands, and the request may have been carried out."""
    with ScriptedServer(reply) as server:
        failure = post(server.base_url)
    assert (kind, reason, True) == (failure.kind, failure.reason, failure.is_sent)
    assert (None, None) == (failure.error, failure.foreign)


def test_a_silent_server() -> None:
    """It took too long, and the request may have been carried out."""
    with ScriptedServer() as server:
        failure = post(server.play(server.stay_silent).base_url, timeout=0.1)
    assert (requests.ReadTimeout, "it took too long to answer") == (failure.kind, failure.reason)
    assert failure.is_sent


def test_a_silent_server_behind_retries() -> None:
    """`requests` reports a time-out behind retries as a broken connection; it is a time-out."""
    with ScriptedServer() as server, requests.Session() as session:
        server.play(server.stay_silent)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=1))
        failure = safe_call(lambda: session.get(server.base_url, headers=HEADERS, timeout=0.1))
    assert (requests.ReadTimeout, "it took too long to answer") == (failure.kind, failure.reason)


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system's resolver know no name."""

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.usefixtures("no_names")
def test_a_name_that_is_not_known() -> None:
    """Nothing was sent."""
    failure = post("https://api.example.com/token")
    assert ("its name is not known", False) == (failure.reason, failure.is_sent)


UNSENT: dict[str, tuple[Callable[[], str], dict, str]] = {
    "nothing listens": (refused, {}, "nothing listens there"),
    "no such proxy": (
        lambda: "http://api.example.com/",
        {"proxies": {"http": "http://127.0.0.1:1"}},
        "the proxy of this environment does not let it through",
    ),
    "certificate file": (
        lambda: "https://127.0.0.1:9/",
        {"verify": "/nonexistent/authority.pem"},
        "a certificate file that is set cannot be read",
    ),
    "no URL": (lambda: "http://[::1", {}, "InvalidURL"),
    "a header that is none": (refused, {"headers": {"Password": "PIN-SECRET\n"}}, "InvalidHeader"),
}


@pytest.mark.parametrize(("url", "options", "reason"), UNSENT.values(), ids=UNSENT)
def test_what_was_never_sent(url: Callable[[], str], options: dict, reason: str) -> None:
    """Where no connection was made, the failure says that nothing was sent."""
    failure = post(url(), **options)
    assert (reason, False, True) == (failure.reason, failure.is_sent, failure.foreign is None)


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssl.SSLContext]:
    """Make a server's context with a certificate that nobody vouches for."""
    return Certificates(tmp_path_factory.mktemp("certificates")).self_signed()


def test_a_certificate_that_is_not_valid(self_signed: ssl.SSLContext) -> None:
    """It is named as such, and nothing was sent."""
    with ScriptedServer(answer(200), tls=self_signed) as server:
        failure = post(server.base_url)
    assert (requests.exceptions.SSLError, False) == (failure.kind, failure.is_sent)
    assert failure.reason.startswith("its TLS certificate is not valid here")


def test_a_server_without_tls() -> None:
    """What answers an https URL in plain text does not speak TLS."""
    with ScriptedServer(b"HTTP/1.1 400 Bad Request\r\n\r\n", read=False) as server:
        failure = post(f"https://{server.host}/")
    assert (requests.exceptions.SSLError, "it does not speak TLS as it should") == (
        failure.kind,
        failure.reason,
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OSError(errno.EHOSTUNREACH, "No route"), "EHOSTUNREACH"), (OSError(98_765, "?"), "error 98765")],
    ids=["known", "unknown"],
)
def test_an_error_number(error: OSError, reason: str) -> None:
    """What the system says by a number is named by that."""
    assert reason == safe_call(raising(error)).reason


def test_nothing_of_a_request_is_left() -> None:
    """The headers of a request that failed can be reached from nothing that is kept."""
    failure = post(refused())
    assert "PIN-SECRET" not in repr(failure)
    assert [] == leaks(caught(raising(EtnaError(failure.reason))), ["PIN-SECRET"])


def test_causes() -> None:
    """Causes, contexts, arguments and reasons of an exception, each once, also in a circle."""
    first, second, third, fourth = (ValueError(n) for n in range(4))
    error = OwnError(first, reason=second)
    error.__cause__, error.__context__ = third, first
    third.__context__ = fourth
    fourth.__context__ = error
    assert [error, third, first, second, fourth] == causes(error)


def awaited(act: Callable[[], object]) -> object:
    """Return what an awaited call returns."""

    async def later() -> object:
        return act()

    return asyncio.run(safe_await(later, SECRETS))


@pytest.mark.parametrize(
    "error",
    [EtnaError("The user was refused."), ValueError("PIN-SECRET"), OSError("x"), KeyError("mine")],
    ids=repr,
)
def test_awaited(error: Exception) -> None:
    """What is awaited fails as what is called."""
    assert safe_call(raising(error), SECRETS) == awaited(raising(error))
    assert 7 == awaited(lambda: 7)


def test_a_task_that_is_cancelled() -> None:
    """A cancellation is kept as it is, for whoever raises it again."""
    error = asyncio.CancelledError("by the user")
    assert error is awaited(raising(error)).foreign
