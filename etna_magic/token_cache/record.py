"""A token as the text that is kept: with whose it is and its age, but without password and app key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from etna_magic.secret import Secret
from etna_magic.support import Clock
from etna_magic.token import Token, TokenState

VERSION = 1
# By how many seconds the clocks of two moments may differ. A token that seems to come from further in the
# future has an age that nobody knows: the wall clock was set back.
_CLOCK_SKEW = 60.0
_LIFETIMES = ("lifetime", "stated_lifetime")
_LONGEST_LIFETIME = 4e7  # seconds, more than a year
_LATEST_ISSUE = 2e10  # seconds since 1970, in the year 2603: what datetime can still show


@dataclass(frozen=True)
class CacheKey:
    """Whose token it is: only the same (checked) base URL, user and app key get it back."""

    base_url: str
    username: str
    #: Only a digest of it leaves this object.
    app_key: Secret = field(repr=False)

    @property
    def digest(self) -> str:
        """The name under which a store keeps the token; it gives away nothing of the key."""
        parts = ["etna_magic", self.base_url, self.username, self.app_key.get_secret_value()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def encode(token: Token) -> Secret:
    """Return a token as the text to keep; `NotLoggedInError` if it holds no text (any more)."""
    members = {
        "version": VERSION,
        "base_url": token.base_url,
        "username": token.username,
        "token": token.get_secret_value(),
        "issued_at": token.issued_at.timestamp(),
        "lifetime": token.lifetime.total_seconds(),
        "took_code": token.took_code,
    }
    if token.is_learned:
        members["stated_lifetime"] = token.stated_lifetime.total_seconds()
    return Secret(json.dumps(members))


def decode(text: Secret, key: CacheKey, clock: Clock | None = None) -> Token | None:
    """Return the token in a text that was kept, if it is the key's and good.

    What is no such record raises `ValueError`, whose message shows nothing of it.
    """
    record = _parse(text)
    if record is None:
        raise ValueError("it cannot be read")
    if (record["base_url"], record["username"]) != (key.base_url, key.username):
        return None
    clock = clock or Clock()
    age = clock.wall() - record["issued_at"]
    token = Token(
        record["token"],
        app_key=key.app_key,
        username=key.username,
        base_url=key.base_url,
        lifetime=timedelta(seconds=record["stated_lifetime"]),
        # The forward clock starts again with the machine, so only the wall clock's time is kept.
        issued=(record["issued_at"], clock.forward() - age),
        clock=clock,
        took_code=record["took_code"],
    )
    token.learn(timedelta(seconds=record["lifetime"]))
    return None if age < -_CLOCK_SKEW or token.state is TokenState.STALE else token


def _parse(text: Secret) -> dict[str, Any] | None:
    """Return the members of a record, or None if one is missing or cannot be right."""
    try:
        members = json.loads(text.get_secret_value())
        members = {"took_code": False, "stated_lifetime": members["lifetime"], **members}
        is_valid = (
            members["version"] == VERSION
            and all(isinstance(members[name], str) for name in ("base_url", "username", "token"))
            and all(type(members[name]) in (int, float) for name in ("issued_at", *_LIFETIMES))
            and all(0 < members[name] < _LONGEST_LIFETIME for name in _LIFETIMES)
            and 0 < members["issued_at"] < _LATEST_ISSUE
            and isinstance(members["took_code"], bool)
            and members["token"] != ""
            # What is no visible ASCII cannot be sent in a header.
            and all("!" <= character <= "~" for character in members["token"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return {**members, "token": Secret(members["token"])} if is_valid else None
