"""The sandbox as an object: start it, ask it what it saw, stop it."""

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from etna_magic.sandbox.app import create_app
from etna_magic.sandbox.records import Seen
from etna_magic.sandbox.state import Rules, State
from etna_magic.sandbox.users import APP_KEY, USERS, USERS_BY_NAME, User
from etna_magic.sandbox.wire import Server, check_loopback, listen

POLL = 0.02  # seconds between two looks at whether the server is to stop


class Sandbox:
    """A server on loopback that speaks ETNA's REST API with made-up data.

    Parameters
    ----------
    port : int, optional
        The TCP port; 0 takes a free one at each start.
    host : str, optional
        The address to bind: `localhost`, `::1` or one in 127.0.0.0/8.
    lifetime : float, optional
        How long a token lives, in seconds. ETNA's REST documentation says 24 hours.
    login_limit : int or None, optional
        Log-ins a minute for each user; None switches the limit off.
    clock : callable, optional
        Returns the time in seconds since 1970. Tests pass one that they can move.
    call_limits : bool, optional
        Whether the limits on orders (120 queries and 50 changes) and history (60 calls) hold, for
        a minute and a token.
    logout : bool, optional
        Whether there is a `/logout`; some installations of ETNA have none.

    Raises
    ------
    ValueError
        If the host is not loopback, or the lifetime is not a positive number of seconds.

    Examples
    --------
    >>> with Sandbox() as sandbox:
    ...     sandbox.password_of("demo")
    'demo-Sesame-17'
    """

    def __init__(  # noqa: PLR0913 - each is a switch that some test turns
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        lifetime: float = 86_400.0,
        login_limit: int | None = 10,
        clock: Callable[[], float] = time.time,
        *,
        call_limits: bool = True,
        logout: bool = True,
    ) -> None:
        self._address = check_loopback(host)
        self._host = host
        self._wanted_port = port
        self._port: int | None = None
        self._state = State(Rules(login_limit, call_limits, logout), _seconds(lifetime), clock)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> Self:
        """Serve in a thread of its own and return at once; a running sandbox is left as it is.

        Raises
        ------
        OSError
            If the port is taken or may not be used.
        """
        with self._lock:
            if self._server is None:
                with listen(self._address, self._wanted_port) as bound:
                    self._server = Server(create_app(self._state), bound)
                self._port = self._server.port
                self._thread = threading.Thread(
                    target=self._server.serve_forever,
                    args=(POLL,),
                    name="etna-sandbox",
                    daemon=True,
                )
                self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, close all connections and free the port; safe to call twice."""
        with self._lock:
            server, thread = self._server, self._thread
            self._server = self._thread = None
            if server is not None and thread is not None:
                server.shutdown()
                thread.join()
                server.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The base URL of the API; the last one, if the sandbox has stopped."""
        if self._port is None:
            raise RuntimeError("The sandbox has no address before start().")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/api"

    @property
    def app_key(self) -> str:
        """The application key that every request has to carry."""
        return APP_KEY

    @property
    def users(self) -> tuple[User, ...]:
        """The users, each of which shows one answer of `/token`."""
        return USERS

    @property
    def lifetime(self) -> float:
        """How long tokens live that are made from now on, in seconds."""
        return self._state.tokens.lifetime

    @lifetime.setter
    def lifetime(self, seconds: float) -> None:
        self._state.tokens.lifetime = _seconds(seconds)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """The requests so far: methods, paths, names of headers and statuses."""
        return self._state.records.snapshot()

    @property
    def token_requests(self) -> int:
        """How many times `/token` was asked with POST."""
        return sum(seen[:2] == ("POST", "/api/token") for seen in self.seen)

    def password_of(self, name: str) -> str:
        """Return a user's password.

        Raises
        ------
        ValueError
            If there is no such user; it names those who are.
        """
        if name not in USERS_BY_NAME:
            raise ValueError(f"No user is called {name!r}; there are {', '.join(USERS_BY_NAME)}.")
        return USERS_BY_NAME[name].password

    def revoke_all(self) -> None:
        """End every token at once, as a server may do before their time."""
        self._state.tokens.end_all()

    def reset(self) -> None:
        """Forget tokens, counts, lock-outs, orders, alerts and requests."""
        self._state.reset()


def _seconds(lifetime: float) -> float:
    if not (math.isfinite(lifetime) and lifetime > 0):
        raise ValueError(f"A lifetime is a positive number of seconds, not {lifetime!r}.")
    return float(lifetime)
