"""The options of one login: of ``%etna_login``, ``login()``, ``connect()`` and every renewal.

What does not fit is a ``ValueError`` or a ``TypeError`` that does not repeat it: it may be a password.
"""

from __future__ import annotations

import contextlib
import keyword
import math
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from etna_magic.secret import Secret
from etna_magic.support import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from etna_magic.settings.code_source import CodeSource
    from etna_magic.token import Token

#: Whom to ask for what is missing; None is for the front end to decide.
Ask = Literal["form", "prompt", "never"] | None
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


def ask_option(*, form: bool, prompt: bool, no_input: bool, spell: Callable[[str], str]) -> Ask:
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
    from etna_magic.settings.code_source import CodeSource  # noqa: PLC0415 - a bare %etna_login has no code

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
