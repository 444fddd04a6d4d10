"""Pickles and copies of a session and of its adapters: they never fail, and hold no secret."""

import base64
import pickle
from collections.abc import Callable

import pytest
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from etna_magic import EtnaSession, NotLoggedInError, Secret, Token
from etna_magic.logins import LoginRegistry
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.session.pickling import COPIERS, PICKLERS, WAYS, spellings
from tests.session.renewing_login import RenewingLogin

by_pickler = pytest.mark.parametrize("dumps", PICKLERS.values(), ids=PICKLERS)
by_way = pytest.mark.parametrize("again", WAYS.values(), ids=WAYS)
SECRETS = [accounts.TOKEN, accounts.APP_KEY, accounts.PASSWORD]

# What a session can be in the middle of.
STATES: dict[str, Callable[[RenewingLogin], object]] = {
    "fresh": lambda renewing: None,
    "used": lambda renewing: renewing.call(),
    "refused": lambda renewing: renewing.session.token.refuse(),
    "logged out": lambda renewing: renewing.registry.drop(renewing.login, "was logged out"),
    "waiting": lambda renewing: renewing.holder.release("is waiting for its login"),
    "with an adapter of a user's": lambda renewing: renewing.session.mount("http://", HTTPAdapter()),
    "with a token as its auth": lambda renewing: setattr(renewing.session, "auth", renewing.session.token),
}
by_state = pytest.mark.parametrize("put_into", STATES.values(), ids=STATES)


def test_spellings_are_found() -> None:
    """The search finds a password in base64, wherever it is in a text."""
    for before in ("", "a", "ab", "abc"):
        sent = base64.b64encode(f"{before}:demo-Sesame-17:".encode())
        assert any(text in sent for text in spellings("demo-Sesame-17"))


@by_state
@by_pickler
def test_no_secret_in_a_pickle(renewing: RenewingLogin, put_into: Callable, dumps: Callable) -> None:
    """Whatever a session is in the middle of, it pickles, without token, app key and password."""
    put_into(renewing)
    sent = dumps(renewing.session)
    assert [] == [text for secret in SECRETS for text in spellings(secret) if text in sent]


@by_pickler
@pytest.mark.parametrize("held", [lambda s: s.get, lambda s: {"session": [s]}], ids=["method", "dict"])
def test_no_secret_in_what_holds_it(renewing: RenewingLogin, held: Callable, dumps: Callable) -> None:
    """So does whatever holds one."""
    sent = dumps(held(renewing.session))
    assert [] == [text for secret in SECRETS for text in spellings(secret) if text in sent]


@by_state
@by_way
def test_a_stand_in(renewing: RenewingLogin, put_into: Callable, again: Callable) -> None:
    """What comes out says whose it was, has no token, and cannot be used."""
    put_into(renewing)
    before = len(renewing.server.received)
    made = again(renewing.session)
    account = renewing.session.account
    assert (EtnaSession, True, "etna", account) == (type(made), made.is_copy, made.name, made.account)
    assert (None, None) == (made.holder.current(), made.holder.refresher)
    error = caught(lambda: made.post("v1.0/x"))
    expected = (
        f"etna ({account}) is a saved copy without its secret. Log in again with %etna_login; "
        "to a worker process send etna_session.for_workers(). The POST was not sent."
    )
    assert (NotLoggedInError, expected) == (type(error), str(error))
    assert ([], before) == (leaks(error, accounts.SECRETS), len(renewing.server.received))
    for use in (lambda: made.token, made.for_workers):
        assert NotLoggedInError is type(caught(use))


@by_way
def test_a_session_that_never_had_a_token(again: Callable) -> None:
    """It pickles as well, and names no account."""
    with EtnaSession("mine") as session:
        made = again(session)
    error = caught(lambda: made.get("v1.0/x"))
    assert (NotLoggedInError, None) == (type(error), made.account)
    assert "%etna_login mine" in str(error)
    assert "mine_session.for_workers()" in str(error)


@by_way
def test_a_stand_in_of_a_stand_in(session: EtnaSession, again: Callable) -> None:
    """What comes out may be pickled again, and stays what it is."""
    made = again(session)
    assert (repr(made), pickle.dumps(made)) == (repr(again(made)), pickle.dumps(again(made)))


@pytest.mark.parametrize("again", COPIERS.values(), ids=COPIERS)
def test_the_original_goes_on(session: EtnaSession, again: Callable) -> None:
    """Whatever is copied or closed, the session itself works as before."""
    again(session).close()
    assert (200, False) == (session.get("v1.0/x").status_code, session.is_copy)


def token_of(base_url: str, username: str = accounts.USERNAME, text: str = "") -> Token:
    """Return one of several tokens."""
    token = accounts.token(base_url)
    token.username = username
    if text:
        token._value = Secret(text)
    return token


@by_pickler
def test_the_same_for_all_tokens_of_an_account(server, dumps: Callable) -> None:
    """What caches by a pickle goes on after a new login, in this session or in another kernel's."""
    registry, pickles = LoginRegistry({}), []
    for text in ("", "bGF0ZXI="):
        session = logins.put(token_of(server.base_url, text=text), registry=registry).session
        pickles.append(dumps(session))
        session.get("v1.0/x")
        session.headers["X-Mine"] = text
        pickles.append(dumps(session))
    pickles.append(dumps(logins.session_of(token_of(server.base_url))))
    assert 1 == len(set(pickles))


def test_another_for_another_account(server) -> None:
    """Another user, another base URL and another name each have a pickle of their own."""
    tokens = [
        token_of(server.base_url),
        token_of(server.base_url, "bob"),
        token_of(f"{server.base_url}/demo"),
    ]
    pickles = {pickle.dumps(logins.session_of(token)) for token in tokens}
    pickles.add(pickle.dumps(logins.put(tokens[0], "mine").session))
    assert 4 == len(pickles)


class TestAdapters:
    """Adapters of a session: a copy of one sends as it does, and signs nothing."""

    @by_way
    def test_ours(self, server, session: EtnaSession, again: Callable) -> None:
        """It has the same rules and no secret, and signs in the session that it is mounted in."""
        adapter = session.get_adapter(server.base_url)
        adapter.max_retries = Retry(7)
        made = again(adapter)
        assert 7 == made.max_retries.total
        assert [] == [secret for secret in SECRETS if secret.encode() in pickle.dumps(made)]
        session.mount("http://", made)
        assert 200 == session.get("v1.0/x").status_code
        assert [f"Bearer {accounts.TOKEN}"] == server.received[0].values("Authorization")

    @by_way
    def test_a_users(self, server, session: EtnaSession, again: Callable) -> None:
        """The same for one that a user has mounted: the copy is one of the user's adapter."""
        mine = HTTPAdapter(max_retries=Retry(7), pool_maxsize=3)
        session.mount("http://", mine)
        session.get("v1.0/x")
        made = again(session.get_adapter(server.base_url))
        assert (HTTPAdapter, 7, False) == (type(made), made.max_retries.total, made is mine)

    @by_way
    def test_all_of_them(self, server, session: EtnaSession, again: Callable) -> None:
        """So do all that a session has."""
        session.get("v1.0/x")
        assert list(session.adapters) == list(again(dict(session.adapters)))
