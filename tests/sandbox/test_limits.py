"""Rate limits, and the lock-out after wrong passwords."""

import pytest

from etna_magic_sandbox import Sandbox

LOCKED = '{"State":"Failed","Step":"BaseAuthentication","Reason":"User is locked out"}'
ORDERS = "v1.0/accounts/83267/orders"
FIRST_PAGE = f"{ORDERS}?pageNumber=0&pageSize=1"
SORTED = "pageNumber=0&pageSize=1&sortField=Id&desc=true"
CALLS = [
    ("GET", FIRST_PAGE, 120),
    ("GET", f"{ORDERS}/5001", 120),
    ("GET", f"v1.0/accounts/83267/positions?{SORTED}", 120),
    ("PUT", "v1.0/history/symbols", 60),
    ("GET", "v1.0/users/@me/watchlists?includeSecurities=false", 60),
    ("GET", "v1.0/users/@me/pricealerts?pageNumber=0&pageSize=1&sortBy=Id&isDesc=true", 60),
    ("GET", "v1.0/equities/KO", 200),
]
CHANGES = [("POST", ORDERS), ("PUT", f"{ORDERS}/5001"), ("DELETE", f"{ORDERS}/5001")]


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
    method, path, limit = call
    token, other = client.token(), client.token()
    statuses = {client.call(method, path, token).status_code for _ in range(limit)}
    refused = client.call(method, path, token)
    assert (429, "60") == (refused.status_code, refused.headers["Retry-After"])
    assert 429 not in statuses | {client.call(method, path, other).status_code}
    clock.advance(60)
    assert client.call(method, path, token).status_code != 429


def test_changes_of_orders_are_counted_for_the_account(client):
    """Placing, replacing and cancelling share a limit, whatever the token; another account has its own."""
    token, other = client.token(), client.token()
    statuses = [client.call(*CHANGES[number % 3], token).status_code for number in range(50)]
    assert 429 not in statuses
    assert [429] * 3 == [client.call(*change, other).status_code for change in CHANGES]
    assert 500 == client.call("POST", ORDERS.replace("7", "8"), token).status_code


def test_headers_near_the_limit(client, clock):
    """Only near a limit, and over it, the headers say how far it is used up."""
    token = client.token()
    answers = [client.call("GET", FIRST_PAGE, token) for _ in range(121)]
    assert 96 == next(n for n, answer in enumerate(answers, 1) if "X-RateLimit-Limit" in answer.headers)
    near, over = answers[-2], answers[-1]
    reset = str(int(clock.now) + 60)
    for answer, retry_after in ((near, None), (over, "60")):
        expected = ("120", "0", reset, retry_after)
        names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")
        assert expected == tuple(answer.headers.get(name) for name in names)


def test_some_calls_have_no_limit(client):
    """No source gives a limit for the user's details."""
    token = client.token()
    assert {200} == {client.status_of(token) for _ in range(250)}


def test_no_call_limits(client):
    """The limits on calls can be switched off."""
    with Sandbox(call_limits=False) as client.sandbox:
        token = client.token()
        assert {200} == {client.call("GET", FIRST_PAGE, token).status_code for _ in range(121)}


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
