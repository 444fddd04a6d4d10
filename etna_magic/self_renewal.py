"""One renewal: a log-in that happens by itself, and leaves word for the next cell if it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic import batch, rendering
from etna_magic.challenge import Challenge
from etna_magic.exceptions import EtnaError, VerificationError
from etna_magic.inert import inert
from etna_magic.mend import mend
from etna_magic.origin import checked_base_url
from etna_magic.server_logout import end_on_server
from etna_magic.show import show
from etna_magic.ways import Way, way_here

if TYPE_CHECKING:
    from etna_magic.attempt import LoginAttempt
    from etna_magic.login_plan import LoginPlan
    from etna_magic.namespace import Login
    from etna_magic.token import Token


class SelfRenewal:
    """Logs in again by the plan that a log-in was made by.

    Parameters
    ----------
    plan : LoginPlan
        Where the credentials come from, again at each renewal.
    login : Login
        Whose token to replace.
    """

    def __init__(self, plan: LoginPlan, login: Login) -> None:
        self._plan = plan
        self._login = login
        # What a person is being asked for, while nobody has answered.
        self._asked = ""

    def current(self) -> Token:
        """Return the token that stands at the moment."""
        return self._login.session.token

    def log_in(self) -> None:
        """Replace the token.

        Raises
        ------
        EtnaError
            If that did not work. The next cell says so, or asks for the code that is wanted: in
            the middle of this one there is nobody to ask.
        """
        if self._asked:
            # Each try would send the person another code while the first is being looked for.
            raise VerificationError(self._asked)
        old = self.current()
        try:
            attempt = self._plan.attempt()
            _refuse_another(attempt, old)
            # Other kernels have the same token to replace, and one log-in serves them all.
            with self._plan.turn(attempt):
                shared = self._plan.remembered(attempt)
                token = shared or self._fresh(attempt)
                is_in_place = self._plan.replace(self._login, old, token)
        except EtnaError as error:
            sentence = str(error)
            self._login.notice = self._login.notice or (lambda: self._tell(sentence))
            self._plan.logins.touch()
            raise
        if not is_in_place and shared is None:
            # Logged out or logged in anew meanwhile: nobody wants this one, and nobody may use it.
            end_on_server(token, self._plan.timeout)

    def _fresh(self, attempt: LoginAttempt) -> Token:
        if attempt.missing:
            attempt.settings.credentials()  # says what is missing
        step = attempt.start({})
        if isinstance(step, Challenge):
            challenge = step
            self._login.notice = lambda: self._ask(attempt, challenge)
            try:
                batch.refuse(challenge)
            except VerificationError as error:
                self._asked = str(error)
                raise
        return step

    def _tell(self, why: str) -> None:
        name = self._login.name
        sentence = f"{name}: the token could not be renewed. {why} To log in again: {mend(name)}"
        show(rendering.line(sentence, "etna-warning"))

    def _ask(self, attempt: LoginAttempt, challenge: Challenge) -> None:
        """Ask a person for what a renewal needs, in the cell that is running."""
        if way_here(self._plan.kernel) is not Way.FORM:
            self._tell(f"The server wants a {challenge.kind.value}.")
            return
        from etna_magic.form import LoginForm  # noqa: PLC0415 - ipywidgets takes long to import

        form = LoginForm(attempt, lambda token: self._plan.store(attempt, token), self._form_ended)
        # Not awaited: the old token is good to its end, and calls go on with it meanwhile.
        self._login.form = form
        form.show(challenge)

    def _form_ended(self) -> None:
        self._asked = ""
        self._login.form = None


def _refuse_another(attempt: LoginAttempt, old: Token) -> None:
    """Raise if the settings lead to another account by now: orders would go there without a word."""
    base_url, username = attempt.settings.text("base_url"), attempt.settings.text("username")
    if not base_url or not username:
        return  # told as missing
    if (checked_base_url(base_url), username) != (old.base_url, old.username):
        now, then = (
            f"{inert(username)} at {inert(base_url)}",
            f"{inert(old.username)} at {inert(old.base_url)}",
        )
        raise EtnaError(f"The settings name {now} by now, and not {then}: no renewal changes the account.")
