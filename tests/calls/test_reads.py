"""What only looks is sent again, a few times."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from etna_magic import ConnectionFailedError
from etna_magic.retries import ReadRetry
from etna_magic.session import EtnaSession
from etna_magic.transport import causes
from tests.calls.breaks import CUTS, HALVES, REFUSALS, Break, hang_up
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.leaks import caught, leaks

READS = ["GET", "HEAD", "OPTIONS"]
TRIES = 4


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("broken", REFUSALS.values(), ids=REFUSALS)
def test_last_answer(server, session: EtnaSession, pauses, broken: Break, method: str) -> None:
    """A server that goes on refusing is asked a few times, and its last answer is returned."""
    server.play(broken.reply)
    assert broken.status == session.request(method, "v1.0/x").status_code
    assert [method] * TRIES == [request.method for request in server.received]


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("broken", CUTS.values(), ids=CUTS)
def test_broken(session: EtnaSession, clock, pauses, broken: Break, method: str) -> None:
    """A connection that goes on breaking is tried a few times, and is a failed connection then."""
    with ScriptedServer(broken.reply, read=broken.read) as server:
        session.bind(accounts.token(server.base_url, clock))
        error = caught(lambda: session.request(method, "v1.0/x"))
        assert TRIES == server.connections
    assert (True, True) == (
        isinstance(error, ConnectionFailedError),
        isinstance(error, requests.ConnectionError),
    )
    assert "sent once" not in str(error)


@pytest.mark.parametrize("broken", HALVES.values(), ids=HALVES)
def test_half_an_answer(server, session: EtnaSession, pauses, broken: Break) -> None:
    """A connection that breaks off in the middle of a body is a broken one as well."""
    server.play(broken.reply, answer(200, b"{}"))
    assert b"{}" == session.get("v1.0/x").content


HALF, CHUNK = (broken.reply for broken in HALVES.values())
IN_TURN = {
    "bodies": [HALF],
    "body, head": [HALF, hang_up, HALF, hang_up, HALF],
    "head, body": [hang_up, CHUNK, hang_up, CHUNK, hang_up],
    "status, body": [answer(503), HALF, answer(503), HALF, answer(503)],
}


@pytest.mark.parametrize("replies", IN_TURN.values(), ids=IN_TURN)
def test_heads_and_bodies_that_break_in_turn(server, session: EtnaSession, pauses, replies: list) -> None:
    """Whatever breaks, all tries of a call count together."""
    server.play(*replies)
    assert isinstance(caught(lambda: session.get("v1.0/x")), requests.RequestException)
    assert TRIES == len(server.received)


def test_a_body_that_can_be_sent_once(server, session: EtnaSession, pauses) -> None:
    """A read with a generator for a body is sent once: the second time it would be empty."""
    bodies: list[bytes] = []

    def judge(connection, received) -> None:
        body = received.body
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        bodies.append(body)
        connection.sendall(answer(503, b"{}"))

    server.play(judge)
    assert 503 == session.get("v1.0/x", data=(b"abc" for _ in range(2))).status_code
    assert [b"3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n"] == bodies


@pytest.mark.parametrize("adapter", [None, lambda: HTTPAdapter(max_retries=3)], ids=["ours", "a user's"])
def test_the_history_of_the_tries_holds_no_frame(server, session: EtnaSession, pauses, adapter) -> None:
    """What an answer keeps of the tries before it shows no header that they were sent with."""
    if adapter:
        session.mount("http://", adapter())
    server.play(hang_up, hang_up, answer(200, b"{}"))
    history = session.get("v1.0/x").raw.retries.history
    # An error of urllib3 holds the one that it was made from, frames and all, as an argument.
    found = [error for one in history for error in causes(one.error)]
    assert len(found) > len(history)
    assert [[]] * len(found) == [leaks(error, accounts.SECRETS) for error in found]


def test_time_out(server, session: EtnaSession, pauses) -> None:
    """A server that says nothing is asked once: who sets a time-out means it."""
    server.play(server.stay_silent)
    session.timeout = 0.2
    assert isinstance(caught(lambda: session.get("v1.0/x")), ConnectionFailedError)
    assert 1 == server.connections


def test_time_out_is_one_of_requests(server, session: EtnaSession, pauses) -> None:
    """Whoever catches requests.Timeout around a read goes on catching it."""
    server.play(server.stay_silent)
    session.timeout = 0.2
    with pytest.raises(requests.Timeout):
        session.get("v1.0/x")


def test_recovery(server, session: EtnaSession, pauses: list[float]) -> None:
    """The first good answer ends it; the pauses grow."""
    server.play(answer(503), answer(429), CUTS["reset after reading"].reply, answer(200, b"[1]"))
    assert [1] == session.get("v1.0/x").json()
    assert (TRIES, 2) == (len(server.received), len(pauses))
    assert 0 < pauses[0] < pauses[1]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 501])
def test_answers_that_stand(server, session: EtnaSession, pauses, status: int) -> None:
    """Any other status is returned at once."""
    server.play(answer(status, b"{}"))
    assert status == session.get("v1.0/accounts/9/orders").status_code
    assert 1 == len(server.received)


def test_waits_as_long_as_it_is_told(server, session: EtnaSession, pauses: list[float]) -> None:
    """Retry-After is waited for, 30 seconds at most."""
    told = [answer(429, b"", ("Retry-After", text)) for text in ("2", "30", "3600")]
    server.play(*told, answer(200))
    assert 200 == session.get("v1.0/x").status_code
    assert [2, 30, 30] == pauses


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("7", 7), (" 7 ", 7), ("30", 30), ("31", 30), ("99999999999", 30)],
)
def test_retry_after_in_seconds(text: str, seconds: int) -> None:
    """Seconds are taken as they are, up to the limit."""
    retry = ReadRetry.for_reads()
    response = HTTPResponse(headers={"Retry-After": text}, status=503)
    assert [seconds, seconds] == [retry.parse_retry_after(text), retry.get_retry_after(response)]


@pytest.mark.parametrize(
    ("ahead", "least", "most"),
    [
        pytest.param(-60, 0, 0, id="past"),
        pytest.param(20, 1, 20, id="soon"),
        pytest.param(600, 30, 30, id="late"),
    ],
)
def test_retry_after_as_a_date(ahead: int, least: int, most: int) -> None:
    """A date is waited for, up to the limit; one that is over is not."""
    text = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    assert least <= ReadRetry.for_reads().parse_retry_after(text) <= most


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "1.5",
        "-5",
        "9" * 5000,
        "Fri, 31 Dec 99999999 23:59:59 GMT",
        "Thu, 99 Foo 2026 99:99:99 GMT",
    ],
    ids=["empty", "word", "fraction", "negative", "5000 digits", "year 99999999", "no date"],
)
def test_retry_after_that_is_none(server, session: EtnaSession, pauses, text: str) -> None:
    """A Retry-After that cannot be read does not turn the server's answer into a broken connection."""
    server.play(answer(503, b"", ("Retry-After", text)), answer(200, b"{}"))
    assert 200 == session.get("v1.0/x").status_code
    assert all(pause <= 30 for pause in pauses)
