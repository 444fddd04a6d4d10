"""What a call raises for what was wrong with it: in a sentence, without a secret, and as requests does."""

import pytest
import requests

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.helpers import accounts
from tests.helpers.server import answer
from tests.helpers.leaks import caught, chain, leaks


class MineError(Exception):
    """An exception of the user's own."""


def broken_body(text: str):
    """Begin a body and give up."""
    yield b"abc"
    raise MineError(text)


WRONG = {
    "body": (MineError, lambda: {"data": broken_body("mine")}),
    "time-out": (ValueError, lambda: {"timeout": "x"}),
    "half a time-out": (ValueError, lambda: {"timeout": (1, "x")}),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("kind", "more"), WRONG.values(), ids=WRONG)
def test_what_is_no_failure_of_the_network(session: EtnaSession, method: str, kind, more) -> None:
    """What a user's own code raises, or requests says of its arguments, comes out as it is."""
    with pytest.raises(kind) as error:
        session.request(method, "v1.0/x", **more())
    assert (kind, [error.value]) == (type(error.value), chain(error.value))
    assert [] == leaks(error.value, accounts.SECRETS)


@pytest.mark.parametrize("secret", [accounts.TOKEN, accounts.APP_KEY])
def test_an_exception_that_holds_a_secret(server, session: EtnaSession, secret: str) -> None:
    """One of the user's own that shows the token or the app key is told by its type alone."""
    error = caught(lambda: session.post("v1.0/x", data=broken_body(f"sent {secret}")))
    told = f"POST to http://{server.host} raised MineError: look at its data. It was sent once and not again"
    assert (ConnectionFailedError, True) == (type(error), str(error).startswith(told))
    assert [] == leaks(error, accounts.SECRETS)


@pytest.mark.parametrize("way", ["REQUESTS_CA_BUNDLE", "session", "call", "cert"])
def test_a_certificate_file_that_is_not_there(server, session, monkeypatch, tmp_path, way: str) -> None:
    """A path of a certificate that leads nowhere is told as such, and nothing is sent."""
    path = str(tmp_path / "none.pem")
    session.bind(accounts.token(server.base_url.replace("http:", "https:")))
    if way == "REQUESTS_CA_BUNDLE":
        monkeypatch.setenv(way, path)
    if way == "session":
        session.verify = path
    more = {"call": {"verify": path}, "cert": {"cert": path}}.get(way, {})
    error = caught(lambda: session.get("v1.0/x", **more))
    told = "a certificate file that is set cannot be read" in str(error)
    assert (True, True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, OSError), told)
    assert (0, []) == (server.connections, leaks(error, accounts.SECRETS))


@pytest.mark.parametrize("kind", [ConnectionFailedError, requests.TooManyRedirects])
@pytest.mark.parametrize("most", [0, 2, 30])
def test_too_many_redirects(server, session: EtnaSession, kind: type[Exception], most: int) -> None:
    """A circle is an error of ours and one of requests, after as many steps as the session says."""
    server.play(answer(302, b"", ("Location", "/api/v1.0/x")))
    session.max_redirects = most
    with pytest.raises(kind, match=f"redirected more than {most} times") as error:
        session.get("v1.0/x?key=private")
    assert ([], most + 1) == (leaks(error.value, accounts.SECRETS), len(server.received))
    assert "private" not in str(error.value)
