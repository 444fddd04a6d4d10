"""One way to log in under one name: tried once now, and again for each renewal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from etna_magic import embedded, rendering
from etna_magic.attempt import LoginAttempt
from etna_magic.inert import inert
from etna_magic.mend import mend
from etna_magic.place import place_of
from etna_magic.remembering import Remembering
from etna_magic.renewal import Renewal
from etna_magic.self_renewal import SelfRenewal
from etna_magic.timetext import parse_duration

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from etna_magic.form import LoginForm
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
        self.logins = magics.logins
        self._first = magics
        self._recipe = recipe
        self._code = code
        self._changed = ""
        self._remembering = Remembering(self.logins, is_wanted=recipe.remember)

    @property
    def _magics(self) -> EtnaMagics:
        """The magics that are registered now: a %reload_ext has made new ones, with new settings."""
        registry = self._first.home.magics_manager.registry
        return cast("EtnaMagics", registry.get("EtnaMagics", self._first))

    @property
    def timeout(self) -> float:
        """Seconds to wait for an answer."""
        return float(self._magics.timeout)

    @property
    def kernel(self) -> Any:
        """The kernel, where there is one."""
        return getattr(self._magics.shell, "kernel", None)

    def attempt(self) -> LoginAttempt:
        """Return a new attempt with all that is known at this moment."""
        lifetime = self._lifetime()
        settings = self._recipe.settings(lifetime)
        code, self._code = self._code, None  # a code is good once
        return LoginAttempt(settings, lifetime=lifetime, code=code, timeout=self._magics.timeout)

    def _lifetime(self) -> timedelta:
        return parse_duration(self._magics.lifetime)

    def await_form(self, form: LoginForm) -> None:
        """Let the session stand in the namespace while a form waits, and refuse every use."""
        login = self.logins.get(self.name)
        if login is not None and login.form is not None:
            login.form.call_off("This form was replaced by a later one.")
        waiting = f"is waiting for its log-in: finish the form that was shown, or run {mend(self.name)} again"
        self.logins.await_login(self.name, waiting, self._magics.timeout).form = form

    def restore(self) -> None:
        """Let things be as they were before a form was shown that nobody finished."""
        self.logins.restore(self.name)

    def store(self, attempt: LoginAttempt, token: Token) -> rendering.Bundle:
        """Put a log-in into the namespace, and return the line that reports it.

        Raises
        ------
        EtnaError
            If a variable of the user's own is in the way.
        """
        login = self._put(attempt, token)
        return self._report(token, self._remembering.keep(login, token))

    def replace(self, login: Login, old: Token, token: Token) -> bool:
        """Put a fresh token in the place of an old one; return whether that was still its place."""
        if not self.logins.renew(login, old, token):
            return False
        self._magics.prepare(login)
        self._remembering.keep(login, token)
        return True

    def turn(self, attempt: LoginAttempt) -> AbstractContextManager[None]:
        """Return what lets one kernel at a time look for a remembered token, log in and keep it."""
        return self._remembering.turn(attempt)

    def recall(self, attempt: LoginAttempt) -> rendering.Bundle | None:
        """Take up the token that was remembered, and return the line that reports it."""
        token = self.remembered(attempt)
        if token is None:
            return None
        self._remembering.watch(self._put(attempt, token), token)
        return self._report(token, f"It was remembered in {self._remembering.place}; no request was made.")

    def remembered(self, attempt: LoginAttempt) -> Token | None:
        """Return a token that was remembered and is worth taking up."""
        login = self.logins.get(self.name)
        return self._remembering.token(attempt, login.token if login else None, self._lifetime())

    def _put(self, attempt: LoginAttempt, token: Token) -> Login:
        self.logins.refuse_foreign(self.name)
        before = self.logins.get(self.name)
        if before is not None and before.form is not None:
            before.form.call_off("This form was left, because the log-in went another way.")
        self._note_change(before.token if before else None, token)
        typed = {**self._recipe.typed, **attempt.typed}
        renews = self._recipe.auto_renew or bool(self._magics.auto_renew)
        if not renews:
            typed = {name: value for name, value in typed.items() if name not in ("password", "pin")}
        self._recipe = replace(
            self._recipe, typed=typed, typed_for=token.base_url, dotenv=attempt.settings.dotenv
        )
        token.took_code |= attempt.used_code
        login = self.logins.store(self.name, token, self._recipe, self._magics.timeout)
        self._magics.prepare(login)
        login.session.renewal = None
        if renews:
            again = SelfRenewal(self, login)
            login.session.renewal = Renewal(again.log_in, again.current)
            login.session.renewal.needs_person = token.took_code
        return login

    def _note_change(self, old: Token | None, new: Token) -> None:
        """Note that another account stands under this name now; loops that hold the session go there."""
        same = old is None or (old.username, old.base_url) == (new.username, new.base_url)
        was = "" if same or old is None else f"{inert(old.username)} at {inert(old.base_url)}"
        self._changed = f"Before, {self.name} was {was}." if was else ""

    def _report(self, token: Token, remembered: str) -> rendering.Bundle:
        said = rendering.logged_in(token, place_of(token.base_url, embedded.sandbox_url()))
        trouble = self._remembering.trouble
        about = "But" if remembered else "Nothing is remembered"
        told = f"{about}: {trouble}." if trouble else ""
        return rendering.line(" ".join(filter(None, (said, self._changed, remembered, told))))
