"""What is run on the workers; imported there by its name."""

import os
from typing import Any

from etna_magic import WorkerSession


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
