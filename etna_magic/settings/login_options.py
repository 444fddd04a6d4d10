"""The options of one login: of ``%etna_login``, ``login()``, ``connect()``, every renewal; `CodeSource`.

What does not fit is a ``ValueError`` or a ``TypeError`` that does not repeat it: it may be a password.
"""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import keyword
import math
import os
import threading
import time
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from etna_magic.credentials import header_fault
from etna_magic.exceptions import VerificationError
from etna_magic.secret import Secret
from etna_magic.support import parse_duration

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Future
    from datetime import timedelta

    from etna_magic.token import Token

#: Whom to ask for what is missing; None is for the front end to decide.
Ask = Literal["form", "prompt", "never"] | None
#: Seconds that a function may take for a code: a mail with one takes a while to come.
CODE_TIMEOUT = 120.0
_DURATIONS = "a duration above 0 and at most 366 days: 24h, 90m, or 3600 for seconds"


class LoginOptions(NamedTuple):
    """The options of one login, and what a person typed for it.

    ``env_file``, ``auto_renew``, ``remember``, ``read_only``, ``sandbox``: as the options of those names.
    """

    name: str = "etna"
    base_url: str | None = None
    username: str | None = None
    #: As text, such as ``24h``.
    lifetime: str | None = None
    env_file: Path | None = None
    #: The answer to the first step that asks for a code, which is used once, or what is asked for each.
    code: Secret | CodeSource | None = None
    ask: Ask = None
    auto_renew: bool = False
    remember: bool = False
    #: It is not repeated by a bare line, which lifts it; a renewal keeps it.
    read_only: bool = False
    sandbox: bool = False
    #: Whether success is reported without user, host and folder.
    quiet: bool = False
    #: The ``.env`` that a renewal reads again, whatever the working directory is by then.
    dotenv: Path | None = None
    #: What a person typed last time, and for which base URL; the password only where renewals need it.
    typed: Mapping[str, Secret] = MappingProxyType({})
    typed_for: str = ""

    def repeating(self, before: LoginOptions | None) -> LoginOptions:
        """Return these options, or those of the last login where they say neither who nor where.

        The line that a warning ends in, a bare ``%etna_login``, is such a line. It must not lead to
        another user or server because the environment names one.
        """
        if before is None or self.base_url or self.username or self.env_file or self.sandbox:
            return self
        return before._replace(
            lifetime=self.lifetime or before.lifetime,
            code=self.code or _lasting(before.code),
            ask=self.ask,
            auto_renew=self.auto_renew or before.auto_renew,
            remember=self.remember or before.remember,
            read_only=self.read_only,
            quiet=self.quiet or before.quiet,
            dotenv=None,
        )

    def after(
        self, token: Token, typed: Mapping[str, Secret], dotenv: Path | None, *, renews: bool
    ) -> LoginOptions:
        """Return what a renewal or a bare line needs to log in again as now."""
        secret = () if renews else ("password", "pin")
        kept = {name: value for name, value in {**self.typed, **typed}.items() if name not in secret}
        return self._replace(
            code=_lasting(self.code), ask=None, typed=kept, typed_for=token.base_url, dotenv=dotenv
        )


def _lasting(code: Secret | CodeSource | None) -> CodeSource | None:
    """Return what is asked for a code at the next login, too: a code is good once."""
    # What was awaited on a loop that runs now is awaited without it then.
    return None if code is None or isinstance(code, Secret) else code.on_loop(None)


def as_option(name: str) -> str:
    """Return an option as a line has it: ``--base-url``."""
    return f"--{name.replace('_', '-')}"


def as_parameter(name: str) -> str:
    """Return an option as a call has it: ``base_url=``."""
    return f"{name}="


def given_options(
    spell: Callable[[str], str], *, form: bool = False, prompt: bool, no_input: bool, **given: Any
) -> LoginOptions:
    """Return the options of a line or a call, checked; those that do not fit are spelt as they were given."""
    ask = _ask(form=form, prompt=prompt, no_input=no_input, spell=spell)
    return checked_options(LoginOptions(**given, ask=ask), spell)


def checked_options(options: LoginOptions, spell: Callable[[str], str]) -> LoginOptions:
    """Return the options of a login with a name, a path and a code as they are used from here on."""
    env_file, code = _path(options.env_file), checked_code(options.code)
    _text("name", options.name)
    for name in ("base_url", "username"):
        if (value := getattr(options, name)) is not None:
            _text(name, value)
    # From Python a number of seconds is as good as a text of them.
    lifetime = None if options.lifetime is None else str(options.lifetime)
    if lifetime is not None:
        checked_duration(spell("lifetime"), lifetime)
    if options.sandbox and (options.base_url or env_file):
        raise ValueError(
            f"{spell('sandbox')} says where to log in: leave out {spell('base_url')} and {spell('env_file')}."
        )
    if options.sandbox and options.remember:
        raise ValueError(
            f"The embedded sandbox ends with this process, so there is nothing to {spell('remember')}: start "
            f"one with python -m etna_magic.sandbox, and name it with {spell('base_url')}."
        )
    name = checked_name(options.name)
    return options._replace(name=name, lifetime=lifetime, env_file=env_file, code=code)


def checked_name(name: str) -> str:
    """Return a login's name as Python spells it."""
    import unicodedata  # noqa: PLC0415 - a bare %etna_login has no name to look at

    # What was typed is not repeated: it may be a password.
    name = unicodedata.normalize("NFKC", name)
    fault = ""
    if keyword.iskeyword(name):
        fault = "is a keyword of Python"
    elif name[:1].isdigit():
        fault = "begins with a digit"
    elif not name.isidentifier():
        fault = "has something else than letters, digits and _" if name else "is empty"
    if fault:
        raise ValueError(f"That name {fault}, and would become a part of variable names: take another one.")
    return name


def checked_duration(option: str, text: str) -> timedelta:
    """Return a duration that was given for an option."""
    with contextlib.suppress(ValueError):
        return parse_duration(text)
    raise ValueError(f"{option} needs {_DURATIONS}.")


def checked_seconds(option: str, value: object) -> float:
    """Return a number of seconds that was given for an option."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{option} has to be a number of seconds, and is of type {type(value).__name__}.")
    if not 0 < value < math.inf:
        raise ValueError(f"{option} needs a number of seconds above 0.")
    return float(value)


def checked_trust(option: str, value: object) -> str:
    """Return whose certificates are to be trusted."""
    if value not in ("certifi", "system"):
        raise ValueError(f"{option} is 'certifi' or 'system'.")
    return str(value)


def _ask(*, form: bool, prompt: bool, no_input: bool, spell: Callable[[str], str]) -> Ask:
    """Return what the options ``form``, ``prompt`` and ``no_input`` say about whom to ask."""
    asked = {"form": form, "prompt": prompt, "no_input": no_input}
    given = [spell(name) for name, is_given in asked.items() if is_given]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} exclude each other: give one of them.")
    if form or prompt:
        return "form" if form else "prompt"
    return "never" if no_input else None


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} has to be a text, and is of type {type(value).__name__}.")
    return value


def checked_code(value: object) -> Secret | CodeSource | None:
    """Return a one-time code as a secret, and a function that returns codes where nothing shows it."""
    if value is None or isinstance(value, (Secret, CodeSource)):
        return value
    if callable(value):
        return CodeSource(value)
    if not isinstance(value, str):
        raise TypeError(
            f"code has to be a text or a function that returns one, and is of type {type(value).__name__}."
        )
    return Secret(value) if value else None


def _path(value: object) -> Path | None:
    if value is None:
        return None
    text = _text("env_file", os.fspath(value) if isinstance(value, os.PathLike) else value)
    if not text:
        return None
    # os.path's expanduser leaves alone what Path's raises for.
    path = Path(os.path.expanduser(text))  # noqa: PTH111
    with contextlib.suppress(OSError):  # the working directory was deleted
        # Absolute, so that a refresh finds it from another working directory too.
        return path.absolute()
    return path


class CodeSource:
    """Asks a function for codes.

    Like a `Secret` it holds the function where nothing that reads attributes finds it: a function often
    holds the seed of its codes, and a ``repr`` of it shows that.

    The function is called without arguments on a thread of its own. It returns the code as a ``str`` or a
    `Secret`, or something that does when it is awaited: on the loop, or on a loop of its own where there is
    none. When it takes too long it is abandoned, and what is awaited is cancelled.
    """

    __slots__ = ("_abandoned", "_awaited", "_get", "_is_cancelled", "_loop", "timeout")

    def __init__(
        self,
        function: Callable[[], object],
        loop: asyncio.AbstractEventLoop | None = None,
        timeout: float = CODE_TIMEOUT,
    ) -> None:
        self._get = lambda: function
        self._loop = loop
        self._awaited: Future[Any] | None = None
        self._is_cancelled = False
        # Set when a call of the function that was abandoned has come to its end.
        self._abandoned: threading.Event | None = None
        self.timeout = timeout

    def on_loop(self, loop: asyncio.AbstractEventLoop | None) -> CodeSource:
        """Return one of the same function that awaits on this loop, or on one of its own."""
        return CodeSource(self._get(), loop, self.timeout)

    def get_code(self) -> Secret:
        """Ask for a code.

        If the function fails, takes too long, or returns no code, that is a `VerificationError`; nothing of
        what it did is in it.
        """
        from etna_magic.support.http import call_in_time  # noqa: PLC0415 - settings alone need no requests
        from etna_magic.support.safe_call import Failure  # noqa: PLC0415 - as above

        if self._abandoned is not None and not self._abandoned.is_set():
            # Each try would leave one more thread behind.
            raise _no_code("has not returned yet from the last time")
        began, ended = time.monotonic(), threading.Event()
        # What it calls is a part of this login, and a renewal must not wait for itself.
        ask = partial(contextvars.copy_context().run, self._asked, ended)
        # A little longer than what is awaited may take, so that it is that which ends.
        outcome = call_in_time(ask, self.timeout + (1.0 if self._loop is None else 2.0), ())
        if isinstance(outcome, Secret):
            fault = header_fault(outcome)
            if not fault:
                return outcome
            outcome = f"returned a code that {fault}"
        elif isinstance(outcome, Failure):
            is_late = time.monotonic() - began >= self.timeout
            self._abandoned = ended if is_late else None
            took = f"took longer than {self.timeout:g} s"
            outcome = took if is_late else f"failed with a {outcome.kind.__name__}"
        raise _no_code(outcome)

    def cancel(self) -> None:
        """Cancel what is awaited on the loop that was given, or is about to be."""
        self._is_cancelled = True
        if self._awaited is not None:
            self._awaited.cancel()

    def _asked(self, ended: threading.Event) -> Secret | str:
        """Return the code, or why there is none; called on a thread that is abandoned when it is late."""
        try:
            return self._code()
        finally:
            ended.set()

    def _code(self) -> Secret | str:
        ending = time.monotonic() + self.timeout
        answer = self._get()()
        if inspect.isawaitable(answer):
            answer = self._await(answer, max(ending - time.monotonic(), 0.0))
        if isinstance(answer, Secret):
            return answer or "returned an empty Secret"
        if not isinstance(answer, str):
            return f"returned a {type(answer).__name__} in place of a str"
        # A line of a file or of a mail ends in a line break.
        return Secret(answer.strip()) if answer.strip() else "returned an empty str"

    def _await(self, awaitable: Awaitable[object], seconds: float) -> object:
        import asyncio  # noqa: PLC0415 - for functions that are async

        async def wait() -> object:
            return await asyncio.wait_for(awaitable, seconds)

        if self._loop is None:
            return asyncio.run(wait())
        self._awaited = asyncio.run_coroutine_threadsafe(wait(), self._loop)
        if self._is_cancelled:  # it may have been while nothing was awaited yet
            self._awaited.cancel()
        return self._awaited.result(seconds + 1.0)

    def __repr__(self) -> str:
        return "CodeSource(***)"

    def __copy__(self) -> CodeSource:
        return self

    def __deepcopy__(self, memo: object) -> CodeSource:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickle ends up on a disk: it never fails, and never holds the function.
        return CodeSource, (_lost,)


def _no_code(reason: str) -> VerificationError:
    return VerificationError(
        f"The function that was given as code= {reason}, so there is no code to log in with. "
        "Call it by itself to see why, then log in again."
    )


def _lost() -> str:
    """Return no code: what was pickled has lost its function."""
    return ""
