"""What ``%etna_login`` does: collect what is known, choose whom to ask, store what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from etna_magic import batch, prompt
from etna_magic.challenge import Challenge
from etna_magic.login_plan import LoginPlan
from etna_magic.options import only_one
from etna_magic.recipe import Recipe
from etna_magic.secret import Secret
from etna_magic.show import show
from etna_magic.timetext import parse_duration
from etna_magic.ways import Way, way_of

if TYPE_CHECKING:
    from argparse import Namespace

    from etna_magic.magics import EtnaMagics


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
    plan = plan_of(magics, options)
    way = way_of(options, plan.kernel)
    if way is Way.FORM:
        _by_form(plan)
        return
    attempt = plan.attempt()
    token = (prompt if way is Way.PROMPT else batch).log_in(attempt)
    show(plan.store(attempt, token))


def plan_of(magics: EtnaMagics, options: Namespace) -> LoginPlan:
    """Return the plan that a line asks for, its options checked."""
    only_one(options, "form", "prompt", "no_input")
    try:
        parse_duration(options.lifetime or "24h")
    except ValueError as error:
        raise UsageError(f"--lifetime {error}.") from None
    magics.logins.refuse_foreign(options.name)
    before = magics.logins.get(options.name)
    recipe = Recipe.of(options, before.recipe if before else None, auto_renew=magics.auto_renew)
    return LoginPlan(magics, options.name, recipe, Secret(options.code) if options.code else None)


def _by_form(plan: LoginPlan) -> None:
    """Log in at once where all is known; show a form for what is not."""
    attempt = plan.attempt()
    challenge = None
    if not attempt.missing:
        step = attempt.start({})
        if not isinstance(step, Challenge):
            show(plan.store(attempt, step))
            return
        challenge = step
    from etna_magic.form import LoginForm  # noqa: PLC0415 - ipywidgets takes long to import

    form = LoginForm(plan.name, attempt, lambda token: plan.store(attempt, token))
    plan.await_form(form)
    form.show(challenge)
