"""The sandbox that runs inside this process, once; and whether a base URL leads to real money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from etna_magic.exceptions import EtnaError
from etna_magic.support import Origin

if TYPE_CHECKING:
    from datetime import timedelta

    from etna_magic.sandbox import Sandbox

    Environment = Literal["LIVE", "DEMO", "SANDBOX"]

_running: list[Sandbox] = []


def sandbox(lifetime: timedelta) -> Sandbox:
    """Return the embedded sandbox, started if it is not running; raise `EtnaError` without its extra."""
    if not _running:
        try:
            from etna_magic.sandbox import Sandbox  # noqa: PLC0415 - an extra, and not needed without --sandbox
        except ImportError as error:
            raise EtnaError(str(error)) from None
        _running.append(Sandbox().start())
    _running[0].lifetime = lifetime.total_seconds()
    return _running[0]


def sandbox_password(server: Sandbox, username: str) -> str:
    """Return the password of one of the sandbox's users; `EtnaError` names those that it has."""
    try:
        return server.password_of(username)
    except ValueError as error:
        reason = str(error)
    raise EtnaError(reason)


def sandbox_url() -> str | None:
    """Return the base URL of the embedded sandbox, if it runs."""
    return _running[0].base_url if _running else None


def environment_of(base_url: str) -> Environment:
    """Return ``SANDBOX`` for the embedded sandbox, ``DEMO`` for a host known for a demo, else ``LIVE``.

    Loopback alone is no proof: a tunnel to a live server may end there too.
    """
    if base_url == sandbox_url():
        return "SANDBOX"
    host = Origin.of(base_url).host
    return "DEMO" if "-demo-" in host and host.endswith(".etnasoft.us") else "LIVE"
