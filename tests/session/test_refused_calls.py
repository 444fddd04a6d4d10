"""Refusals that say why: an app key that the server does not know, and a 403 about an expired token."""

import pytest

from etna_magic import ApplicationKeyError, EtnaSession, TokenExpiredError, TokenState
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import ScriptedServer, answer
from tests.session.renewing_login import DENIED, NEW, OK, PROBE, RenewingLogin, probed

CALL = "/api/v1.0/x"
UNKNOWN_KEY = b'{"error":"Application key is not defined or does not exist"}'
EXPIRED = answer(403, b'{"Message":"Your token has expired."}')
WRITES = ["POST", "PUT", "PATCH", "DELETE"]


def targets(server: ScriptedServer) -> list[str]:
    """Return what the server was asked for."""
    return [received.target for received in server.received]


# ------------------------------------------------------------------ the app key


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_unknown_app_key(server, session: EtnaSession, method: str, status: int) -> None:
    """It is an error of its own that says what to check, and of an order that it was refused."""
    server.play(answer(status, UNKNOWN_KEY))
    error = caught(lambda: session.request(method, "v1.0/x"))
    outcome = "" if method == "GET" else f" The {method} was refused with a {status} and was not sent again."
    expected = (
        "The server does not know this app key any more: check ETNA_APP_KEY, then log in again." + outcome
    )
    assert (ApplicationKeyError, expected) == (type(error), str(error))
    assert (None, None, []) == (error.__cause__, error.__context__, leaks(error, accounts.SECRETS))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_token_has_nothing_to_do_with_it(server, session: EtnaSession, method: str) -> None:
    """The server is asked nothing about the token, which stays fresh and is used for the next call."""
    server.play(answer(401, UNKNOWN_KEY), OK)
    caught(lambda: session.request(method, "v1.0/x"))
    assert ([CALL], TokenState.FRESH) == (targets(server), session.token.state)
    assert 200 == session.get("v1.0/x").status_code


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"error":"APPLICATION KEY IS NOT DEFINED"}', id="in capitals"),
        pytest.param(b"Application key is not defined or does not exist", id="no JSON"),
        pytest.param(UNKNOWN_KEY[:-1] + b',"you sent":"' + accounts.APP_KEY.encode() + b'"}', id="echo"),
        pytest.param(b"\xff\xfe\0 Application key " + b"x" * 100_000, id="long, no text"),
    ],
)
def test_however_it_is_said(server, session: EtnaSession, body: bytes) -> None:
    """Those two words are enough, and nothing else of what the server says is shown."""
    server.play(answer(401, body))
    error = caught(lambda: session.post("v1.0/x"))
    assert (ApplicationKeyError, True, []) == (
        type(error),
        len(str(error)) < 200,
        leaks(error, accounts.SECRETS),
    )


def test_streamed(server, session: EtnaSession) -> None:
    """An answer whose body was to be read later is read for that."""
    server.play(answer(401, UNKNOWN_KEY))
    error = caught(lambda: session.get("v1.0/x", stream=True))
    assert (ApplicationKeyError, []) == (type(error), leaks(error, accounts.SECRETS))


def test_no_login_is_made_for_it(renewing: RenewingLogin) -> None:
    """A login that renews itself makes no new one: that would have the same app key."""
    renewing.call_reply = answer(401, UNKNOWN_KEY)
    assert ApplicationKeyError is type(caught(lambda: renewing.session.get("v1.0/x")))
    assert (0, 1) == (renewing.login_count, len(renewing.calls))


# ------------------------------------------------------------------ a 403 about the token


@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_expired_by_403(server, session: EtnaSession, method: str) -> None:
    """A 403 that speaks of an expired token ends it if the server refuses it at the probe, too."""
    server.play(probed(DENIED, EXPIRED))
    error = caught(lambda: session.request(method, "v1.0/x"))
    outcome = "" if method == "GET" else f" The {method} was refused with a 403 and was not sent again."
    expected = f"The token of etna was refused by the server.{outcome} Log in again: %etna_login"
    assert (TokenExpiredError, expected) == (type(error), str(error))
    assert ([CALL, PROBE], TokenState.STALE) == (targets(server), session.token.state)
    assert [] == leaks(error, accounts.SECRETS)


def test_a_server_that_says_it_by_403_alone(server, session: EtnaSession) -> None:
    """Where the probe is answered with the same 403, the token has ended as well."""
    server.play(EXPIRED)
    assert TokenExpiredError is type(caught(lambda: session.get("v1.0/x")))
    assert ([CALL, PROBE], TokenState.STALE) == (targets(server), session.token.state)


def test_a_server_that_repeats_what_it_was_sent(server, session: EtnaSession) -> None:
    """What was refused is in no frame of the error, body and headers of the answer included."""
    text = session.token.get_secret_value()
    server.play(answer(401, f'{{"Message":"{text} is expired"}}'.encode(), ("X-Token", text)))
    error = caught(lambda: session.get("v1.0/x"))
    assert (TokenExpiredError, []) == (type(error), leaks(error, [text]))


@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_accepted_at_the_probe(server, session: EtnaSession, method: str) -> None:
    """If the server accepts it there, the 403 is the answer, and the token stays fresh."""
    server.play(probed(OK, EXPIRED))
    response = session.request(method, "v1.0/x")
    assert (403, b'{"Message":"Your token has expired."}') == (response.status_code, response.content)
    assert ([CALL, PROBE], TokenState.FRESH) == (targets(server), session.token.state)


OTHERS = {
    "empty": b"",
    "of an account": b'{"Message":"You have no access to this account."}',
    "of a token": b'{"Message":"This token has no right to trade."}',
    "of an expired option": b'{"Message":"This option has expired."}',
    "page": b"<html>Forbidden</html>",
    "no text": b"\xff\xfe\0",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_any_other_403(server, session: EtnaSession, body: bytes, method: str) -> None:
    """A 403 about anything else is the answer as it is; the server is asked nothing."""
    server.play(answer(403, body))
    response = session.request(method, "v1.0/x")
    assert (403, body) == (response.status_code, response.content)
    assert ([CALL], TokenState.FRESH) == (targets(server), session.token.state)


@pytest.mark.parametrize("reply", [OK, EXPIRED], ids=["200", "403"])
def test_as_a_401_within_a_minute(server, session: EtnaSession, reply: bytes) -> None:
    """As after a 401 the server is asked about a token once a minute at most."""
    server.play(probed(OK, EXPIRED))
    for _ in range(3):
        session.get("v1.0/x")
    assert 1 == targets(server).count(PROBE)


def test_a_renewing_login(renewing: RenewingLogin) -> None:
    """A read that was refused so is sent once more with the token of a new login."""
    renewing.call_reply = lambda connection, received: connection.sendall(
        OK if received.values("Authorization") == [NEW] else DENIED if received.target == PROBE else EXPIRED
    )
    assert 200 == renewing.session.get("v1.0/x").status_code
    assert ([CALL, PROBE, CALL], 1) == ([one.target for one in renewing.calls], renewing.login_count)


def test_a_renewing_login_and_an_order(renewing: RenewingLogin) -> None:
    """An order that was refused so is not: it says that there is a fresh token now."""
    renewing.call_reply = lambda connection, received: connection.sendall(
        OK if received.values("Authorization") == [NEW] else DENIED if received.target == PROBE else EXPIRED
    )
    error = caught(lambda: renewing.session.post("v1.0/x"))
    assert str(error).endswith("repeat the call. The POST was refused with a 403 and was not sent again.")
    assert 200 == renewing.session.post("v1.0/x").status_code


def test_a_probe_that_says_it_by_403(server, session: EtnaSession) -> None:
    """A call is refused with a 401, and the probe with a 403 about an expired token: it has ended."""
    server.play(probed(EXPIRED))
    assert TokenExpiredError is type(caught(lambda: session.get("v1.0/x")))
    assert TokenState.STALE is session.token.state


def test_no_frame_has_the_body(server, session: EtnaSession) -> None:
    """A body that repeats a secret is in no frame of the error, in small letters neither."""
    secret = accounts.APP_KEY
    server.play(answer(401, f"Application key is not defined: {secret}".encode()))
    error = caught(lambda: session.get("v1.0/x"))
    assert (ApplicationKeyError, []) == (type(error), leaks(error, [secret, secret.lower()]))
