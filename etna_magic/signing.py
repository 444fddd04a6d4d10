"""Our two headers on a request that exists: put on again, and masked once it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.origin import Origin
from etna_magic.token import OURS

if TYPE_CHECKING:
    import requests

    from etna_magic.token import Token

MASKED = "***"


def sign_again(request: requests.PreparedRequest, token: Token) -> None:
    """Sign a request that was masked before: a redirect, or one that is sent a second time.

    Parameters
    ----------
    request : requests.PreparedRequest
        Left as it is unless it was masked; for another origin our headers go.
    token : Token
        What to sign with.
    """
    if request.headers.get(OURS[1]) != MASKED:
        return
    for name in OURS:
        request.headers.pop(name, None)
    if Origin.of(request.url or "") == Origin.of(token.base_url):
        request.headers.update(token.headers)


def mask(request: requests.PreparedRequest | None) -> None:
    """Mask our headers in a request that was sent, and is kept by its answer."""
    # Who has Et-App-Key was signed here; a user's own Authorization stands alone.
    if request is not None and OURS[1] in request.headers:
        for name in OURS:
            request.headers[name] = MASKED
