"""What ``%etna_login`` does: collect what is known, choose whom to ask, store what comes of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from etna_magic import batch, embedded, prompt, rendering
from etna_magic.attempt import LoginAttempt
from etna_magic.challenge import Challenge
from etna_magic.options import only_one
from etna_magic.place import place_of
from etna_magic.recipe import Recipe
from etna_magic.secret import Secret
from etna_magic.session import mend
from etna_magic.show import show
from etna_magic.timetext import parse_duration

if TYPE_CHECKING:
    from argparse import Namespace

    from etna_magic.magics import EtnaMagics
    from etna_magic.token import Token

FORM, PROMPT, NOBODY = "form", "prompt", "nobody"


def run(magics: EtnaMagics, options: Namespace) -> None:
    """Log in as a line asks for, at once or by asking a person.

    Parameters
    ----------
    magics : EtnaMagics
        The settings, and where the log-ins are.
    options : argparse.Namespace
        The line, parsed.

    Raises
    ------
    EtnaError
        As the log-in has it; the log-ins are as they were before.
    IPython.core.error.UsageError
        If the options do not fit.
    """
    only_one(options, "form", "prompt", "no_input")
    _refuse_lifetime(options.lifetime)
    magics.logins.refuse_foreign(options.name)
    before = magics.logins.get(options.name)
    recipe = Recipe.of(options, before.recipe if before else None)
    lifetime = parse_duration(magics.lifetime)
    attempt = LoginAttempt(
        recipe.settings(lifetime),
        lifetime=lifetime,
        code=Secret(options.code) if options.code else None,
        timeout=magics.timeout,
    )
    way = _way(options, getattr(magics.shell, "kernel", None))
    if way == FORM:
        _by_form(magics, options.name, recipe, attempt)
        return
    token = (prompt if way == PROMPT else batch).log_in(attempt)
    show(_store(magics, options.name, recipe, attempt, token))


def _by_form(magics: EtnaMagics, name: str, recipe: Recipe, attempt: LoginAttempt) -> None:
    """Log in at once where all is known; show a form for what is not."""
    challenge = None
    if not attempt.missing:
        step = attempt.start({})
        if not isinstance(step, Challenge):
            show(_store(magics, name, recipe, attempt, step))
            return
        challenge = step
    from etna_magic.form import LoginForm  # noqa: PLC0415 - ipywidgets takes long to import

    login = magics.logins.get(name)
    if login is not None and login.form is not None:
        login.form.close(rendering.line("This form was replaced by a later one."))
    form = LoginForm(name, attempt, lambda token: _store(magics, name, recipe, attempt, token))
    waiting = (
        f"is waiting for its log-in: finish the form that %etna_login has shown, or run {mend(name)} again"
    )
    magics.logins.await_login(name, waiting, magics.timeout).form = form
    form.show(challenge)


def _store(
    magics: EtnaMagics, name: str, recipe: Recipe, attempt: LoginAttempt, token: Token
) -> rendering.Bundle:
    magics.logins.refuse_foreign(name)
    typed = {**recipe.typed, **attempt.typed}
    done = replace(recipe, typed=typed, typed_for=token.base_url)
    magics.prepare(magics.logins.store(name, token, done, magics.timeout))
    return rendering.line(rendering.logged_in(token, place_of(token.base_url, embedded.sandbox_url())))


def _refuse_lifetime(text: str | None) -> None:
    try:
        parse_duration(text or "24h")
    except ValueError as error:
        raise UsageError(f"--lifetime {error}.") from None


def _way(options: Namespace, kernel: Any) -> str:
    """Choose whom to ask: by the line, or by what this front end can do."""
    if options.form and kernel is None:
        raise UsageError("--form needs a notebook: a terminal shows no widgets. Use --prompt.")
    for way in (FORM, PROMPT):
        if getattr(options, way):
            return way
    if options.no_input:
        return NOBODY
    if kernel is not None:
        # What nbclient, papermill and `jupyter execute` say of themselves with each cell.
        return FORM if kernel.get_parent("shell").get("content", {}).get("allow_stdin") else NOBODY
    return PROMPT if sys.stdin is not None and sys.stdin.isatty() else NOBODY
