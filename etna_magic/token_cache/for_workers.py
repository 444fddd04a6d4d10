"""The token cache as a worker's session looks into it, on whatever machine it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.token_cache.cache import LoginCache
from etna_magic.token_cache.record import CacheKey

if TYPE_CHECKING:
    from etna_magic.token import Token


def remembered_token(token: Token) -> Token | None:
    """Return the token that is kept on this machine for the account of a token, if it is a fresh one."""
    cache = LoginCache(lambda _: None)
    return cache.get(CacheKey(token.base_url, token.username, token.app_key()), token, None)
