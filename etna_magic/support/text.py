"""Text that somebody else wrote, made safe to show: sanitized, and with secrets redacted."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etna_magic.secret import Secret

# Longer than any documented Reason, shorter than a terminal line that has a sentence around it.
LIMIT = 120

# An ANSI escape sequence leaves letters and digits behind when only its ESC is dropped, so the whole goes.
_ANSI = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"


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
