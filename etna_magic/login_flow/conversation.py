"""One login from its first request to its token: the conversation, what it sends, and what drives it.

There are two requests: ``POST /token`` for each step of a login, and ``POST /logout``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.credentials import Credentials, check_header_value
from etna_magic.exceptions import (
    ConnectionFailedError,
    InvalidCredentialsError,
    PasswordExpiredError,
    VerificationError,
)
from etna_magic.login_flow.token_response import (
    LONGEST_BODY,
    Challenge,
    ChallengeKind,
    TokenResponse,
    interpret,
    parse,
)
from etna_magic.secret import Secret
from etna_magic.session import REFUSALS
from etna_magic.settings import Settings
from etna_magic.support import Clock, Origin
from etna_magic.support.http import CERTIFI, call_in_time, post_once
from etna_magic.support.safe_call import Failure, Route
from etna_magic.token import Account, Token

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, MutableMapping
    from datetime import timedelta

    from etna_magic.settings import CodeSource

#: Seconds to wait for the answer to one step.
TIMEOUT = 30.0
_MOST_WRONG = 3
# By ETNA's REST documentation the answer to a challenge is sent in a header of its own.
_HEADER = {ChallengeKind.CODE: "VerificationCode", ChallengeKind.PIN: "PinCode"}


def request_token(  # noqa: PLR0913 - two have to be named
    base_url: str,
    headers: Mapping[str, Secret],
    secrets: Iterable[Secret],
    timeout: float,
    *,
    source: str = "the base URL",
    trust: str = CERTIFI,
) -> TokenResponse:
    """Send one ``POST {base URL}/token`` without a body; nothing is tried twice, no redirect followed.

    The source says in an error where the base URL came from; trust is ``certifi`` or ``system``. If nothing
    comes back in time, that is a `ConnectionFailedError`, and nothing of the request is in it.
    """
    url, hidden = f"{base_url}/token", tuple(secrets)

    def act() -> TokenResponse:
        plain = {name: value.get_secret_value() for name, value in headers.items()}
        response, body = post_once(url, plain, timeout=timeout, longest=LONGEST_BODY, trust=trust)
        return parse(response, body, hidden)

    outcome = call_in_time(act, timeout, (*headers.values(), *hidden), Route(url, trust=trust).problem)
    if not isinstance(outcome, Failure):
        return outcome
    outcome.raise_foreign()
    advice = "Then log in again." if outcome.has_advice else f"Check the network and {source}."
    raise ConnectionFailedError(
        f"{Origin.of(url)} could not be asked for a token: {outcome.reason}. {advice}"
    )


def log_out_on_server(token: Token, timeout: float, trust: str = CERTIFI) -> str:
    """Ask the server to end a token, once; return why it may live on. What interrupts it is raised.

    ``POST {base URL}/logout`` is documented by one broker; other installations may not have it.
    """
    url = f"{token.base_url}/logout"

    def act() -> tuple[int, bool]:
        response, _ = post_once(url, {}, timeout=timeout, auth=token, longest=LONGEST_BODY, trust=trust)
        return response.status_code, "html" in response.headers.get("Content-Type", "")

    outcome = call_in_time(act, timeout, token.secrets(), Route(url, trust=trust).problem)
    if isinstance(outcome, Failure):
        outcome.raise_foreign()
        return f"the server could not be asked: {outcome.reason}"
    status, is_page = outcome
    if status in (200, 204, 401) and not is_page:  # 401: the token is dead already
        return ""
    return f"this server does not end tokens (status {status}{' with a web page' if is_page else ''})"


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

    The settings say in errors where the credentials came from. What it raises is the `EtnaError` that fits
    the server's answer, or why there was none.
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
            return Token(
                meaning,
                app_key=credentials.app_key,
                username=credentials.username,
                base_url=credentials.base_url,
                lifetime=credentials.lifetime,
                issued=issued,
                clock=clock,
                took_code=took_code,
            )
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


class LoginAttempt:
    """A login that can be started, answered, and started over.

    The lifetime is how long the server keeps a token, where the settings do not say; the time-out, in
    seconds, is that of each answer. A code answers the first step that asks for one, once; a source is asked.
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
        """Begin the conversation, or begin it again; an answer that cannot be used is an `EtnaError`."""
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
        """Answer the last challenge; after an `EtnaError` the login has to be started again."""
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
