"""The server around the API: loopback, keep-alive, silence, starting and stopping."""

# What is expected stands first in an assert.

import http.client
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from etna_magic.sandbox import APP_KEY, Sandbox


def address(sandbox):
    """Return host and port of a sandbox."""
    parts = urlsplit(sandbox.base_url)
    return parts.hostname, parts.port


def hang_up_early(client):
    """Ask for more than fits into the connection's buffers, and leave without reading it."""
    body = '{"Security":{"Symbol":"KO"},"SecurityHistorySettings":{"Period":"1m"}}'
    head = f"PUT /api/v1.0/history/symbols HTTP/1.1\r\nEt-App-Key: {APP_KEY}\r\n"
    head += f"Authorization: Bearer {client.token()}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(address(client.sandbox), timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.sendall((head + body).encode())
        raw.recv(100)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "", "::", "127.1"])  # noqa: S104
def test_loopback_only(host):
    """A host that others could reach is refused before anything is bound."""
    with pytest.raises(ValueError, match="loopback only"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_loopback(host):
    """Every address of loopback will do."""
    with Sandbox(host=host) as sandbox:
        assert f"http://{host}:" in sandbox.base_url
        assert 405 == requests.get(f"{sandbox.base_url}/token", timeout=10).status_code


def test_loopback_of_version_6():
    """The address of IPv6 stands in brackets in the URL."""
    try:
        sandbox = Sandbox(host="::1").start()
    except OSError:
        pytest.skip("this machine has no IPv6, which a container may lack")
    with sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert 405 == requests.get(f"{sandbox.base_url}/token", timeout=10).status_code


def test_keep_alive(sandbox):
    """One connection carries many requests, with bodies that nobody reads among them."""
    connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
    ours = None
    for path, body in [("/api/token", b"x" * 70_000), ("/nowhere", b"GET / HTTP/1.1"), ("/", b"")]:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        assert (answer.status in {401, 404}, True) == (True, bool(answer.read()))
        ours = ours or connection.sock
        assert ours is connection.sock
    connection.close()


def test_keep_alive_is_quick(client):
    """A hundred calls over one connection do not wait for acknowledgements."""
    token, before = client.token(), time.monotonic()
    assert {200} == {client.info(token) for _ in range(100)}
    assert time.monotonic() - before < 3


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n0\r\n\r\n"), ({"Connection": "close"}, b"")],
)
def test_connections_that_close(sandbox, headers, body):
    """A body of unknown length is answered, and the connection is closed after it."""
    connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
    connection.request("POST", "/api/token", body, headers, encode_chunked=False)
    answer = connection.getresponse()
    assert (401, "close") == (answer.status, answer.getheader("Connection"))
    answer.read()
    connection.close()


def test_expect_continue(sandbox):
    """A client that waits for leave to send its body gets it, once."""
    with socket.create_connection(address(sandbox), timeout=10) as raw:
        head = "POST /api/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        raw.sendall(f"{head}Content-Length: 3\r\n\r\n".encode())
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == raw.recv(100)
        raw.sendall(b"abc")
        assert raw.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_many_threads(client):
    """Thirty-two threads log in and call at once."""
    with Sandbox(login_limit=None) as client.sandbox, ThreadPoolExecutor(32) as pool:
        tokens = list(pool.map(lambda _: client.token(), range(64)))
        assert 64 == len(set(tokens))
        assert {200} == set(pool.map(client.info, tokens))


def test_start_and_stop():
    """Starting and stopping twice do no harm; stopping ends the threads and frees the port."""
    threads = set(threading.enumerate())
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match="no address"):
        _ = sandbox.base_url
    assert sandbox is sandbox.start()
    host, port = address(sandbox.start())
    with requests.Session() as session:
        session.get(f"{sandbox.base_url}/token", timeout=10)
        sandbox.stop()
        sandbox.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{sandbox.base_url}/token", timeout=10)
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
        assert not thread.is_alive()
    with Sandbox(port, host) as again:
        assert (host, port) == address(again)


def test_a_port_in_use(sandbox):
    """A port that is taken is an ordinary error, not the end of the program."""
    with pytest.raises(OSError, match=r"(?i)in use"):
        Sandbox(address(sandbox)[1]).start()


def test_silence(client, capfd, caplog):
    """Nothing is printed or logged, whatever is asked."""
    client.log_in("demo")
    client.log_in("broken")
    for nonsense in (b"nonsense\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n"):
        with socket.create_connection(address(client.sandbox), timeout=10) as raw:
            raw.sendall(nonsense)
            assert b" 400 " in raw.recv(1000)
    hang_up_early(client)
    client.sandbox.stop()
    assert ("", "", "") == (*capfd.readouterr(), caplog.text)


def test_what_was_seen(client):
    """Requests are kept with the names of their headers, and without any value."""
    token = client.token()
    client.info(token)
    first, second = client.sandbox.seen
    assert ("POST", "/api/token", 200) == (first.method, first.path, first.status)
    assert {"Et-App-Key", "Username", "Password"} < set(first.headers)
    assert ("GET", "/api/v1.0/users/@me/info", 200) == (second[0], second[1], second[3])
    assert 1 == client.sandbox.token_requests
    for secret in (token, client.sandbox.password_of("demo"), APP_KEY):
        assert secret not in repr(client.sandbox.seen)


def test_reset(client):
    """A reset goes back to the start."""
    token, orders = client.token(), "v1.0/accounts/83267/orders"
    client.call("DELETE", f"{orders}/5004", token)
    alert = {"Operator": "GT", "SecurityId": 4, "Field": "Ask", "Argument": 1}
    assert 200 == client.call("POST", "v1.0/users/@me/pricealerts", token, json=alert).status_code
    assert 429 in {client.log_in("demo").status_code for _ in range(10)}
    client.sandbox.reset()
    assert ((), 0) == (client.sandbox.seen, client.sandbox.token_requests)
    assert 401 == client.info(token)
    assert [] == client.call("GET", "v1.0/users/@me/pricealerts", client.token()).json()
    listed = client.call("GET", orders, client.token()).json()["Result"]
    assert {"New", "Filled"} == {order["Status"] for order in listed}


def test_users_and_key(sandbox):
    """The users are listed with what they show, and each has a password."""
    assert {len(sandbox.users)} == {len({user.name for user in sandbox.users})}
    for user in sandbox.users:
        assert user.password == sandbox.password_of(user.name)
        assert user.shows.endswith(".")
    assert 48 <= len(sandbox.app_key) <= 96


def test_unknown_user(sandbox):
    """The password of nobody is an error that names everybody."""
    with pytest.raises(ValueError, match=r"'nobody'.*demo, twofactor"):
        sandbox.password_of("nobody")
