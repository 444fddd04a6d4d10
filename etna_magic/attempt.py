"""One attempt to log in: what is known already, what a person adds, and the conversation.

Form, prompt and batch all drive this, and differ only in whom they ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.challenge import Challenge, ChallengeKind
from etna_magic.login_flow import TIMEOUT, LoginFlow
from etna_magic.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from etna_magic.clock import Clock
    from etna_magic.settings import Settings
    from etna_magic.token import Token


class LoginAttempt:
    """A log-in that can be started, answered, and started over.

    Parameters
    ----------
    settings : Settings
        What is known already.
    code : Secret or None, optional
        The answer to the first step that wants a code; it is used once.
    lifetime : timedelta
        How long the server keeps a token, where the settings do not say.
    timeout : float, optional
        Seconds to wait for each answer.
    clock : Clock, optional
        The clocks by which the token will age.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from etna_magic.settings import Settings
    >>> LoginAttempt(Settings({}), lifetime=timedelta(hours=24)).missing
    ('base_url', 'app_key', 'username', 'password')
    """

    def __init__(
        self,
        settings: Settings,
        *,
        lifetime: timedelta,
        code: Secret | None = None,
        timeout: float = TIMEOUT,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self._lifetime = lifetime
        self._timeout = timeout
        self._clock = clock
        pin = settings.known.get("pin")
        # Each is offered until it was used; a wrong one is not sent again.
        self._known = {ChallengeKind.CODE: code, ChallengeKind.PIN: pin.value if pin else None}
        self._flow: LoginFlow | None = None
        #: Whether a one-time code was needed, as it will be each time.
        self.used_code = False
        #: What a person typed, for a log-in that repeats this one.
        self.typed: dict[str, Secret] = {}

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be asked for before the log-in can start."""
        return self.settings.missing

    def start(self, answers: Mapping[str, Secret]) -> Token | Challenge:
        """Begin the conversation, or begin it anew.

        Parameters
        ----------
        answers : mapping of str to Secret
            What a person said to what is missing.

        Returns
        -------
        Token or Challenge
            The token, or what has to be asked for now.

        Raises
        ------
        EtnaError
            If an answer cannot be used, or as the server's answer has it.
        """
        credentials = self.settings.filled(answers).credentials(self._lifetime)
        self._flow = LoginFlow(credentials, timeout=self._timeout, clock=self._clock)
        step = self._advance(self._flow.start())
        self.typed = dict(answers)
        return step

    def answer(self, challenge: Challenge, text: Secret) -> Token | Challenge:
        """Answer a challenge, and go on to the next that a person has to answer."""
        if self._flow is None:
            raise RuntimeError("an attempt is started before it is answered")
        step = self._flow.answer(challenge, text)
        self.used_code |= challenge.kind is ChallengeKind.CODE
        if challenge.kind is ChallengeKind.PIN and not (isinstance(step, Challenge) and step.wrong):
            self.typed["pin"] = text
        return self._advance(step)

    def run(
        self,
        step: Challenge | None,
        ask: Callable[[str], Secret],
        ask_challenge: Callable[[Challenge], Secret],
    ) -> Token:
        """Carry the log-in to its end from a step, or from its start, one question after the other."""
        now = step or self.start({name: ask(name) for name in self.missing})
        while isinstance(now, Challenge):
            now = self.answer(now, ask_challenge(now))
        return now

    def _advance(self, step: Token | Challenge) -> Token | Challenge:
        while isinstance(step, Challenge) and self._flow is not None:
            if step.kind is ChallengeKind.UNKNOWN:
                # Nobody can answer it; the flow says so.
                return self._flow.answer(step, Secret(""))
            text = self._known.get(step.kind)
            if text is None:
                return step
            self._known[step.kind] = None
            self.used_code |= step.kind is ChallengeKind.CODE
            step = self._flow.answer(step, text)
        return step
