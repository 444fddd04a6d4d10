"""Base URLs, the servers that URLs lead to, and paths below a base URL."""

from pathlib import PurePosixPath

import pytest

from etna_magic import InsecureURLError
from etna_magic.support import Origin, SameOrigin, checked_base_url, join_url
from tests.helpers.leaks import caught, chain

HOST = "https://api.example.com"
GOOD = {
    HOST: HOST,
    f"{HOST}/": HOST,
    f"{HOST}//": HOST,
    f"{HOST}/token": HOST,
    f"{HOST}/token/": HOST,
    f"{HOST}/api": f"{HOST}/api",
    f"{HOST}/api/": f"{HOST}/api",
    f"{HOST}/api/token": f"{HOST}/api",
    f"{HOST}/api/token/": f"{HOST}/api",
    f"{HOST}/api/v1.0": f"{HOST}/api",
    f"{HOST}/api/V1.0/": f"{HOST}/api",
    f"{HOST}/api/v1.0/token": f"{HOST}/api",
    f"{HOST}/v1.0": HOST,
    f"{HOST}/api/v1.0x": f"{HOST}/api/v1.0x",
    f"{HOST}/v1.0/api": f"{HOST}/v1.0/api",
    f"  {HOST}/api\n": f"{HOST}/api",
    f"{HOST}:8443/api": f"{HOST}:8443/api",
    f"{HOST}:443/api": f"{HOST}/api",
    f"{HOST}:80/api": f"{HOST}:80/api",
    "http://[::1]:80/api": "http://[::1]/api",
    f"{HOST}/mytoken": f"{HOST}/mytoken",
    f"{HOST}/token/v2": f"{HOST}/token/v2",
    "https://pub-api-acme-demo-prod.etnasoft.us/api": "https://pub-api-acme-demo-prod.etnasoft.us/api",
    "http://127.0.0.1:5000": "http://127.0.0.1:5000",
    "http://localhost:5000/api": "http://localhost:5000/api",
    "http://LOCALHOST": "http://localhost",
    "http://[::1]:5000": "http://[::1]:5000",
    "http://127.8.9.10": "http://127.8.9.10",
    "https://10.0.0.1": "https://10.0.0.1",
    "https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
}
BAD = {
    "nothing": "",
    "blank": "  ",
    "no scheme": "api.example.com",
    "no scheme, port": "api.example.com:443",
    "no host": "https://",
    "no host, path": "https:///api",
    "scheme alone": "https:",
    "http": "http://api.example.com",
    "http, name like loopback": "http://localhost.example.com",
    "http, user like loopback": "http://localhost@api.example.com",
    "http, address like loopback": "http://127.0.0.1.example.com",
    "http, private address": "http://10.0.0.1",
    "http, any address": "http://0.0.0.0:5000",
    "http, short loopback": "http://127.1",
    "ftp": "ftp://api.example.com",
    "file": "file:///etc/passwd",
    "script": "javascript:alert(1)",
    "user": "https://alice@api.example.com",
    "user and password": "https://alice:hush@api.example.com",
    "empty user": "https://@api.example.com",
    "query": f"{HOST}/api?x=1",
    "fragment": f"{HOST}/api#x",
    "blank inside": "https://api.example.com/a b",
    "line break inside": "https://api.example.com\n.evil.example",
    "tab inside": "https://api.exam\tple.com",
    "backslash": "https://api.example.com\\@evil.example",
    "NUL": "https://api.example.com\0",
    "port that is none": "https://api.example.com:x",
    "port too large": "https://api.example.com:65536",
    "open bracket": "https://[::1",
    "other letters": "https://b\xfccher.example",
    "look-alike": "https://\u0430pi.example.com",
    "full-width": "https://api\uff0eexample.com",
}


@pytest.mark.parametrize(("text", "expected"), GOOD.items(), ids=ascii)
def test_good_base_url(text: str, expected: str) -> None:
    """A base URL that may be used comes out in its one form, and again as itself."""
    assert expected == checked_base_url(text)
    assert expected == checked_base_url(expected)


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_base_url(text: str) -> None:
    """A base URL that must not be used is refused in one line that shows no password."""
    error = caught(lambda: checked_base_url(text))
    assert (InsecureURLError, 1, False) == (type(error), len(str(error).splitlines()), "hush" in str(error))


def test_long_base_url_is_shown_short() -> None:
    """A URL of any length makes a short sentence."""
    assert len(str(caught(lambda: checked_base_url("http://" + "x" * 9000)))) <= 400


SAME = [
    ("https://a.example", "https://a.example:443/x"),
    ("https://A.example", "https://a.example"),
    ("HTTPS://a.example", "https://a.example"),
    ("http://a.example", "http://a.example:80"),
    ("https://u:p@a.example", "https://a.example"),
    ("http://[::1]/", "http://[::1]:80"),
]
DIFFERENT = [
    ("https://a.example", "http://a.example"),
    ("https://a.example", "https://a.example:444"),
    ("https://a.example:80", "http://a.example:80"),
    ("https://a.example", "https://b.example"),
    ("https://a.example", "https://a.example."),
    ("https://a.example", "https://www.a.example"),
    ("http://localhost", "http://127.0.0.1"),
    ("https://a.example", "https://a.example@b.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_origin(one: str, other: str) -> None:
    """Scheme, host and port make an origin; spelling, user and path do not."""
    assert Origin.of(one) == Origin.of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_origins(one: str, other: str) -> None:
    """Each of the three makes another origin."""
    assert Origin.of(one) != Origin.of(other)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.example.com/x?y", "https://api.example.com:443"),
        ("http://[::1]:5000/x", "http://[::1]:5000"),
        ("http://u:hush@127.0.0.1/x", "http://127.0.0.1:80"),
    ],
)
def test_origin_as_text(url: str, expected: str) -> None:
    """An origin shows as a URL without user and path."""
    assert expected == str(Origin.of(url))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.255.0.9", True), ("[::1]", True),
        ("[::ffff:10.0.0.1]", False), ("10.0.0.1", False), ("localhost.example", False),
        ("0.0.0.0", False), ("[::]", False), ("127.1", False), ("2130706433", False),  # noqa: S104 - not bound
    ],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Loopback is `localhost` and the addresses that cannot leave this machine."""
    assert expected is Origin.of(f"http://{host}:80").is_loopback


def test_what_cannot_be_read_is_not_shown() -> None:
    """A URL that makes no origin may well hold a password: no message shows it, and no cause does."""
    for url in ("https://alice:hush@x:hush/", "https://[hush", "https://a\\hush", "https://a:99999999/hush"):
        error = caught(lambda url=url: Origin.of(url))
        assert (InsecureURLError, []) == (type(error), [one for one in chain(error) if "hush" in str(one)])


@pytest.mark.parametrize(("one", "other"), SAME)
def test_urls_of_the_same_server(one: str, other: str) -> None:
    """A base URL that was parsed once knows every spelling of its own server."""
    base_url = one.replace("u:p@", "").lower()
    assert (True, True) == (SameOrigin(base_url)(other), SameOrigin(base_url)(f"{base_url}/v1.0/x"))
    assert Origin.of(one) == SameOrigin(base_url).origin


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_urls_of_other_servers(one: str, other: str) -> None:
    """Another scheme, host or port is another server."""
    is_home = SameOrigin(one)
    assert (False, False) == (is_home(other), is_home(f"{other}/x"))


@pytest.mark.parametrize(
    "rest", ["", "/", ".evil/", "evil/", "@evil/", ":443@evil/", "9/", ":4433/x", "%2F@evil/"]
)
def test_urls_that_begin_alike(rest: str) -> None:
    """What only begins like the base URL leads elsewhere."""
    assert (rest in ("", "/")) is SameOrigin(f"{HOST}/api")(f"{HOST}{rest}")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("v1.0/x", f"{HOST}/api/v1.0/x"),
        ("/v1.0/x", f"{HOST}/api/v1.0/x"),
        ("//v1.0/x", f"{HOST}/api/v1.0/x"),
        (b"v1.0/x", f"{HOST}/api/v1.0/x"),
        ("", f"{HOST}/api/"),
        ("x?to=http://localhost/", f"{HOST}/api/x?to=http://localhost/"),
        ("v1/news/http://x", f"{HOST}/api/v1/news/http://x"),
        ("://x", f"{HOST}/api/://x"),
        ("myapp+v1.0://x", "myapp+v1.0://x"),
        ("https://other.example/x", "https://other.example/x"),
        ("HTTP://other.example/x", "HTTP://other.example/x"),
        (PurePosixPath("v1.0/x"), f"{HOST}/api/v1.0/x"),
    ],
    ids=str,
)
def test_a_path_below_the_base_url(path: object, expected: str) -> None:
    """A path is joined to the base URL, however it is written; a URL stays as it is."""
    assert expected == join_url(f"{HOST}/api", path)
