"""``--read-only``: what counts as a read. Anything that is not literally one of these is not sent.

A logout at the server passes as well: it ends the session's own token.

The rule is a list of what may leave, and not of what may not: a path has more spellings than anybody
knows (``..``, ``%2e``, ``//``, another case), and none of them is in the list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from etna_magic.exceptions import ReadOnlyError
from etna_magic.session.retry_policy import READS
from etna_magic.support import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etna_magic.session.token_holder import TokenHolder

_QUERY = r"(\?(currency|exchange)=[A-Za-z0-9]+(&(currency|exchange)=[A-Za-z0-9]+)?)?"
#: What ETNA reads by another method than GET, below the base URL and the version.
_OTHER_READS = re.compile(
    rf"PUT history/(symbols|compare)/?"
    rf"|POST accounts/[0-9]+/preview/orders/?{_QUERY}"
    rf"|PUT accounts/[0-9]+/preview/orders/[0-9]+/?{_QUERY}"
)
# By these some servers carry out another method, or another path, than the one that is seen; the exception
# is what a browser asks before a call.
_OTHER_METHOD = re.compile(r"(?!access-control-request-method$).*(method|verb)")
_OTHER_PATH = re.compile(r".*\b(url|uri|path)\b")


def refuse_write(
    holder: TokenHolder, method: str, url: str, headers: Iterable[tuple[Any, Any]], body: object
) -> None:
    """Raise if a request is no read.

    Parameters
    ----------
    holder : TokenHolder
        Whose session it is.
    method, url : str
        What is to be sent, and where: any server, since nothing but reads leaves.
    headers : iterable of pairs
        Names and values, as text or bytes.
    body : object
        What follows them; None or empty for most reads.

    Raises
    ------
    ReadOnlyError
        It was not sent.
    """
    own = f"{holder.account.base_url}/v1.0/" if holder.account else ""
    path = url[len(own) :] if own and url.startswith(own) else ""
    is_other = _OTHER_READS.fullmatch(f"{method} {path}") is not None
    if holder.account and (method, url) == ("POST", f"{holder.account.base_url}/logout"):
        is_other = not body  # it ends the token, and places nothing
    given = [(_text(name).lower(), _text(value)) for name, value in headers]
    what = _not_a_read(method, url, given, body, is_other=is_other)
    if what:
        raise ReadOnlyError(
            f"{holder.name} is read-only, so the {what} was not sent. A login without --read-only lifts that."
        )


def _not_a_read(
    method: str, url: str, headers: list[tuple[str, str]], body: object, *, is_other: bool
) -> str:
    """Return what a request is, if it is no read."""
    shown = sanitize(method)[:20]
    if method not in READS and not is_other:
        return shown
    query = url.partition("?")[2]
    named = [name for name, _ in headers]
    # Some servers take a semicolon for the end of a parameter.
    asked = [name.lower() for name, _ in parse_qsl(query.replace(";", "&"), keep_blank_values=True)]
    if any(_OTHER_METHOD.match(name) for name in named + asked):
        return f"{shown} that names another method"
    if any(_OTHER_PATH.match(name.replace("_", "-")) for name in named):
        return f"{shown} that names another path"
    # A second request hides in a body, and ETNA's documentation has a GET with a body that changes a PIN.
    if body and not is_other:
        return f"{shown} with a body"
    length = _length(body)
    if any(name == "transfer-encoding" for name in named) or any(
        name == "content-length" and value != str(length) for name, value in headers
    ):
        return f"{shown} whose length is not that of its body"
    return ""


def _length(body: object) -> int | None:
    """Return how many bytes a body has; None for one that is made while it is sent."""
    if isinstance(body, str):
        return len(body.encode())
    return len(body) if isinstance(body, (bytes, bytearray)) else None if body else 0


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
