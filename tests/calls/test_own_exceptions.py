"""What an adapter of a user's raises: its own class, with a text that can be read and nothing behind it."""

import copy
import pickle

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.calls.breaks import hang_up
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer
from tests.helpers.leaks import caught, chain, leaks


class ThrottledError(requests.RequestException):
    """Wants two arguments."""

    def __init__(self, wait: float, limit: int) -> None:
        super().__init__(f"wait {wait} of {limit}")
        self.wait = wait


class NoAddressError(requests.ConnectionError):
    """Wants a request, and tells of it, as those of requests_mock do."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        self.request = request

    def __str__(self) -> str:
        return f"No address: {self.request.method} {self.request.url} {dict(self.request.headers)}"


class NamedOnlyError(requests.Timeout):
    """Takes nothing by its place."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(seconds)


MADE = {
    ThrottledError: lambda _: ThrottledError(3, 4),
    NoAddressError: NoAddressError,
    NamedOnlyError: lambda _: NamedOnlyError(seconds=3),
}


class Raising(BaseAdapter):
    """Sends nothing."""

    def __init__(self, make) -> None:
        super().__init__()
        self._make = make

    def send(self, request: requests.PreparedRequest, *_, **__) -> requests.Response:
        """Raise."""
        raise self._make(request)

    def close(self) -> None:
        """Have nothing to close."""


REASONS = {NamedOnlyError: "it took too long to answer"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", MADE)
def test_is_of_its_class(server, session: EtnaSession, kind: type[Exception], method: str) -> None:
    """An exception with an __init__ of its own is one of ours too, and says what has failed."""
    session.mount("http://", Raising(MADE[kind]))
    error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, kind))
    told = f"{method} to http://{server.host} got no answer: {REASONS.get(kind, kind.__name__)}."
    assert (True, None, None) == (str(error).startswith(told), error.request, error.response)
    assert ([], [error]) == (leaks(error, accounts.SECRETS), chain(error))


@pytest.mark.parametrize("kind", MADE)
def test_travels(session: EtnaSession, kind: type[Exception]) -> None:
    """It is copied and pickled as what it is."""
    session.mount("http://", Raising(MADE[kind]))
    error = caught(lambda: session.get("v1.0/x"))
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert (str(error), True) == (str(same), isinstance(same, ConnectionFailedError))
        assert isinstance(same, kind)


class Fallback(HTTPAdapter):
    """Asks another log-in's server where its own does not answer."""

    def __init__(self, other: EtnaSession) -> None:
        super().__init__()
        self._other = other

    def send(self, request: requests.PreparedRequest, *args, **kwargs) -> requests.Response:
        """Send it, or read the same elsewhere."""
        try:
            return super().send(request, *args, **kwargs)
        except requests.ConnectionError:
            return self._other.get("v1.0/x")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_second_failure_carries_nothing_of_the_first(server, session: EtnaSession, pauses, method) -> None:
    """Where a fallback fails as well, its error has no trace of the request that failed before it."""
    server.play(hang_up)
    with ScriptedServer(hang_up) as there, EtnaSession("there", 5.0) as other:
        other.bind(accounts.token(there.base_url))
        session.mount("http://", Fallback(other))
        error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, [error]) == (there.host in str(error), chain(error))
    assert [] == leaks(error, accounts.SECRETS)
