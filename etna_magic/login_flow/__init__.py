"""The conversation with the server: ``POST /token`` until there is a token, and ``POST /logout``.

``LoginAttempt`` is what form, prompt and renewals drive. It starts a ``conversation``, which sends one
request for each step and interprets its ``token_response``.
"""

from etna_magic.login_flow.conversation import LoginAttempt, conversation, log_out_on_server
from etna_magic.login_flow.token_response import Challenge, ChallengeKind

__all__ = ["Challenge", "ChallengeKind", "LoginAttempt", "conversation", "log_out_on_server"]
