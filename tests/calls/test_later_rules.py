"""Rules for trying again that are set on an adapter later on: for reads, and for this session alone."""

from collections.abc import Callable

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from etna_magic.session import EtnaSession
from tests.helpers.server import answer

TRIES = 3


def rules() -> Retry:
    """Return rules that would send anything again."""
    return Retry(
        TRIES - 1, allowed_methods=None, status_forcelist=[503], backoff_factor=0, raise_on_status=False
    )


class AlwaysRetry(Retry):
    """Has its own mind about what to send again."""

    def is_retry(self, *_, **__) -> bool:
        """Say yes."""
        return True


def after_mounting(session: EtnaSession) -> None:
    """Set them on an adapter that is mounted already."""
    adapter = HTTPAdapter()
    session.mount("http://", adapter)
    adapter.max_retries = rules()


def on_adapters(session: EtnaSession) -> None:
    """Set them on what the session came with."""
    session.adapters["http://"].max_retries = rules()


def on_get_adapter(session: EtnaSession) -> None:
    """Set them on what is found by a URL."""
    session.get_adapter(session.token.base_url).max_retries = rules()


def into_adapters(session: EtnaSession) -> None:
    """Put an adapter with rules in the place of another."""
    session.adapters["http://"] = HTTPAdapter(max_retries=rules())


def of_a_class(session: EtnaSession) -> None:
    """Mount rules of a user's own class."""
    session.mount("http://", HTTPAdapter(max_retries=AlwaysRetry(TRIES - 1, raise_on_status=False)))


class ByProperty(HTTPAdapter):
    """An adapter that has its rules from elsewhere."""

    @property
    def max_retries(self) -> Retry:
        """Return them anew each time."""
        return rules()

    @max_retries.setter
    def max_retries(self, _: Retry) -> None:
        """Take no others."""


class WhileSending(HTTPAdapter):
    """An adapter that makes its rules as it sends."""

    def send(self, *args, **kwargs) -> requests.Response:
        """Set them and send."""
        self.max_retries = rules()
        return super().send(*args, **kwargs)


def by_property(session: EtnaSession) -> None:
    """Mount an adapter that looks them up."""
    session.mount("http://", ByProperty())


def while_sending(session: EtnaSession) -> None:
    """Mount an adapter that sets them last of all."""
    session.mount("http://", WhileSending())


WAYS = [by_property, while_sending, after_mounting, on_adapters, on_get_adapter, into_adapters, of_a_class]
by_way = pytest.mark.parametrize("way", WAYS)


def count(server, act: Callable[[], requests.Response]) -> tuple[int, int]:
    """Return the status of a call to a server that has no time, and how often that has seen it."""
    server.play(answer(503))
    return act().status_code, len(server.received)


@by_way
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_order_is_sent_once(server, session: EtnaSession, way, method: str) -> None:
    """Whenever and wherever they are set, an order that is answered 503 was seen once."""
    way(session)
    assert (503, 1) == count(server, lambda: session.request(method, "v1.0/orders"))


@by_way
def test_a_read_follows_them(server, session: EtnaSession, way) -> None:
    """A read is sent as often as they say, after an order too."""
    way(session)
    count(server, lambda: session.post("v1.0/orders"))
    assert (503, TRIES) == count(server, lambda: session.get("v1.0/x"))


@pytest.mark.parametrize("when", ["before", "after"])
def test_another_session_keeps_its_own(server, session: EtnaSession, when: str) -> None:
    """A plain session that sends by the same adapter goes on by the adapter's own rules."""
    adapter, own = HTTPAdapter(), rules()
    if when == "before":
        adapter.max_retries = own
    with requests.Session() as plain:
        for one in (plain, session):
            one.mount("http://", adapter)
        if when == "after":
            adapter.max_retries = own
        assert (503, 1) == count(server, lambda: session.post("v1.0/orders"))
        assert (503, TRIES) == count(server, lambda: plain.post(f"{server.base_url}/v1.0/orders", timeout=5))
        assert (503, 1) == count(server, lambda: session.post("v1.0/orders"))
    assert own is adapter.max_retries


def test_they_can_be_looked_at(session: EtnaSession) -> None:
    """What was set is what is read where it was set."""
    on_get_adapter(session)
    found = session.get_adapter(session.token.base_url).max_retries
    assert (TRIES - 1, [503]) == (found.total, found.status_forcelist)


@pytest.mark.parametrize("status", [200, 503])
def test_a_call_leaves_them_as_they_were(server, session: EtnaSession, pauses, status: int) -> None:
    """Whatever tries a call has used up or was not given, the rules are read as they were set."""
    server.play(answer(status))
    for more in ({}, {"data": iter([b"once"])}):
        session.get("v1.0/x", **more)
        assert 3 == session.adapters["http://"].max_retries.total
