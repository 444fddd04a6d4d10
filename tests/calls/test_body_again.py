"""Bodies that are sent again whole, read within one another, or cannot be unpacked."""

import io

import pytest
import requests

from etna_magic import ConnectionFailedError
from etna_magic.session import EtnaSession
from tests.calls.breaks import HALVES, hang_up
from tests.calls.house import DENIED, NEW, House, say
from tests.helpers import accounts
from tests.helpers.server import Answer, Received, answer
from tests.helpers.leaks import caught, leaks

OK = answer(200, b"{}")
BODY = b'{"Symbol": "AAPL"}'


class Unpacking:
    """A body without a length, as the server gets it; then it answers."""

    def __init__(self, *sources: Answer) -> None:
        #: The path of each request, and each body in chunks.
        self.targets: list[str] = []
        self.bodies: list[bytes] = []
        self._sources = list(sources)

    def __call__(self, connection, received: Received) -> None:
        """Read what is chunked to its end, and answer."""
        self.targets.append(received.target)
        if received.target == "/api/v1.0/source":
            say(self._sources.pop(0), connection, received)
            return
        body = received.body
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        self.bodies.append(body)
        connection.sendall(OK)


BREAKS = {"503": answer(503), "cut": hang_up, **{name: one.reply for name, one in HALVES.items()}}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_read_within_a_body(server, session: EtnaSession, pauses, method: str, broken: Answer) -> None:
    """What a body's generator reads by the same session is tried again as ever, and its call is sent once."""
    judge = Unpacking(broken, broken, broken, answer(200, b"row"))
    server.play(judge)

    def rows():
        yield session.get("v1.0/source").content

    assert 200 == session.request(method, "v1.0/up", data=rows()).status_code
    assert ["/api/v1.0/up", *["/api/v1.0/source"] * 4] == sorted(judge.targets, reverse=True)
    assert [b"3\r\nrow\r\n0\r\n\r\n"] == judge.bodies


def test_the_next_read_has_all_its_tries(server, session: EtnaSession, pauses) -> None:
    """What a read within a body has used up is missed by nobody afterwards."""
    server.play(Unpacking(*[answer(503)] * 3, answer(200, b"row"), *[answer(503)] * 3, answer(200, b"row")))
    session.post("v1.0/up", data=(session.get("v1.0/source").content for _ in range(1)))
    assert b"row" == session.get("v1.0/source").content


FILES = {
    "from its begin": lambda path: (io.BytesIO(BODY), BODY),
    "from the middle": lambda path: (moved(io.BytesIO(b"1234" + BODY)), BODY),
    "file": lambda path: (path.open("rb"), BODY),
}


def moved(file: io.BytesIO) -> io.BytesIO:
    """Go on by four bytes."""
    file.seek(4)
    return file


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("broken", HALVES.values(), ids=HALVES)
@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_file_is_sent_again_whole(server, session: EtnaSession, tmp_path, broken, make) -> None:
    """A read with a file for a body, whose answer broke off, has the same body each time."""
    server.play(broken.reply, broken.reply, OK)
    (tmp_path / "body").write_bytes(BODY)
    file, body = make(tmp_path / "body")
    with file:
        assert 200 == session.get("v1.0/search", data=file).status_code
    assert [body] * 3 == [received.body for received in server.received]


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_file_is_sent_whole_after_a_renewal(house: House, tmp_path, make) -> None:
    """So does one that was refused with a dead token."""
    house.calls = lambda connection, received: say(
        OK if received.values("Authorization") == [NEW] else DENIED, connection, received
    )
    (tmp_path / "body").write_bytes(BODY)
    file, body = make(tmp_path / "body")
    with file:
        assert 200 == house.session.get("v1.0/search", data=file).status_code
    assert [body] * 2 == [one.body for one in house.server.received if one.target == "/api/v1.0/search"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_cannot_be_unpacked(server, session: EtnaSession, pauses, method: str, coding: str) -> None:
    """An answer that is not packed as it says is asked for once, and told as such."""
    server.play(answer(200, b"no gzip", ("Content-Encoding", coding)))
    error = caught(lambda: session.request(method, "v1.0/x"))
    assert (True, True) == (
        isinstance(error, ConnectionFailedError),
        isinstance(error, requests.exceptions.ContentDecodingError),
    )
    assert (True, [method]) == (
        "its answer cannot be unpacked" in str(error), [one.method for one in server.received],
    )  # fmt: skip
    assert ([], []) == (pauses, leaks(error, accounts.SECRETS))
