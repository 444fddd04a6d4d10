"""A token as the text that is kept: with whose it is and its age, but without password and app key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from etna_magic.secret import Secret
from etna_magic.support import Clock
from etna_magic.token import Token, TokenState

VERSION = 1
# By how many seconds the clocks of two moments may differ. A token that seems to come from further in the
# future has an age that nobody knows: the wall clock was set back.
_CLOCK_SKEW = 60.0
_LIFETIMES = ("lifetime", "stated_lifetime")
_FIRST_NAME = "etna"  # of records that were kept without a name
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


class Remembered(NamedTuple):
    """A token that is kept, as it may be shown: the token's text and the app key stay where they are."""

    #: The name under which a store keeps it.
    digest: str
    #: The name of the login that it was made for.
    name: str
    #: Whose it is and until when, without a secret.
    token: Token
    #: Where it is kept, for a person.
    location: str = ""


def encode(token: Token, name: str) -> Secret:
    """Return a token as the text to keep; `NotLoggedInError` if it holds no text (any more)."""
    return Secret(json.dumps({**_facts(token, name), "token": token.get_secret_value()}))


def encode_facts(token: Token, name: str) -> Secret:
    """Return the same without the token."""
    return Secret(json.dumps({**_facts(token, name), "token": ""}))


def _facts(token: Token, name: str) -> dict[str, Any]:
    facts = {
        "version": VERSION,
        "base_url": token.base_url,
        "username": token.username,
        "name": name,
        "issued_at": token.issued_at.timestamp(),
        "lifetime": token.lifetime.total_seconds(),
        "took_code": token.took_code,
    }
    if token.is_learned:
        facts["stated_lifetime"] = token.stated_lifetime.total_seconds()
    return facts


def decode(text: Secret, key: CacheKey, clock: Clock | None = None) -> Token | None:
    """Return the token in a text that was kept, if it is the key's and good.

    What is no such record raises `ValueError`, whose message shows nothing of it.
    """
    record = _parse(text)
    if record is None or not record["token"]:
        raise ValueError("it cannot be read")
    if (record["base_url"], record["username"]) != (key.base_url, key.username):
        return None
    token = _token(record, record["token"], key.app_key, clock or Clock())
    return token if _is_good(token) else None


def decode_facts(text: Secret, digest: str, clock: Clock | None = None) -> Remembered | None:
    """Return what may be shown of a text that was kept, if its token is good; `ValueError` as `decode`."""
    record = _parse(text)
    if record is None:
        raise ValueError("it cannot be read")
    token = _token(record, Secret(""), Secret(""), clock or Clock())
    return Remembered(digest, record["name"], token) if _is_good(token) else None


def _token(record: dict[str, Any], value: Secret, app_key: Secret, clock: Clock) -> Token:
    token = Token(
        value,
        app_key=app_key,
        username=record["username"],
        base_url=record["base_url"],
        lifetime=timedelta(seconds=record["stated_lifetime"]),
        # The forward clock starts again with the machine, so only the wall clock's time is kept.
        issued=(record["issued_at"], clock.forward() - (clock.wall() - record["issued_at"])),
        clock=clock,
        took_code=record["took_code"],
    )
    token.learn(timedelta(seconds=record["lifetime"]))
    return token


def _is_good(token: Token) -> bool:
    return token.age.total_seconds() >= -_CLOCK_SKEW and token.state is not TokenState.STALE


def _parse(text: Secret) -> dict[str, Any] | None:
    """Return the members of a record, or None if one is missing or cannot be right."""
    try:
        members = json.loads(text.get_secret_value())
        # The first records had no such members.
        missing = {"took_code": False, "stated_lifetime": members["lifetime"], "name": _FIRST_NAME}
        members = {**missing, **members}
        is_valid = (
            members["version"] == VERSION
            and all(isinstance(members[name], str) for name in ("base_url", "username", "token", "name"))
            and all(type(members[name]) in (int, float) for name in ("issued_at", *_LIFETIMES))
            and all(0 < members[name] < _LONGEST_LIFETIME for name in _LIFETIMES)
            and 0 < members["issued_at"] < _LATEST_ISSUE
            and isinstance(members["took_code"], bool)
            and members["name"].isidentifier()
            # What is no visible ASCII cannot be sent in a header.
            and all("!" <= character <= "~" for character in members["token"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return {**members, "token": Secret(members["token"])} if is_valid else None
