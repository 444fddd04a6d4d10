"""The conversation with ``/token``: start, answer what the server asks, end in a token or an error."""

from __future__ import annotations

from etna_magic.answer import LONGEST_BODY, ask
from etna_magic.challenge import Challenge, ChallengeKind
from etna_magic.clock import Clock
from etna_magic.credentials import Credentials, check
from etna_magic.exceptions import VerificationError
from etna_magic.inert import inert
from etna_magic.secret import Secret
from etna_magic.token import Token
from etna_magic.verdict import judge

TIMEOUT = 30.0
MOST_WRONG = 3

# By ETNA's REST documentation the answer travels in a header of its own.
_HEADER = {ChallengeKind.CODE: "VerificationCode", ChallengeKind.PIN: "PinCode"}


class LoginFlow:
    """One log-in: one request to ``/token`` for each step, and never a second try by itself.

    Parameters
    ----------
    credentials : Credentials
        Who logs in where.
    timeout : float, optional
        Seconds to wait for an answer, by default 30.
    clock : Clock, optional
        The clocks by which the token will age.

    Examples
    --------
    >>> step = LoginFlow(credentials).start()  # doctest: +SKIP
    >>> while isinstance(step, Challenge):  # doctest: +SKIP
    ...     step = flow.answer(step, Secret(getpass(step.reason)))
    """

    def __init__(
        self, credentials: Credentials, *, timeout: float = TIMEOUT, clock: Clock | None = None
    ) -> None:
        self._credentials = credentials
        self._timeout = timeout
        self._clock = clock or Clock()
        # A server may repeat in its reason what it was sent; these are blotted out there.
        self._sent = [credentials.app_key, credentials.password]

    def start(self) -> Token | Challenge:
        """Send user name, password and app key.

        Returns
        -------
        Token or Challenge
            The token, or what the server wants to know first.

        Raises
        ------
        EtnaError
            The error that fits the server's answer, or why there was none.
        """
        return self._send({}, None)

    def answer(self, challenge: Challenge, text: Secret) -> Token | Challenge:
        """Answer a challenge.

        Parameters
        ----------
        challenge : Challenge
            What was asked.
        text : Secret
            The code or the PIN.

        Returns
        -------
        Token or Challenge
            The token, the next thing that is wanted, or the same again if the answer was wrong.

        Raises
        ------
        VerificationError
            If the server refuses, three answers were wrong, or nobody knows what it wants.
        EtnaError
            As for :meth:`start`.
        """
        if challenge.kind is ChallengeKind.UNKNOWN:
            raise VerificationError(
                f"The server wants something that etna_magic does not know, {challenge.step or 'unnamed'} "
                f"({challenge.reason or 'no reason given'}): log in once by the broker's own pages."
            )
        check(f"The {challenge.kind.value}", text)
        self._sent += [text, challenge.interim]
        bearer = Secret(f"Bearer {challenge.interim.reveal()}")
        return self._send({"Authorization": bearer, _HEADER[challenge.kind]: text}, challenge)

    def _send(self, more: dict[str, Secret], before: Challenge | None) -> Token | Challenge:
        who = self._credentials
        headers = {
            "Et-App-Key": who.app_key,
            "Username": Secret(who.username),
            "Password": who.password,
            "Accept": Secret("application/json"),
        }
        issued = (self._clock.wall(), self._clock.forward())
        answer = ask(f"{who.base_url}/token", headers | more, self._timeout, self._shown)
        step = judge(answer, before)
        if isinstance(step, Secret):
            return self._token(step, issued)
        if step.wrong >= MOST_WRONG:
            raise VerificationError(f"{MOST_WRONG} answers were wrong ({step.reason}): log in again.")
        return step

    def _shown(self, text: str, token: Secret | None) -> str:
        # Inert first: an escape sequence in its middle must not carry a secret past the search.
        line = inert(text, LONGEST_BODY)
        for secret in (*self._sent, token):
            if secret:
                for spelling in (secret.reveal(), inert(secret.reveal(), LONGEST_BODY)):
                    line = line.replace(spelling, "***") if spelling else line
        return inert(line)

    def _token(self, value: Secret, issued: tuple[float, float]) -> Token:
        who = self._credentials
        return Token(
            value,
            app_key=who.app_key,
            username=who.username,
            base_url=who.base_url,
            lifetime=who.lifetime,
            issued=issued,
            clock=self._clock,
        )
