"""The line that logs in again."""

from __future__ import annotations


def mend(name: str) -> str:
    """Return the line that logs in under a name."""
    return "%etna_login" if name == "etna" else f"%etna_login {name}"
