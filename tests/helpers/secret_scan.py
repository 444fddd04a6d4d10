"""Look for secrets in every file below a directory, in every form they may have taken."""

from __future__ import annotations

import base64
import gzip
import html
import json
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP = b"\x1f\x8b"
SHORTEST = 8  # of anything shorter, a fragment of base64 would be found everywhere


def secrets_on_disk(root: Path, *secrets: str) -> list[tuple[str, str]]:
    """Return ``(path, secret)`` for every secret that a file under `root` holds."""
    forms = {secret: forms_of(secret) for secret in secrets}
    return [
        (str(path.relative_to(root)), secret)
        for path in sorted(root.rglob("*"))
        for content in [_content(path)]
        for secret in secrets
        if any(form in content for form in forms[secret])
    ]


def forms_of(secret: str) -> set[bytes]:
    """Return the byte strings that would betray `secret`."""
    if len(secret) < SHORTEST:
        raise ValueError(f"a secret of {len(secret)} characters is found by chance")
    texts = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        html.escape(secret),
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        repr(secret)[1:-1],
    }
    plain = {text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "utf-16-be")}
    raw = secret.encode()
    return plain | {raw.hex().encode()} | set(_base64_forms(raw))


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    """Yield what `raw` becomes inside a longer base64 text, at each of three offsets."""
    for offset in range(3):
        usable = (offset + len(raw)) // 3 * 4
        start = (offset * 8 + 5) // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * offset + raw)[start:usable]


def _content(path: Path) -> bytes:
    """Return a file's bytes, and what it unpacks to; nothing of what is no file."""
    try:
        if not path.is_file():
            return b""
        content = path.read_bytes()
    except OSError:  # runtime files come and go
        return b""
    if not content.startswith(GZIP):
        return content
    try:
        return content + gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content
