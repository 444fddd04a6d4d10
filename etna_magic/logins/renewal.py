"""A login that happens by itself, at the end of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from etna_magic import display
from etna_magic.ask import NonInteractive, drive
from etna_magic.exceptions import EtnaError, VerificationError
from etna_magic.login_flow import Challenge, ChallengeKind, LoginAttempt, log_out_on_server
from etna_magic.support import checked_base_url
from etna_magic.token import Account, Token

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from etna_magic.logins.registry import Login, LoginRegistry


class _Command(Protocol):
    """What is used of a ``LoginCommand``, whose file is below this one."""

    registry: LoginRegistry

    @property
    def timeout(self) -> float: ...
    def attempt(self) -> LoginAttempt: ...
    def lock(self, attempt: LoginAttempt, /) -> AbstractContextManager[object]: ...
    def cached_token(self, attempt: LoginAttempt, /) -> Token | None: ...
    def replace(self, attempt: LoginAttempt, login: Login, old: Token, token: Token, /) -> bool: ...
    def ask(self, attempt: LoginAttempt, challenge: Challenge, on_end: Callable[[], None], /) -> bool: ...


class Renewal:
    """A login that happens by itself, and leaves word for the next cell if it cannot.

    The settings are read again each time.
    """

    def __init__(self, command: _Command, login: Login) -> None:
        self._command = command
        self._login = login
        # What a person is being asked for, while nobody has answered, and with which credentials.
        self._asked, self._asked_with = "", b""

    def fingerprint(self) -> bytes:
        """Return the fingerprint of the credentials that a login would send now; nothing where none would."""
        try:
            attempt = self._command.attempt()
            return attempt.settings.credentials().fingerprint()
        except EtnaError:
            return b""  # what is wrong there is said by log_in

    def log_in(self) -> None:
        """Replace the token.

        If that fails with an `EtnaError`, the next cell says so, or asks for the code that is needed: in the
        middle of this one there is nobody to ask.
        """
        if self._asked and self._asked_with == self.fingerprint():
            # Each try would send the person another code while the first is being looked for.
            raise VerificationError(self._asked)
        command, old = self._command, self._login.session.token
        try:
            attempt = command.attempt()
            _refuse_another(attempt, old.account)
            # Other kernels have the same token to replace, and one login serves them all.
            with command.lock(attempt):
                shared = command.cached_token(attempt)
                token = shared or self._fresh(attempt)
                is_in_place = command.replace(attempt, self._login, old, token)
        except EtnaError:
            self._login.notice = self._login.notice or self._tell
            command.registry.touch()
            raise
        if not is_in_place and shared is None and not command.registry.is_in_use(token):
            # Logged out or logged in again meanwhile: nobody needs this one, and nobody may use it.
            log_out_on_server(token, command.timeout, command.registry.settings.trust)

    def _fresh(self, attempt: LoginAttempt) -> Token:
        step = attempt.start({}) if not attempt.missing else drive(attempt, NonInteractive())
        if isinstance(step, Challenge):
            challenge = step
            self._login.notice = lambda: self._ask(attempt, challenge)
            try:
                NonInteractive().challenge(challenge)
            except VerificationError as error:
                self._asked, self._asked_with = str(error), self.fingerprint()
                self._need_person(challenge)
                raise
        return step

    def _need_person(self, challenge: Challenge) -> None:
        refresher = self._login.session.holder.refresher
        if refresher is not None and challenge.kind is ChallengeKind.CODE:
            refresher.needs_person = True

    def _tell(self) -> None:
        """Say why the last renewal failed, when that was, and when the next one will be."""
        login, refresher = self._login, self._login.session.holder.refresher
        if login.token is None or refresher is None or refresher.error is None:
            return
        if refresher.renews:
            login.notice = self._tell  # once the next try has failed as well
            return
        said = display.not_renewed(login.name, login.token, refresher.error, refresher.schedule)
        display.show(display.line(said, "etna-warning"))

    def _ask(self, attempt: LoginAttempt, challenge: Challenge) -> None:
        """Ask a person for what a renewal needs, in the cell that is running."""
        if not self._command.ask(attempt, challenge, self._form_ended):
            self._tell()

    def _form_ended(self) -> None:
        self._asked = ""


def _refuse_another(attempt: LoginAttempt, account: Account) -> None:
    """Raise if the settings lead to another account by now: orders would go there without a word."""
    base_url, username = attempt.settings.text("base_url"), attempt.settings.text("username")
    if not base_url or not username:
        return  # said to be missing
    named = Account(username, checked_base_url(base_url))
    if named != account:
        raise EtnaError(
            f"The settings name {named} by now, and not {account}: no renewal changes the account."
        )
