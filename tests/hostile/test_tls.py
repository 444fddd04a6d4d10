"""Certificates that must not be trusted, and one that must."""

from pathlib import Path

import pytest
import requests

from etna_magic import ConnectionFailedError, LoginFlow
from etna_magic.server_logout import end_on_server
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.leaks import caught, leaks

BAD = ["expired", "other name", "self-signed", "no TLS"]


@pytest.mark.parametrize("kind", BAD)
def test_log_in(trusted, contexts: dict, kind: str) -> None:
    """No request goes to a server whose certificate is not good."""
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=contexts[kind]) as server:
        base_url = server.base_url.replace("http:", "https:")
        error = caught(LoginFlow(accounts.credentials(base_url), timeout=5).start)
    assert (ConnectionFailedError, []) == (type(error), server.received)
    assert [] == leaks(error, accounts.SECRETS)
    if contexts[kind]:
        assert "certificate" in str(error)


@pytest.mark.parametrize("kind", BAD)
def test_session(trusted, contexts: dict, kind: str) -> None:
    """A session sends nothing there either, and its error is that of `requests` as well."""
    with ScriptedServer(answer(200), tls=contexts[kind]) as server, EtnaSession("etna", 5.0) as session:
        session.bind(accounts.token(server.base_url.replace("http:", "https:")))
        error = caught(lambda: session.post("v1.0/orders"))
    assert [] == server.received
    assert (True, True) == (
        isinstance(error, ConnectionFailedError),
        isinstance(error, requests.exceptions.ConnectionError),
    )
    assert [] == leaks(error, accounts.SECRETS, deep=False)


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_good_certificate(trusted, contexts: dict, scheme: str) -> None:
    """An authority of the environment is trusted, however the scheme is spelt."""
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=contexts["good"]) as server:
        base_url = server.base_url.replace("https", scheme)
        token = LoginFlow(accounts.credentials(base_url), timeout=5).start()
    assert accounts.TOKEN == token.value


def test_unknown_authority(contexts: dict) -> None:
    """Without that variable the same certificate is not trusted."""
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=contexts["good"]) as server:
        error = caught(LoginFlow(accounts.credentials(server.base_url), timeout=5).start)
    assert (ConnectionFailedError, []) == (type(error), server.received)


def test_netrc_is_not_asked(trusted, contexts: dict, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A password in ~/.netrc goes nowhere, though https takes certificates from the environment."""
    traps.write_netrc(monkeypatch, tmp_path)
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=contexts["good"]) as server:
        requests.get(server.base_url, timeout=5)
        LoginFlow(accounts.credentials(server.base_url), timeout=5).start()
    trap, ours = server.received
    assert [1, 0] == [len(trap.values("Authorization")), len(ours.values("Authorization"))]


ACTS = {
    "log-in": lambda base_url: LoginFlow(accounts.credentials(base_url), timeout=5).start(),
    "log-out": lambda base_url: end_on_server(accounts.token(base_url), 5),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_no_proxy_on_loopback(trusted, contexts: dict, monkeypatch: pytest.MonkeyPatch, act) -> None:
    """A server of this machine is reached past the environment's proxy, over https too."""
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=contexts["good"]) as server:
        with ScriptedServer(answer(502)) as proxy:
            traps.set_proxy(monkeypatch, f"http://{proxy.host}")
            act(server.base_url)
        assert (1, 0) == (len(server.received), proxy.connections)
