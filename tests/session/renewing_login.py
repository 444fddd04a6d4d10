"""A login that renews itself, at a server whose logins and calls are answered apart."""

import socket

from etna_magic.logins import LoginRegistry
from etna_magic.session import TokenRefresher
from tests.helpers import accounts, logins
from tests.helpers.server import Answer, Received, ScriptedServer, answer
from tests.helpers.waiting import LIMIT

OLD, NEW = f"Bearer {accounts.TOKEN}", "Bearer bmV3IHRva2Vu+/8="
FRESH = answer(200, accounts.body(State="Succeeded", Token=NEW.removeprefix("Bearer ")))
PROBE = "/api/v1.0/users/@me/info"
DENIED = answer(401, b'{"Message":"Authorization has been denied for this request."}')
OK = answer(200, b"{}")
DAY = 24 * 3600
IN_THE_WINDOW, PAST_THE_END = DAY - 600, DAY + 1


def send(reply: Answer, connection: socket.socket, received: Received) -> None:
    """Give an answer, whichever of the two kinds it is."""
    reply(connection, received) if callable(reply) else connection.sendall(reply)


def probed(probe: Answer, others: Answer = DENIED) -> Answer:
    """Return an answer that says one thing to the probe, and another to every call."""
    return lambda connection, received: send(
        probe if received.target == PROBE else others, connection, received
    )


def new_token_only(accepted: Answer = OK) -> Answer:
    """Return an answer that accepts the fresh token, and refuses any other."""
    return lambda connection, received: send(
        accepted if received.values("Authorization") == [NEW] else DENIED, connection, received
    )


class RenewingLogin:
    """A login that renews itself, and whose token has just been issued.

    Parameters
    ----------
    server
        Its logins are answered by `token_reply`, and its calls by `call_reply`.
    clock
        By which the token ages.
    """

    def __init__(self, server: ScriptedServer, clock: accounts.ManualClock) -> None:
        self.server = server
        self.clock = clock
        #: What `/token` answers now.
        self.token_reply: Answer = FRESH
        #: What any other call is answered.
        self.call_reply: Answer = OK
        self.registry = LoginRegistry({})
        self.login = logins.put(accounts.token(server.base_url, clock), timeout=LIMIT, registry=self.registry)
        self.session = self.login.session
        self.holder = self.session.holder
        self.holder.use_timer(is_used=False)  # its thread would see a clock that was moved sooner or later
        self.holder.refresher = TokenRefresher(
            self._refresh,
            lambda: self.session.token,
            clock,
            fingerprint=lambda: accounts.credentials(server.base_url).fingerprint(),
        )
        server.play(self._reply)

    def _refresh(self) -> None:
        old = self.session.token
        credentials = accounts.credentials(self.server.base_url)
        self.registry.replace(self.login, old, logins.log_in(credentials, timeout=LIMIT, clock=self.clock))

    def _reply(self, connection: socket.socket, received: Received) -> None:
        send(self.token_reply if received.target == "/api/token" else self.call_reply, connection, received)

    @property
    def login_count(self) -> int:
        """How often `/token` was asked."""
        return sum(received.target == "/api/token" for received in self.server.received)

    @property
    def calls(self) -> list[Received]:
        """What the server has received apart from logins."""
        return [received for received in self.server.received if received.target != "/api/token"]

    @property
    def signed(self) -> list[str]:
        """What the calls were signed with."""
        return [value for received in self.calls for value in received.values("Authorization")]

    def call(self, _: object = None) -> int:
        """Make a call and return its status."""
        return self.session.post("v1.0/x").status_code
