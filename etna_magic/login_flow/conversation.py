"""One login from its first request to its token: the conversation, and what drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.credentials import Credentials, check_header_value
from etna_magic.exceptions import (
    ConnectionFailedError,
    InvalidCredentialsError,
    PasswordExpiredError,
    VerificationError,
)
from etna_magic.login_flow.challenge import Challenge, ChallengeKind
from etna_magic.login_flow.token_request import request_token
from etna_magic.login_flow.token_response import interpret
from etna_magic.secret import Secret
from etna_magic.session import REFUSALS
from etna_magic.settings import Settings
from etna_magic.support import Clock
from etna_magic.support.http import CERTIFI
from etna_magic.token import Account, Token

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, MutableMapping
    from datetime import timedelta

    from etna_magic.settings import CodeSource

#: Seconds to wait for the answer to one step.
TIMEOUT = 30.0
_MOST_WRONG = 3
# By ETNA's REST documentation the answer to a challenge is sent in a header of its own.
_HEADER = {ChallengeKind.CODE: "VerificationCode", ChallengeKind.PIN: "PinCode"}


def conversation(  # noqa: PLR0913 - all but two are named
    credentials: Credentials,
    known: MutableMapping[ChallengeKind, Secret],
    *,
    settings: Settings | None = None,
    timeout: float = TIMEOUT,
    trust: str = CERTIFI,
    clock: Clock | None = None,
) -> Generator[Challenge, Secret, Token]:
    """Log in: one request to ``/token`` for each step, and never a second try by itself.

    The settings say in errors where the credentials came from.

    Raises
    ------
    EtnaError
        The error that fits the server's answer, or why there was none.
    """
    clock, settings = clock or Clock(), settings or Settings({})
    way = {"source": settings.sources("base_url"), "trust": trust}
    headers = {
        "Et-App-Key": credentials.app_key,
        "Username": Secret(credentials.username),
        "Password": credentials.password,
        "Accept": Secret("application/json"),
    }
    # A server may repeat in its reason what it was sent.
    secrets = [credentials.app_key, credentials.password]
    took_code = False
    challenge: Challenge | None = None
    interim = Secret("")
    issued = (clock.wall(), clock.forward())
    response = request_token(credentials.base_url, headers, secrets, timeout, **way)
    account = Account(credentials.username, credentials.base_url)
    while True:
        try:
            meaning = interpret(response, challenge, has_interim=bool(interim), settings=settings)
        except (InvalidCredentialsError, PasswordExpiredError, VerificationError) as error:
            REFUSALS.note(account, credentials.fingerprint(), error, clock)
            raise
        if isinstance(meaning, Secret):
            return _token(meaning, credentials, issued, clock, took_code=took_code)
        challenge, interim = _checked(meaning), response.token or interim
        if challenge.wrong:
            refused = VerificationError(f"The server refused the {challenge.kind.value}: log in again.")
            REFUSALS.note(account, credentials.fingerprint(), refused, clock)
        answer = known.pop(challenge.kind, None) or (yield challenge)
        took_code |= challenge.kind is ChallengeKind.CODE
        while True:
            check_header_value(f"The {challenge.kind.value}", answer)
            bearer = Secret(f"Bearer {interim.get_secret_value()}")
            secrets += [answer, interim]
            issued = (clock.wall(), clock.forward())
            more = {"Authorization": bearer, _HEADER[challenge.kind]: answer}
            try:
                response = request_token(credentials.base_url, headers | more, secrets, timeout, **way)
            except ConnectionFailedError as error:
                failure = error
            else:
                break
            answer = yield challenge._replace(failure=failure)


def _checked(challenge: Challenge) -> Challenge:
    """Return a challenge that can be answered."""
    if challenge.wrong >= _MOST_WRONG:
        raise VerificationError(f"{_MOST_WRONG} answers were wrong ({challenge.reason}): log in again.")
    if challenge.kind is ChallengeKind.UNKNOWN:
        raise VerificationError(
            f"The server asks for something that etna_magic does not know, {challenge.step or 'unnamed'} "
            f"({challenge.reason or 'no reason given'}): log in once on the broker's own pages."
        )
    return challenge


def _token(
    value: Secret, credentials: Credentials, issued: tuple[float, float], clock: Clock, *, took_code: bool
) -> Token:
    return Token(
        value,
        app_key=credentials.app_key,
        username=credentials.username,
        base_url=credentials.base_url,
        lifetime=credentials.lifetime,
        issued=issued,
        clock=clock,
        took_code=took_code,
    )


class LoginAttempt:
    """A login that can be started, answered, and started over.

    Parameters
    ----------
    settings : Settings
        What is known already.
    lifetime : timedelta
        How long the server keeps a token, where the settings do not say.
    code : Secret, CodeSource or None, optional
        The answer to the first step that asks for a code, or what is asked for it. It is used once.
    timeout : float, optional
        Seconds to wait for each answer.
    trust : str, optional
        Whose certificates are trusted: ``certifi`` or ``system``.
    clock : Clock, optional
        The clocks by which the token will age.
    """

    def __init__(  # noqa: PLR0913 - all but one are named
        self,
        settings: Settings,
        *,
        lifetime: timedelta,
        code: Secret | CodeSource | None = None,
        timeout: float = TIMEOUT,
        trust: str = CERTIFI,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self._trust = trust
        self._lifetime = lifetime
        self._timeout = timeout
        self._clock = clock
        pin = settings.known.get("pin")
        known_code = code if isinstance(code, Secret) else None
        self._code_source = None if isinstance(code, Secret) else code
        given = {ChallengeKind.CODE: known_code, ChallengeKind.PIN: pin.value if pin else None}
        self._known = {kind: answer for kind, answer in given.items() if answer}
        self._steps: Generator[Challenge, Secret, Token] | None = None
        self._challenge: Challenge | None = None
        #: What a person typed, for a login that repeats this one.
        self.typed: dict[str, Secret] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be asked for before the login can start."""
        return self.settings.missing

    def start(self, answers: Mapping[str, Secret]) -> Token | Challenge:
        """Begin the conversation, or begin it again.

        Raises
        ------
        EtnaError
            If an answer cannot be used, or as the server's answer has it.
        """
        settings = self.settings.filled(answers)
        credentials = settings.credentials(self._lifetime)
        self._steps = conversation(
            credentials,
            self._known,
            settings=settings,
            timeout=self._timeout,
            trust=self._trust,
            clock=self._clock,
        )
        step = self._advance(None)
        self.typed = dict(answers)
        return step

    def answer(self, text: Secret) -> Token | Challenge:
        """Answer the last challenge.

        Raises
        ------
        EtnaError
            As for :meth:`start`; the login has to be started again then.
        """
        asked = self._challenge
        step = self._advance(text)
        is_right = not isinstance(step, Challenge) or not (step.wrong or step.failure)
        if asked is not None and asked.kind is ChallengeKind.PIN and is_right:
            self.typed["pin"] = text
        return step

    def _advance(self, answer: Secret | None) -> Token | Challenge:
        # Taken out first: after an error or its end there is nothing left to answer.
        steps, self._steps = self._steps, None
        if steps is None:
            raise RuntimeError("an attempt is started before it is answered")
        try:
            self._challenge = next(steps) if answer is None else steps.send(answer)
        except StopIteration as end:
            token: Token = end.value
            return token
        self._steps = steps
        source = self._code_source if self._challenge.kind is ChallengeKind.CODE else None
        return self._challenge if source is None else self._advance(_answered(self._challenge, source))


def _answered(challenge: Challenge, source: CodeSource) -> Secret:
    """Return the code that a user's function gives, which is asked once a login."""
    if challenge.failure is not None:
        raise challenge.failure
    if challenge.wrong:
        reason = f" (“{challenge.message}”)" if challenge.message else ""
        raise VerificationError(
            f"The server refused the code that came from the function given as code={reason}: "
            "see which one it returns, then log in again."
        )
    return source.get_code()
