"""``await etna_magic.login()``: the same login from Python; with a form, it waits for the person."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager, asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Protocol, cast

from IPython.core.getipython import get_ipython

from etna_magic import callbacks, display
from etna_magic.ask import Driver, FrontEnd, InputMode, current_front_end, driver_of, input_mode
from etna_magic.exceptions import EtnaError, NotLoggedInError
from etna_magic.login_flow import Challenge, LoginAttempt
from etna_magic.logins.login_command import LoginCommand, saying_what_was_dropped
from etna_magic.notebook.arguments import or_usage_error
from etna_magic.settings import CodeSource, as_parameter, given_options

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from etna_magic.ask import Kernel
    from etna_magic.notebook.magics import EtnaMagics
    from etna_magic.secret import Secret
    from etna_magic.session import EtnaSession
    from etna_magic.settings import Ask
    from etna_magic.token import Token

# Found by trying: 6.29, 6.31, 7.0, 7.1, 7.2 and 7.3 deliver no widget message while a cell awaits.
SERVING = (7, 4)
RUN_AGAIN = (
    "This cell was run again while its form was waiting, and both runs have ended. Run it again to log in."
)


async def login(  # noqa: PLR0913 - the options of %etna_login
    name: str = "etna",
    *,
    env_file: str | os.PathLike[str] | None = None,
    base_url: str | None = None,
    username: str | None = None,
    lifetime: str | float | None = None,
    code: str | Secret | Callable[[], str | Secret | Awaitable[str | Secret]] | None = None,
    form: bool = False,
    prompt: bool = False,
    no_input: bool = False,
    auto_renew: bool = False,
    remember: bool = False,
    read_only: bool = False,
    quiet: bool = False,
    sandbox: bool = False,
) -> EtnaSession:
    """Log in as ``%etna_login`` does, without blocking the loop.

    With a form it returns when the person has logged in, so that "Run All" waits there.

    A function given as ``code`` is called on a thread of its own, so that it may block. An ``async`` one is
    awaited on the loop that runs this; at renewals, which happen on other threads, on a loop of its own,
    so it must use nothing that belongs to a loop. It is abandoned, or cancelled, after 120 seconds.

    Parameters
    ----------
    name : str, optional
        Names the login.
    code : str, Secret or callable, optional
        The one-time code, or what returns it: a function without arguments, ``async`` or not. It is
        called at each login that needs a code, renewals too. What it raises is reported by its kind alone.
    env_file, base_url, username, lifetime, form, prompt, no_input
        As the options of ``%etna_login``; the lifetime is a text such as ``"24h"``, or seconds.
    auto_renew, remember, read_only, quiet, sandbox
        As the options of those names.

    Returns
    -------
    EtnaSession
        The session that is also in the namespace. A cell whose last line ends with ``;`` shows only the
        line that reports the login.

    Raises
    ------
    EtnaError
        As the login has it, or if something is missing and no form can be served here while a cell waits.
    IPython.core.error.UsageError
        If the options do not fit.

    Examples
    --------
    >>> await etna_magic.login("morning", sandbox=True)
    Logged in as demo at … (SANDBOX) until …: morning_token, morning_session.
    <EtnaSession morning: demo at …: fresh, until …>
    >>> def newest_code():
    ...     return "246810"
    >>> session = await etna_magic.login("night", sandbox=True, username="twofactor", code=newest_code)
    Logged in as twofactor at …
    """
    magics = _magics()
    options = or_usage_error(
        lambda: given_options(
            as_parameter,
            name=name,
            env_file=env_file,
            base_url=base_url,
            username=username,
            lifetime=lifetime,
            code=code,
            form=form,
            prompt=prompt,
            no_input=no_input,
            auto_renew=auto_renew,
            remember=remember,
            read_only=read_only,
            quiet=quiet,
            sandbox=sandbox,
        )
    )
    source = None
    if isinstance(options.code, CodeSource):
        source = options.code.on_loop(asyncio.get_running_loop())
        options = options._replace(code=source)
    command = LoginCommand(magics.registry, options, magics.kernel)
    if options.ask:
        input_mode(options.ask, magics.kernel)  # where that does not fit, nothing is sent
    heartbeat = asyncio.create_task(_heartbeat())
    try:
        await _log_in(command, await asyncio.to_thread(command.attempt), options.ask)
    finally:
        heartbeat.cancel()
        if source is not None:
            source.cancel()  # nobody awaits it any more
    return command.logged_in().session


class InterruptedLogin(asyncio.CancelledError):
    """The cell that awaits a login was stopped; it shows one line."""

    def _render_traceback_(self) -> list[str]:
        return ["The login was interrupted. Run the cell again to log in."]


async def _heartbeat() -> None:
    # ipykernel's stop button cancels the cell without waking the loop, which would go on sleeping.
    while True:
        await asyncio.sleep(0.2)


async def _log_in(command: LoginCommand, attempt: LoginAttempt, ask: Ask) -> None:
    """Log in, and report it before anybody is called back, who may log out again."""
    step: Token | Challenge | None = None
    kernel = command.kernel
    with saying_what_was_dropped(command), callbacks.held():
        async with _entered(command.lock(attempt)):
            line = await asyncio.to_thread(command.cached, attempt)
            if line is None and not attempt.missing:
                step = await asyncio.to_thread(attempt.start, {})
            elif line is None and input_mode(ask, kernel) is InputMode.FORM:
                # At once: a code that the first step had sent would be in vain.
                _refuse_unserved_form(kernel)
            if step is not None and not isinstance(step, Challenge):
                # A keyring may ask a person to unlock it, and this loop must not wait for that.
                line = await asyncio.to_thread(command.store, attempt, step)
        if line is not None:
            display.show(line)
            return
    challenge = step if isinstance(step, Challenge) else None
    if input_mode(ask, kernel) is InputMode.FORM and not _unserved(kernel):
        await _form(command, attempt, challenge)
        return
    driver = driver_of("prompt" if input_mode(ask, kernel) is InputMode.FORM else ask, kernel)
    with callbacks.held():
        display.show(
            await asyncio.to_thread(command.store, attempt, await _drive(attempt, challenge, driver))
        )


@asynccontextmanager
async def _entered(lock: AbstractContextManager[object]) -> AsyncIterator[None]:
    """Hold a lock between kernels without blocking the loop, and release it whatever happens."""
    entering = asyncio.ensure_future(asyncio.to_thread(lock.__enter__))
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        # The thread goes on to take the lock, and must not keep it.
        entering.add_done_callback(lambda _: lock.__exit__(None, None, None))
        raise
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


async def _drive(attempt: LoginAttempt, step: Token | Challenge | None, driver: Driver) -> Token:
    """Ask as :func:`etna_magic.ask.drive` does, with the loop free while the server is asked."""
    if step is None:
        step = await asyncio.to_thread(attempt.start, driver.missing(attempt.settings))
    while isinstance(step, Challenge):
        step = await asyncio.to_thread(attempt.answer, driver.challenge(step))
    return step


async def _form(command: LoginCommand, attempt: LoginAttempt, challenge: Challenge | None) -> None:
    """Show a form and wait until it has ended."""
    loop, ended, succeeded = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    # The form's callbacks run on another thread where the front end uses subshells.
    form = command.form(attempt, lambda: _set(loop, succeeded), lambda: _set(loop, ended), is_awaited=True)
    form.show(challenge)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        form.call_off("This form was closed, because its cell was stopped.")
        raise InterruptedLogin from None
    if not succeeded.is_set():
        _reruns.watch(command.kernel)
        raise NotLoggedInError(f"The login {command.name} was called off. Run this cell again to log in.")


class _TellingKernel(Protocol):
    """A kernel of ipykernel's, which notes by a method of its own what it works on."""

    set_parent: Callable[[object, Mapping[str, object], str], None]


class _Reruns:
    """Says, where a cell was run again while its form waited, that it has to be run once more.

    The front end takes the form away and sends the cell once more. The form notices and ends, and with it the
    cell, which fails so that no cell behind it goes on without a login. A kernel then refuses all cells
    that were sent before, mostly the new run too: that leaves an empty place, and no word.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def watch(self, kernel: Kernel | None) -> None:
        """Look for a while whether the cell that is running was refused after its end."""
        if kernel is not None:
            ended = kernel.get_parent("shell")
            if self._task is not None:
                self._task.cancel()
            # In a context of its own: what it shows belongs to the run that was refused.
            self._task = asyncio.get_running_loop().create_task(
                self._say(cast("_TellingKernel", kernel), ended), context=Context()
            )

    async def _say(self, kernel: _TellingKernel, ended: Mapping[str, object]) -> None:
        begun: list[object] = []
        refused: list[tuple[object, Mapping[str, object]]] = []
        note_parent = kernel.set_parent

        def set_parent(ident: object, parent: Mapping[str, object], channel: str = "shell") -> None:
            # Asked for now and then, it would be another's: a widget's message has a parent as well.
            note_parent(ident, parent, channel)
            if _cell(parent) == _cell(ended) and parent["header"] != ended["header"]:
                refused.append((ident, parent))

        events = cast("InteractiveShell", get_ipython()).events
        events.register("pre_run_cell", begun.append)
        kernel.set_parent = set_parent
        try:
            for _ in range(500):  # ten seconds: a busy machine takes its time
                await asyncio.sleep(0.02)
                if refused:
                    await asyncio.sleep(0.2)  # it may have been accepted, and begin
                if begun:
                    return
                if refused:
                    note_parent(*refused[-1], "shell")
                    display.show(display.line(RUN_AGAIN, "etna-warning"))
                    return
        finally:
            del kernel.set_parent
            events.unregister("pre_run_cell", begun.append)


_reruns = _Reruns()


def _cell(message: Mapping[str, object]) -> object:
    """Return the id of the cell that a front end has sent, if it says so."""
    return cast("Mapping[str, object]", message["metadata"]).get("cellId", message["header"])


def _set(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


def _unserved(kernel: Kernel | None) -> str:
    """Return why a form would not be served here while a cell waits for it, or nothing if it would be."""
    here = current_front_end(kernel)
    if here is FrontEnd.PAGE:
        return "This page serves no form while a cell waits"
    if here is not FrontEnd.NOTEBOOK:
        return "It is not known whether this front end serves a form while a cell waits"
    package, base = sys.modules.get("ipykernel"), sys.modules.get("ipykernel.kernelbase")
    if package is None or base is None or not isinstance(kernel, base.Kernel):
        return "This kernel is none of ipykernel's, and may serve no form while a cell waits"
    # Of what runs: kernel.implementation_version is IPython's, and what is installed by now may be newer.
    running = package.__version__
    parts = tuple(int(part) for part in running.split(".")[:2] if part.isdecimal())
    if parts >= SERVING:
        return ""
    first = ".".join(map(str, SERVING))
    return f"This kernel (ipykernel {running}) serves no form while a cell waits; that began with {first}"


def _refuse_unserved_form(kernel: Kernel | None) -> None:
    reason = _unserved(kernel)
    if current_front_end(kernel) is FrontEnd.PAGE:
        sentence = f"{reason}. Run %etna_login --form in a cell of its own."
        display.show(display.line(sentence, "etna-warning"))  # such a page leaves out what a cell raises
        raise NotLoggedInError(sentence)
    if reason:
        raise NotLoggedInError(f"{reason}. Run %etna_login in a cell of its own, or login(prompt=True).")


def _magics() -> EtnaMagics:
    shell = get_ipython()
    if shell is None:
        raise EtnaError(
            "etna_magic.login() puts a login into an IPython namespace, and none runs here. "
            "Call etna_magic.connect(), which takes the same options and returns a session."
        )
    if "EtnaMagics" not in shell.magics_manager.registry:
        shell.run_line_magic("load_ext", "etna_magic")
    magics = cast("EtnaMagics", shell.magics_manager.registry["EtnaMagics"])
    magics.show_errors_by_line()
    return magics
