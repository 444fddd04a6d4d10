"""The object that starts and stops the sandbox."""

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from etna_magic_sandbox.app import Application
from etna_magic_sandbox.server import Server, loopback_address
from etna_magic_sandbox.state import RecordedRequest, Rules, State
from etna_magic_sandbox.users import APP_KEY, USERS, USERS_BY_NAME, User
from etna_magic_sandbox.variants import checked_variants


class Sandbox:
    """A server on loopback with ETNA's REST API and made-up data.

    Parameters
    ----------
    port : int, optional
        The TCP port; 0 takes a free one at each start.
    host : str, optional
        The address to bind: `localhost`, `::1` or one in 127.0.0.0/8.
    lifetime : float, optional
        How long a token is valid, in seconds. ETNA's REST documentation says 24 hours.
    login_limit : int or None, optional
        Logins per minute and user; None switches the limit off.
    clock : callable, optional
        Returns the time in seconds since 1970. Tests pass one that they can set.
    call_limits : bool, optional
        Whether there are limits per minute on the calls, as in `etna_magic_sandbox.routes.LIMITS`.
    logout : bool, optional
        Whether there is a `/logout`; some installations of ETNA have none.
    variants : tuple of str, optional
        In what the server differs from the usual reading of ETNA's documentation, see `VARIANTS`.

    Raises
    ------
    ValueError
        If the host is not loopback, the lifetime is not a positive number of seconds, or there is no
        such variant.

    Examples
    --------
    >>> with Sandbox() as sandbox:
    ...     print(sandbox.password_of("demo"))
    demo-Sesame-17
    """

    def __init__(  # noqa: PLR0913 - tests need each of these switches
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        lifetime: float = 86_400.0,
        login_limit: int | None = 10,
        clock: Callable[[], float] = time.time,
        *,
        call_limits: bool = True,
        logout: bool = True,
        variants: tuple[str, ...] = (),
    ) -> None:
        self._address = loopback_address(host)
        self._host = host
        self._requested_port = port
        self._port: int | None = None
        self._clock = clock
        self._ahead = 0.0
        rules = Rules(login_limit, call_limits, logout, checked_variants(variants))
        self._state = State(rules, _checked_lifetime(lifetime), self.now)
        self._server: Server | None = None
        self._lock = threading.Lock()

    def start(self) -> Self:
        """Serve in a new thread and return at once; does nothing if the sandbox is running.

        Raises
        ------
        OSError
            If the port is in use or not permitted.
        """
        with self._lock:
            if self._server is None:
                self._server = Server(Application(self._state), self._address, self._requested_port)
                self._port = self._server.port
        return self

    def stop(self) -> None:
        """Stop serving, close all connections and free the port; may be called again."""
        with self._lock:
            server, self._server = self._server, None
            if server is not None:
                server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The base URL of the API; after a stop, the last one."""
        if self._port is None:
            raise RuntimeError("The sandbox has no address before start().")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/api"

    @property
    def app_key(self) -> str:
        """The application key that every request must have."""
        return APP_KEY

    @property
    def users(self) -> tuple[User, ...]:
        """The users, each with one of the responses of `/token`."""
        return USERS

    @property
    def lifetime(self) -> float:
        """How long tokens issued from now on are valid, in seconds."""
        return self._state.tokens.lifetime

    @lifetime.setter
    def lifetime(self, seconds: float) -> None:
        self._state.tokens.lifetime = _checked_lifetime(seconds)

    @property
    def seen(self) -> tuple[RecordedRequest, ...]:
        """The last 2,000 requests: methods, paths, names of headers and statuses."""
        return self._state.requests.snapshot()

    @property
    def token_requests(self) -> int:
        """How many POST requests `/token` has had."""
        return self._state.requests.token_requests

    def now(self) -> float:
        """Return the sandbox's time, in seconds since 1970: its clock's, and what it was moved ahead."""
        return self._clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass: the market moves on, orders are filled or end, tokens expire.

        Raises
        ------
        ValueError
            If the time would go back.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"Time moves on by a number of seconds, not by {seconds!r}.")
        self._ahead += seconds

    def password_of(self, name: str) -> str:
        """Return a user's password.

        Raises
        ------
        ValueError
            If there is no such user; the message lists those there are.
        """
        if name not in USERS_BY_NAME:
            raise ValueError(f"No user is called {name!r}; there are {', '.join(USERS_BY_NAME)}.")
        return USERS_BY_NAME[name].password

    def revoke_all(self) -> None:
        """Revoke every token, as a server may do before they expire."""
        self._state.tokens.revoke_all()

    def reset(self) -> None:
        """Forget tokens, rate limits, lock-outs, orders, alerts and recorded requests."""
        self._state.reset()


def _checked_lifetime(seconds: float) -> float:
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"A lifetime is a positive number of seconds, not {seconds!r}.")
    return float(seconds)
