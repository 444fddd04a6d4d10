"""The tokens that ``--remember`` keeps across kernel restarts: record, stores, and a lock between processes.

A broken store is reported and never stops a login. Neither password nor app key is kept. The libraries of the
extras (filelock, platformdirs, keyring) are imported when needed.
"""

from etna_magic.token_cache.cache import (
    LoginCache,
    RememberedTokens,
    TokenCache,
    remembered_token,
    state_folder,
)
from etna_magic.token_cache.record import CacheKey, Remembered
from etna_magic.token_cache.shared_refusals import SharedRefusals

__all__ = [
    "CacheKey",
    "LoginCache",
    "Remembered",
    "RememberedTokens",
    "SharedRefusals",
    "TokenCache",
    "remembered_token",
    "state_folder",
]
