"""Certificates that must not be trusted, and one that must."""

from pathlib import Path

import pytest
import requests

from etna_magic import ConnectionFailedError
from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts, environment
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in, session_of
from tests.helpers.server import ScriptedServer, answer
from tests.login_flow.answers import SUCCESS

BAD = ["expired", "other name", "self-signed", "no TLS"]


@pytest.mark.parametrize("kind", BAD)
def test_login(trusted, contexts: dict, kind: str) -> None:
    """No request goes to a server whose certificate is not good."""
    with ScriptedServer(SUCCESS, tls=contexts[kind]) as server:
        base_url = server.base_url.replace("http:", "https:")
        error = caught(lambda: log_in(accounts.credentials(base_url)))
    assert (ConnectionFailedError, []) == (type(error), server.received)
    assert [] == leaks(error, accounts.SECRETS)
    if contexts[kind]:
        assert "certificate" in str(error)


@pytest.mark.parametrize("kind", BAD)
def test_session(trusted, contexts: dict, kind: str) -> None:
    """A session sends nothing there either, and its error is that of `requests` as well."""
    with ScriptedServer(answer(200), tls=contexts[kind]) as server:
        token = accounts.token(server.base_url.replace("http:", "https:"))
        with session_of(token) as session:
            error = caught(lambda: session.post("v1.0/orders"))
    assert [] == server.received
    assert (True, True) == (
        isinstance(error, ConnectionFailedError),
        isinstance(error, requests.exceptions.ConnectionError),
    )
    assert [] == leaks(error, accounts.SECRETS, deep=False)


@pytest.mark.parametrize("kind", BAD)
def test_logout(trusted, contexts: dict, kind: str) -> None:
    """A logout sends no token there, and says that the server could not be asked."""
    with ScriptedServer(answer(204), tls=contexts[kind]) as server:
        token = accounts.token(server.base_url.replace("http:", "https:"))
        assert "the server could not be asked: " in log_out_on_server(token, 5.0)
    assert [] == server.received


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_good_certificate(trusted, contexts: dict, scheme: str) -> None:
    """An authority of the environment is trusted, however the scheme is spelt."""
    with ScriptedServer(SUCCESS, tls=contexts["good"]) as server:
        base_url = server.base_url.replace("https", scheme)
        token = log_in(accounts.credentials(base_url))
    assert accounts.TOKEN == token.get_secret_value()


def test_unknown_authority(contexts: dict) -> None:
    """Without that variable the same certificate is not trusted."""
    with ScriptedServer(SUCCESS, tls=contexts["good"]) as server:
        error = caught(lambda: log_in(accounts.credentials(server.base_url)))
    assert (ConnectionFailedError, []) == (type(error), server.received)


def test_netrc_is_not_asked(trusted, contexts: dict, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc goes nowhere, though https takes certificates from the environment."""
    environment.write_netrc(monkeypatch, tmp_path)
    with ScriptedServer(SUCCESS, tls=contexts["good"]) as server:
        requests.get(server.base_url, timeout=5)
        log_in(accounts.credentials(server.base_url))
    trap, ours = server.received
    assert [1, 0] == [len(trap.values("Authorization")), len(ours.values("Authorization"))]


ACTS = {
    "login": lambda base_url: log_in(accounts.credentials(base_url)),
    "logout": lambda base_url: log_out_on_server(accounts.token(base_url), 5.0),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_no_proxy_on_loopback(trusted, contexts: dict, monkeypatch: pytest.MonkeyPatch, act) -> None:
    """A server of this machine is reached past the environment's proxy, over https too."""
    with ScriptedServer(SUCCESS, tls=contexts["good"]) as server:
        with ScriptedServer(answer(502)) as proxy:
            environment.set_proxy(monkeypatch, f"http://{proxy.host}")
            act(server.base_url)
        assert (1, 0) == (len(server.received), proxy.connections)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_certificate_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, act) -> None:
    """A file of certificates that is named and not there is said to be the reason."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authority.pem")
    try:
        said = act("https://127.0.0.1:9/api")
    except ConnectionFailedError as error:
        said = str(error)
    assert "the certificate file /nowhere/authority.pem (REQUESTS_CA_BUNDLE) does not exist" in said
