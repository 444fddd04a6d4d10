"""The sandbox that runs inside this process, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from datetime import timedelta

    from etna_magic.sandbox import Sandbox

_running: list[Sandbox] = []


def sandbox(lifetime: timedelta) -> Sandbox:
    """Return the embedded sandbox, started if it is not running.

    Parameters
    ----------
    lifetime : timedelta
        How long it keeps the tokens that it makes from now on.

    Returns
    -------
    Sandbox
        A server on loopback; it ends with the process.

    Raises
    ------
    IPython.core.error.UsageError
        If Flask is not installed.
    """
    if not _running:
        try:
            from etna_magic.sandbox import Sandbox  # noqa: PLC0415 - an extra, and not needed without --sandbox
        except ImportError:
            raise UsageError(
                "--sandbox needs Flask: run %pip install 'etna-magic[sandbox]', then restart the kernel."
            ) from None
        _running.append(Sandbox().start())
    _running[0].lifetime = lifetime.total_seconds()
    return _running[0]


def sandbox_url() -> str | None:
    """Return the base URL of the embedded sandbox, if it runs."""
    return _running[0].base_url if _running else None
