"""A session that travels to the processes of Dask, Ray or joblib, with a token and no password."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from etna_magic.exceptions import TokenExpiredError
from etna_magic.ruled_session import TIMEOUT
from etna_magic.secret import Secret
from etna_magic.timetext import format_moment
from etna_magic.token import Token, TokenState
from etna_magic.weighing_session import WeighingSession

#: What a user may have set on a session, and finds set on the worker's.
SETTINGS = ("headers", "params", "proxies", "verify", "cert", "trust_env", "max_redirects")


class WorkerSession(WeighingSession):
    """A session that pickles: its token with its expiry and the app key, and never a password.

    It cannot renew its token. Keep its pickle as you would keep the token itself.

    Parameters
    ----------
    name : str
        The log-in's name.
    token : Token
        What it signs with, to the end of that token.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself.

    Examples
    --------
    >>> session = etna_session.for_workers()  # doctest: +SKIP
    >>> client.submit(quote, session, "AAPL").result()  # doctest: +SKIP
    """

    def __init__(self, name: str, token: Token, timeout: float = TIMEOUT) -> None:
        super().__init__(name, timeout)
        self.bind(token)

    def token_for_call(self) -> Token:
        """Return the token to sign with, while it lasts.

        Raises
        ------
        TokenExpiredError
            If it has come to its end.
        """
        token = super().token_for_call()
        if token.state is TokenState.STALE:
            ended = f"was given ended at {format_moment(token.expires_at)}"
            how = f"was given {token.ended}" if token.ended else ended
            raise TokenExpiredError(f"The token of {self.name} that this worker {how}. {self.how_to_mend}")
        return token

    @property
    def how_to_mend(self) -> str:
        """What to do about a token that is over, as a sentence."""
        return f"Log in again where it came from, and send a new {self.name}_session.for_workers()."

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        token = self.token
        issued = token.issued_at.timestamp()
        secrets = (token.value, token.app_key.reveal())
        facts = (token.username, token.base_url, token.lifetime.total_seconds(), issued, token.ended)
        settings = {name: getattr(self, name) for name in SETTINGS}
        return _rebuilt, (self.name, self.timeout, secrets, facts, settings)


def _rebuilt(
    name: str,
    timeout: float,
    secrets: tuple[str, str],
    facts: tuple[str, str, float, float, str],
    settings: dict[str, Any],
) -> WorkerSession:
    username, base_url, lifetime, issued, ended = facts
    # The forward clock of another process has another zero: only the wall's moment travels.
    forward = time.monotonic() - (time.time() - issued)
    token = Token(
        Secret(secrets[0]),
        app_key=Secret(secrets[1]),
        username=username,
        base_url=base_url,
        lifetime=timedelta(seconds=lifetime),
        issued=(issued, forward),
    )
    token.ended = ended
    session = WorkerSession(name, token, timeout)
    vars(session).update(settings)
    return session
