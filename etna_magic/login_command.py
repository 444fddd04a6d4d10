"""What ``%etna_login`` does: collect what is known, choose whom to ask, store what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from etna_magic import batch, prompt
from etna_magic.challenge import Challenge
from etna_magic.login_plan import LoginPlan
from etna_magic.options import checked_name, only_one
from etna_magic.recipe import Recipe
from etna_magic.secret import Secret
from etna_magic.show import show
from etna_magic.timetext import parse_duration
from etna_magic.ways import Way, way_of

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from etna_magic.attempt import LoginAttempt
    from etna_magic.form import LoginForm
    from etna_magic.magics import EtnaMagics
    from etna_magic.rendering import Bundle


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
    attempt = plan.attempt()
    # Nobody is asked inside: other kernels wait for this one's turn to end.
    with plan.turn(attempt):
        outcome = plan.recall(attempt) or _first_step(plan, attempt)
    if isinstance(outcome, dict):
        show(outcome)
    elif way is Way.FORM:
        form_of(plan, attempt).show(outcome)
    else:
        token = (prompt if way is Way.PROMPT else batch).log_in(attempt, outcome)
        show(plan.store(attempt, token))


def _first_step(plan: LoginPlan, attempt: LoginAttempt) -> Bundle | Challenge | None:
    """Return the line of a log-in that needs nobody, or a challenge, or nothing if something is missing."""
    if attempt.missing:
        return None
    step = attempt.start({})
    return step if isinstance(step, Challenge) else plan.store(attempt, step)


def plan_of(magics: EtnaMagics, options: Namespace) -> LoginPlan:
    """Return the plan that a line asks for, its options checked."""
    only_one(options, "form", "prompt", "no_input")
    try:
        if options.lifetime is not None:
            options.lifetime = str(options.lifetime)
            parse_duration(options.lifetime)
    except ValueError as error:
        raise UsageError(f"--lifetime {error}.") from None
    options.name = checked_name(options.name)
    magics.logins.refuse_foreign(options.name)
    before = magics.logins.get(options.name)
    recipe = Recipe.of(options, before.recipe if before else None)
    return LoginPlan(magics, options.name, recipe, Secret(options.code) if options.code else None)


def form_of(
    plan: LoginPlan,
    attempt: LoginAttempt,
    done: Callable[[], None] = lambda: None,
    *,
    is_awaited: bool = False,
) -> LoginForm:
    """Return a form for what a plan lacks; `done` is called when it has ended, in whichever way."""
    from etna_magic.form import LoginForm  # noqa: PLC0415 - ipywidgets takes long to import

    form = LoginForm(attempt, lambda token: plan.store(attempt, token), done, is_awaited=is_awaited)
    plan.await_form(form)
    return form
