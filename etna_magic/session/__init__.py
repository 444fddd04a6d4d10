"""``NAME_session``: signing, retries, what a 401 means, when a token is renewed, and sessions for workers.

CONTRIBUTING.md says which file does what, and by which of them a call goes.
"""

from etna_magic.session.authorized_session import TIMEOUT, ServerAnswer, ask_servers
from etna_magic.session.call_outcome import READS
from etna_magic.session.etna_session import EtnaSession, WorkerSession
from etna_magic.session.renewal_timer import TIMER
from etna_magic.session.token_holder import TokenHolder
from etna_magic.session.token_refresher import REFUSALS, TokenRefresher

__all__ = [
    "READS",
    "REFUSALS",
    "TIMEOUT",
    "TIMER",
    "EtnaSession",
    "ServerAnswer",
    "TokenHolder",
    "TokenRefresher",
    "WorkerSession",
    "ask_servers",
]
