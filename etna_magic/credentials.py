"""Who logs in where, every value fit to travel as a header."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from datetime import timedelta

from etna_magic.exceptions import InvalidCredentialsError
from etna_magic.secret import Secret
from etna_magic.support import checked_base_url

#: What ETNA's REST documentation says of a token, in every version.
DEFAULT_LIFETIME = timedelta(hours=24)
# So that a fingerprint says nothing outside of this process.
_KEY = os.urandom(32)


@dataclass(frozen=True)
class Credentials:
    """Who logs in where, every value fit to travel as a header.

    Parameters
    ----------
    base_url : str
        The API's base URL, ``https`` or ``http`` on loopback.
    app_key : Secret
        The application's key.
    username : str
        The user on whose behalf every call is made.
    password : Secret
        The user's password.
    pin : Secret or None, optional
        The user's PIN, for servers that ask for it.
    lifetime : timedelta, optional
        How long the server keeps a token; ETNA's REST documentation says 24 hours.

    Raises
    ------
    InvalidCredentialsError
        If a value cannot be a header; it names the field and never the value.
    InsecureURLError
        If the base URL must not be used.

    Examples
    --------
    >>> Credentials("https://api.example.com", Secret("a2V5"), "alice", Secret("letmein"))
    Credentials(base_url='https://api.example.com', username='alice')
    """

    base_url: str
    app_key: Secret = field(repr=False)
    username: str
    password: Secret = field(repr=False)
    pin: Secret | None = field(default=None, repr=False)
    lifetime: timedelta = field(default=DEFAULT_LIFETIME, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", checked_base_url(self.base_url))
        labels = {"username": "Username", "app_key": "App key", "password": "Password", "pin": "PIN"}
        for name, label in labels.items():
            value = getattr(self, name)
            if value is not None:
                secret = value if isinstance(value, Secret) else Secret(value)
                check_header_value(label, secret, setting=name)

    def fingerprint(self) -> bytes:
        """Return what tells these secrets from others in this process, and gives none away."""
        pin = self.pin or Secret("")
        return hmac.digest(
            _KEY,
            b"\0".join(
                secret.get_secret_value().encode("latin-1") for secret in (self.app_key, self.password, pin)
            ),
            "sha256",
        )


def check_header_value(label: str, value: Secret, *, setting: str = "", after: str = "") -> None:
    """Refuse a value that cannot travel as a header, before any library sees it.

    The message does not hold it, but its label, and what is to follow the sentence, with a blank in front.
    """
    # What most values are like needs no closer look.
    if value.get_secret_value().isalnum() and value.get_secret_value().isascii():
        return
    fault = header_fault(value)
    if fault:
        raise InvalidCredentialsError(f"{label} {fault}.{after}", setting)


def header_fault(value: Secret) -> str:
    """Return what keeps a value from travelling as a header; empty if nothing does."""
    text = value.get_secret_value()
    if not text:
        return "is empty"
    if "\n" in text or "\r" in text:
        return "holds a line break: copy it without"
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        return "holds a control character: type it again"
    if text != text.strip():
        return "begins or ends with a blank: copy it without"
    if any(ord(character) > 255 for character in text):
        return "holds a character outside latin-1, which no HTTP header can carry"
    return ""
