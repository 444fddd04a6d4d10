"""The server's figures by group of calls, and calls that it says it will remove."""

import linecache
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from IPython.core.interactiveshell import InteractiveShell

from etna_magic.session import EtnaSession
from tests.helpers import accounts, ipython, logins
from tests.helpers.leaks import leaks
from tests.helpers.server import Received, ScriptedServer, answer
from tests.helpers.waiting import LIMIT

RESET = 1_750_000_060
MOMENT = datetime(2025, 6, 15, 15, 7, 40, tzinfo=UTC)
DEPRECATED = ("X-Deprecated", "2026-12-31")
OLD = answer(200, b"{}", DEPRECATED)
WARNED = "ETNA will remove {} /api/{}: the server says X-Deprecated: 2026-12-31."


def figures(limit: object = 60, remaining: object = 59, reset: object = RESET) -> bytes:
    """Return an answer with these figures; None is a header that is not sent."""
    values = {"Limit": limit, "Remaining": remaining, "Reset": reset}
    headers = [(f"X-RateLimit-{name}", str(value)) for name, value in values.items() if value is not None]
    return answer(200, b"{}", *headers)


# ------------------------------------------------------------------ figures

GROUPS = [
    ("POST", "accounts/1/orders", "orders"),
    ("PUT", "accounts/1/orders/7", "orders"),
    ("DELETE", "accounts/1/orders/7", "orders"),
    ("POST", "accounts/1/syncorders", "orders"),
    ("GET", "accounts/1/orders", "order queries"),
    ("HEAD", "accounts/1/orders", "order queries"),
    ("GET", "accounts/1/orders/7?x=history", "order queries"),
    ("GET", "accounts/1/positions", "positions"),
    ("GET", "history/symbols", "history"),
    ("GET", "watchlists", "watchlists"),
    ("POST", "users/@me/watchlists/1", "watchlists"),
    ("GET", "users/@me/pricealerts", "price alerts"),
    ("DELETE", "users/@me/priceAlerts/1", "price alerts"),
    ("GET", "equities/AAPL", "securities"),
    ("GET", "options/1", "securities"),
    ("GET", "users/@me/info", "other"),
    ("POST", "quotes", "other"),
    ("GET", "", "other"),
]


@pytest.mark.parametrize("version", ["v1.0/", ""])
@pytest.mark.parametrize(("method", "path", "group"), GROUPS)
def test_groups(server: ScriptedServer, version: str, method: str, path: str, group: str) -> None:
    """Figures are kept by what the server counts together, with the version in the path and without."""
    server.play(figures())
    with logins.session_of(accounts.token(server.base_url)) as session:
        session.request(method, f"{version}{path}")
    assert {group: (60, 59, MOMENT)} == session.limits


def test_the_last_figures(server, session: EtnaSession) -> None:
    """Each group has its last figures, and a call without any changes nothing."""
    server.play(figures(remaining=9), figures(remaining=4), figures(remaining=8), answer(200, b"{}"))
    for path in ("v1.0/x", "v1.0/accounts/1/positions", "v1.0/x", "v1.0/x"):
        session.get(path)
    assert {"other": 8, "positions": 4} == {name: one.remaining for name, one in session.limits.items()}


def test_no_figures(server, session: EtnaSession) -> None:
    """A server that says nothing of limits leaves none, whatever other headers of that kind it sends."""
    server.play(answer(200, b"{}"), answer(200, b"{}", ("X-Powered-By", "ASP.NET")))
    assert [200, 200] == [session.get("v1.0/x").status_code for _ in range(2)]
    assert {} == session.limits


@pytest.mark.parametrize("status", [202, 400, 403, 404, 429, 500])
def test_figures_of_any_answer(server, session: EtnaSession, status: int) -> None:
    """Figures count whatever the answer's status, and in small letters too."""
    server.play(answer(status, b"{}", ("x-ratelimit-remaining", "0")))
    session.post("v1.0/accounts/1/orders")
    assert {"orders": (None, 0, None)} == session.limits


JUNK = {
    "missing": None,
    "empty": "",
    "word": "soon",
    "negative": "-5",
    "plus": "+5",
    "fraction": "1.5",
    "exponent": "1e3",
    "underscore": "1_0",
    "hexadecimal": "0x10",
    "infinity": "inf",
    "NaN": "nan",
    "two values": "1, 2",
    "superscript": "\xb2",
    "Arabic digits in UTF-8": "\u0661\u0662".encode().decode("latin-1"),
    "in milliseconds": "1750000060000",
    "past the last year": "253402300800",
    "20 digits": "9" * 20,
    "5,000 digits": "9" * 5000,
    "escape sequence": "\x1b[31m17",
}


@pytest.mark.parametrize("place", [0, 1, 2], ids=["limit", "remaining", "reset"])
@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk(server, session: EtnaSession, junk: str | None, place: int) -> None:
    """What is no figure is None and raises nothing; the others are kept."""
    sent: list[object] = [60, 59, RESET]
    expected: list[object] = [60, 59, MOMENT]
    sent[place], expected[place] = junk, None
    server.play(figures(*sent))
    assert 200 == session.get("v1.0/x").status_code
    assert {"other": tuple(expected)} == session.limits


def test_the_largest_figures(server, session: EtnaSession) -> None:
    """A reset of eleven digits is the last that is taken for one, and can be shown."""
    server.play(figures(0, 0, "9" * 11))
    session.get("v1.0/x")
    limit = session.limits["other"]
    assert (0, 0, 5138) == (limit.limit, limit.remaining, limit.resets_at.year)


def test_other_origins(server, session: EtnaSession, other: ScriptedServer) -> None:
    """Another server's figures and warnings are not the broker's, reached by a URL or by a redirect."""
    other.play(answer(200, b"{}", ("X-RateLimit-Remaining", "1"), DEPRECATED))
    server.play(answer(302, b"", ("Location", f"{other.base_url}/orders")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 200 == session.get(f"{other.base_url}/v1.0/x").status_code
        assert 200 == session.get("v1.0/x").status_code
    assert ({}, 2) == (session.limits, len(other.received))


def test_each_session_has_its_own(server, session: EtnaSession) -> None:
    """Figures of one session are not another's."""
    server.play(figures())
    with logins.session_of(accounts.token(server.base_url)) as another:
        another.get("v1.0/x")
    assert (["other"], []) == (list(another.limits), list(session.limits))


# ------------------------------------------------------------------ deprecations

CALLS: dict[str, Callable[[EtnaSession], object]] = {
    "get": lambda session: session.get("v1.0/x"),
    "request": lambda session: session.request("GET", "v1.0/x"),
    "send": lambda session: session.send(session.prepare_request(requests.Request("GET", "v1.0/x"))),
    "pages": lambda session: list(session.pages("v1.0/x")),
    "for_workers": lambda session: session.for_workers().get("v1.0/x"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whose_line(server, session: EtnaSession, call: Callable[[EtnaSession], object]) -> None:
    """A call that will be removed is a DeprecationWarning at the line that made it, by whichever way."""
    server.play(answer(200, b"[]", DEPRECATED))
    with pytest.warns(DeprecationWarning, match="X-Deprecated") as warned:
        call(session)
    (one,) = warned
    assert (WARNED.format("GET", "v1.0/x"), __file__) == (str(one.message), one.filename)
    # Each of the calls above is one line.
    assert call.__code__.co_firstlineno == one.lineno


def test_whose_line_after_a_redirect(server, session: EtnaSession) -> None:
    """So it is where requests has followed a redirect to that call."""
    server.play(answer(302, b"", ("Location", "/api/v1.0/y")), OLD)
    with pytest.warns(DeprecationWarning, match="GET /api/v1.0/y") as warned:
        session.get("v1.0/x")
    assert [__file__] == [one.filename for one in warned]


def test_once_a_group(server, session: EtnaSession) -> None:
    """It is said once for each group of calls, even where each warning is shown."""
    server.play(OLD)
    paths = ("v1.0/x", "v1.0/y", "v1.0/accounts/1/positions", "accounts/2/positions", "v1.0/x")
    with pytest.warns(DeprecationWarning, match="X-Deprecated") as warned:
        assert [200] * 5 == [session.get(path).status_code for path in paths]
    expected = [WARNED.format("GET", path) for path in ("v1.0/x", "v1.0/accounts/1/positions")]
    assert expected == [str(one.message) for one in warned]


def test_foreign_text(server, session: EtnaSession) -> None:
    """What the server says is sanitized, and an empty header says nothing."""
    server.play(*(answer(200, b"{}", ("X-Deprecated", text)) for text in ("", "\x1b[31mnow\x85")))
    assert 200 == session.get("v1.0/x").status_code
    with pytest.warns(DeprecationWarning, match=r"the server says X-Deprecated: now\.$"):
        session.get("v1.0/x")


class Cells:
    """An IPython with its own filters of warnings, and what these let it show."""

    def __init__(self, shell: InteractiveShell, shown: list[warnings.WarningMessage]) -> None:
        self._shell, self._shown = shell, shown

    def run(self, *cells: str, **names: object) -> None:
        """Run cells that know these names."""
        self._shell.user_ns |= names
        for cell in cells:
            self._shell.run_cell(cell).raise_error()

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What was shown: the warning, and the line that is shown with it."""
        return [
            (str(one.message), linecache.getline(one.filename, one.lineno).strip()) for one in self._shown
        ]


@pytest.fixture
def cells() -> Iterator[Cells]:
    """Run an IPython."""
    with warnings.catch_warnings(record=True) as shown, ipython.shell() as made:
        warnings.simplefilter("ignore")
        # As IPython has it in a terminal and in a kernel.
        warnings.filterwarnings("default", category=DeprecationWarning, module=made.user_ns["__name__"])
        yield Cells(made, shown)


@pytest.mark.parametrize("call", ["session.get('v1.0/x')", "session.request('GET', 'v1.0/x')"])
def test_in_a_cell(server, session: EtnaSession, cells: Cells, call: str) -> None:
    """IPython shows it under the cell, with the cell's own line."""
    server.play(OLD)
    cells.run(f"before = 1\nanswered = {call}", session=session)
    assert [(WARNED.format("GET", "v1.0/x"), f"answered = {call}")] == cells.shown


def test_in_a_function_of_a_cell(server, session: EtnaSession, cells: Cells) -> None:
    """So it does for a function that a cell has defined, and once."""
    server.play(OLD)
    cells.run("def ask():\n    return session.get('v1.0/x')", "ask()\nask()", "ask()", session=session)
    assert [(WARNED.format("GET", "v1.0/x"), "return session.get('v1.0/x')")] == cells.shown


def test_in_a_library(server, session: EtnaSession, cells: Cells, monkeypatch, tmp_path: Path) -> None:
    """It is not shown to who uses somebody else's module, as Python's own are not."""
    server.play(OLD)
    (tmp_path / "broker_module.py").write_text("def ask(session):\n    return session.get('v1.0/x')\n")
    monkeypatch.syspath_prepend(tmp_path)
    cells.run("import broker_module", "broker_module.ask(session)", session=session)
    assert ([], 1) == (cells.shown, len(server.received))


# ------------------------------------------------------------------ where warnings are errors


@pytest.fixture
def _strict() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def seen_as_error(session: EtnaSession, method: str, **more: object) -> DeprecationWarning:
    """Make a call, and return the warning that it raises."""
    with pytest.raises(DeprecationWarning) as error:
        session.request(method, "v1.0/accounts/1/orders", **more)
    return error.value


@pytest.mark.usefixtures("_strict")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [200, 401, 503])
def test_an_order_as_an_error(server, session: EtnaSession, method: str, status: int) -> None:
    """An order whose answer is hidden so was sent once, and the note says that it was answered."""
    server.play(answer(status, b"{}", DEPRECATED))
    error = seen_as_error(session, method)
    note = f"The {method} was sent and answered with status {status}: check whether it was carried out."
    assert ([note], 1) == (error.__notes__, len(server.received))
    assert WARNED.format(method, "v1.0/accounts/1/orders") == str(error)
    assert (None, []) == (error.__context__, leaks(error, accounts.SECRETS))


@pytest.mark.usefixtures("_strict")
def test_a_read_as_an_error(server, session: EtnaSession) -> None:
    """Of a read there is nothing more to say: it can be repeated, and the second one is answered."""
    server.play(OLD)
    assert [] == getattr(seen_as_error(session, "GET"), "__notes__", [])
    assert 200 == session.get("v1.0/accounts/1/orders").status_code


@pytest.mark.usefixtures("_strict")
def test_figures_beside_an_error(server, session: EtnaSession) -> None:
    """The figures that came with it are kept."""
    server.play(answer(200, b"{}", DEPRECATED, ("X-RateLimit-Remaining", "3")))
    seen_as_error(session, "POST")
    assert 3 == session.limits["orders"].remaining


@pytest.mark.usefixtures("_strict")
def test_the_connection_of_an_error(server, session: EtnaSession) -> None:
    """The connection of an answer that nobody can read any more is closed."""
    closed = threading.Event()

    def begin(connection: socket.socket, _: Received) -> None:
        connection.settimeout(LIMIT)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX-Deprecated: now\r\n\r\n{")
        try:
            if not connection.recv(1):
                closed.set()
        except ConnectionResetError:
            closed.set()

    server.play(begin)
    error = seen_as_error(session, "POST", stream=True)
    assert closed.wait(LIMIT)
    assert error.__traceback__ is not None  # it holds the frames, and they the answer, until here


def test_what_a_server_repeats(server, session: EtnaSession) -> None:
    """A token in X-Deprecated is not shown, not even in part where the text is cut."""
    text = session.token.get_secret_value()
    server.play(answer(200, b"{}", ("X-Deprecated", "since " + "x" * 90 + text)))
    with pytest.warns(DeprecationWarning, match="X-Deprecated") as warned:
        session.get("v1.0/x")
    assert text[:8] not in str(warned[0].message)
