"""Rate limits, and the lock-out after wrong passwords."""

import pytest

from etna_magic.sandbox import Sandbox

LOCKED = '{"State":"Failed","Step":"BaseAuthentication","Reason":"User is locked out"}'
HISTORY = {"Security": {"Symbol": "KO"}, "SecurityHistorySettings": {"CandlesCount": 1}}
HISTORY["SecurityHistorySettings"]["Period"] = "1D"
ORDERS = "v1.0/accounts/83267/orders"
CALLS = [
    ("GET", ORDERS, None, 120),
    ("POST", ORDERS, {"Symbol": "KO", "Type": "Market", "Side": "Buy", "Quantity": 1}, 50),
    ("DELETE", f"{ORDERS}/1", None, 50),
    ("PUT", "v1.0/history/symbols", HISTORY, 60),
]


def test_login_limit(client, clock):
    """An eleventh login is refused until the first one is a minute old."""
    assert 200 == client.log_in("demo").status_code
    clock.advance(20)
    assert {200} == {client.log_in("demo").status_code for _ in range(9)}
    refused = client.log_in("demo")
    assert (429, "40") == (refused.status_code, refused.headers["Retry-After"])
    assert 200 == client.log_in("lockout").status_code
    clock.advance(39.5)
    assert "1" == client.log_in("demo").headers["Retry-After"]
    clock.advance(0.5)
    assert [200, 429] == [client.log_in("demo").status_code for _ in range(2)]


def test_no_login_limit(client):
    """The limit can be switched off."""
    with Sandbox(login_limit=None) as client.sandbox:
        assert {200} == {client.log_in("demo").status_code for _ in range(30)}


@pytest.mark.parametrize("call", CALLS)
def test_call_limits(client, clock, call):
    """One call more than the documented limit is refused, for the same token only."""
    method, path, body, limit = call
    token, other = client.token(), client.token()
    statuses = {client.call(method, path, token, json=body).status_code for _ in range(limit)}
    refused = client.call(method, path, token, json=body)
    assert (429, "60") == (refused.status_code, refused.headers["Retry-After"])
    assert 429 not in statuses | {client.call(method, path, other, json=body).status_code}
    clock.advance(60)
    assert client.call(method, path, token, json=body).status_code != 429


def test_no_call_limits(client):
    """The limits on calls can be switched off."""
    with Sandbox(call_limits=False) as client.sandbox:
        token = client.token()
        assert {200} == {client.call("GET", ORDERS, token).status_code for _ in range(121)}


def test_lockout(client, clock):
    """After five wrong passwords in a row even the right one is refused."""
    for _ in range(5):
        clock.advance(10)
        assert "Invalid credentials" == client.log_in("lockout", Password="no").json()["Reason"]
    for password in ("no", client.sandbox.password_of("lockout")):
        clock.advance(10)
        response = client.log_in("lockout", Password=password)
        assert (401, LOCKED) == (response.status_code, response.text)
    client.sandbox.reset()
    assert 200 == client.log_in("lockout").status_code


def test_right_password_resets_the_count(client, clock):
    """A right password between four wrong ones and four more prevents the lock-out."""
    wrong = [{"Password": "no"}] * 4
    for headers in [*wrong, {}, *wrong]:
        clock.advance(10)
        client.log_in("lockout", **headers)
    clock.advance(10)
    assert 200 == client.log_in("lockout").status_code


def test_others_are_not_locked_out(client, clock):
    """Only the user `lockout` can be locked out."""
    for _ in range(6):
        clock.advance(10)
        client.log_in("demo", Password="no")
    assert 200 == client.log_in("demo").status_code
