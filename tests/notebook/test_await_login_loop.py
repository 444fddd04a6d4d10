"""Async users: a login that leaves the loop free, and the token's headers with httpx."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import httpx
import keyring
import pytest
from IPython.core.interactiveshell import InteractiveShell
from keyring.backend import KeyringBackend

import etna_magic
from etna_magic.sandbox import Sandbox
from tests.helpers import accounts
from tests.helpers.ipython import set_credentials, shell
from tests.helpers.logins import log_in_at
from tests.helpers.server import ScriptedServer, answer
from tests.helpers.waiting import LIMIT

SYMBOLS = ["AAPL", "MSFT", "SPY", "QQQ", "KO"]


def test_headers_with_httpx(sandbox: Sandbox) -> None:
    """`etna_token.headers()` signs the calls of an httpx client."""
    token = log_in_at(sandbox)

    async def quotes() -> list[str]:
        base_url = f"{token.base_url}/"
        async with httpx.AsyncClient(base_url=base_url, headers=token.headers()) as client:
            answers = await asyncio.gather(*(client.get(f"v1.0/equities/{symbol}") for symbol in SYMBOLS))
        return [response.raise_for_status().json()["Symbol"] for response in answers]

    assert SYMBOLS == asyncio.run(quotes())
    assert 1 == sandbox.token_requests


@pytest.fixture
def ipython(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[InteractiveShell]:
    """Return an IPython and what it needs to log in at a server of our own."""
    known = {"BASE_URL": server.base_url, "APP_KEY": accounts.APP_KEY, "USERNAME": accounts.USERNAME}
    for name, value in (known | {"PASSWORD": "Pa55-SECRET-word"}).items():
        monkeypatch.setenv(f"ETNA_{name}", value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with shell() as made:
        yield made


def free_while(server: ScriptedServer, log_in: Callable[[], Awaitable]) -> tuple[object, list[bool]]:
    """Log in at a server that waits for the loop to tick; return the result, and whether the loop did."""
    asked, ticked = threading.Event(), threading.Event()
    in_time = []

    def think(connection, received) -> None:
        if received.target == "/api/token":
            asked.set()
            in_time.append(ticked.wait(LIMIT))
        connection.sendall(answer(200, accounts.SUCCESS))

    async def tick() -> None:
        while not asked.is_set():
            await asyncio.sleep(0.01)
        for _ in range(5):
            await asyncio.sleep(0)
        ticked.set()

    async def both() -> object:
        ticker = asyncio.create_task(tick())
        result = await log_in()
        await ticker
        return result

    server.play(think)
    return asyncio.run(both()), in_time


def test_a_login_leaves_the_loop_free(server: ScriptedServer, ipython: InteractiveShell) -> None:
    """`await etna_magic.login()` lets others run while the server thinks."""
    session, in_time = free_while(server, lambda: etna_magic.login(no_input=True))
    assert ([True], accounts.TOKEN) == (in_time, ipython.user_ns["etna_token"].get_secret_value())
    assert session is ipython.user_ns["etna_session"]


def test_one_that_remembers_leaves_the_loop_free(server: ScriptedServer, ipython: InteractiveShell) -> None:
    """So it does with all its options."""
    options = {"no_input": True, "auto_renew": True, "remember": True, "lifetime": "2h"}
    _, in_time = free_while(server, lambda: etna_magic.login("mine", **options))
    assert ([True], accounts.TOKEN) == (in_time, ipython.user_ns["mine_token"].get_secret_value())


class SlowKeyring(KeyringBackend):
    """A keyring that waits for its user in one of its calls, as one that is locked does."""

    priority = 9

    def __init__(self, slow: str) -> None:
        super().__init__()
        self.slow = slow
        self.asked, self.ticked = threading.Event(), threading.Event()
        self.in_time: list[bool] = []

    def _wait(self, call: str) -> None:
        if call == self.slow:
            self.asked.set()
            self.in_time.append(self.ticked.wait(5))

    def get_password(self, service: str, username: str) -> None:
        """Know nothing."""
        self._wait("get")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep nothing."""
        self._wait("set")


@pytest.mark.usefixtures("server", "ipython")
@pytest.mark.parametrize("slow", ["get", "set"])
def test_a_keyring_leaves_the_loop_free(slow: str) -> None:
    """A keyring that takes its time does not hold the loop either."""
    backend, before = SlowKeyring(slow), keyring.get_keyring()
    keyring.set_keyring(backend)

    async def both() -> None:
        log_in = asyncio.create_task(etna_magic.login(no_input=True, remember=True))
        while not backend.asked.is_set():
            await asyncio.sleep(0.01)
        backend.ticked.set()
        await log_in

    try:
        asyncio.run(both())
    finally:
        keyring.set_keyring(before)
    assert [True] == backend.in_time


def test_two_at_once(sandbox: Sandbox, ipython: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two logins that are awaited together are both in the namespace."""
    set_credentials(monkeypatch, sandbox, ETNA_BASE_URL=sandbox.base_url)

    async def both() -> list:
        return await asyncio.gather(*(etna_magic.login(name, no_input=True) for name in ("one", "two")))

    one, two = asyncio.run(both())
    assert [one, two] == [ipython.user_ns[f"{name}_session"] for name in ("one", "two")]
    assert [200, 200] == [session.get("v1.0/users/@me/info").status_code for session in (one, two)]
    assert 2 == sandbox.token_requests


def test_refused(server: ScriptedServer, ipython: InteractiveShell) -> None:
    """A login that is refused raises where it is awaited, and leaves nothing behind."""
    server.play(answer(401, accounts.body(State="Failed", Reason="Invalid credentials")))
    with pytest.raises(etna_magic.InvalidCredentialsError):
        asyncio.run(etna_magic.login(no_input=True))
    assert {"etna_token", "etna_session"}.isdisjoint(ipython.user_ns)
