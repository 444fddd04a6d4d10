"""Logins as the magics make them, without a notebook around them."""

from collections.abc import Iterable
from datetime import timedelta

from etna_magic import Credentials, EtnaSession, Secret, Token
from etna_magic.login_flow import ChallengeKind, conversation
from etna_magic.logins import Login, LoginRegistry
from etna_magic.sandbox import Sandbox
from etna_magic.support import Clock


def put(
    token: Token, name: str = "etna", timeout: float = 5.0, registry: LoginRegistry | None = None
) -> Login:
    """Put a token into a registry, as a login does that has succeeded."""
    registry = LoginRegistry({}) if registry is None else registry
    registry.settings.timeout = timeout
    return registry.put(name, token, None)


def session_of(token: Token, timeout: float = 5.0) -> EtnaSession:
    """Return the session of a login that has this token."""
    return put(token, timeout=timeout).session


def log_in(  # noqa: PLR0913 - all but two are named
    credentials: Credentials,
    answers: Iterable[str] = (),
    *,
    known: dict[ChallengeKind, Secret] | None = None,
    timeout: float = 5.0,
    trust: str = "certifi",
    clock: Clock | None = None,
) -> Token:
    """Have the whole conversation with a server, its challenges answered from a list."""
    steps, given = (
        conversation(credentials, known or {}, timeout=timeout, trust=trust, clock=clock),
        iter(answers),
    )
    answer: Secret | None = None
    while True:
        try:
            steps.send(answer)
        except StopIteration as end:
            token: Token = end.value
            return token
        answer = Secret(next(given))


def log_in_at(sandbox: Sandbox, clock: Clock | None = None, lifetime: float = 86_400.0) -> Token:
    """Log in to a sandbox as demo."""
    return log_in(
        Credentials(
            sandbox.base_url,
            Secret(sandbox.app_key),
            "demo",
            Secret(sandbox.password_of("demo")),
            lifetime=timedelta(seconds=lifetime),
        ),
        clock=clock,
    )
