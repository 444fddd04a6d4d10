"""The HTTP server: loopback, keep-alive, no output, starting and stopping."""

import http.client
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from etna_magic_sandbox import APP_KEY, Sandbox
from etna_magic_sandbox.routes import ROUTES


def address(sandbox):
    """Return host and port of a sandbox."""
    parts = urlsplit(sandbox.base_url)
    return parts.hostname, parts.port


def disconnect_early(client):
    """Ask for more than fits into the connection's buffers, and close it without reading all."""
    settings = '"StartDate":0,"EndDate":1750000000,"CandlesCount":-1,"Period":"1m","Interval":0'
    settings += ',"IncludeNonMarketData":false'
    body = f'{{"Security":{{"Symbol":"KO"}},"SecurityHistorySettings":{{{settings}}}'
    body += ',"IndicatorsHistorySettings":[]}'
    head = f"PUT /api/v1.0/history/symbols HTTP/1.1\r\nHost: x\r\nEt-App-Key: {APP_KEY}\r\n"
    head += f"Authorization: Bearer {client.token()}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(address(client.sandbox), timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.sendall((head + body).encode())
        raw.recv(100)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "", "::", "127.1"])  # noqa: S104
def test_loopback_only(host):
    """A host that other machines could reach is refused before anything is bound."""
    with pytest.raises(ValueError, match="loopback only"):
        Sandbox(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_loopback(host):
    """Every loopback address is accepted."""
    with Sandbox(host=host) as sandbox:
        assert f"http://{host}:" in sandbox.base_url
        assert 405 == requests.get(f"{sandbox.base_url}/token", timeout=10).status_code


def test_ipv6_loopback():
    """The URL has the IPv6 address in brackets."""
    try:
        sandbox = Sandbox(host="::1").start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with sandbox:
        assert sandbox.base_url.startswith("http://[::1]:")
        assert 405 == requests.get(f"{sandbox.base_url}/token", timeout=10).status_code


def test_keep_alive(sandbox):
    """One connection serves many requests, even if the application does not read their bodies."""
    connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
    first_socket = None
    for path, body in [("/api/token", b"x" * 70_000), ("/nowhere", b"GET / HTTP/1.1"), ("/", b"")]:
        connection.request("POST", path, body)
        response = connection.getresponse()
        assert (response.status in {403, 404}, True) == (True, bool(response.read()))
        first_socket = first_socket or connection.sock
        assert first_socket is connection.sock
    connection.close()


def _fail(call):
    raise RuntimeError(call)


def test_a_mistake_of_its_own(monkeypatch, caplog, capfd):
    """A handler that raises is answered as ETNA answers; nothing is logged, and the connection goes on."""
    changed = [
        route._replace(handler=_fail) if route.path == "/v1.0/history/symbols" else route for route in ROUTES
    ]
    monkeypatch.setattr("etna_magic_sandbox.app.ROUTES", changed)
    with Sandbox() as sandbox:
        connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
        headers = {"Et-App-Key": APP_KEY, "Username": "demo", "Password": sandbox.password_of("demo")}
        connection.request("POST", "/api/token", headers=headers)
        token = json.loads(connection.getresponse().read())["Token"]
        headers = {"Et-App-Key": APP_KEY, "Authorization": f"Bearer {token}"}
        first = connection.sock
        connection.request("PUT", "/api/v1.0/history/symbols", b"x" * 70_000, headers)
        response = connection.getresponse()
        assert (500, "application/json; charset=utf-8") == (
            response.status,
            response.getheader("Content-Type"),
        )
        assert "Unexpected server error" == json.loads(response.read())["error"]
        connection.request("GET", "/api/v1.0/users/@me/info", headers=headers)
        assert (200, "demo") == ((response := connection.getresponse()).status, json.load(response)["Login"])
        assert first is connection.sock
        assert [200, 500, 200] == [seen.status for seen in sandbox.seen]
        connection.close()
    assert ("", "", "") == (*capfd.readouterr(), caplog.text)


def test_chunked(sandbox):
    """A body in chunks is read to its end, and the connection goes on."""
    connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
    for _ in range(2):
        headers = {"Transfer-Encoding": "chunked"}
        body = b"3\r\nabc\r\n0\r\n\r\n"
        connection.request("POST", "/api/token", body, headers, encode_chunked=False)
        assert (403, True) == ((response := connection.getresponse()).status, bool(response.read()))
    connection.close()


def test_closed_on_request(sandbox):
    """A client that asks for it gets its connection closed."""
    connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
    connection.request("POST", "/api/token", b"", {"Connection": "close"})
    response = connection.getresponse()
    assert (403, "close") == (response.status, response.getheader("Connection"))
    response.read()
    connection.close()


def test_sockets_of_systemd_are_left_alone(monkeypatch):
    """Where systemd handed a socket to this process, the sandbox still listens on its own."""
    monkeypatch.setenv("LISTEN_PID", "1")
    with Sandbox() as sandbox:
        assert 405 == requests.get(f"{sandbox.base_url}/token", timeout=10).status_code
    assert "1" == os.environ["LISTEN_PID"]


def test_expect_continue(sandbox):
    """A client that waits for `100 Continue` gets it, once."""
    with socket.create_connection(address(sandbox), timeout=10) as raw:
        head = "POST /api/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        raw.sendall(f"{head}Content-Length: 3\r\n\r\n".encode())
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == raw.recv(100)
        raw.sendall(b"abc")
        assert raw.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_many_threads(client):
    """32 threads log in and call at the same time."""
    with Sandbox(login_limit=None) as client.sandbox, ThreadPoolExecutor(32) as pool:
        tokens = list(pool.map(lambda _: client.token(), range(64)))
        assert 64 == len(set(tokens))
        assert {200} == set(pool.map(client.status_of, tokens))


def test_start_and_stop():
    """Sandboxes can be started and stopped twice; a stop ends all threads and frees the port."""
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
    with Sandbox(port, host) as second:
        assert (host, port) == address(second)


def test_served_by_one_named_thread(sandbox):
    """The thread that serves is called so that its part in a stack is known."""
    assert "etna-sandbox" in {thread.name for thread in threading.enumerate()}


def test_many_requests_are_forgotten(client):
    """The last 2,000 requests are kept, and all logins are counted."""
    with Sandbox(login_limit=None) as client.sandbox:
        for _ in range(2010):
            client.session.post(f"{client.sandbox.base_url}/token", timeout=10)
        assert (2000, 2010) == (len(client.sandbox.seen), client.sandbox.token_requests)


def test_port_in_use(sandbox):
    """A port in use raises an OSError and does not exit the process."""
    with pytest.raises(OSError, match=r"(?i)in use"):
        Sandbox(address(sandbox)[1]).start()


def test_no_output(client, capfd, caplog):
    """Nothing is printed or logged, whatever the request."""
    client.log_in("demo")
    client.log_in("broken")
    for malformed in (b"malformed\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n"):
        with socket.create_connection(address(client.sandbox), timeout=10) as raw:
            raw.sendall(malformed)
            assert re.match(rb"HTTP/1.1 [45]\d\d ", raw.recv(1000))
    disconnect_early(client)
    client.sandbox.stop()
    assert ("", "", "") == (*capfd.readouterr(), caplog.text)


def test_recorded_requests(client):
    """Requests are recorded with the names of their headers, but not the values."""
    token = client.token()
    client.status_of(token)
    first, second = client.sandbox.seen
    assert ("POST", "/api/token", 200) == (first.method, first.path, first.status)
    assert {"Et-App-Key", "Username", "Password"} < set(first.headers)
    assert ("GET", "/api/v1.0/users/@me/info", 200) == (second[0], second[1], second[3])
    assert 1 == client.sandbox.token_requests
    for secret in (token, client.sandbox.password_of("demo"), APP_KEY):
        assert secret not in repr(client.sandbox.seen)


def test_reset(client):
    """A reset restores the initial state."""
    token, orders = client.token(), "v1.0/accounts/83267/orders"
    client.call("DELETE", f"{orders}/5004", token)
    alert = {"State": "New", "Operator": "GTEQ", "SecurityId": 4, "Field": "Ask", "Argument": 1}
    alert["ExpirationDate"] = 2_000_000_000
    query = "pageNumber=0&pageSize=9&sortBy=Id&isDesc=true"
    assert 200 == client.call("POST", "v1.0/users/@me/pricealerts", token, json=alert).status_code
    assert 429 in {client.log_in("demo").status_code for _ in range(10)}
    client.sandbox.reset()
    assert ((), 0) == (client.sandbox.seen, client.sandbox.token_requests)
    assert 401 == client.status_of(token)
    alerts = client.call("GET", f"v1.0/users/@me/pricealerts?{query}", client.token()).json()
    assert 0 == alerts["TotalCount"]
    listed = client.call("GET", f"{orders}?pageNumber=0&pageSize=9", client.token()).json()["Result"]
    assert {"New", "Filled"} == {order["Status"] for order in listed}


def test_users_and_key(sandbox):
    """Users have unique names, passwords and descriptions."""
    assert {len(sandbox.users)} == {len({user.name for user in sandbox.users})}
    for user in sandbox.users:
        assert user.password == sandbox.password_of(user.name)
        assert user.shows.endswith(".")
    assert 48 <= len(sandbox.app_key) <= 96


def test_unknown_user(sandbox):
    """The password of an unknown user is an error that lists the users."""
    with pytest.raises(ValueError, match=r"'nobody'.*demo, twofactor"):
        sandbox.password_of("nobody")


@pytest.mark.parametrize(
    "program",
    [
        "from etna_magic.sandbox import Sandbox; Sandbox().start()",
        "from IPython import start_ipython\n"
        "start_ipython(['--no-banner', '-c', '%load_ext etna_magic\\n%etna_login --sandbox'])",
    ],
    ids=["plain", "in IPython"],
)
def test_no_process_waits_for_it(tmp_path, program):
    """A process that has started it, and does not stop it, ends when its own work is done."""
    home = {"HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | home, timeout=60, capture_output=True, check=False
    )
    assert (0, b"") == (done.returncode, done.stderr)
