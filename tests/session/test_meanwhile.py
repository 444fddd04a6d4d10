"""What happens under the name of a login while the server thinks about a call of its session."""

from collections.abc import Callable

import pytest
import requests

from etna_magic import EtnaError, EtnaSession, NotLoggedInError, Secret, Token, TokenExpiredError
from etna_magic.session import TokenHolder
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import answer
from tests.session.held_answer import HeldAnswer
from tests.session.renewing_login import DENIED, FRESH, NEW, OK, OLD, PAST_THE_END, PROBE, RenewingLogin, send

BOB = "Bearer Qm9iLVNFQ1JFVA=="
ORDER = b'{"Id": 5004, "Status": "PendingNew"}'
REFUSED = " The POST was refused with a 401 and was not sent again."


class Form:
    """A form that waits for a person."""

    def call_off(self, sentence: str) -> None:
        """End it."""


def log_in_as(renewing: RenewingLogin, username: str, value: str) -> EtnaSession:
    """Log in under the same name; return the session that the notebook has then."""
    token = accounts.token(renewing.server.base_url, renewing.clock)
    token.username, token._value = username, Secret(value.removeprefix("Bearer "))
    return renewing.registry.put("etna", token, None).session


def log_out(renewing: RenewingLogin) -> None:
    """Log out, as `%etna_logout` does once the server has answered."""
    renewing.registry.drop(renewing.login, "was logged out")
    renewing.login.end_tokens("was logged out")


def cancel_form(renewing: RenewingLogin) -> None:
    """Show a form for another login of that name, and cancel it."""
    form = Form()
    renewing.registry.wait_for_form("etna", form)
    renewing.registry.form_ended("etna", form)


EVENTS: dict[str, Callable[[RenewingLogin], object]] = {
    "logout": log_out,
    "login of the same user": lambda renewing: log_in_as(renewing, accounts.USERNAME, NEW),
    "login of another user": lambda renewing: log_in_as(renewing, "bob", BOB),
    "login elsewhere": lambda renewing: renewing.registry.put("etna", accounts.token("http://[::1]:9"), None),
    "form": lambda renewing: renewing.registry.wait_for_form("etna", Form()),
    "cancelled form": cancel_form,
    "refused": lambda renewing: renewing.session.token.refuse(),
    "expired": lambda renewing: renewing.clock.move(PAST_THE_END),
}
by_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
by_renewal = pytest.mark.parametrize("renews", [True, False], ids=["auto-renew", "none"])


@pytest.fixture
def login(renewing: RenewingLogin, *, renews: bool) -> RenewingLogin:
    """Return a login that renews itself, or does not."""
    if not renews:
        renewing.holder.refresher = None
    return renewing


@by_event
@by_renewal
class TestAnswered:
    """A call that the server has answered is handed over, whatever came meanwhile."""

    @pytest.mark.parametrize("stream", [False, True])
    def test_while_the_server_thinks(self, login: RenewingLogin, event: Callable, *, stream: bool) -> None:
        """Between the order and its answer."""
        login.call_reply = held = HeldAnswer(answer(200, ORDER, ("Set-Cookie", "sid=1; Path=/")))
        response = held.during(
            lambda: login.session.post("v1.0/orders", json={}, stream=stream), lambda: event(login)
        )
        assert (200, ORDER, [OLD]) == (response.status_code, response.content, login.signed)

    def test_in_the_middle_of_the_answer(self, login: RenewingLogin, event: Callable) -> None:
        """Between the head of the answer and its body."""
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(ORDER)}\r\n\r\n".encode()
        login.call_reply = held = HeldAnswer(ORDER, begin=head)
        response = held.during(lambda: login.session.post("v1.0/orders"), lambda: event(login))
        assert (200, ORDER, [OLD]) == (response.status_code, response.content, login.signed)

    @pytest.mark.parametrize("status", [302, 404, 503])
    def test_whatever_its_status(self, login: RenewingLogin, event: Callable, status: int) -> None:
        """A refusal, a failure and a redirect too; an order is sent once."""
        where = ("Location", "/api/v1.0/y")
        login.call_reply = held = HeldAnswer(answer(status, ORDER, where))
        response = held.during(lambda: login.session.post("v1.0/orders"), lambda: event(login))
        assert (status, [OLD]) == (response.status_code, login.signed)

    def test_a_read(self, login: RenewingLogin, event: Callable) -> None:
        """A read as well."""
        login.call_reply = held = HeldAnswer(answer(200, ORDER))
        assert ORDER == held.during(lambda: login.session.get("v1.0/orders"), lambda: event(login)).content


@by_renewal
class TestRefused:
    """A 401 to a call whose login was ended or replaced meanwhile; the server refuses the old token."""

    @pytest.fixture(autouse=True)
    def _refusing(self, login: RenewingLogin) -> None:
        self.held = HeldAnswer(DENIED, others=DENIED)
        login.call_reply = lambda connection, received: send(
            self.held if received.values("Authorization") == [OLD] else OK, connection, received
        )

    def outcome(self, login: RenewingLogin, method: str, event: str) -> requests.Response | EtnaError:
        """Return what a call brings that is refused while something happens."""
        try:
            return self.held.during(
                lambda: login.session.request(method, "v1.0/x"), lambda: EVENTS[event](login)
            )
        except EtnaError as error:
            return error

    def test_a_read_goes_on_for_the_same_user(self, login: RenewingLogin) -> None:
        """A read is sent once more, with the token of the login that came meanwhile."""
        response = self.outcome(login, "GET", "login of the same user")
        assert (200, [OLD, NEW]) == (response.status_code, login.signed)

    def test_an_order_is_handed_over(self, login: RenewingLogin) -> None:
        """The 401 of an order is handed over: its token was replaced, and not because it had ended."""
        response = self.outcome(login, "POST", "login of the same user")
        assert (401, [OLD]) == (response.status_code, login.signed)

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize(
        ("event", "reason"),
        [
            ("logout", "etna was logged out."),
            (
                "login of another user",
                "etna is bob at {0} now, and this session was of alice at {0}.",
            ),
        ],
        ids=["logout", "another user"],
    )
    def test_no_token_any_more(self, login: RenewingLogin, method: str, event: str, reason: str) -> None:
        """The error says that an order was refused, and why there is no token; nothing is sent for Bob."""
        error = self.outcome(login, method, event)
        expected = reason.format(login.server.base_url) + (REFUSED if method == "POST" else "")
        assert (NotLoggedInError, expected) == (type(error), str(error))
        assert {OLD} == set(login.signed)
        assert [] == leaks(error, [*accounts.SECRETS, BOB, NEW])

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_about_the_call_alone(self, login: RenewingLogin, method: str) -> None:
        """A 401 that is about the call is handed over, also when Bob has logged in meanwhile."""
        denied = self.held
        login.call_reply = lambda connection, received: send(
            OK if received.target == PROBE else denied, connection, received
        )
        response = self.outcome(login, method, "login of another user")
        assert (401, {OLD}) == (response.status_code, set(login.signed))

    @pytest.mark.parametrize("event", ["form", "cancelled form"])
    def test_a_form_takes_nothing_away(self, login: RenewingLogin, event: str, *, renews: bool) -> None:
        """A form that waits is no reason to give up: all is as if it were not there."""
        outcome = self.outcome(login, "GET", event)
        assert (requests.Response if renews else TokenExpiredError) is type(outcome)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_login_while_a_renewal_is_waited_for(renewing: RenewingLogin, method: str) -> None:
    """A call that waited for a renewal is not sent for the user who has logged in by then."""
    renewing.clock.move(PAST_THE_END)
    renewing.token_reply = held = HeldAnswer(FRESH)
    error = caught(
        lambda: held.during(
            lambda: renewing.session.request(method, "v1.0/accounts/ALICE-1/orders"),
            lambda: log_in_as(renewing, "bob", BOB),
        )
    )
    assert (NotLoggedInError, 1, []) == (type(error), renewing.login_count, renewing.signed)
    base_url = renewing.server.base_url
    expected = f"etna is bob at {base_url} now, and this session was of alice at {base_url}."
    assert expected + (" The POST was not sent." if method == "POST" else "") == str(error)
    assert [] == leaks(error, [*accounts.SECRETS, BOB, NEW])


def test_another_login_before_the_next_hop(renewing: RenewingLogin) -> None:
    """The second hop of a read is not sent for a user who has logged in since the first."""
    reply = answer(303, b"", ("Location", "/api/v1.0/y"), ("Set-Cookie", "sid=ALICE; Path=/"))
    renewing.call_reply = held = HeldAnswer(reply)
    error = caught(
        lambda: held.during(lambda: renewing.session.get("v1.0/x"), lambda: log_in_as(renewing, "bob", BOB))
    )
    assert (NotLoggedInError, [OLD]) == (type(error), renewing.signed)


@pytest.mark.parametrize(
    ("username", "value", "sent"), [("bob", BOB, []), (accounts.USERNAME, NEW, ["sid=ALICE"])]
)
def test_a_late_answer_sets_no_cookie(renewing: RenewingLogin, username, value, sent: list[str]) -> None:
    """What a late answer of Alice's sets is for Alice."""
    renewing.call_reply = held = HeldAnswer(answer(200, b"{}", ("Set-Cookie", "sid=ALICE; Path=/")))
    later: list[EtnaSession] = []
    held.during(
        lambda: renewing.session.get("v1.0/x"), lambda: later.append(log_in_as(renewing, username, value))
    )
    renewing.call_reply = OK
    with later[0] as session:
        session.get("v1.0/x")
    assert ([OLD, value], sent) == (renewing.signed, renewing.server.received[-1].values("Cookie"))


class CountingHolder(TokenHolder):
    """A holder that counts how often its token is read to sign a call."""

    reads = 0

    def token_for_call(self) -> Token:
        """Return the token."""
        self.reads += 1
        return super().token_for_call()


@pytest.mark.parametrize(
    ("reply", "reads"),
    [
        (OK, 1),
        (answer(500, b"{}"), 1),
        (DENIED, 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", 1),
    ],
    ids=["200", "500", "401", "broken off"],
)
def test_the_token_is_read_once_a_call(server, clock, pauses, reply: bytes, reads: int) -> None:
    """Whatever the server answers to a call and its repetitions, they are signed with one token."""
    server.play(
        lambda connection, received: send(OK if received.target == PROBE else reply, connection, received)
    )
    holder = CountingHolder("etna")
    holder.put(accounts.token(server.base_url, clock))
    with EtnaSession("etna", holder=holder) as session:
        try:
            session.get("v1.0/x")
        except EtnaError:
            assert 4 == len(server.received)
    assert reads == holder.reads


def test_one_token_for_all_tries(renewing: RenewingLogin, pauses) -> None:
    """A read that is tried again after a new login of the same user goes on as it began."""

    def reply(connection, received) -> None:
        log_in_as(renewing, accounts.USERNAME, NEW)
        connection.sendall(answer(503))

    renewing.call_reply = reply
    assert 503 == renewing.session.get("v1.0/x").status_code
    assert [OLD] * 4 == renewing.signed
