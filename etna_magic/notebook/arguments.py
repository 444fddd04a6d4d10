"""Reads the line behind a magic and checks its options: a password there is refused.

What does not fit raises IPython's ``UsageError``, which does not repeat it. The docstrings in ``magics.py``
describe the options.
"""

from __future__ import annotations

import contextlib
import functools
import keyword
import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from IPython.core.error import UsageError
from IPython.utils.process import arg_split  # type: ignore[attr-defined] # imported there by platform

from etna_magic.secret import Secret
from etna_magic.settings import LoginOptions
from etna_magic.support import parse_duration

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import timedelta

    from IPython.core.magic_arguments import MagicArgumentParser

DEFAULT_NAME = "etna"

# --password, -p, --app-key and what users would try instead.
_SECRET_OPTION = re.compile(r"-p(?!-)|--(pass|pw|app|pin|secret|token|key)", re.IGNORECASE)
_SAFE_MESSAGE = re.compile(r"argument [-/\w]+: expected one argument")
# Of a short option only its letter: the value may follow without a space.
_OPTION = re.compile(r"--[a-z][a-z-]*|-[a-zA-Z]")
_DURATIONS = "a duration above 0 and at most 366 days: 24h, 90m, or 3600 for seconds"


class StatusOptions(NamedTuple):
    """The options of ``%etna_status``: one login or all, and how long their tokens have to last."""

    name: str | None = None
    duration: timedelta | None = None


class LogoutOptions(NamedTuple):
    """The options of ``%etna_logout``: which login, or None for all."""

    name: str | None = DEFAULT_NAME


def parse_login(line: str) -> LoginOptions:
    """Read the line of ``%etna_login``."""
    found = vars(_parse("etna_login", line))
    found["code"] = _code(found["code"])
    asked = {name: found.pop(name) for name in ("form", "prompt", "no_input")}
    return checked_options(LoginOptions(**found, ask=ask_option(**asked)))


def parse_status(line: str) -> StatusOptions:
    """Read the line of ``%etna_status``."""
    found = _parse("etna_status", line)
    return StatusOptions(
        None if found.name is None else checked_name(found.name),
        None if found.duration is None else _duration("--for", found.duration),
    )


def parse_logout(line: str) -> LogoutOptions:
    """Read the line of ``%etna_logout``."""
    found = _parse("etna_logout", line)
    name = None if found.name is None else checked_name(found.name)
    if found.all:
        if name is not None:
            raise UsageError("Give a name or --all, not both.")
        return LogoutOptions(None)
    return LogoutOptions(name or DEFAULT_NAME)


def checked_options(options: LoginOptions) -> LoginOptions:
    """Check the options of a login, from a line or from Python."""
    env_file, code = _path(options.env_file), _code(options.code)
    _text("name", options.name)
    for name in ("base_url", "username"):
        if (value := getattr(options, name)) is not None:
            _text(name, value)
    # From Python a number of seconds is as good as a text of them.
    lifetime = None if options.lifetime is None else str(options.lifetime)
    if lifetime is not None:
        _duration("--lifetime", lifetime)
    if options.sandbox and (options.base_url or env_file):
        raise UsageError("--sandbox says where to log in: leave out --base-url and --env-file.")
    if options.sandbox and options.remember:
        raise UsageError(
            "The embedded sandbox ends with this kernel, so there is nothing to --remember: start one "
            "with python -m etna_magic.sandbox, and name it with --base-url."
        )
    name = checked_name(options.name)
    return options._replace(name=name, lifetime=lifetime, env_file=env_file, code=code)


def checked_name(name: str) -> str:
    """Return a login's name as Python spells it."""
    name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(
            "That cannot name a login: it becomes a part of variable names, so letters, digits and _ only."
        )
    return name


def ask_option(*, form: bool, prompt: bool, no_input: bool) -> Literal["form", "prompt", "never"] | None:
    """Return what ``--form``, ``--prompt`` and ``--no-input`` say about whom to ask."""
    given = [
        option
        for option, is_given in (("--form", form), ("--prompt", prompt), ("--no-input", no_input))
        if is_given
    ]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other: give one of them.")
    if form or prompt:
        return "form" if form else "prompt"
    return "never" if no_input else None


@functools.cache
def parser(magic: str) -> MagicArgumentParser:
    """Return the parser of a magic's line, made once."""
    from IPython.core.magic_arguments import MagicArgumentParser  # noqa: PLC0415 - a bare %etna_login needs none

    made = MagicArgumentParser()
    add = made.add_argument
    add("name", metavar="NAME", nargs="?", default=DEFAULT_NAME if magic == "etna_login" else None)
    if magic == "etna_login":
        add("-e", "--env-file", metavar="PATH")
        add("-b", "--base-url", metavar="URL")
        add("-u", "--username", metavar="USER")
        add("--lifetime", metavar="DURATION")
        add("--code", metavar="CODE")
        for switch in (
            "--form",
            "--prompt",
            "--no-input",
            "--auto-renew",
            "--remember",
            "--read-only",
            "--quiet",
            "--sandbox",
        ):
            add(switch, action="store_true")
    elif magic == "etna_status":
        add("--for", dest="duration", metavar="DURATION")
    else:
        add("--all", action="store_true")
    return made


def _parse(magic: str, line: str) -> Namespace:
    try:
        words = arg_split(line, posix=os.name == "posix", strict=True)
    except ValueError:
        raise UsageError("A quotation mark is never closed.") from None
    if any(_SECRET_OPTION.match(word) for word in words):
        raise UsageError(
            "There is no option for a password, a PIN or an app key, because a cell is saved in the notebook "
            "and in IPython's history: leave it out and you are asked for it, or set ETNA_PASSWORD, "
            "ETNA_PIN_CODE, ETNA_APP_KEY. If you typed a real one, delete this cell and change it."
        )
    found: Namespace
    try:
        found, rest = parser(magic).parse_known_args(words)
    except UsageError as error:
        # What argparse says of a value that is missing names the option; all else repeats the value.
        message = str(error) if _SAFE_MESSAGE.fullmatch(str(error)) else "These options do not fit together"
        raise UsageError(f"{message}: see %{magic}?") from None
    if rest:
        options = ", ".join(match[0] for match in map(_OPTION.match, rest) if match)
        raise UsageError(f"%{magic} does not know {options or 'a second name'}: see %{magic}?")
    return found


def _duration(option: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError:
        raise UsageError(f"{option} needs {_DURATIONS}.") from None


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} has to be a text, and is a {type(value).__name__}.")
    return value


def _code(value: object) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    text = _text("code", value)
    return Secret(text) if text else None


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
