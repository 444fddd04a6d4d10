"""What only reads is sent again, a few times, and whole."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import BinaryIO

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, Retry

from etna_magic import ConnectionFailedError, EtnaError
from etna_magic.session import EtnaSession
from etna_magic.session.call_outcome import CallFailedError, ReadRetry
from etna_magic.support.safe_call import causes
from tests.helpers import accounts, logins
from tests.helpers.leaks import caught, leaks
from tests.helpers.server import Answer, Received, ScriptedServer, answer
from tests.session.broken_servers import CUTS, HALVES, REFUSALS, Fault, hang_up
from tests.session.renewing_login import RenewingLogin, new_token_only, send

READS = ["GET", "HEAD", "OPTIONS"]
TRIES = 4
OK = answer(200, b"{}")
BODY = b'{"Symbol": "AAPL"}'
HALF, CHUNK = (fault.reply for fault in HALVES.values())

by_half = pytest.mark.parametrize("fault", HALVES.values(), ids=HALVES)


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
def test_last_answer(server, session: EtnaSession, pauses, fault: Fault, method: str) -> None:
    """A server that goes on refusing is asked a few times, and its last answer is returned."""
    server.play(fault.reply)
    assert fault.status == session.request(method, "v1.0/x").status_code
    assert [method] * TRIES == [request.method for request in server.received]


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("fault", CUTS.values(), ids=CUTS)
def test_broken_connection(clock, pauses, fault: Fault, method: str) -> None:
    """A connection that goes on breaking is tried a few times, and is a failed connection then."""
    with ScriptedServer(fault.reply, read=fault.read) as server, EtnaSession("etna", 5.0) as session:
        session.holder.put(accounts.token(server.base_url, clock))
        error = caught(lambda: session.request(method, "v1.0/x"))
        assert TRIES == server.connections
    assert (True, True) == (
        isinstance(error, ConnectionFailedError), isinstance(error, requests.ConnectionError),
    )  # fmt: skip
    assert ("sent" in str(error), []) == (False, leaks(error, accounts.SECRETS))


def test_recovery(server, session: EtnaSession, pauses: list[float]) -> None:
    """The first good answer ends it; the pauses grow."""
    server.play(answer(503), answer(429), CUTS["reset after reading"].reply, answer(200, b"[1]"))
    assert [1] == session.get("v1.0/x").json()
    assert (TRIES, 2) == (len(server.received), len(pauses))
    assert 0 < pauses[0] < pauses[1]


@pytest.mark.usefixtures("pauses")
def test_recovery_over_tls(tls) -> None:
    """The same over TLS."""
    with (
        ScriptedServer(answer(503), OK, tls=tls) as server,
        logins.session_of(accounts.token(server.base_url)) as session,
    ):
        assert (200, 2) == (session.get("v1.0/x").status_code, len(server.received))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 500, 501])
def test_answers_that_are_final(server, session: EtnaSession, pauses, status: int) -> None:
    """Any other status is returned at once, though it names a time to wait."""
    server.play(answer(status, b"{}", ("Retry-After", "0")))
    assert status == session.get("v1.0/accounts/9/orders").status_code
    assert (1, []) == (len(server.received), pauses)


def test_time_out(server, session: EtnaSession, pauses) -> None:
    """A server that says nothing is asked once: who sets a time-out means it."""
    server.play(server.stay_silent)
    session.timeout = 0.2
    error = caught(lambda: session.get("v1.0/x"))
    assert (True, True) == (isinstance(error, ConnectionFailedError), isinstance(error, requests.Timeout))
    assert 1 == server.connections


@pytest.mark.parametrize("adapter", [None, lambda: HTTPAdapter(max_retries=3)], ids=["ours", "a user's"])
def test_history_holds_no_frame(server, session: EtnaSession, pauses, adapter) -> None:
    """What an answer keeps of the tries before it shows no header that they were sent with."""
    if adapter:
        session.mount("http://", adapter())
    server.play(hang_up, hang_up, OK)
    history = session.get("v1.0/x").raw.retries.history
    # An error of urllib3 holds the one that it was made from, frames and all, as an argument.
    found = [error for one in history for error in causes(one.error)]
    assert len(found) > len(history)
    assert [[]] * len(found) == [leaks(error, accounts.SECRETS) for error in found]


def test_the_rules_of_a_session() -> None:
    """Three more tries, for four statuses and for reads alone; the last answer is given back."""
    rules = ReadRetry.for_session()
    assert (3, 0.3, False) == (rules.total, rules.backoff_factor, rules.raise_on_status)
    assert ([429, 502, 503, 504], READS) == (sorted(rules.status_forcelist), sorted(rules.allowed_methods))


# ------------------------------------------------------------------ Retry-After


@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_long_as_it_is_asked(server, session: EtnaSession, pauses: list[float], status: int) -> None:
    """Retry-After is waited for."""
    server.play(*(answer(status, b"", ("Retry-After", text)) for text in ("2", "30", "1.5")), OK)
    assert 200 == session.get("v1.0/x").status_code
    assert [2, 30, 1.5] == pauses


LATER = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "text", ["31", "3600", "99999999999", pytest.param("9" * 5000, id="long"), pytest.param(LATER, id="date")]
)
def test_waits_no_longer_than_that(server, session: EtnaSession, pauses, status: int, text: str) -> None:
    """Where it asks for more than 30 seconds, the answer is given back at once."""
    server.play(answer(status, b"{}", ("Retry-After", text)))
    assert (status, text) == (
        (response := session.get("v1.0/x")).status_code, response.headers["Retry-After"],
    )  # fmt: skip
    assert (1, []) == (len(server.received), pauses)


def test_rules_of_a_users_own(server, session: EtnaSession, pauses: list[float]) -> None:
    """What cannot be read is no error by a user's own rules either, and nobody sleeps for long."""
    session.mount("http://", HTTPAdapter(max_retries=Retry(9, status_forcelist=[429], raise_on_status=False)))
    texts = ("1.5", "soon", "-3", "", "40")
    server.play(*(answer(429, b"{}", ("Retry-After", text)) for text in texts))
    assert (429, "40") == ((response := session.get("v1.0/x")).status_code, response.headers["Retry-After"])
    assert (len(texts), [1.5]) == (len(server.received), pauses)


def test_a_long_wait_by_rules_that_raise(server, session: EtnaSession) -> None:
    """Rules that a user has told to raise do so for a wait that is too long, as for an answer that counts."""
    session.adapters["http://"].max_retries = ReadRetry.for_session().new(raise_on_status=True)
    server.play(answer(503, b"", ("Retry-After", "31")))
    error = caught(lambda: session.get("v1.0/x"))
    assert f"GET to http://{server.host} got no answer: RetryError." == str(error)
    assert (CallFailedError, 1) == (type(error), len(server.received))


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("7", 7), (" 7 ", 7), ("31", 31)])
def test_retry_after_in_seconds(text: str, seconds: float) -> None:
    """Seconds are taken as they are."""
    retry = ReadRetry.for_session()
    response = HTTPResponse(headers={"Retry-After": text}, status=503)
    assert [seconds, seconds] == [retry.parse_retry_after(text), retry.get_retry_after(response)]


@pytest.mark.parametrize(
    ("ahead", "least", "most"),
    [
        pytest.param(-60, 0, 0, id="past"),
        pytest.param(20, 1, 20, id="soon"),
        pytest.param(600, 590, 600, id="late"),
    ],
)
def test_retry_after_as_a_date(ahead: int, least: int, most: int) -> None:
    """A date is waited for; one in the past is not."""
    text = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    assert least <= ReadRetry.for_session().parse_retry_after(text) <= most


UNREADABLE = {
    "empty": "",
    "word": "soon",
    "negative": "-5",
    "past": "Fri, 31 Dec 1999 23:59:59 GMT",
    "year 99999999": "Fri, 31 Dec 99999999 23:59:59 GMT",
    "no date": "Thu, 99 Foo 2026 99:99:99 GMT",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_retry_after_that_says_nothing(server, session: EtnaSession, pauses, text: str) -> None:
    """A Retry-After that cannot be read does not turn the server's answer into an error."""
    server.play(answer(503, b"", ("Retry-After", text)), OK)
    assert 200 == session.get("v1.0/x").status_code
    assert (2, True) == (len(server.received), all(pause <= 1 for pause in pauses))


# ------------------------------------------------------------------ answers that break off in their body


@by_half
def test_half_an_answer(server, session: EtnaSession, pauses, fault: Fault) -> None:
    """A connection that breaks off in the middle of a body is a broken one as well."""
    server.play(fault.reply, OK)
    assert b"{}" == session.get("v1.0/x").content


@by_half
def test_only_halves(server, session: EtnaSession, pauses: list[float], fault: Fault) -> None:
    """One that goes on doing so is tried a few times, with pauses, and named with its status."""
    server.play(fault.reply)
    error = caught(lambda: session.get("v1.0/x"))
    broke_off = "was answered with status 200, but not to the end: the connection broke off."
    assert f"GET to http://{server.host} {broke_off}" == str(error)
    assert (True, []) == (isinstance(error, requests.RequestException), leaks(error, accounts.SECRETS))
    assert (TRIES, 2) == (len(server.received), len(pauses))


IN_TURN = {
    "body, head": [HALF, hang_up, CHUNK, hang_up, HALF, OK],
    "head, body": [hang_up, CHUNK, hang_up, HALF, hang_up, OK],
    "status, body": [answer(503), HALF, answer(503), CHUNK, answer(503), OK],
}


@pytest.mark.parametrize("replies", IN_TURN.values(), ids=IN_TURN)
def test_heads_and_bodies_that_break_in_turn(server, session: EtnaSession, pauses, replies: list) -> None:
    """Tries for a head and tries for a body are counted apart, and both have an end."""
    server.play(*replies)
    assert 200 == session.get("v1.0/x").status_code
    assert len(replies) == len(server.received)


def test_heads_and_bodies_come_to_an_end(server, session: EtnaSession, pauses) -> None:
    """A server that always fails, in whatever order, is asked a known number of times at most."""
    server.play(*[hang_up, hang_up, hang_up, HALF] * TRIES, OK)
    assert isinstance(caught(lambda: session.get("v1.0/x")), requests.RequestException)
    assert TRIES * TRIES == len(server.received)


@by_half
def test_rules_that_repeat_no_body(server, session: EtnaSession, fault: Fault) -> None:
    """Rules of a user's own that repeat nothing after a failed read hold for a body as well."""
    session.mount("http://", HTTPAdapter(max_retries=Retry(3, read=False)))
    server.play(fault.reply, OK)
    assert isinstance(caught(lambda: session.get("v1.0/x")), ConnectionFailedError)
    assert 1 == len(server.received)


@by_half
def test_a_streamed_body(server, session: EtnaSession, pauses, fault: Fault) -> None:
    """What a user reads by stream=True is theirs to repeat, and its error shows no header."""
    server.play(fault.reply, OK)
    response = session.get("v1.0/x", stream=True)
    with pytest.raises(requests.exceptions.ChunkedEncodingError) as error:
        response.content  # noqa: B018 - reading it is what fails
    assert ([], 1) == (leaks(error.value, accounts.SECRETS), len(server.received))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_cannot_be_unpacked(server, session: EtnaSession, pauses, method: str, coding: str) -> None:
    """An answer that is not packed as it says is asked for once, and named as such."""
    server.play(answer(200, b"no gzip", ("Content-Encoding", coding)))
    error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, True) == (
        isinstance(error, ConnectionFailedError), "its answer cannot be unpacked" in str(error),
    )  # fmt: skip
    assert ([method], [], []) == (
        [one.method for one in server.received], pauses, leaks(error, accounts.SECRETS),
    )  # fmt: skip


# ------------------------------------------------------------------ reads that have a body


def generator() -> object:
    """Return a body that can be read once."""
    return (b"abc" for _ in range(2))


def pipe() -> object:
    """Return a file that cannot go back."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError("no position")

        seek = tell

    return Pipe(BODY)


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("make", [generator, pipe])
def test_a_body_that_can_be_sent_once(server, session: EtnaSession, make, method: str) -> None:
    """A read that could not be sent again whole is refused: the second time its body would be empty."""
    error = caught(lambda: session.request(method, "v1.0/x", data=make()))
    assert (EtnaError, []) == (type(error), server.received)
    assert (
        f"The body of a {method} can be read only once, and a read may be sent again: "
        "give it as bytes or as a file."
    ) == str(error)


class Receiving:
    """Reads a body without a length to its end, and answers.

    Parameters
    ----------
    sources
        What `/api/v1.0/source` answers in turn.
    """

    def __init__(self, *sources: Answer) -> None:
        #: The path of each request, and each body in chunks.
        self.targets: list[str] = []
        self.bodies: list[bytes] = []
        self._sources = list(sources)

    def __call__(self, connection, received: Received) -> None:
        """Read what is chunked to its end, and answer."""
        self.targets.append(received.target)
        if received.target == "/api/v1.0/source":
            send(self._sources.pop(0), connection, received)
            return
        body = received.body
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        self.bodies.append(body)
        connection.sendall(OK)


FAULTS = {"503": answer(503), "cut": hang_up, "half a body": HALF, "half a chunk": CHUNK}


@pytest.mark.parametrize("make", [generator, lambda: io.BytesIO(b"abcabc")], ids=["generator", "file"])
def test_an_order_streams_its_body(server, session: EtnaSession, make) -> None:
    """An order takes any body that requests takes."""
    receiving = Receiving()
    server.play(receiving if make is generator else OK)
    assert 200 == session.post("v1.0/x", data=make()).status_code
    sent = receiving.bodies or [received.body for received in server.received]
    assert [b"3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n" if make is generator else b"abcabc"] == sent


@pytest.mark.parametrize("reply", FAULTS.values(), ids=FAULTS)
def test_a_read_within_a_body(server, session: EtnaSession, pauses, reply: Answer) -> None:
    """What a body's generator reads by the same session is tried again as ever, and its call is sent once."""
    receiving = Receiving(reply, reply, reply, answer(200, b"row"))
    server.play(receiving)

    def rows():
        yield session.get("v1.0/source").content

    assert 200 == session.post("v1.0/up", data=rows()).status_code
    assert ["/api/v1.0/up", *["/api/v1.0/source"] * 4] == sorted(receiving.targets, reverse=True)
    assert [b"3\r\nrow\r\n0\r\n\r\n"] == receiving.bodies


def test_the_next_read_has_all_its_tries(server, session: EtnaSession, pauses) -> None:
    """What a read within a body has used up is missed by nobody afterwards."""
    row = answer(200, b"row")
    server.play(Receiving(*[answer(503)] * 3, row, *[answer(503)] * 3, row))
    session.post("v1.0/up", data=(session.get("v1.0/source").content for _ in range(1)))
    assert b"row" == session.get("v1.0/source").content


def from_the_middle(_: Path) -> BinaryIO:
    """Return a file of which four bytes have been read."""
    file = io.BytesIO(b"1234" + BODY)
    file.seek(4)
    return file


FILES: dict[str, Callable[[Path], BinaryIO]] = {
    "from its begin": lambda _: io.BytesIO(BODY),
    "from the middle": from_the_middle,
    "file": lambda path: path.open("rb"),
}
by_file = pytest.mark.parametrize("make", FILES.values(), ids=FILES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file with the body."""
    made = tmp_path / "body"
    made.write_bytes(BODY)
    return made


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("reply", FAULTS.values(), ids=FAULTS)
@by_file
def test_a_file_is_sent_again_whole(server, session: EtnaSession, path: Path, reply: Answer, make) -> None:
    """A read with a file for a body has the same body each time."""
    server.play(reply, reply, OK)
    with make(path) as file:
        assert 200 == session.get("v1.0/search", data=file).status_code
    assert [BODY] * 3 == [received.body for received in server.received]


@by_file
def test_a_file_is_sent_whole_after_a_renewal(renewing: RenewingLogin, path: Path, make) -> None:
    """So does one that was refused with a dead token."""
    renewing.call_reply = new_token_only()
    with make(path) as file:
        assert 200 == renewing.session.get("v1.0/search", data=file).status_code
    assert [BODY] * 2 == [one.body for one in renewing.calls if one.target == "/api/v1.0/search"]
