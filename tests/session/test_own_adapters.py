"""An adapter that a user has mounted: it sends as it is, its rules for trying again are for reads."""

import copy
import ssl
from collections.abc import Callable

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import Retry

from etna_magic import ConnectionFailedError, EtnaError
from etna_magic.session import EtnaSession
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught
from tests.helpers.server import ScriptedServer, answer
from tests.session.broken_servers import CUTS, HALVES, REFUSALS, UNCLEAR, Fault, hang_up, order
from tests.session.renewing_login import NEW, OLD, RenewingLogin, new_token_only, probed

TRIES = 3
WRITES = ["POST", "PUT", "PATCH", "DELETE"]
OK = answer(200, b"{}")
AFTER_READING = {name: fault for name, fault in CUTS.items() if fault.read}
FAULTS = AFTER_READING | {name: REFUSALS[name] for name in ("503", "503, Retry-After")}


def rules(kind: type[Retry] = Retry) -> Retry:
    """Return rules that would send anything again."""
    return kind(
        TRIES - 1, allowed_methods=None, status_forcelist=[503], backoff_factor=0, raise_on_status=False
    )


class AlwaysRetry(Retry):
    """Has its own mind about what to send again."""

    def is_retry(self, *_, **__) -> bool:
        """Say yes."""
        return True


class KeywordsOnly(HTTPAdapter):
    """An adapter as requests-toolbelt and requests-ratelimiter have them; it counts what it sends."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.count = 0
        self.seen: list[dict] = []

    def send(self, request: requests.PreparedRequest, **kwargs) -> requests.Response:
        """Count, and send."""
        self.count += 1
        self.seen.append(kwargs)
        return super().send(request, **kwargs)


# ------------------------------------------------------------------ it is the user's own


def test_it_is_the_same_object(server, session: EtnaSession) -> None:
    """What was mounted sends, whenever it was made, and keeps its state."""
    adapter = KeywordsOnly()
    session.mount("http://", adapter)
    assert [200, 200] == [session.get("v1.0/x").status_code, session.post("v1.0/x").status_code]
    assert (2, adapter) == (adapter.count, session.get_adapter(server.base_url).adapter)


def test_it_is_asked_as_requests_asks(server, session: EtnaSession) -> None:
    """It is handed the request alone by position, and the five options of requests by name."""
    adapter = KeywordsOnly()
    session.mount("http://", adapter)
    session.get("v1.0/x", timeout=(2, 3))
    (options,) = adapter.seen
    assert {"stream", "timeout", "verify", "cert", "proxies"} == set(options)
    assert (False, (2, 3), True, None) == tuple(
        options[name] for name in ("stream", "timeout", "verify", "cert")
    )


def test_what_it_is_asked_by_default(server, session: EtnaSession) -> None:
    """Without options it is asked what requests asks without options."""
    adapter = KeywordsOnly()
    session.mount("http://", adapter)
    request = session.prepare_request(requests.Request("GET", "v1.0/x"))
    session.get_adapter(server.base_url).send(request)
    assert [{"stream": False, "timeout": None, "verify": True, "cert": None, "proxies": None}] == adapter.seen


def test_options_of_a_prepared_request(session: EtnaSession) -> None:
    """What is given with a prepared request goes along; the rest is that of session and environment."""
    adapter = KeywordsOnly()
    session.mount("http://", adapter)
    request = session.prepare_request(requests.Request("GET", "v1.0/x"))
    given = {"stream": True, "verify": __file__, "cert": __file__}
    session.send(request, **given)
    session.send(request, proxies={"http": None}, timeout=3)
    mine = {"proxies": {"no_proxy": "127.0.0.1"}, "timeout": session.timeout}
    theirs = {"stream": False, "verify": True, "cert": None, "proxies": {"http": None}, "timeout": 3}
    assert [given | mine, theirs] == adapter.seen


def test_a_probe_is_asked_as_the_call(server, session: EtnaSession) -> None:
    """The probe goes by the same adapter with the same options, but for its body, which nobody reads."""
    adapter = KeywordsOnly()
    session.mount("http://", adapter)
    server.play(probed(OK))
    session.get("v1.0/x", verify=__file__, cert=__file__, timeout=(2, 3))
    first, probe = adapter.seen
    assert (first | {"stream": True}, False, (2, 3)) == (probe, first["stream"], probe["timeout"])


def test_its_prefix_counts(server, session: EtnaSession, other) -> None:
    """It sends what begins with its prefix, and nothing else."""
    adapter = KeywordsOnly()
    session.mount(f"{server.base_url}/v1.0/history", adapter)
    for path in ("v1.0/x", "v1.0/history/1", f"{other.base_url}/v1.0/history/1"):
        session.get(path)
    assert 1 == adapter.count


def test_its_tls_settings(tls: ssl.SSLContext, certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context of its own decides whom it trusts."""

    class WithContext(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs) -> None:
            context = ssl.create_default_context(cafile=str(certificates.authority))
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def cert_verify(self, conn, url, verify, cert) -> None:
            """Leave it to the context."""

        def build_connection_pool_key_attributes(self, request, verify, cert=None) -> tuple[dict, dict]:
            host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
            return host, {}

    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with (
        ScriptedServer(OK, tls=tls) as server,
        logins.session_of(accounts.token(server.base_url)) as session,
    ):
        assert isinstance(caught(lambda: session.get("v1.0/x")), requests.exceptions.SSLError)
        session.mount("https://", WithContext())
        assert 200 == session.get("v1.0/x").status_code


def test_it_is_closed_with_the_session(server) -> None:
    """Closing the session closes it, as with requests."""

    class Closing(HTTPAdapter):
        is_closed = False

        def close(self) -> None:
            self.is_closed = True
            super().close()

    adapter = Closing()
    with logins.session_of(accounts.token(server.base_url)) as session:
        session.mount("http://", adapter)
    assert adapter.is_closed


def test_it_is_copied_without_the_session(session: EtnaSession) -> None:
    """A copy of what is found on the session is one of the adapter, and signs nothing."""
    adapter = HTTPAdapter(pool_maxsize=7)
    session.mount("http://", adapter)
    same = copy.copy(session.get_adapter(session.token.base_url))
    assert (HTTPAdapter, False) == (type(same), same is adapter)


def test_a_renewal_goes_by_it(renewing: RenewingLogin) -> None:
    """A read that was refused with a dead token is asked about and repeated by the same adapter."""
    adapter = KeywordsOnly()
    renewing.session.mount("http://", adapter)
    renewing.call_reply = new_token_only()
    assert 200 == renewing.session.get("v1.0/x").status_code
    assert (3, [OLD, OLD, NEW]) == (adapter.count, renewing.signed)


def test_another_session_of_the_adapter(server, session: EtnaSession) -> None:
    """A plain session may send by the same adapter; it signs nothing there."""
    adapter = HTTPAdapter(max_retries=rules())
    with requests.Session() as plain:
        for one in (plain, session):
            one.mount("http://", adapter)
        session.get("v1.0/x")
        plain.get(f"{server.base_url}/v1.0/x", timeout=5)
    assert [[OLD], []] == [received.values("Authorization") for received in server.received]


def test_two_logins_of_an_adapter(server, session: EtnaSession, other) -> None:
    """Two sessions of ours may share one as well; each signs with its own token."""
    adapter = KeywordsOnly()
    with logins.session_of(accounts.token(other.base_url)) as another:
        for one in (session, another):
            one.mount("http://", adapter)
        session.get("v1.0/x")
        another.mount("http://", session.adapters["http://"])  # wrapped for the other one already
        another.get("v1.0/x")
        session.get("v1.0/x")
    assert (3, 2, 1) == (adapter.count, len(server.received), len(other.received))


class Comparable(requests.Response):
    """An answer that is compared by its value, and so has no hash."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Comparable) and self.content == other.content

    __hash__ = None


class Wrapped:
    """An answer in a wrapper that nothing can refer to weakly."""

    __slots__ = ("_response",)

    def __init__(self, response: requests.Response) -> None:
        object.__setattr__(self, "_response", response)

    def __getattr__(self, name: str) -> object:
        return getattr(self._response, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._response, name, value)


def comparable(response: requests.Response) -> Comparable:
    """Return the same answer without a hash."""
    made = Comparable()
    vars(made).update(vars(response))
    return made


class Answering(HTTPAdapter):
    """An adapter that makes something else of its answers."""

    def __init__(self, make: Callable[[requests.Response], object]) -> None:
        super().__init__()
        self._make = make

    def send(self, request: requests.PreparedRequest, **kwargs) -> object:
        """Send it."""
        return self._make(super().send(request, **kwargs))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("make", [comparable, Wrapped])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_of_its_own(server, session: EtnaSession, method: str, make, *, stream: bool) -> None:
    """An order that was answered is handed over, whatever the adapter makes of the answer."""
    server.play(answer(201, b'{"Id":1}'))
    session.mount("http://", Answering(make))
    response = session.request(method, "v1.0/orders", stream=stream)
    assert (type(make(requests.Response())), 201, b'{"Id":1}', 1) == (
        type(response), response.status_code, response.content, len(server.received),
    )  # fmt: skip


def test_what_it_has_is_found(session: EtnaSession) -> None:
    """What is asked of the adapter that a session has for a URL is answered by the one that sends."""
    mine = KeywordsOnly(pool_maxsize=3)
    session.mount("http://", mine)
    found = session.get_adapter(session.token.base_url)
    assert (True, 0) == (found.poolmanager is mine.poolmanager, found.count)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = found.nothing_like_it


# ------------------------------------------------------------------ its rules are for reads


ADAPTERS: dict[str, Callable[[], HTTPAdapter]] = {
    "number": lambda: HTTPAdapter(max_retries=3),
    "any method": lambda: HTTPAdapter(max_retries=rules()),
}
by_adapter = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)


def mounted(session: EtnaSession, adapter: Callable[[], HTTPAdapter]) -> EtnaSession:
    """Mount a user's adapter for every server."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter())
    return session


@by_adapter
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_order_is_sent_once(server, session: EtnaSession, pauses, adapter, fault: Fault) -> None:
    """No rule of a user's has an order placed twice."""
    server.play(fault.reply)
    assert fault.status == order(mounted(session, adapter))
    assert (["POST"], []) == ([received.method for received in server.received], pauses)


@by_adapter
@pytest.mark.parametrize("fault", (FAULTS | UNCLEAR).values(), ids=FAULTS | UNCLEAR)
def test_an_order_is_sent_once_over_tls(tls: ssl.SSLContext, pauses, adapter, fault: Fault) -> None:
    """The same over TLS, where urllib3 counts a connection that breaks off otherwise."""
    with ScriptedServer(fault.reply, tls=tls) as server:
        with logins.session_of(accounts.token(server.base_url)) as session:
            assert fault.status == order(mounted(session, adapter))
        assert (["POST"], []) == ([received.method for received in server.received], pauses)


@pytest.mark.parametrize(
    ("adapter", "replies", "status"),
    [
        pytest.param("number", [hang_up] * 3, 200, id="number, connections"),
        pytest.param("number", [], 503, id="number, no status"),
        pytest.param("any method", [answer(503), hang_up], 200, id="any method, status"),
    ],
)
def test_a_read_follows_the_users_rules(server, session: EtnaSession, adapter, replies, status) -> None:
    """A read is sent again as often, and for what, the user's adapter says."""
    server.play(*replies, answer(status, b"{}"))
    assert status == mounted(session, ADAPTERS[adapter]).get("v1.0/x").status_code
    assert len(replies) + 1 == len(server.received)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("fault", HALVES.values(), ids=HALVES)
def test_half_an_answer(server, session: EtnaSession, method: str, fault: Fault) -> None:
    """An answer that breaks off in its body is an error of ours, by whatever adapter it came."""
    server.play(fault.reply)
    session.mount("http://", HTTPAdapter())
    error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, 1) == (isinstance(error, ConnectionFailedError), len(server.received))


# ------------------------------------------------------------------ wherever and whenever they are set


def after_mounting(session: EtnaSession) -> None:
    """Set them on an adapter that is mounted already."""
    adapter = HTTPAdapter()
    session.mount("http://", adapter)
    adapter.max_retries = rules()


def after_a_call(session: EtnaSession) -> None:
    """Set them on one that has sent something."""
    adapter = HTTPAdapter()
    session.mount("http://", adapter)
    session.get("v1.0/x")
    adapter.max_retries = rules()


def on_adapters(session: EtnaSession) -> None:
    """Set them on what the session came with."""
    session.adapters["http://"].max_retries = rules()


def on_get_adapter(session: EtnaSession) -> None:
    """Set them on what is found by a URL."""
    session.get_adapter(session.token.base_url).max_retries = rules()


def into_adapters(session: EtnaSession) -> None:
    """Put an adapter with rules where another was."""
    session.adapters["http://"] = HTTPAdapter(max_retries=rules())


def of_a_class(session: EtnaSession) -> None:
    """Mount rules of a user's own class."""
    session.mount("http://", HTTPAdapter(max_retries=rules(AlwaysRetry)))


WAYS = [after_mounting, after_a_call, on_adapters, on_get_adapter, into_adapters, of_a_class]
by_way = pytest.mark.parametrize("way", WAYS)


def count(server, act: Callable[[], requests.Response]) -> tuple[int, int]:
    """Return the status of a call to a server that has no time, and how often that has seen it."""
    server.play(answer(503))
    return act().status_code, len(server.received)


@by_way
@pytest.mark.parametrize("method", WRITES)
def test_an_order_is_sent_once_by_later_rules(server, session: EtnaSession, way, method: str) -> None:
    """Whenever and wherever they are set, an order that is answered 503 was seen once."""
    way(session)
    assert (503, 1) == count(server, lambda: session.request(method, "v1.0/orders"))


@by_way
def test_a_read_follows_later_rules(server, session: EtnaSession, way) -> None:
    """A read is sent as often as they say, after an order too."""
    way(session)
    count(server, lambda: session.post("v1.0/orders"))
    assert (503, TRIES) == count(server, lambda: session.get("v1.0/x"))


def test_no_rules_at_all(server, session: EtnaSession) -> None:
    """Where they were set to None, urllib3 would send a DELETE again by rules of its own."""
    adapter = HTTPAdapter()
    adapter.max_retries = None
    session.mount("http://", adapter)
    server.play(hang_up)
    assert (None, 1) == (order(session, "DELETE"), len(server.received))


def test_they_can_be_looked_at(session: EtnaSession) -> None:
    """What was set is what is read where it was set, before and after a call."""
    on_get_adapter(session)
    for _ in range(2):
        found = session.get_adapter(session.token.base_url).max_retries
        assert (TRIES - 1, [503]) == (found.total, found.status_forcelist)
        session.get("v1.0/x")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [200, 503])
def test_a_call_leaves_them_as_they_were(server, session: EtnaSession, pauses, status, method: str) -> None:
    """Whatever tries a call has used up or was not given, the rules are read as they were set."""
    server.play(answer(status))
    session.request(method, "v1.0/x")
    assert 3 == session.adapters["http://"].max_retries.total


class ByProperty(HTTPAdapter):
    """An adapter that has its rules from elsewhere."""

    @property
    def max_retries(self) -> Retry:
        """Return new ones each time."""
        return rules()

    @max_retries.setter
    def max_retries(self, _: Retry) -> None:
        """Take no others."""


class Delegating(BaseAdapter):
    """An adapter that sends by another one, and knows no rules itself."""

    def __init__(self) -> None:
        super().__init__()
        self._adapter = HTTPAdapter(max_retries=rules())

    def send(self, request: requests.PreparedRequest, **kwargs) -> requests.Response:
        """Send by the other one."""
        return self._adapter.send(request, **kwargs)

    def close(self) -> None:
        """Close the other one."""
        self._adapter.close()


class Unsettable(Delegating):
    """An adapter that lets nobody set its rules."""

    max_retries = property(lambda _: rules())


by_stubborn = pytest.mark.parametrize("adapter", [ByProperty, Unsettable])


@by_stubborn
@pytest.mark.parametrize("method", WRITES)
def test_rules_that_cannot_be_limited(server, session: EtnaSession, adapter, method: str) -> None:
    """An adapter that keeps rules of its own is given no order: it might place it twice."""
    session.mount("http://", adapter())
    error = caught(lambda: session.request(method, "v1.0/orders"))
    assert (EtnaError, []) == (type(error), server.received)
    assert str(error) == (
        f"{adapter.__name__} keeps retry rules of its own, by which an order could be placed twice: "
        f"let it accept max_retries. The {method} was not sent."
    )


@by_stubborn
def test_a_read_by_rules_that_cannot_be_limited(server, session: EtnaSession, adapter) -> None:
    """A read goes by it, and by its rules."""
    session.mount("http://", adapter())
    assert (503, TRIES) == count(server, lambda: session.get("v1.0/x"))


def test_an_adapter_without_rules(server, session: EtnaSession) -> None:
    """One that shows no rules is given everything: what it does with an order is its author's to know."""
    session.mount("http://", Delegating())
    assert [200, 200] == [session.request(method, "v1.0/x").status_code for method in ("GET", "POST")]


class Twice(HTTPAdapter):
    """An adapter that sends again by itself what got no answer."""

    def send(self, request: requests.PreparedRequest, **kwargs) -> requests.Response:
        """Send it, twice if need be."""
        try:
            return super().send(request, **kwargs)
        except requests.ConnectionError:
            return super().send(request, **kwargs)


OUTCOMES = {
    HTTPAdapter: "sent once and not again",
    Twice: "sent and not answered",
    Delegating: "sent and not answered",
}


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("adapter", OUTCOMES)
def test_how_often_an_order_was_sent(server, session: EtnaSession, pauses, adapter, method: str) -> None:
    """An error says "once" only of an adapter whose rules are known."""
    server.play(hang_up)
    session.mount("http://", adapter())
    error = caught(lambda: session.request(method, "v1.0/orders"))
    outcome = f"The {method} was {OUTCOMES[adapter]}: check whether it was carried out."
    assert str(error).endswith(f"the connection broke off. {outcome}")
