"""What a user does while a renewal is under way wins: its token overwrites nothing, and is ended."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from tests.helpers import accounts
from tests.helpers.front_end import show_form
from tests.helpers.kernel import LIMIT
from tests.helpers.kernel_reset import NAMES
from tests.helpers.remembering_user import RememberingUser, remembering_user
from tests.helpers.server import Received, ScriptedServer, answer
from tests.helpers.waiting import wait_until

user = remembering_user

# In the order in which `/token` gives them out.
TOKENS = FIRST, LATE, NEW = "Zmlyc3Q+/w==", "bGF0ZQ+/w==", "bmV3ZXI+/w=="
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
    """A login with a renewal under way, whose `/token` is not answered until the test says so."""

    def __init__(self, user: RememberingUser, server: ScriptedServer) -> None:
        self.user = user
        self.may_answer = threading.Event()
        self._server = server
        self._asked = threading.Event()
        #: In the order in which `/token` gives them out; the second is held.
        self.tokens = TOKENS
        self._logins = itertools.count()
        server.play(self._reply)

    def _reply(self, connection, received: Received) -> None:
        reply = b"{}"
        if received.target.endswith("/token"):
            number = next(self._logins)
            token = self.tokens[number]
            if number == 1:
                self._asked.set()
                self.may_answer.wait(LIMIT)
            reply = accounts.body(State="Succeeded", Token=token)
        connection.sendall(answer(200, reply))

    def know(self, **more: str) -> None:
        """Put a user's credentials into the environment."""
        self.user.know(ETNA_BASE_URL=self._server.base_url, **more)

    def begin(self, left: float, line: str = "") -> None:
        """Log in, let time pass, and make a call, whose renewal then waits."""
        self.know()
        assert "ok" == self.user.kernel.run(f"%etna_login --auto-renew {line}").status
        self.user.age(left=left)
        self.user.kernel.do(CALL)
        assert self._asked.wait(LIMIT)

    def end(self) -> list[int | str]:
        """Let the renewal have its token; return what came of the call."""
        self.may_answer.set()
        self.user.kernel.wait_until("not _thread.is_alive()")
        return self.user.kernel.ask("_came")

    def bearers(self, path: str) -> list[str]:
        """Return the tokens of the requests to a path, in their order."""
        targets = [one for one in self._server.received if one.target == f"/api/{path}"]
        return [value.removeprefix("Bearer ") for one in targets for value in one.values("Authorization")]


@pytest.fixture
def broker(user: RememberingUser) -> Iterator[Broker]:
    """Return a user whose renewals wait."""
    with ScriptedServer() as server:
        made = Broker(user, server)
        yield made
        made.may_answer.set()


def test_nothing_happens_meanwhile(broker: Broker):
    """The token that was waited for is put in place, and ended nowhere."""
    broker.begin(left=-3)
    assert ([200], LATE) == (broker.end(), broker.user.value())
    assert ([LATE], []) == (broker.bearers("v1.0/x"), broker.bearers("logout"))


@pytest.mark.parametrize("left", [600, -3], ids=["near the end", "past it"])
def test_no_cell_speaks_of_it(broker: Broker, left):
    """A cell that runs meanwhile tells nobody to log in, whether or not the old token has ended."""
    broker.begin(left)
    assert [] == broker.user.kernel.run("6 * 7").warnings
    assert ([200], []) == (broker.end(), broker.user.kernel.run("6 * 7").warnings)


@pytest.mark.parametrize("left", [600, -3], ids=["near the end", "past it"])
def test_a_new_login_wins(broker: Broker, left):
    """The token of the new login stays and signs the call; the renewal's is ended on the server."""
    broker.begin(left)
    assert "ok" == broker.user.kernel.run("%etna_login", store_history=False).status
    assert NEW == broker.user.value()
    assert ([200], NEW) == (broker.end(), broker.user.value())
    assert broker.user.kernel.ask("_held is etna_session and etna_session.token is etna_token")
    assert ([NEW], [LATE]) == (broker.bearers("v1.0/x"), broker.bearers("logout"))


@pytest.mark.parametrize("left", [600, -3], ids=["near the end", "past it"])
@pytest.mark.parametrize("line", ["--auto-renew", "-u demo"], ids=["renews", "does not"])
def test_a_server_that_gives_out_one_text(broker: Broker, left, line):
    """Where the new login has the renewal's token text, that is not ended on the server: it is in use."""
    broker.tokens = (FIRST,) * 4  # one that is past its end stays so, and is asked for again
    broker.begin(left)
    assert "ok" == broker.user.kernel.run(f"%etna_login {line}", store_history=False).status
    assert ([200], FIRST) == (broker.end(), broker.user.value())
    assert "ok" == broker.user.kernel.run("etna_session.post('v1.0/orders')").status
    assert ([FIRST], [FIRST], []) == tuple(map(broker.bearers, ("v1.0/x", "v1.0/orders", "logout")))


@pytest.mark.parametrize("left", [600, -3], ids=["near the end", "past it"])
def test_a_logout_wins(broker: Broker, left):
    """No variable comes back, the call is not sent, and both tokens are ended on the server."""
    broker.begin(left)
    broker.user.kernel.run("%etna_logout", store_history=False)
    (came,) = broker.end()
    assert str(came).startswith("etna was logged out.")
    names = [name for name in broker.user.kernel.ask(NAMES) if name.startswith("etna")]
    assert ([], [FIRST, LATE]) == (names, broker.bearers("logout"))
    assert "NotLoggedInError" == broker.user.kernel.run("_held.get('v1.0/x')").reply["ename"]
    assert [] == broker.bearers("v1.0/x")


def test_a_form_that_waits_stops_no_renewal(broker: Broker):
    """The renewal's token is used until the login by the form has succeeded, whose token is then in place."""
    broker.begin(left=600)
    broker.know(ETNA_PASSWORD="")
    form = show_form(broker.user.kernel, "%etna_login")
    assert ([200], LATE, []) == (broker.end(), broker.user.value(), broker.bearers("logout"))
    form.log_in("any-Password")
    assert form.line.startswith("Logged in as demo")
    assert "ok" == broker.user.kernel.run("etna_session.get('v1.0/x')").status
    assert ([LATE, NEW], NEW) == (broker.bearers("v1.0/x"), broker.user.value())


def test_a_logout_wins_over_what_is_remembered(broker: Broker):
    """A logout while the renewal holds the lock leaves no token behind, here or on the server."""
    broker.begin(600, "--remember")
    cell = broker.user.start("%etna_logout")
    # It ends the token, then deletes what was remembered, and waits for the lock to delete it again.
    wait_until(lambda: broker.bearers("logout") == [FIRST] and not list(broker.user.tokens.iterdir()))
    broker.may_answer.set()
    assert "ok" == cell.finish().status
    broker.end()
    assert ([], [FIRST, LATE]) == (broker.user.files, broker.bearers("logout"))
