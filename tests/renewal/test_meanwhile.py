"""What a person does while a renewal is under way wins: its fresh token overwrites nothing and is ended."""

import threading
from collections.abc import Iterator

import pytest

from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import LIMIT
from tests.remember.desk import Desk
from tests.helpers import accounts
from tests.helpers.server import Received, ScriptedServer, answer
from tests.waiting.front_end import FrontEnd

# In the order in which `/token` gives them out.
TOKENS = FIRST, LATE, ANEW = "Zmlyc3Q+/w==", "bGF0ZQ+/w==", "YW5ldw+/w=="
# A call on a thread of its own, as a program makes it that trades over night.
CALL = """
import threading as _threading
_held, _came = etna_session, []
def _call():
    try:
        _came.append(_held.get("v1.0/x").status_code)
    except Exception as error:
        _came.append(str(error))
_thread = _threading.Thread(target=_call)
_thread.start()
"""


class Broker:
    """A log-in with a renewal under way, whose `/token` is not answered until the test says so."""

    def __init__(self, desk: Desk, server: ScriptedServer) -> None:
        self.desk = desk
        self.answers = threading.Event()
        self._server = server
        self._asked = threading.Event()
        self._left = list(TOKENS)
        server.play(self._judge)

    def _judge(self, connection, received: Received) -> None:
        if not received.target.endswith("/token"):
            connection.sendall(answer(200, b"{}"))
            return
        token = self._left.pop(0)
        if token == LATE:
            self._asked.set()
            self.answers.wait(LIMIT)
        connection.sendall(answer(200, accounts.body(State="Succeeded", Token=token)))

    def begin(self, left: float, line: str = "") -> None:
        """Log in, let time pass, and make a call, whose renewal is then held."""
        self.desk.know()
        self.desk.kernel.set_environment(ETNA_BASE_URL=self._server.base_url)
        assert "ok" == self.desk.kernel.run(f"%etna_login --auto-renew {line}").status
        self.desk.age(left=left)
        self.desk.kernel.do(CALL)
        assert self._asked.wait(LIMIT)

    def end(self) -> list[int | str]:
        """Let the renewal have its token; return what came of the call."""
        self.answers.set()
        self.desk.kernel.wait_until("not _thread.is_alive()")
        return self.desk.kernel.ask("_came")

    def bearers(self, path: str) -> list[str]:
        """Return the tokens of the requests to a path, in their order."""
        targets = [one for one in self._server.received if one.target == f"/api/{path}"]
        return [value.removeprefix("Bearer ") for one in targets for value in one.values("Authorization")]


@pytest.fixture
def broker(desk: Desk) -> Iterator[Broker]:
    """Return a desk whose renewals are held."""
    with ScriptedServer() as server:
        made = Broker(desk, server)
        yield made
        made.answers.set()


def test_nothing_happens_meanwhile(broker: Broker):
    """The token that was waited for is put in place, and ended nowhere."""
    broker.begin(left=-3)
    assert ([200], LATE) == (broker.end(), broker.desk.value())
    assert ([LATE], []) == (broker.bearers("v1.0/x"), broker.bearers("logout"))


@pytest.mark.parametrize("left", [600, -3], ids=["near the end", "past it"])
def test_a_new_log_in_wins(broker: Broker, left):
    """The token of the new log-in stays and signs the call; the renewal's is ended on the server."""
    broker.begin(left)
    assert "ok" == broker.desk.kernel.run("%etna_login", store_history=False).status
    assert ANEW == broker.desk.value()
    assert ([200], ANEW) == (broker.end(), broker.desk.value())
    assert broker.desk.kernel.ask("_held is etna_session and etna_session.token is etna_token")
    assert ([ANEW], [LATE]) == (broker.bearers("v1.0/x"), broker.bearers("logout"))


@pytest.mark.parametrize("left", [600, -3], ids=["near the end", "past it"])
def test_a_log_out_wins(broker: Broker, left):
    """No variable comes back, the call is not sent, and both tokens are ended on the server."""
    broker.begin(left)
    broker.desk.kernel.run("%etna_logout", store_history=False)
    assert ["etna was logged out."] == broker.end()
    names = [name for name in broker.desk.kernel.ask(NAMES) if name.startswith("etna")]
    assert ([], [FIRST, LATE]) == (names, broker.bearers("logout"))
    assert ("NotLoggedInError", []) == (
        broker.desk.kernel.run("_held.get('v1.0/x')").reply["ename"],
        broker.bearers("v1.0/x"),
    )


def test_a_form_that_waits_wins(broker: Broker, front: FrontEnd):
    """While a form waits the session refuses every call, and the log-in by the form is what stands then."""
    broker.begin(left=600)
    broker.desk.kernel.do("import os; del os.environ['ETNA_PASSWORD']")
    run = front.run("%etna_login")
    (came,) = broker.end()
    assert (True, [LATE]) == ("waiting for its log-in" in str(came), broker.bearers("logout"))
    error = broker.desk.kernel.run("etna_session.get('v1.0/x')").error
    assert (True, FIRST) == (error.startswith("NotLoggedInError: etna is waiting"), broker.desk.value())
    front.log_in("any-Password")
    front.until(lambda: front.shown(run)[0].startswith("Logged in as demo"), "the line of success")
    assert ("ok", [ANEW]) == (front.run("etna_session.get('v1.0/x')").status, broker.bearers("v1.0/x"))


def test_a_log_out_wins_over_what_is_remembered(broker: Broker, front: FrontEnd):
    """A log-out while the renewal has the memory's turn leaves no token behind, here or on the server."""
    broker.begin(600, "--remember")
    sent = front.start("%etna_logout")
    front.until(lambda: [FIRST] == broker.bearers("logout"), "the log-out at the server")
    front.until(lambda: [] == list(broker.desk.tokens.iterdir()), "what was remembered is dropped")
    broker.answers.set()
    run = front.finish(sent)
    assert "ok" == run.status
    broker.end()
    kept = [LATE in path.read_text() for path in broker.desk.tokens.iterdir()]
    assert ([], [], [FIRST, LATE]) == (broker.desk.files, kept, broker.bearers("logout"))
