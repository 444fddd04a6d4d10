"""How long tokens are valid, and what revokes them."""

import pytest

from etna_magic_sandbox import Sandbox

DENIED = '{"Message":"Authorization has been denied for this request."}'


def test_expiry(client, clock):
    """A token is valid for 24 hours, and using it does not extend that."""
    token = client.token()
    clock.advance(86_399)
    assert 200 == client.status_of(token)
    clock.advance(1)
    response = client.call("GET", "v1.0/users/@me/info", token)
    assert (401, DENIED) == (response.status_code, response.text)


def test_lifetime_can_be_set(client, clock):
    """A new lifetime applies to tokens issued later."""
    long = client.token()
    client.sandbox.lifetime = 5.0
    short = client.token()
    clock.advance(5)
    assert (200, 401) == (client.status_of(long), client.status_of(short))


@pytest.mark.parametrize("lifetime", [0, -1, float("nan"), float("inf")])
def test_invalid_lifetime(lifetime):
    """A lifetime that is not a positive number of seconds is refused."""
    with pytest.raises(ValueError, match="positive number of seconds"):
        Sandbox(lifetime=lifetime)


def test_two_tokens(client):
    """A new login does not revoke the token of an earlier one."""
    first, second = client.token(), client.token()
    assert (200, 200) == (client.status_of(first), client.status_of(second))


def test_revoke_all(client):
    """The server can revoke every token before it expires."""
    token = client.token()
    client.sandbox.revoke_all()
    assert 401 == client.status_of(token)
    assert 200 == client.status_of(client.token())


def test_logout(client):
    """A logout revokes its own token only; an invalid token is denied."""
    token, other = client.token(), client.token()
    response = client.call("POST", "logout", token)
    assert (204, "") == (response.status_code, response.text)
    assert (401, 200) == (client.status_of(token), client.status_of(other))
    again = client.call("POST", "logout", token)
    assert (401, DENIED) == (again.status_code, again.text)


def test_no_logout(client):
    """Some installations have no logout."""
    with Sandbox(logout=False) as client.sandbox:
        assert 404 == client.call("POST", "logout", client.token()).status_code


@pytest.mark.parametrize("value", [None, "Bearer", "Basic {token}", "{token}", "Bearer bm8="])
def test_authorization(client, value):
    """Anything but `Bearer` with a valid token is denied."""
    headers = {"Et-App-Key": client.sandbox.app_key}
    if value is not None:
        headers["Authorization"] = value.format(token=client.token())
    url = f"{client.sandbox.base_url}/v1.0/users/@me/info"
    response = client.session.get(url, headers=headers, timeout=10)
    assert (401, DENIED) == (response.status_code, response.text)


def test_calls_need_the_application_key(client):
    """A valid token alone is not enough."""
    headers = {"Authorization": f"Bearer {client.token()}"}
    url = f"{client.sandbox.base_url}/v1.0/users/@me/info"
    response = client.session.get(url, headers=headers, timeout=10)
    expected = '{"error":"Application key is not defined or does not exist"}'
    assert (403, expected) == (response.status_code, response.text)


def test_one_session(client, clock):
    """With one session a user, a login ends that user's other tokens."""
    with Sandbox(clock=clock, variants=("one-session",)) as client.sandbox:
        first, other, second = client.token(), client.token("lockout"), client.token()
        assert [401, 200, 200] == [client.status_of(token) for token in (first, other, second)]


def test_same_token(client, clock):
    """With the same token again, a login gives the one that is valid, which keeps its end."""
    with Sandbox(clock=clock, variants=("same-token",)) as client.sandbox:
        first = client.token()
        clock.advance(86_399)
        assert first == client.token()
        clock.advance(1)
        assert 401 == client.status_of(first)
        assert first != client.token()


def test_idle_lifetime(client, clock):
    """With a lifetime of idleness, each use begins it again."""
    with Sandbox(clock=clock, lifetime=3600, variants=("idle-lifetime",)) as client.sandbox:
        token = client.token()
        for _ in range(3):
            clock.advance(3599)
            assert 200 == client.status_of(token)
        clock.advance(3600)
        assert 401 == client.status_of(token)
