"""The placeholder in a request: it names the account, and only a session of that account signs it."""

import copy
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from etna_magic import InsecureURLError, NotLoggedInError, Token, TokenExpiredError
from etna_magic.session import EtnaSession
from tests.helpers import accounts, environment, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.waiting import LIMIT
from tests.session.broken_servers import hang_up
from tests.session.renewing_login import (
    DENIED,
    IN_THE_WINDOW,
    NEW,
    OLD,
    PAST_THE_END,
    PROBE,
    RenewingLogin,
    new_token_only,
    probed,
)

OK = answer(200, b"{}")
SIGNED, UNSIGNED = ([OLD], [accounts.APP_KEY]), ([], [])
THREADS = 32
#: What our headers of a request show: the placeholder, and no app key.
Shown = tuple[str | None, str | None]

by_method = pytest.mark.parametrize("method", ["GET", "POST"])


def prepared(session: EtnaSession, method: str = "GET") -> requests.PreparedRequest:
    """Return a call that is ready to be sent."""
    return session.prepare_request(requests.Request(method, "v1.0/x"))


def shown(request: requests.PreparedRequest) -> Shown:
    """Return what a request shows of our headers."""
    return request.headers.get("Authorization"), request.headers.get("Et-App-Key")


def placeholder(server: ScriptedServer, username: str = accounts.USERNAME) -> Shown:
    """Return what a request of that server shows."""
    return f"••• {username} at {server.base_url}", None


def ours(server: ScriptedServer) -> list[tuple[list[str], list[str]]]:
    """Return our headers as a server has received them."""
    return [(received.values("Authorization"), received.values("Et-App-Key")) for received in server.received]


# ------------------------------------------------------------------ what it shows


def test_shows_a_placeholder_all_the_time(server, session: EtnaSession) -> None:
    """Before it is sent, while it is under way and afterwards, a request shows whose it is and no secret."""
    request, at_the_server, looked_at = prepared(session), threading.Event(), threading.Event()

    def hold(connection, _) -> None:
        at_the_server.set()
        connection.sendall(OK if looked_at.wait(LIMIT) else answer(500))

    server.play(hold)
    seen = [shown(request)]
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(session.send, request)
        assert at_the_server.wait(LIMIT)
        seen.append(shown(request))
        looked_at.set()
        response = sent.result(LIMIT)
    assert [placeholder(server)] * 4 == [*seen, shown(request), shown(response.request)]
    assert (200, [SIGNED]) == (response.status_code, ours(server))


def test_shared_by_threads(server, session: EtnaSession) -> None:
    """Many threads that send the same request have it signed each time."""
    request = prepared(session)
    with ThreadPoolExecutor(THREADS) as threads:
        responses = list(threads.map(lambda _: session.send(request), range(10 * THREADS)))
    assert {placeholder(server)} == {shown(one) for one in (request, *(one.request for one in responses))}
    assert [SIGNED] * 10 * THREADS == ours(server)


COPIES: dict[str, Callable[[requests.PreparedRequest], requests.PreparedRequest]] = {
    "itself": lambda request: request,
    "copy": lambda request: request.copy(),
    "copy.copy": copy.copy,
    "pickle": lambda request: pickle.loads(pickle.dumps(request)),  # noqa: S301 - our own
}
by_copy = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


@by_copy
def test_a_copy_is_signed(server, session: EtnaSession, copied) -> None:
    """A copy is signed as the request itself is."""
    assert 200 == session.send(copied(prepared(session))).status_code
    assert [SIGNED] == ours(server)


# ------------------------------------------------------------------ which token signs it


@pytest.mark.parametrize("seconds", [IN_THE_WINDOW, PAST_THE_END])
def test_renews(renewing: RenewingLogin, seconds: int) -> None:
    """A token that is near its end, or past it, is replaced before what was prepared with it is sent."""
    request = prepared(renewing.session, "POST")
    renewing.clock.move(seconds)
    assert 200 == renewing.session.send(request).status_code
    assert (1, [NEW]) == (renewing.login_count, renewing.signed)


def test_signed_with_the_token_of_that_time(renewing: RenewingLogin) -> None:
    """The same request goes with the old token before a renewal, and with the fresh one after it."""
    request = prepared(renewing.session)
    renewing.session.send(request)
    renewing.clock.move(PAST_THE_END)
    renewing.session.send(request)
    assert [OLD, NEW] == renewing.signed


def test_repeats_a_read(renewing: RenewingLogin) -> None:
    """A read that was refused with a dead token is sent again with a fresh one, and shows neither."""
    renewing.call_reply = new_token_only()
    request = prepared(renewing.session)
    assert 200 == renewing.session.send(request).status_code
    assert ([OLD, OLD, NEW], placeholder(renewing.server)) == (renewing.signed, shown(request))


def test_a_token_that_was_ended(server, session: EtnaSession) -> None:
    """With a token that was logged out, nothing is sent."""
    request = prepared(session)
    session.token.end("was logged out")
    assert TokenExpiredError is type(caught(lambda: session.send(request)))
    assert [] == server.received


@by_method
def test_a_401(server, session: EtnaSession, method: str) -> None:
    """One probe says whether the token is dead or the call is not allowed."""
    server.play(probed(OK))
    assert 401 == session.send(prepared(session, method)).status_code
    assert ["/api/v1.0/x", PROBE] == [received.target for received in server.received]


@by_method
def test_a_401_of_a_dead_token(server, session: EtnaSession, method: str) -> None:
    """A 401 that the probe gets as well is an error of ours."""
    server.play(DENIED)
    assert TokenExpiredError is type(caught(lambda: session.send(prepared(session, method))))
    assert ["/api/v1.0/x", PROBE] == [received.target for received in server.received]


# ------------------------------------------------------------------ whose session signs it


@by_copy
@by_method
def test_a_session_of_another_account(server, session: EtnaSession, method: str, copied) -> None:
    """A request of another account is not sent, though it is of the same server; the error names both."""
    token = accounts.token(server.base_url)
    token.username = "bob"
    with logins.session_of(token) as bobs:
        request = copied(prepared(bobs, method))
    error = caught(lambda: session.send(request))
    assert (NotLoggedInError, []) == (type(error), server.received)
    expected = (
        f"The request was made for bob at {server.base_url}, and this session is of alice at "
        f"{server.base_url}.{' The POST was not sent.' if method == 'POST' else ''}"
    )
    assert (expected, [], placeholder(server, "bob")) == (
        str(error), leaks(error, accounts.SECRETS), shown(request),
    )  # fmt: skip


def test_a_session_of_another_server(server, session: EtnaSession, other) -> None:
    """Nor is one of another server's login."""
    with logins.session_of(accounts.token(other.base_url)) as another:
        error = caught(lambda: another.send(prepared(session)))
    assert (NotLoggedInError, [], []) == (type(error), server.received, other.received)


def test_another_session_of_the_account(renewing: RenewingLogin, session: EtnaSession) -> None:
    """Another session of the same account signs it with its own token."""
    renewing.clock.move(PAST_THE_END)
    assert 200 == renewing.session.send(prepared(session)).status_code
    assert [NEW] == renewing.signed


@by_method
def test_a_session_that_waits(server, session: EtnaSession, method: str) -> None:
    """A session that has no account yet sends it no more than any other does."""
    with EtnaSession("mine") as waiting:
        error = caught(lambda: waiting.send(prepared(session, method)))
    assert (NotLoggedInError, "this session is of nobody yet", []) == (
        type(error), str(error).split("and ")[1].split(".")[0], server.received,
    )  # fmt: skip


# ------------------------------------------------------------------ it leaves by no way


def again(response: requests.Response, **kwargs) -> requests.Response:
    """Send a request again by the connection that its answer came by, as a hook of requests does."""
    return response.connection.send(response.request, **kwargs)


def sent_elsewhere(session: EtnaSession, url: str) -> None:
    """Change a request's address after it was prepared."""
    request = prepared(session)
    request.url = url
    session.send(request)


def own_adapter(session: EtnaSession, url: str) -> None:
    """Send it by an adapter that was put where another was."""
    session.adapters["http://"] = HTTPAdapter()
    sent_elsewhere(session, url)


def by_hook(session: EtnaSession, url: str) -> None:
    """Send it from a hook, to another address."""

    def ask_elsewhere(response: requests.Response, **kwargs) -> requests.Response:
        response.request.url = url
        return again(response, **kwargs)

    session.get("v1.0/x", hooks={"response": ask_elsewhere})


def by_found_adapter(session: EtnaSession, url: str) -> None:
    """Send it by the adapter that the session would use."""
    request = prepared(session)
    request.url = url
    session.get_adapter(url).send(request, timeout=LIMIT)


ELSEWHERE = [sent_elsewhere, own_adapter, by_hook, by_found_adapter]


@pytest.mark.parametrize("act", ELSEWHERE)
def test_elsewhere(server, session: EtnaSession, other, act) -> None:
    """To another server a request has nothing of ours, not even a placeholder."""
    act(session, f"{other.base_url}/x")
    assert [UNSIGNED] == ours(other)


def found_adapter(session: EtnaSession) -> requests.Response:
    """Send a request by the adapter that the session would use."""
    return session.get_adapter(session.token.base_url).send(prepared(session), timeout=LIMIT)


def put_adapter(session: EtnaSession) -> requests.Response:
    """Send it by one that was put where another was."""
    session.adapters["http://"] = HTTPAdapter()
    return session.send(prepared(session))


def mounted_adapter(session: EtnaSession) -> requests.Response:
    """Send it by the adapter under which it is mounted."""
    return session.adapters["http://"].send(prepared(session), timeout=LIMIT)


HOME: list[Callable[[EtnaSession], requests.Response]] = [
    found_adapter,
    put_adapter,
    mounted_adapter,
    lambda session: again(session.get("v1.0/x"), timeout=LIMIT),
    lambda session: session.get("v1.0/x", hooks={"response": again}),
]


@pytest.mark.parametrize("act", HOME)
def test_at_home(server, session: EtnaSession, act) -> None:
    """At home it is signed, by whatever way it goes, and shows a placeholder again."""
    response = act(session)
    assert {"signed": True, "shown": placeholder(server)} == {
        "signed": set(map(str, ours(server))) == {str(SIGNED)}, "shown": shown(response.request),
    }  # fmt: skip


def test_by_a_proxy(session: EtnaSession, other, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to another server by a proxy has none either."""
    with ScriptedServer(OK) as proxy:
        environment.set_proxy(monkeypatch, f"http://{proxy.host}")
        session.get("http://api.example.com/x")
        sent_elsewhere(session, "http://api.example.com/y")
        assert ([UNSIGNED] * 2, ["http://api.example.com/x", "http://api.example.com/y"]) == (
            ours(proxy), [received.target for received in proxy.received],
        )  # fmt: skip


def test_with_netrc(server, session, other, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """A password of .netrc replaces it neither at home nor elsewhere."""
    environment.write_netrc(monkeypatch, tmp_path)
    session.send(prepared(session))
    sent_elsewhere(session, f"{other.base_url}/x")
    assert ([SIGNED], [UNSIGNED]) == (ours(server), ours(other))


def by_plain_session(session: EtnaSession, method: str) -> None:
    """Send what was prepared by a session of requests."""
    requests.Session().send(prepared(session, method), timeout=LIMIT)


def answered_by_plain_session(session: EtnaSession, method: str) -> None:
    """Send the request of an answer by one."""
    session.mount("http://", recorder := Recorder())
    request = session.request(method, "v1.0/x").request
    assert 1 == len(recorder.sent)
    requests.Session().send(request, timeout=LIMIT)


def replaced_get_adapter(session: EtnaSession, method: str) -> None:
    """Send by an adapter that was put on the session as a function."""
    session.get_adapter = lambda url: HTTPAdapter()
    session.request(method, "v1.0/x")


@by_method
@pytest.mark.parametrize("act", [by_plain_session, answered_by_plain_session, replaced_get_adapter])
def test_by_no_session_of_ours(server, session: EtnaSession, act, method: str) -> None:
    """What is sent past the session's adapter raises before anything is sent: no header can carry it."""
    with pytest.raises(UnicodeEncodeError):
        act(session, method)
    assert [] == server.received


# ------------------------------------------------------------------ auth= of a call or a session


@by_method
def test_own_token(server, session: EtnaSession, method: str) -> None:
    """auth=etna_token on the session signs, and hook and answer see a placeholder."""
    seen: list[tuple] = []
    hooks = {"response": lambda response, **_: seen.append(shown(response.request))}
    response = session.request(method, "v1.0/x", auth=session.token, hooks=hooks)
    assert ([placeholder(server)], placeholder(server)) == (seen, shown(response.request))
    assert [SIGNED] == ours(server)


@by_method
@pytest.mark.parametrize("way", ["call", "prepared", "session"])
def test_own_token_that_fails_shows_nothing(server, session, pauses, method: str, way: str) -> None:
    """When such a call breaks off, no frame and no attribute holds a header."""
    server.play(hang_up)
    request = requests.Request(method, "v1.0/x", auth=session.token)
    session.auth = session.token if way == "session" else None
    acts = {
        "call": lambda: session.request(method, "v1.0/x", auth=session.token),
        "prepared": lambda: session.send(session.prepare_request(request)),
        "session": lambda: session.request(method, "v1.0/x"),
    }
    error = caught(acts[way])
    assert (True, []) == (isinstance(error, requests.ConnectionError), leaks(error, accounts.SECRETS))
    assert session.token is request.auth


def test_own_token_renews(renewing: RenewingLogin) -> None:
    """A call with auth=etna_token past the end goes with a fresh token."""
    renewing.clock.move(PAST_THE_END)
    assert 200 == renewing.session.get("v1.0/x", auth=renewing.session.token).status_code
    assert (1, [NEW]) == (renewing.login_count, renewing.signed)


def test_own_token_that_is_refused(server, session: EtnaSession) -> None:
    """A 401 of such a call is asked about as that of any other."""
    server.play(DENIED)
    assert TokenExpiredError is type(caught(lambda: session.get("v1.0/x", auth=session.token)))


def test_a_token_of_another_account(server, session: EtnaSession, other) -> None:
    """A token of another account is refused: that account has a session of its own."""
    token = accounts.token(server.base_url)
    token.username = "bob"
    error = caught(lambda: session.get("v1.0/x", auth=token))
    assert (NotLoggedInError, []) == (type(error), server.received)
    elsewhere = accounts.token(other.base_url)
    assert InsecureURLError is type(caught(lambda: session.get("v1.0/x", auth=elsewhere)))


def test_own_token_of_the_session_elsewhere(session: EtnaSession, other) -> None:
    """As the auth of the session it is for its own server only, and nothing is sent with a call elsewhere."""
    session.auth = session.token
    session.get(f"{other.base_url}/x")
    assert [UNSIGNED] == ours(other)


UNSIGNED_CALLS = {
    "password of the session": (("u", "p"), {}),
    "password of the call": (None, {"auth": ("u", "p")}),
}


@pytest.mark.parametrize("is_renewing", [True, False], ids=["auto-renew", "none"])
@by_method
@pytest.mark.parametrize("unsigned", UNSIGNED_CALLS.values(), ids=UNSIGNED_CALLS)
def test_another_auth(renewing: RenewingLogin, unsigned: tuple, is_renewing: bool, method: str) -> None:  # noqa: FBT001 - a table's column
    """A call with another auth is not signed, and its refusal is returned: it says nothing of the token."""
    renewing.call_reply, before = DENIED, renewing.session.token
    renewing.session.auth, more = unsigned
    if not is_renewing:
        renewing.holder.refresher = None
    response = renewing.session.request(method, "v1.0/x", **more)
    assert (401, ["Basic dTpw"], 0) == (response.status_code, renewing.signed, renewing.login_count)
    assert (["/api/v1.0/x"], "") == ([one.target for one in renewing.calls], before.ended)
    assert before is renewing.session.token


@by_method
def test_another_auth_after_a_logout(server, session: EtnaSession, method: str) -> None:
    """A session that was logged out sends nothing at all, and says so."""
    session.holder.release("was logged out")
    error = caught(lambda: session.request(method, "v1.0/x", auth=("u", "p")))
    expected = "etna was logged out." + (" The POST was not sent." if method == "POST" else "")
    assert (NotLoggedInError, expected, []) == (type(error), str(error), server.received)


def test_without_a_time_out(server, session: EtnaSession) -> None:
    """What a hook sends without a time-out is asked about as any other call is."""
    server.play(DENIED)
    error = caught(lambda: session.get_adapter(server.base_url).send(prepared(session)))
    assert TokenExpiredError is type(error)


# ------------------------------------------------------------------ our headers, set by hand


BY_HAND: dict[str, Callable[[Token], dict]] = {
    "text": lambda token: token.headers(),
    "bytes": lambda token: {name: value.encode() for name, value in token.headers().items()},
    "small letters": lambda token: {name.lower(): value for name, value in token.headers().items()},
}
AUTHS = {"": None, "auth=": ("u", "p")}
by_hand = pytest.mark.parametrize("by_hand", BY_HAND.values(), ids=BY_HAND)
by_auth = pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)


def replaced(renewing: RenewingLogin, by_hand) -> None:
    """Put a token's headers on the session, and have it renewed."""
    renewing.session.headers.update(by_hand(renewing.session.token))
    renewing.clock.move(PAST_THE_END)
    assert (200, [NEW]) == (renewing.call(), renewing.signed)


@by_hand
@by_auth
def test_by_hand_elsewhere(renewing: RenewingLogin, other, by_hand, auth) -> None:
    """Headers of ours that were set by hand leave for no other server, though they are of an older token."""
    replaced(renewing, by_hand)
    renewing.session.get(f"{other.base_url}/x", auth=auth)
    assert [(["Basic dTpw"] if auth else [], [])] == ours(other)


@by_hand
@by_auth
def test_by_hand_and_a_redirect(renewing: RenewingLogin, other, by_hand, auth) -> None:
    """Nor by a redirect off the origin."""
    replaced(renewing, by_hand)
    renewing.call_reply = answer(302, b"", ("Location", f"{other.base_url}/x"))
    assert 200 == renewing.session.get("v1.0/x", auth=auth).status_code
    assert [UNSIGNED] == ours(other)


@pytest.mark.parametrize("text", ["Bearer {}", "bearer {}", "{}", b"Bearer %s"])
def test_current_token_by_hand_elsewhere(server, session: EtnaSession, other, text) -> None:
    """An Authorization alone that has the current token's text goes to no other server, however spelt."""
    secret = session.token.get_secret_value()
    session.headers["Authorization"] = (
        text % secret.encode() if isinstance(text, bytes) else text.format(secret)
    )
    server.play(answer(302, b"", ("Location", f"{other.base_url}/y")))
    session.get(f"{other.base_url}/x")
    session.get("v1.0/x")
    assert [UNSIGNED] * 2 == ours(other)


def test_by_hand_at_home(server, session: EtnaSession) -> None:
    """At home a call with another auth has the app key that was set for it."""
    session.get("v1.0/x", auth=("u", "p"), headers={"Et-App-Key": "mine"})
    assert [(["Basic dTpw"], ["mine"])] == ours(server)


def test_by_hand_for_a_call(session: EtnaSession, other) -> None:
    """What a user sets for another server is sent there."""
    session.get(f"{other.base_url}/x", headers={"Authorization": "Bearer theirs"})
    assert [(["Bearer theirs"], [])] == ours(other)


class Recorder(BaseAdapter):
    """Notes what it is asked to send, and sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_) -> requests.Response:
        """Note it, and answer."""
        self.sent.append(request)
        response = requests.Response()
        response.status_code, response.url = 200, request.url
        return response

    def close(self) -> None:
        """Have nothing to close."""


@by_method
def test_what_an_adapter_is_given(session: EtnaSession, method: str) -> None:
    """The adapter alone sees the token, in a request of its own; the one that is shown has none."""
    recorder = Recorder()
    session.mount("http://", recorder)
    request = prepared(session, method)
    response = session.send(request)
    (sent,) = recorder.sent
    assert ((OLD, accounts.APP_KEY), False, request) == (shown(sent), sent is request, response.request)
