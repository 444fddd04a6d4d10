"""What somebody else wrote: text, sanitized and with secrets redacted, and where a URL leads.

That is the one server that may see the headers of a login.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from etna_magic.exceptions import InsecureURLError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etna_magic.secret import Secret

# Longer than any documented Reason, shorter than a terminal line that has a sentence around it.
LIMIT = 120

# An ANSI escape sequence leaves letters and digits behind when only its ESC is dropped, so the whole goes.
_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
_PORTS = {"http": 80, "https": 443}
_VERSION = "/v1.0"


def sanitize(text: object, limit: int = LIMIT) -> str:
    r"""Return foreign text as one short line that is safe to show anywhere but in HTML.

    Escape sequences, control characters and those that turn the direction of writing are dropped, white
    space is folded, and what is too long is cut. HTML is escaped where it is made, in `etna_magic.display`.
    """
    if not isinstance(text, str):
        return f"({type(text).__name__})"
    # The cut comes first as well: a body may carry megabytes, and the work must not.
    text = text[: limit * 8]
    if not text.isprintable():
        text = re.sub(_ANSI, "", text)
        text = "".join(" " if c.isspace() else c for c in text)
        # Cc: control; Cf: direction and zero-width marks; Cs, Co, Cn: nothing a reader could read.
        text = "".join(c for c in text if not unicodedata.category(c).startswith("C"))
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def redact(text: str, secrets: Iterable[Secret | None]) -> str:
    """Return a server's text sanitized, with each secret in it replaced by ``***``.

    A server may repeat in its reason what it was sent.
    """
    # Sanitized first, and whole: an escape sequence in its middle must not carry a secret past the search,
    # and no cut must leave a part of one.
    line = sanitize(text, len(text) + 1)
    known = [secret.get_secret_value() for secret in secrets if secret]
    spellings = {*known, *(sanitize(one, len(one) + 1) for one in known)} - {""}
    # The longest first: of a secret that has another one in it, the rest would be left.
    for spelling in sorted(spellings, key=len, reverse=True):
        line = _without(line, spelling)
    return sanitize(line)


def _without(line: str, spelling: str) -> str:
    """Return a line with a spelling replaced, in whatever case: a host is written in small letters."""
    # Not by re, which would keep the secret in its cache of patterns.
    kept, begin = [], 0
    for piece in _small(line).split(_small(spelling)):
        kept.append(line[begin : begin + len(piece)])
        begin += len(piece) + len(spelling)
    return "***".join(kept)


def _small(text: str) -> str:
    """Return a text in small letters, its length unchanged."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


class Origin(NamedTuple):
    """Scheme, host and port: two URLs with the same three lead to the same server."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return where a URL points to; `InsecureURLError` if it cannot be read in one way only."""
        parts = _split(url)
        scheme = parts.scheme.lower()
        with contextlib.suppress(ValueError):
            return cls(scheme, parts.hostname or "", parts.port or _PORTS.get(scheme))
        # Outside of the suppress: the exception's text holds what stands after the colon.
        raise InsecureURLError("The URL's port is no port number.")

    @property
    def is_loopback(self) -> bool:
        """Whether nothing sent there leaves this machine."""
        if self.host == "localhost":
            return True
        import ipaddress  # noqa: PLC0415 - it would take a good part of what %load_ext may cost

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _split(url: str) -> SplitResult:
    # No message here shows the URL: what cannot be read may well hold a password.
    # Characters on which URL parsers disagree, which is how a look-alike URL gets past a check.
    if not url.isprintable() or " " in url or "\\" in url:
        raise InsecureURLError("The URL holds a blank, a control character or a backslash: no URL does.")
    with contextlib.suppress(ValueError):
        return urlsplit(url)
    raise InsecureURLError("The URL cannot be read: give it as https://host/path.")


class SameOrigin:
    """Says whether URLs lead to the server of a checked base URL, which is parsed once."""

    def __init__(self, base_url: str) -> None:
        #: Where the base URL points to.
        self.origin = Origin.of(base_url)
        # A URL that begins like this, with the slash that ends the host, needs no parsing.
        self._prefix = "/".join(base_url.split("/", 3)[:3]) + "/"

    def __call__(self, url: str) -> bool:
        """Say whether a URL leads there."""
        return url.startswith(self._prefix) or Origin.of(url) == self.origin


@lru_cache(maxsize=64)
def checked_base_url(text: str) -> str:
    """Return an API's base URL in its canonical form.

    `InsecureURLError` unless it is ``https`` (``http`` on loopback), without user name, query and fragment.
    """
    url = text.strip().rstrip("/")
    parts = _split(url)
    if "@" in parts.netloc:
        raise InsecureURLError("The base URL carries a user name: give it without what is before the @.")
    if parts.query or parts.fragment:
        raise InsecureURLError("The base URL has a ? or a #: give it without what comes from there on.")
    origin = Origin.of(url)
    if not origin.host or origin.scheme not in _PORTS:
        raise InsecureURLError("The base URL must begin with https:// and name a host.")
    if not origin.host.isascii():
        # It is sent as punycode, and the two spellings must not count as two servers.
        raise InsecureURLError("The base URL's host has letters outside ASCII: write it as punycode.")
    if origin.scheme == "http" and not origin.is_loopback:
        raise InsecureURLError(
            f"The base URL {sanitize(str(origin))} is not encrypted: give it with https:// "
            "(http is for loopback only)."
        )
    # In one spelling, since what is compared and what is asked of it ("https:") is text.
    plain = parts._replace(
        scheme=origin.scheme, netloc=parts.netloc.lower().removesuffix(f":{_PORTS[origin.scheme]}")
    )
    url = plain.geturl().removesuffix("/token").rstrip("/")
    # As it stands in examples of calls, whose paths begin with it.
    return url[: -len(_VERSION)].rstrip("/") if url.lower().endswith(_VERSION) else url


def join_url(base_url: str, path: object) -> str:
    """Return a path below a base URL as a URL; one that is absolute already stays as it is."""
    text = path.decode() if isinstance(path, bytes) else str(path)
    scheme, separator, _ = text.partition("://")
    if separator and scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        return text
    return f"{base_url}/{text.lstrip('/')}"
