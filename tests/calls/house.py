"""A log-in that renews itself, at a server whose log-ins and calls are answered apart."""

import socket

from etna_magic import LoginFlow
from etna_magic.namespace import Login, Logins
from etna_magic.renewal import Renewal
from tests.calls.shell import LIMIT
from tests.helpers import accounts
from tests.helpers.server import Answer, Received, ScriptedServer, answer

OLD, NEW = f"Bearer {accounts.TOKEN}", "Bearer bmV3IHRva2Vu+/8="
FRESH = answer(200, accounts.body(State="Succeeded", Token=NEW.removeprefix("Bearer ")))
PROBE = "/api/v1.0/users/@me/info"
DENIED = answer(401, b'{"Message":"Authorization has been denied for this request."}')
DAY = 24 * 3600
IN_THE_WINDOW, PAST_THE_END = DAY - 600, DAY + 1


def say(reply: Answer, connection: socket.socket, received: Received) -> None:
    """Give an answer, whichever of the two kinds it is."""
    reply(connection, received) if callable(reply) else connection.sendall(reply)


def probed(probe: Answer, others: Answer = DENIED) -> Answer:
    """Return an answer that says one thing to the probe, and another to every call."""
    return lambda connection, received: say(
        probe if received.target == PROBE else others, connection, received
    )


class House:
    """A server whose log-ins and calls are answered apart, and a log-in there that renews itself."""

    def __init__(self, server: ScriptedServer, clock: accounts.ManualClock) -> None:
        self.server = server
        self.clock = clock
        #: What `/token` says now.
        self.reply: Answer = FRESH
        #: What any other call is answered.
        self.calls: Answer = answer(200, b"{}")
        self.logins = Logins({})
        self.login: Login = self.logins.store("etna", accounts.token(server.base_url, clock), None, LIMIT)
        self.session = self.login.session
        self.session.renewal = Renewal(self._log_in, lambda: self.session.token, clock)
        server.play(self._judge)

    def _log_in(self) -> None:
        flow = LoginFlow(accounts.credentials(self.server.base_url), timeout=LIMIT, clock=self.clock)
        self.logins.renew(self.login, self.login.token, flow.start())

    def _judge(self, connection, received) -> None:
        say(self.reply if received.target == "/api/token" else self.calls, connection, received)

    @property
    def log_ins(self) -> int:
        """How often `/token` was asked."""
        return sum(received.target == "/api/token" for received in self.server.received)

    @property
    def signed(self) -> list[str]:
        """What the calls were signed with."""
        calls = [received for received in self.server.received if received.target != "/api/token"]
        return [value for received in calls for value in received.values("Authorization")]

    def call(self, _: object = None) -> int:
        """Make a call and return its status."""
        return self.session.post("v1.0/x").status_code
