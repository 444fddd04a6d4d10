"""What an adapter of a user's own raises, at each of the times that a call uses it, shows no secret."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from etna_magic import ConnectionFailedError, EtnaSession
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.session.renewing_login import DENIED, NEW, PROBE, RenewingLogin, new_token_only

SECRETS = (*accounts.SECRETS, NEW.removeprefix("Bearer "))
HOW: dict[str, Callable[[requests.PreparedRequest], Any]] = {
    "token": lambda request: request.headers["Authorization"],
    "app key": lambda request: f"key={request.headers['Et-App-Key']}",
}
by_secret = pytest.mark.parametrize("show", HOW.values(), ids=HOW)


class Raising(HTTPAdapter):
    """Raises a plain error that shows a header, at the one of its requests that is chosen."""

    def __init__(self, show: Callable, is_chosen: Callable[[requests.PreparedRequest, int], bool]) -> None:
        super().__init__()
        self._show, self._is_chosen = show, is_chosen
        self.count = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Count, and send or raise."""
        self.count += 1
        if self._is_chosen(request, self.count):
            raise ValueError(self._show(request))
        return super().send(request, *args, **kwargs)


class Unreadable(HTTPAdapter):
    """Gives back answers whose bodies raise a plain error that shows a header."""

    def __init__(self, show: Callable) -> None:
        super().__init__()
        self._show = show

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and put such a body in the place of the one that came."""
        response = super().send(request, *args, **kwargs | {"stream": True})
        text = self._show(request)

        class Body:
            def stream(self, *_: object, **__: object) -> None:
                raise ValueError(text)

            def close(self) -> None: ...

            release_conn = close

        response.raw.close()
        response.raw = Body()
        return response


@by_secret
def test_a_call(session: EtnaSession, show: Callable) -> None:
    """The call itself."""
    session.mount("http://", Raising(show, lambda *_: True))
    error = caught(lambda: session.get("v1.0/x"))
    assert (ConnectionFailedError, []) == (type(error), leaks(error, SECRETS))


@by_secret
def test_a_refusal_that_cannot_be_read(server: ScriptedServer, session: EtnaSession, show: Callable) -> None:
    """A refusal, whose body is read to find out what it is about."""
    server.play(DENIED)
    session.mount("http://", Unreadable(show))
    error = caught(lambda: session.get("v1.0/x", stream=True))
    assert (ConnectionFailedError, []) == (type(error), leaks(error, SECRETS))
    assert "raised ValueError" in str(error)


@by_secret
def test_a_probe(server: ScriptedServer, session: EtnaSession, show: Callable) -> None:
    """The question about the token; without an answer to it, the call's own 401 is returned."""
    server.play(DENIED)
    session.mount("http://", Raising(show, lambda request, _: request.url.endswith(PROBE)))
    assert (401, 1) == (session.get("v1.0/x").status_code, len(server.received))


@by_secret
def test_a_call_that_is_sent_again(renewing: RenewingLogin, show: Callable) -> None:
    """The second try of a read, which is signed with the fresh token."""
    renewing.call_reply = new_token_only()
    adapter = Raising(show, lambda request, _: request.headers["Authorization"] == NEW)
    renewing.session.mount("http://", adapter)
    error = caught(lambda: renewing.session.get("v1.0/x"))
    assert (ConnectionFailedError, []) == (type(error), leaks(error, SECRETS))


def test_the_deprecation_of_a_call_that_is_sent_again(renewing: RenewingLogin) -> None:
    """What the server says of such a one is redacted by the token that it was sent with."""
    shown = f"{NEW} {accounts.APP_KEY}"
    renewing.call_reply = new_token_only(answer(200, b"{}", ("X-Deprecated", shown)))
    with pytest.warns(DeprecationWarning, match="ETNA will remove") as warned:
        renewing.session.get("v1.0/x")
    assert [] == [secret for secret in SECRETS if secret in str(warned[0].message)]


def test_a_harmless_error_is_kept(renewing: RenewingLogin) -> None:
    """What shows no secret comes as it is, so that a user's own error is seen."""
    renewing.session.mount("http://", Raising(lambda _: "my own", lambda *_: True))
    with pytest.raises(ValueError, match="my own"):
        renewing.session.get("v1.0/x")


def test_the_probe_of_a_refused_token(
    server: ScriptedServer, session: EtnaSession, clock: accounts.ManualClock
) -> None:
    """The later question whether a refused token is good again shows nothing either."""
    session._rules._clock = clock
    server.play(DENIED)
    caught(lambda: session.get("v1.0/x"))
    clock.move(60)
    session.mount("http://", Raising(HOW["token"], lambda *_: True))
    error = caught(lambda: session.get("v1.0/x"))
    assert [] == leaks(error, SECRETS)
    assert "was refused by the server" in str(error)
