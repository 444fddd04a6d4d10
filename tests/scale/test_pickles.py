"""What travels to a worker, and what does not."""

import base64
import pickle
from collections.abc import Callable
from datetime import timedelta

import cloudpickle
import pytest
import requests
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import ConnectionFailedError, NotLoggedInError, TokenExpiredError
from etna_magic.sandbox import Sandbox
from etna_magic.session import EtnaSession
from etna_magic.worker import WorkerSession
from tests.scale import tasks
from tests.helpers.leaks import caught, leaks

PICKLERS = {
    "pickle": pickle.dumps,
    "oldest protocol": lambda what: pickle.dumps(what, protocol=0),
    "cloudpickle": cloudpickle.dumps,
    "closure": lambda what: cloudpickle.dumps(lambda: what),
}
by_pickler = pytest.mark.parametrize("dumps", PICKLERS.values(), ids=PICKLERS)


@pytest.fixture
def session(ip: InteractiveShell) -> EtnaSession:
    """Return a session that could renew, since it knows where the password is."""
    ip.run_line_magic("etna_login", "--auto-renew")
    return ip.user_ns["etna_session"]


def spellings(secret: str) -> list[bytes]:
    """Return a text as it is, and in base64 at each of its three alignments, without the odd ends."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, plain.hex().encode(), *shifted]


def there(sent: bytes | str) -> WorkerSession:
    """Return the session that a process would unpickle."""
    found = pickle.loads(sent)  # noqa: S301 - our own
    return found() if callable(found) else found


@by_pickler
def test_no_password(sandbox: Sandbox, session: EtnaSession, dumps: Callable) -> None:
    """The password is not in the bytes in any spelling; token and app key are."""
    sent = dumps(session.for_workers())
    assert [] == [text for text in spellings(sandbox.password_of("demo")) if text in sent]
    assert [True, True] == [text.encode() in sent for text in (session.token.value, sandbox.app_key)]


def test_spellings_are_found() -> None:
    """The search finds a password in base64, wherever it stands."""
    for before in ("", "a", "ab", "abc"):
        sent = base64.b64encode(f"{before}:demo-Sesame-17:".encode())
        assert any(text in sent for text in spellings("demo-Sesame-17"))


@by_pickler
def test_works_there(session: EtnaSession, dumps: Callable) -> None:
    """What arrives makes calls, ages as the original does, and cannot renew."""
    with there(dumps(session.for_workers())) as worker:
        assert "AAPL" == tasks.quote("AAPL", worker)[1]
        assert abs(worker.token.remaining - session.token.remaining) < timedelta(seconds=1)
        assert (session.token.expires_at, None) == (worker.token.expires_at, worker.renewal)
        assert (session.name, session.timeout) == (worker.name, worker.timeout)


@by_pickler
def test_masked(sandbox: Sandbox, session: EtnaSession, dumps: Callable) -> None:
    """Neither here nor there does it show the token or the app key."""
    with there(dumps(session.for_workers())) as worker:
        shown = f"{session.for_workers()!r} {worker!r} {worker} {worker.token!r}"
    assert (True, True) == ("WorkerSession etna" in shown, "demo at" in shown)
    assert [] == [secret for secret in (session.token.value, sandbox.app_key) if secret[:20] in shown]


def test_pickled_again(session: EtnaSession) -> None:
    """A worker may hand on what it was given."""
    with there(pickle.dumps(there(pickle.dumps(session.for_workers())))) as worker:
        assert "AAPL" == tasks.quote("AAPL", worker)[1]


def test_refused_token_stays_refused(session: EtnaSession, sandbox: Sandbox) -> None:
    """A token that the server has refused is stale there as well, and no call is sent."""
    worker = session.for_workers()
    sandbox.revoke_all()
    caught(lambda: tasks.quote("AAPL", worker))
    before = len(sandbox.seen)
    with there(pickle.dumps(worker)) as again:
        error = caught(lambda: tasks.quote("AAPL", again))
    assert (TokenExpiredError, before) == (type(error), len(sandbox.seen))


def test_settings_travel(session: EtnaSession) -> None:
    """What a user has set on the session holds for the workers as well, as requests has it."""
    session.verify = "/etc/company/authority.pem"
    session.headers["User-Agent"] = "research/7"
    session.proxies["https"] = "http://proxy.example.com:3128"
    with there(pickle.dumps(session.for_workers())) as worker:
        assert session.verify == worker.verify
        assert session.headers == worker.headers
        assert session.proxies == worker.proxies


@pytest.mark.parametrize(
    "what", [lambda s: s, lambda s: s.get, lambda s: {"session": s}], ids=["it", "method", "dict"]
)
@by_pickler
def test_session_itself_does_not_travel(session: EtnaSession, dumps: Callable, what: Callable) -> None:
    """The session that could renew refuses, and names what to send."""
    with pytest.raises(TypeError, match=r"etna_session\.for_workers\(\)"):
        dumps(what(session))


def test_nobody_logged_in() -> None:
    """Without a token there is nothing to send."""
    with EtnaSession("etna") as session:
        assert NotLoggedInError is type(caught(session.for_workers))


@by_pickler
def test_errors_come_back(sandbox: Sandbox, session: EtnaSession, dumps: Callable) -> None:
    """An error of a call pickles, with its sentence and as an exception of requests too."""
    worker = session.for_workers()
    sandbox.stop()
    error = caught(lambda: tasks.post(worker))
    found = there(dumps(error))
    assert (str(error), True) == (str(found), isinstance(found, ConnectionFailedError))
    assert isinstance(found, requests.ConnectionError)
    assert [] == leaks(found, [session.token.value, sandbox.app_key])
