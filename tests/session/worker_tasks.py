"""What is run on the workers; imported there by its name."""

import os
from typing import Any

from etna_magic import TokenExpiredError, WorkerSession
from etna_magic.session.token_holder import HANDED


def quote(symbol: str, session: WorkerSession) -> tuple[int, str, int]:
    """Return who asked, the symbol and its ID."""
    found = session.get(f"v1.0/equities/{symbol}")
    found.raise_for_status()
    return os.getpid(), found.json()["Symbol"], found.json()["Id"]


def post(session: WorkerSession) -> int:
    """Return the status of a state-changing call."""
    return session.post("v1.0/x").status_code


def look(session: WorkerSession) -> dict[str, Any]:
    """Return what a session shows and knows of itself on the worker."""
    return {
        "shown": repr(session),
        "refresher": session.holder.refresher,
        "remaining": session.token.remaining,
        "pid": os.getpid(),
    }


def status(_: int, session: WorkerSession) -> int:
    """Return the status of a read."""
    return session.get("v1.0/users/@me/info").status_code


def status_or_none(session: WorkerSession) -> int | None:
    """Return the status of a read; None where the token has ended."""
    try:
        return session.get("v1.0/users/@me/info").status_code
    except TokenExpiredError:
        return None


def pid() -> int:
    """Return the process."""
    return os.getpid()


def handed_count() -> int:
    """Return how many accounts this process was handed a token of."""
    return len(HANDED)


def forget_handed() -> None:
    """Forget what this process was handed."""
    HANDED.__init__()


def plugins_of(dask_scheduler: Any) -> list[str]:
    """Return our plugins that a scheduler keeps for workers that join later."""
    return [name for name in dask_scheduler.worker_plugins if name.startswith("etna_magic")]
