"""Our headers that a user has put on by hand: they leave for no other server, whoever they were of."""

import pytest

from etna_magic import Token
from tests.calls.house import NEW, PAST_THE_END, House
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

BY_HAND = {
    "text": lambda token: token.headers,
    "bytes": lambda token: {name: value.encode() for name, value in token.headers.items()},
    "small letters": lambda token: {name.lower(): value for name, value in token.headers.items()},
    "other names": lambda token: {f"X-{name}": value for name, value in token.headers.items()},
}
OURS = (*accounts.SECRETS, NEW, "***")
AUTHS = {"": None, "auth=": ("u", "p")}

by_hand = pytest.mark.parametrize("by_hand", BY_HAND.values(), ids=BY_HAND)
by_auth = pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)


def ours(server: ScriptedServer) -> list[str]:
    """Return each header that a server has received with a secret or a mark in it."""
    headers = [f"{name}: {value}" for received in server.received for name, value in received.headers]
    return [header for header in headers if any(text in header for text in OURS)]


def authorizations(server: ScriptedServer) -> list[list[str]]:
    """Return what the requests that a server has received were signed with."""
    return [received.values("Authorization") for received in server.received]


def replaced(house: House, by_hand) -> Token:
    """Put a token's headers on the session, and have it renewed."""
    house.session.headers.update(by_hand(house.session.token))
    house.clock.move(PAST_THE_END)
    assert 200 == house.call()
    return house.session.token


@by_hand
@by_auth
def test_directly(house: House, other, by_hand, auth) -> None:
    """A call to another server carries none of a token that has been replaced since."""
    assert NEW == replaced(house, by_hand).headers["Authorization"]
    house.session.get(f"{other.base_url}/x", auth=auth)
    assert ([], [["Basic dTpw"] if auth else []]) == (ours(other), authorizations(other))


@by_hand
@by_auth
def test_by_redirect(house: House, other, by_hand, auth) -> None:
    """Neither does a redirect off the origin."""
    replaced(house, by_hand)
    house.calls = answer(302, b"", ("Location", f"{other.base_url}/x"))
    assert 200 == house.session.get("v1.0/x", auth=auth).status_code
    assert ([], [[]]) == (ours(other), authorizations(other))
