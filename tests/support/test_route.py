"""A proxy or a file of certificates at fault is named in a sentence of its own, at logins and at calls."""

import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from etna_magic import ConnectionFailedError
from etna_magic.login_flow import log_out_on_server
from etna_magic.support.safe_call import Route
from tests.helpers import accounts, environment
from tests.helpers.certificates import Certificates
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in, session_of
from tests.helpers.server import ScriptedServer, answer
from tests.login_flow.answers import SUCCESS
from tests.session.httpx_clients import BothKinds

#: A host that every call to it needs a proxy for.
FAR = "https://api.example.com/api"
USER, PASSWORD = "proxy-user", "PROXY-SECRET"
LONG_AGO, EXPIRED, FUTURE = "20200101000000Z", "20200102000000Z", "20491231000000Z"


def by_login(base_url: str) -> str:
    """Log in; return the reason in the error's sentence."""
    error = caught(lambda: log_in(accounts.credentials(base_url)))
    begin, _, rest = str(error).partition(" could not be asked for a token: ")
    assert base_url.startswith(begin.removesuffix(":443"))
    assert (ConnectionFailedError, []) == (type(error), leaks(error, (*accounts.SECRETS, PASSWORD)))
    assert rest.endswith(". Then log in again.")
    assert 25 >= max(len(sentence.split()) for sentence in str(error).split(". "))
    return rest.removesuffix(". Then log in again.")


def by_call(method: str) -> Callable[[str], str]:
    """Return what makes a call, and gives the reason in the error's sentence."""

    def act(base_url: str) -> str:
        with session_of(accounts.token(base_url)) as session:
            error = caught(lambda: session.request(method, "v1.0/x"))
        outcome = "" if method == "GET" else " The POST was not sent."
        assert isinstance(error, ConnectionFailedError)
        assert ([], False) == (leaks(error, accounts.SECRETS), PASSWORD in str(error))
        assert 25 >= max(len(sentence.split()) for sentence in str(error).split(". "))
        assert str(error).endswith(f".{outcome}")
        return str(error).partition(" got no answer: ")[2].removesuffix(f".{outcome}")

    return act


def by_logout(base_url: str) -> str:
    """Log out; return why that failed."""
    return log_out_on_server(accounts.token(base_url), 5.0).removeprefix("the server could not be asked: ")


def by_httpx(method: str, *, is_async: bool) -> Callable[[str], str]:
    """Return the same with a client of httpx."""

    def act(base_url: str) -> str:
        with BothKinds(session_of(accounts.token(base_url)), is_async=is_async) as client:
            error = caught(lambda: client.request(method, "v1.0/x"))
        outcome = "" if method == "GET" else " The POST was not sent."
        assert (True, True) == (
            isinstance(error, ConnectionFailedError),
            isinstance(error, httpx.TransportError),
        )
        assert ([], False) == (leaks(error, accounts.SECRETS), PASSWORD in str(error))
        assert 25 >= max(len(sentence.split()) for sentence in str(error).split(". "))
        assert str(error).endswith(f".{outcome}")
        return str(error).partition(" got no answer: ")[2].removesuffix(f".{outcome}")

    return act


WAYS = {
    "login": by_login,
    "read": by_call("GET"),
    "order": by_call("POST"),
    "logout": by_logout,
    "httpx": by_httpx("POST", is_async=False),
    "httpx async": by_httpx("POST", is_async=True),
}
every_way = pytest.mark.parametrize("reason_of", WAYS.values(), ids=WAYS)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.clear_environment(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def nobody() -> Iterator[str]:
    """Return an address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@every_way
@pytest.mark.parametrize("status", [407, 403, 502])
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, reason_of: Callable, status: int) -> None:
    """A 407 asks for a password, any other status for whoever runs it."""
    with ScriptedServer(answer(status)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
        reason = reason_of(FAR)
        assert {"CONNECT"} == {request.method for request in proxy.received}
    named = f"the proxy http://{proxy.host} (HTTPS_PROXY)"
    expected = {407: f"{named} asks for a password (407), so give it as http://USER:PASSWORD@HOST:PORT"}
    other = f"{named} does not connect there (status {status}), so ask who runs it"
    assert expected.get(status, other) == reason


@every_way
def test_a_proxy_that_refuses_a_password(monkeypatch: pytest.MonkeyPatch, reason_of: Callable) -> None:
    """A 407 for a URL with a password is about that, which is not repeated."""
    with ScriptedServer(answer(407)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{USER}:{PASSWORD}@{proxy.host}")
        reason = reason_of(FAR)
    named = f"the proxy http://{proxy.host} (HTTPS_PROXY)"
    assert f"{named} refused the user name and password in its URL (407), so correct them" == reason


@every_way
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_is_down(
    monkeypatch: pytest.MonkeyPatch, nobody: str, reason_of: Callable, variable: str
) -> None:
    """It is named, and the variable that it comes from."""
    monkeypatch.setenv(variable, f"http://{USER}:{PASSWORD}@{nobody}")
    named = f"the proxy http://{nobody} ({variable})"
    expected = f"{named} cannot be reached (nothing listens there), so correct or unset {variable}"
    assert expected == reason_of(FAR)


@every_way
def test_a_proxy_that_nobody_knows(monkeypatch: pytest.MonkeyPatch, reason_of: Callable) -> None:
    """A name that cannot be looked up is the proxy's, and not the server's."""
    monkeypatch.setenv("HTTPS_PROXY", "proxy.invalid:3128")
    named = "the proxy http://proxy.invalid:3128 (HTTPS_PROXY)"
    expected = f"{named} cannot be reached (its name is not known), so correct or unset HTTPS_PROXY"
    assert expected == reason_of(FAR)


@every_way
@pytest.mark.parametrize(("character", "written"), [("#", "%23"), ("/", "%2F"), ("?", "%3F")])
def test_a_number_sign_in_a_password(
    monkeypatch: pytest.MonkeyPatch, reason_of: Callable, character: str, written: str
) -> None:
    """A URL that ends there for a parser cannot be read; the sentence says how to write it."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{USER}:{PASSWORD}{character}1@127.0.0.1:3128")
    expected = f"cannot be read, so write {character} in its password as {written}"
    assert f"the proxy URL in HTTPS_PROXY {expected}" == reason_of(FAR)


@every_way
@pytest.mark.parametrize("url", ["http://127.0.0.1:port", f"http://{USER}:{PASSWORD}", "http://"])
def test_a_url_without_a_host(monkeypatch: pytest.MonkeyPatch, reason_of: Callable, url: str) -> None:
    """What is no address is not repeated, since it may be a password."""
    monkeypatch.setenv("HTTPS_PROXY", url)
    expected = "the proxy URL in HTTPS_PROXY cannot be read, so write it as http://HOST:PORT"
    assert expected == reason_of(FAR)


@every_way
@pytest.mark.parametrize("reply", ["answers", "hangs up"])
def test_https_to_an_http_proxy(monkeypatch: pytest.MonkeyPatch, reason_of: Callable, reply: str) -> None:
    """A proxy whose URL begins with https:// and that speaks no TLS is told from a server's bad TLS."""

    def refuse(connection: socket.socket, _: object) -> None:
        connection.recv(1024)
        if reply == "answers":
            connection.sendall(answer(400))

    with ScriptedServer(refuse, read=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://{proxy.host}")
        reason = reason_of(FAR)
    named = f"the proxy https://{proxy.host} (HTTPS_PROXY)"
    assert f"{named} speaks no TLS, so write its URL with http://" == reason


@every_way
def test_socks_without_pysocks(monkeypatch: pytest.MonkeyPatch, nobody: str, reason_of: Callable) -> None:
    """A SOCKS proxy needs a package that is not here, and the sentence says which: httpx has another."""
    for name in ("socks", "socksio"):  # if some other package has brought it
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("ALL_PROXY", f"socks5h://{USER}:{PASSWORD}@{nobody}")
    reason = reason_of(FAR)
    is_httpx = "httpx" in reason
    needs = (
        "socksio, so run pip install 'httpx[socks]'" if is_httpx else "PySocks, so run pip install pysocks"
    )
    assert f"the proxy socks5h://{nobody} (ALL_PROXY) is a SOCKS proxy, which needs {needs}" == reason
    assert is_httpx == (reason_of in (WAYS["httpx"], WAYS["httpx async"]))


@every_way
def test_a_scheme_that_no_proxy_has(monkeypatch: pytest.MonkeyPatch, reason_of: Callable) -> None:
    """Only http, https and socks are known."""
    monkeypatch.setenv("HTTPS_PROXY", "ftp://127.0.0.1:21")
    expected = "the proxy ftp://127.0.0.1:21 (HTTPS_PROXY) has a scheme that is not known, so write "
    assert f"{expected}http://HOST:PORT" == reason_of(FAR)


def test_proxies_of_a_session(nobody: str) -> None:
    """A proxy that a user has set on the session, or gave to the call, is called so."""
    with session_of(accounts.token(FAR)) as session:
        session.proxies = {"https": f"http://{nobody}"}
        error = caught(lambda: session.get("v1.0/x"))
    assert f"the proxy http://{nobody} (proxies=) cannot be reached" in str(error)


def test_a_proxy_of_a_client(nobody: str) -> None:
    """So is one that a client of httpx was given, and the way is the same for the question about a token."""
    with session_of(accounts.token(FAR)) as session:
        clients = [session.httpx_client(proxy=proxy) for proxy in (f"http://{nobody}", nobody)]
        clients.append(session.httpx_client(proxy=httpx.Proxy(f"http://{USER}:{PASSWORD}@{nobody}")))
        for client in clients:
            with client:
                error = caught(lambda client=client: client.post("v1.0/x"))
            assert f"the proxy http://{nobody} (proxy=) cannot be reached" in str(error)
            assert (False, []) == (PASSWORD in str(error), leaks(error, accounts.SECRETS))


@pytest.mark.parametrize("reason_of", [WAYS["httpx"], WAYS["httpx async"]], ids=["httpx", "httpx async"])
def test_https_to_a_proxy_of_an_unknown_issuer(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, reason_of: Callable
) -> None:
    """Both ends of such a way have a certificate, and httpx does not say whose is refused."""
    monkeypatch.setenv("HTTPS_PROXY", f"https://{server.host}")
    named = f"the proxy https://{server.host} (HTTPS_PROXY)"
    expected = f"the TLS certificate of {named}, or of the server behind it, is not valid here"
    assert (expected, []) == (reason_of(FAR), server.received)


def test_no_proxy(monkeypatch: pytest.MonkeyPatch, nobody: str) -> None:
    """A proxy that this host is kept from is not blamed."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{nobody}")
    monkeypatch.setenv("NO_PROXY", "api.invalid")
    error = caught(lambda: log_in(accounts.credentials("https://api.invalid/api")))
    assert ("proxy" in str(error), True) == (False, "its name is not known" in str(error))


# ------------------------------------------------------------------ certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make a certificate authority."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def good(certificates: Certificates) -> ssl.SSLContext:
    """Make a good certificate."""
    return certificates.signed("good", "here", LONG_AGO, FUTURE)


@pytest.fixture
def server(good: ssl.SSLContext) -> Iterator[ScriptedServer]:
    """Run a server whose certificate is good."""
    with ScriptedServer(SUCCESS, tls=good) as running:
        yield running


@every_way
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "does not exist"), ("", "holds no certificate"), ("no PEM", "holds no certificate")],
    ids=["missing", "empty", "no certificate"],
)
def test_a_file_that_is_no_use(  # noqa: PLR0913, PLR0917 - a table of them
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    server: ScriptedServer,
    reason_of: Callable,
    variable: str,
    content: str | None,
    fault: str,
) -> None:
    """The file is named, what is wrong with it, and the variable; nothing is sent."""
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(variable, str(path))
    expected = f"the certificate file {path} ({variable}) {fault}, so correct or unset {variable}"
    assert (expected, []) == (reason_of(server.base_url), server.received)


@every_way
def test_a_file_that_is_not_the_servers(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    server: ScriptedServer,
    reason_of: Callable,
) -> None:
    """A file of another authority is named, and what is missing in it."""
    other = Certificates(tmp_path_factory.mktemp("other")).authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    expected = f"the issuer of its TLS certificate is not in {other} (REQUESTS_CA_BUNDLE), so add that "
    assert f"{expected}issuer's certificate there" == reason_of(server.base_url)
    assert [] == server.received


@every_way
def test_an_issuer_that_nobody_named(server: ScriptedServer, reason_of: Callable) -> None:
    """Where no file is named, the sentence says how to name one."""
    expected = "its TLS certificate is of an unknown issuer, so set REQUESTS_CA_BUNDLE or trust = 'system'"
    assert expected == reason_of(server.base_url)


@every_way
def test_a_certificate_that_has_expired(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, reason_of: Callable
) -> None:
    """It is not said to be of an unknown issuer."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    expired = certificates.signed("expired", "here", LONG_AGO, EXPIRED)
    with ScriptedServer(SUCCESS, tls=expired) as server:
        assert reason_of(server.base_url).startswith("its TLS certificate has expired or is not valid yet")


@every_way
def test_a_certificate_for_another_name(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, reason_of: Callable
) -> None:
    """Then the base URL may be the mistake."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))
    other = certificates.signed("other", "elsewhere", LONG_AGO, FUTURE)
    with ScriptedServer(SUCCESS, tls=other) as server:
        expected = "its TLS certificate is for another name, so check the base URL"
        assert expected == reason_of(server.base_url)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """A file of somebody else's is told from one that is missing; what requests raises then is shown here."""
    path = tmp_path / "authority.pem"
    path.write_text("")
    found = [PermissionError(13, "Permission denied")]
    expected = f"the certificate file {path} (verify=) may not be read, so correct or unset verify="
    assert expected == Route(FAR, {}, str(path)).problem(found)
