"""An adapter that a user has mounted: its rules for trying again are for reads, an order is sent once."""

from collections.abc import Callable
from ssl import SSLContext

import pytest
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.calls.breaks import CUTS, HALVES, REFUSALS, UNCLEAR, Break, come_of, hang_up
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

ADAPTERS: dict[str, Callable[[], HTTPAdapter]] = {
    "number": lambda: HTTPAdapter(max_retries=3),
    "any method": lambda: HTTPAdapter(
        max_retries=Retry(3, allowed_methods=None, status_forcelist=[503], backoff_factor=0)
    ),
}
AFTER_READING = {name: broken for name, broken in CUTS.items() if broken.read}
BREAKS = AFTER_READING | {name: REFUSALS[name] for name in ("503", "503, Retry-After")}

by_adapter = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)


def mounted(session: EtnaSession, adapter: Callable[[], HTTPAdapter]) -> EtnaSession:
    """Mount a user's adapter for every server."""
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter())
    return session


@by_adapter
@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_an_order_is_sent_once(server, session: EtnaSession, pauses, adapter, broken: Break) -> None:
    """No rule of a user's has an order placed twice."""
    server.play(broken.reply)
    assert broken.status == come_of(mounted(session, adapter), "POST")
    assert (["POST"], []) == ([received.method for received in server.received], pauses)


@by_adapter
@pytest.mark.parametrize("broken", (BREAKS | UNCLEAR).values(), ids=BREAKS | UNCLEAR)
def test_an_order_is_sent_once_over_tls(
    session: EtnaSession, tls: SSLContext, pauses, adapter, broken: Break
) -> None:
    """The same over TLS, where urllib3 counts a connection that breaks off otherwise."""
    with ScriptedServer(broken.reply, tls=tls) as server:
        session.bind(accounts.token(server.base_url))
        assert broken.status == come_of(mounted(session, adapter), "POST")
    assert (["POST"], []) == ([received.method for received in server.received], pauses)


@pytest.mark.parametrize(
    ("adapter", "replies", "status"),
    [
        pytest.param("number", [hang_up] * 3, 200, id="number, connections"),
        pytest.param("number", [], 503, id="number, no status"),
        pytest.param("any method", [answer(503), hang_up, answer(503)], 200, id="any method, status"),
    ],
)
def test_a_read_follows_the_users_rules(server, session: EtnaSession, adapter, replies, status) -> None:
    """A read is sent again as often, and for what, the user's adapter says."""
    server.play(*replies, answer(status, b"{}"))
    assert status == mounted(session, ADAPTERS[adapter]).get("v1.0/x").status_code
    assert len(replies) + 1 == len(server.received)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("broken", HALVES.values(), ids=HALVES)
def test_half_an_answer(server, session: EtnaSession, method: str, broken: Break) -> None:
    """An answer that breaks off in its body is told as ours, by whatever adapter it came."""
    server.play(broken.reply)
    session.mount("http://", HTTPAdapter())
    with pytest.raises(ConnectionFailedError):
        session.request(method, "v1.0/x")
