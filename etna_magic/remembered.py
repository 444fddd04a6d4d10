"""A token as it is kept across kernel restarts: with whose it is, but no password and no app key."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from etna_magic.clock import Clock
from etna_magic.secret import Secret
from etna_magic.token import Token, TokenState

# A clock that was set back makes a token look as if it came from the future, by more than this.
_SKEW = 60.0


class Owner:
    """Whose token it is: only the same base URL, user and app key get it back.

    Parameters
    ----------
    base_url, username : str
        Where, and who.
    app_key : Secret
        The application's key, of which only a digest leaves this object.
    """

    def __init__(self, base_url: str, username: str, app_key: Secret) -> None:
        self.base_url = base_url
        self.username = username
        self.app_key = app_key

    @property
    def digest(self) -> str:
        """What the token is kept under."""
        parts = ["etna_magic", self.base_url, self.username, self.app_key.reveal()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def to_text(token: Token) -> Secret:
    """Return a token as text to be kept."""
    record = {
        "version": 1,
        "base_url": token.base_url,
        "username": token.username,
        "token": token.value,
        "issued_at": token.issued_at.timestamp(),
        "lifetime": token.lifetime.total_seconds(),
        "took_code": token.took_code,
    }
    return Secret(json.dumps(record))


def from_text(text: Secret, owner: Owner, clock: Clock | None = None) -> Token | None:
    """Return the token that a kept text holds.

    Parameters
    ----------
    text : Secret
        What was kept.
    owner : Owner
        Who asks for it.
    clock : Clock, optional
        The clocks by which it goes on ageing.

    Returns
    -------
    Token or None
        Nothing if it is another's, or stale, or of an age that cannot be known.

    Raises
    ------
    ValueError
        If the text is no such record; nothing of it is in the message.
    """
    record = _record(text)
    if record is None:
        raise ValueError("it cannot be read")
    if (record["base_url"], record["username"]) != (owner.base_url, owner.username):
        return None
    clock = clock or Clock()
    age = clock.wall() - record["issued_at"]
    token = Token(
        Secret(record["token"]),
        app_key=owner.app_key,
        username=owner.username,
        base_url=owner.base_url,
        lifetime=timedelta(seconds=record["lifetime"]),
        # The forward clock began anew with the machine: only the wall's moment was kept.
        issued=(record["issued_at"], clock.forward() - age),
        clock=clock,
    )
    token.took_code = record.get("took_code", False)
    return None if age < -_SKEW or token.state is TokenState.STALE else token


def _record(text: Secret) -> dict[str, Any] | None:
    try:
        record = json.loads(text.reveal())
        fit = (
            record["version"] == 1
            and all(isinstance(record[name], str) for name in ("base_url", "username", "token"))
            and all(type(record[name]) in (int, float) for name in ("issued_at", "lifetime"))
            and 0 < record["lifetime"] < 4e7
            and 0 < record["issued_at"] < 2e10
            and isinstance(record.get("took_code", False), bool)
            and record["token"] != ""
            and all("!" <= character <= "~" for character in record["token"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return record if fit else None
