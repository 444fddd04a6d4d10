"""What a server says of a token when a person or a login asks: by one cheap read each, all at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from etna_magic.session.token_check import probe_url
from etna_magic.support.http import calls_in_time
from etna_magic.support.safe_call import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from etna_magic.session.auth_adapter import AuthAdapter, SendOptions
    from etna_magic.session.etna_session import EtnaSession
    from etna_magic.token import Token

#: Seconds to wait for an answer at most: somebody looks on.
LONGEST_WAIT = 10.0


class ServerAnswer(NamedTuple):
    """What a server said of a token."""

    said: Literal["accepted", "refused", "unclear", "no answer"]
    #: Why it is neither accepted nor refused, to stand after a colon.
    reason: str = ""


def ask_servers(
    tokens: Iterable[tuple[EtnaSession, Token]],
    timeout: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[ServerAnswer]:
    """Ask about each token once, all at once, by the way that its session goes; nothing is noted on them.

    Parameters
    ----------
    tokens : iterable of (EtnaSession, Token)
        The tokens, each with a session of its account.
    timeout : float
        Seconds to wait for all of them; 10 at most.
    meanwhile : callable, optional
        Called once if that takes longer than a second.
    """
    seconds = min(timeout, LONGEST_WAIT)
    calls = [(partial(_ask, session, token, seconds), token.secrets()) for session, token in tokens]
    return [_answer(outcome) for outcome in calls_in_time(calls, seconds, meanwhile)]


def _ask(session: EtnaSession, token: Token, timeout: float) -> int | Failure:
    url = probe_url(token)
    adapter = cast("AuthAdapter", session.get_adapter(url))
    options = {**session.merge_environment_settings(url, {}, None, None, None), "timeout": timeout}
    return adapter.ask(token, cast("SendOptions", options))


def _answer(outcome: int | Failure) -> ServerAnswer:
    if isinstance(outcome, Failure):
        return ServerAnswer("no answer", outcome.reason)
    if outcome == 401:
        return ServerAnswer("refused")
    if 200 <= outcome < 300:
        return ServerAnswer("accepted")
    return ServerAnswer("unclear", f"it answered with status {outcome}")
