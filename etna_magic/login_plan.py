"""One way to log in under one name: tried once now, and again for each renewal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from etna_magic import batch, embedded, rendering
from etna_magic.attempt import LoginAttempt
from etna_magic.challenge import Challenge
from etna_magic.exceptions import EtnaError
from etna_magic.mend import mend
from etna_magic.place import place_of
from etna_magic.renewal import Renewal
from etna_magic.show import show
from etna_magic.timetext import parse_duration
from etna_magic.ways import Way, way_here

if TYPE_CHECKING:
    from etna_magic.magics import EtnaMagics
    from etna_magic.namespace import Login
    from etna_magic.recipe import Recipe
    from etna_magic.secret import Secret
    from etna_magic.token import Token


class LoginPlan:
    """A name, a recipe, and the settings of the magics.

    Parameters
    ----------
    magics : EtnaMagics
        The settings, and where the log-ins are.
    name : str
        The log-in's name.
    recipe : Recipe
        Who, where, and how.
    code : Secret or None, optional
        The answer to the first step that wants a code.
    """

    def __init__(self, magics: EtnaMagics, name: str, recipe: Recipe, code: Secret | None = None) -> None:
        self.name = name
        self.recipe = recipe
        self._magics = magics
        self._code = code

    @property
    def kernel(self) -> Any:
        """The kernel, where there is one."""
        return getattr(self._magics.shell, "kernel", None)

    def attempt(self) -> LoginAttempt:
        """Return a new attempt with all that is known at this moment."""
        lifetime = parse_duration(self._magics.lifetime)
        return LoginAttempt(
            self.recipe.settings(lifetime), lifetime=lifetime, code=self._code, timeout=self._magics.timeout
        )

    def await_form(self, form: Any) -> None:
        """Let the session stand in the namespace while a form waits, and refuse every use."""
        login = self._magics.logins.get(self.name)
        if login is not None and login.form is not None:
            login.form.close(rendering.line("This form was replaced by a later one."))
        waiting = f"is waiting for its log-in: finish the form that was shown, or run {mend(self.name)} again"
        self._magics.logins.await_login(self.name, waiting, self._magics.timeout).form = form

    def store(self, attempt: LoginAttempt, token: Token) -> rendering.Bundle:
        """Put a log-in into the namespace, and return the line that reports it.

        Raises
        ------
        EtnaError
            If a variable of the user's own is in the way.
        """
        self._magics.logins.refuse_foreign(self.name)
        typed = {**self.recipe.typed, **attempt.typed}
        if not self.recipe.auto_renew:
            typed = {name: value for name, value in typed.items() if name not in ("password", "pin")}
        self.recipe = replace(self.recipe, typed=typed, typed_for=token.base_url)
        login = self._magics.logins.store(self.name, token, self.recipe, self._magics.timeout)
        self._magics.prepare(login)
        login.session.renewal = None
        if self.recipe.auto_renew:
            login.session.renewal = Renewal(lambda: self._renew(login), lambda: login.session.token)
        return rendering.line(rendering.logged_in(token, place_of(token.base_url, embedded.sandbox_url())))

    def _renew(self, login: Login) -> None:
        """Log in again by itself, or leave word for the next cell why that did not work."""
        self._code = None
        attempt = self.attempt()
        try:
            if attempt.missing:
                attempt.settings.credentials()  # says what is missing
            step = attempt.start({})
            if isinstance(step, Challenge):
                login.notice = lambda: self._ask(attempt, step)
                batch.refuse(step)
        except EtnaError as error:
            login.notice = login.notice or self._notice(error)
            self._magics.logins.touch()
            raise
        self._magics.logins.renew(login, step)
        self._magics.prepare(login)

    def _notice(self, error: EtnaError) -> Any:
        sentence = f"{self.name}: the token could not be renewed. {error} To log in again: {mend(self.name)}"
        return lambda: show(rendering.line(sentence, "etna-warning"))

    def _ask(self, attempt: LoginAttempt, challenge: Challenge) -> None:
        """Ask a person for what a renewal needs, in the cell that is running."""
        if way_here(self.kernel) is not Way.FORM:
            self._notice(EtnaError(f"The server wants a {challenge.kind.value}."))()
            return
        from etna_magic.form import LoginForm  # noqa: PLC0415 - ipywidgets takes long to import

        LoginForm(self.name, attempt, lambda token: self.store(attempt, token)).show(challenge)
