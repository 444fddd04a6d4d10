"""Our two headers on a request: put on for one origin, masked once it was sent, put on again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etna_magic.origin import Origin
from etna_magic.token import OURS, Token

if TYPE_CHECKING:
    import requests

MASKED = "***"


def sign(request: requests.PreparedRequest, token: Token) -> requests.PreparedRequest:
    """Sign a request to a token's own origin; from any other take our headers away.

    Parameters
    ----------
    request : requests.PreparedRequest
        Ready to be sent but for that.
    token : Token
        What to sign with.
    """
    if Origin.of(request.url or "") == Origin.of(token.base_url):
        return token(request)
    for name, value in token.headers.items():
        # Ours, too, if a user has put them on the session by hand.
        if request.headers.get(name) == value:
            del request.headers[name]
    return request


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


def take_hooks(request: requests.PreparedRequest) -> dict[str, list[Any]]:
    """Take a user's hooks off a request, and return them; the token's own stays."""
    hooks = request.hooks.get("response", [])
    ours = [hook for hook in hooks if isinstance(getattr(hook, "__self__", None), Token)]
    request.hooks["response"] = ours
    return {"response": [hook for hook in hooks if hook not in ours]}
