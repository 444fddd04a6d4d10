"""``NAME_session``: signing, retries, what a 401 means, when a token is renewed, and sessions for workers.

A call goes ``EtnaSession.request`` → ``AuthAdapter.send`` → the adapter that sends, and one of httpx by a
transport that follows the same rules. The token is in a
`TokenHolder`, read once a call; `TokenRefresher` replaces it there and `TokenRules` ask the server about it.
The one `TIMER` has tokens renewed while nothing is called; `REFUSALS` knows what must not be sent often.
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
