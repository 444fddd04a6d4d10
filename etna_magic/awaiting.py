"""``await etna_magic.login()``: the same log-in from Python; with a form, it waits for the person."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from IPython.core.getipython import get_ipython

from etna_magic import batch
from etna_magic import prompt as prompts
from etna_magic.challenge import Challenge
from etna_magic.exceptions import EtnaError, NotLoggedInError
from etna_magic.login_command import form_of, plan_of
from etna_magic.options import checked_texts
from etna_magic.show import show
from etna_magic.ways import Way, way_of

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable

    from etna_magic.attempt import LoginAttempt
    from etna_magic.login_plan import LoginPlan
    from etna_magic.magics import EtnaMagics
    from etna_magic.rendering import Bundle
    from etna_magic.secret import Secret
    from etna_magic.session import EtnaSession

# Found by trying: 6.29, 6.31, 7.0, 7.1, 7.2 and 7.3 deliver no widget message while a cell awaits.
SERVING = (7, 4)


async def login(  # noqa: PLR0913 - the options of %etna_login
    name: str = "etna",
    *,
    env_file: str | os.PathLike[str] | None = None,
    base_url: str | None = None,
    username: str | None = None,
    lifetime: str | None = None,
    code: str | None = None,
    form: bool = False,
    prompt: bool = False,
    no_input: bool = False,
    auto_renew: bool = False,
    remember: bool = False,
    sandbox: bool = False,
) -> EtnaSession:
    """Log in as ``%etna_login`` does, without blocking the loop.

    With a form it returns when the person has logged in, so that "Run All" waits there. As after
    the magic, ``NAME_token`` and ``NAME_session`` then stand in the namespace.

    Parameters
    ----------
    name : str, optional
        Names the log-in.
    env_file, base_url, username, lifetime, code, form, prompt, no_input, auto_renew, remember, sandbox
        As the options of ``%etna_login``; the lifetime is a text such as ``"24h"``.

    Returns
    -------
    EtnaSession
        The session that also stands in the namespace. End a cell's last line with ``;`` to see only
        the line that reports the log-in.

    Raises
    ------
    EtnaError
        As the log-in has it, or if this kernel cannot serve a form while a cell waits.
    IPython.core.error.UsageError
        If the options do not fit.

    Examples
    --------
    >>> await etna_magic.login()  # doctest: +SKIP
    """
    options = checked_texts(Namespace(**locals()))
    magics = _magics()
    plan = plan_of(magics, options)
    beating = asyncio.create_task(_beat())
    try:
        line = await _line(plan, await asyncio.to_thread(plan.attempt), way_of(options, plan.kernel))
    finally:
        beating.cancel()
    if line is not None:
        show(line)
    found = magics.logins.get(plan.name)
    if found is None or found.token is None or found.form is not None:
        raise NotLoggedInError(f"The log-in {name} was called off. Run this cell again to log in.")
    return found.session


class InterruptedLogin(asyncio.CancelledError):
    """The cell that awaits a log-in was stopped; it shows one line."""

    def _render_traceback_(self) -> list[str]:
        return ["The log-in was interrupted. Run the cell again to log in."]


async def _beat() -> None:
    # ipykernel's stop button cancels the cell without waking the loop, which would go on sleeping.
    while True:
        await asyncio.sleep(0.2)


async def _line(plan: LoginPlan, attempt: LoginAttempt, way: Way) -> Bundle | None:
    """Carry a log-in to its end; return the line that reports it, unless a form has."""
    step: Any = None
    async with _turn(plan.turn(attempt)):
        if line := await asyncio.to_thread(plan.recall, attempt):
            return line
        if not attempt.missing:
            step = await asyncio.to_thread(attempt.start, {})
        elif way is Way.NOBODY:
            attempt.settings.credentials()  # says what is missing
        if step is not None and not isinstance(step, Challenge):
            # A keyring may ask a person to unlock it, and this loop must not stand still for that.
            return await asyncio.to_thread(plan.store, attempt, step)
    if way is Way.FORM:
        await _form(plan, attempt, step)
        return None
    return await asyncio.to_thread(plan.store, attempt, await _asked(attempt, step, way))


@asynccontextmanager
async def _turn(turn: AbstractContextManager[None]) -> AsyncIterator[None]:
    """Have a kernel's turn without blocking the loop, and give it back whatever happens."""
    entering = asyncio.ensure_future(asyncio.to_thread(turn.__enter__))
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        # The thread goes on to take the turn, and must not keep it.
        entering.add_done_callback(lambda _: turn.__exit__(None, None, None))
        raise
    try:
        yield
    finally:
        turn.__exit__(None, None, None)


async def _asked(attempt: LoginAttempt, step: Any, way: Way) -> Any:
    """Ask by prompts, with the loop free while the server thinks."""
    prompting = way is Way.PROMPT
    ask_challenge: Callable[[Challenge], Secret] = prompts.ask_challenge if prompting else batch.refuse
    if step is None:
        step = await asyncio.to_thread(attempt.start, {name: prompts.ask(name) for name in attempt.missing})
    while isinstance(step, Challenge):
        step = await asyncio.to_thread(attempt.answer, step, ask_challenge(step))
    return step


async def _form(plan: LoginPlan, attempt: LoginAttempt, challenge: Challenge | None) -> None:
    """Show a form and wait until it has ended."""
    _refuse_kernel(plan.kernel)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    # The form's callbacks run on another thread where the front end uses subshells.
    form = form_of(plan, attempt, lambda: _wake(loop, ended), is_awaited=True)
    form.show(challenge)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        form.call_off("This form was closed, because its cell was stopped.")
        plan.restore()
        raise InterruptedLogin from None


def _wake(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    loop.call_soon_threadsafe(ended.set)


def _refuse_kernel(kernel: Any) -> None:
    version = str(kernel.implementation_version)
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if parts < SERVING:
        raise NotLoggedInError(
            f"This kernel (ipykernel {version}) serves no form while a cell waits; that began with "
            f"{'.'.join(map(str, SERVING))}. Log in by %etna_login in a cell of its own, or update ipykernel."
        )


def _magics() -> EtnaMagics:
    shell = get_ipython()
    if shell is None:
        raise EtnaError("etna_magic.login() puts a log-in into an IPython namespace, and none runs here.")
    if "EtnaMagics" not in shell.magics_manager.registry:
        shell.run_line_magic("load_ext", "etna_magic")
    return cast("EtnaMagics", shell.magics_manager.registry["EtnaMagics"])
