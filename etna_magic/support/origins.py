"""Where a URL points to: the one server that may see the headers of a login."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from etna_magic.exceptions import InsecureURLError
from etna_magic.support.text import sanitize

_PORTS = {"http": 80, "https": 443}
_VERSION = "/v1.0"


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
