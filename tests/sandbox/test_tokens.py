"""How long tokens live, and what ends them."""

# What is expected stands first in an assert.

import pytest

from etna_magic.sandbox import Sandbox

DENIED = '{"Message":"Authorization has been denied for this request."}'


def test_expiry(client, clock):
    """A token lives for 24 hours from its making, and using it does not lengthen that."""
    token = client.token()
    clock.move(86_399)
    assert 200 == client.info(token)
    clock.move(1)
    answer = client.call("GET", "v1.0/users/@me/info", token)
    assert (401, DENIED) == (answer.status_code, answer.text)


def test_lifetime_can_be_set(client, clock):
    """A new lifetime holds for tokens made from then on."""
    long = client.token()
    client.sandbox.lifetime = 5.0
    short = client.token()
    clock.move(5)
    assert (200, 401) == (client.info(long), client.info(short))


@pytest.mark.parametrize("lifetime", [0, -1, float("nan"), float("inf")])
def test_impossible_lifetime(lifetime):
    """A lifetime that is no positive number of seconds is refused."""
    with pytest.raises(ValueError, match="positive number of seconds"):
        Sandbox(lifetime=lifetime)


def test_tokens_live_side_by_side(client):
    """A new log-in does not end an earlier one."""
    first, second = client.token(), client.token()
    assert (200, 200) == (client.info(first), client.info(second))


def test_revoke_all(client):
    """The server can end every token before its time."""
    token = client.token()
    client.sandbox.revoke_all()
    assert 401 == client.info(token)
    assert 200 == client.info(client.token())


def test_logout(client):
    """A logout ends its own token at once and no other; a dead one is denied."""
    token, other = client.token(), client.token()
    answer = client.call("POST", "logout", token)
    assert (200, '{"State":"Succeeded"}') == (answer.status_code, answer.text)
    assert (401, 200) == (client.info(token), client.info(other))
    again = client.call("POST", "logout", token)
    assert (401, DENIED) == (again.status_code, again.text)


def test_no_logout(client):
    """Some installations have no logout."""
    with Sandbox(logout=False) as client.sandbox:
        assert 404 == client.call("POST", "logout", client.token()).status_code


@pytest.mark.parametrize("value", [None, "Bearer", "Basic {token}", "{token}", "Bearer bm8="])
def test_authorization(client, value):
    """Anything but `Bearer` with a live token is denied."""
    headers = {"Et-App-Key": client.sandbox.app_key}
    if value is not None:
        headers["Authorization"] = value.format(token=client.token())
    url = f"{client.sandbox.base_url}/v1.0/users/@me/info"
    answer = client.http.get(url, headers=headers, timeout=10)
    assert (401, DENIED) == (answer.status_code, answer.text)


def test_calls_need_the_application_key(client):
    """A live token alone is not enough."""
    headers = {"Authorization": f"Bearer {client.token()}"}
    url = f"{client.sandbox.base_url}/v1.0/users/@me/info"
    answer = client.http.get(url, headers=headers, timeout=10)
    expected = '{"error":"Application key is not defined or does not exist"}'
    assert (401, expected) == (answer.status_code, answer.text)
