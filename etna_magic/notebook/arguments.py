"""Reads the line behind a magic and checks its options: a password there is refused.

What does not fit raises IPython's ``UsageError``, which does not repeat it. The docstrings in ``magics.py``
describe the options.
"""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from IPython.core.error import UsageError
from IPython.utils.process import arg_split  # type: ignore[attr-defined] # imported there by platform

from etna_magic.settings import (
    LoginOptions,
    as_option,
    ask_option,
    checked_code,
    checked_duration,
    checked_name,
    checked_options,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from datetime import timedelta

    from IPython.core.magic_arguments import MagicArgumentParser

_T = TypeVar("_T")

DEFAULT_NAME = "etna"

# --password, -p, --app-key and what users would try instead.
_SECRET_OPTION = re.compile(r"-p(?!-)|--(pass|pw|app|pin|secret|token|key)", re.IGNORECASE)
_SAFE_MESSAGE = re.compile(r"argument [-/\w]+: expected one argument")
# Of a short option only its letter: the value may follow without a space.
_OPTION = re.compile(r"--[a-z][a-z-]*|-[a-zA-Z]")


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
    asked = {name: found.pop(name) for name in ("form", "prompt", "no_input")}
    found["code"] = or_usage_error(lambda: checked_code(found["code"]))
    return or_usage_error(
        lambda: checked_options(LoginOptions(**found, ask=ask_option(**asked, spell=as_option)), as_option)
    )


def parse_status(line: str) -> StatusOptions:
    """Read the line of ``%etna_status``."""
    found = _parse("etna_status", line)
    name, duration = found.name, found.duration
    return StatusOptions(
        None if name is None else or_usage_error(lambda: checked_name(name)),
        None if duration is None else or_usage_error(lambda: checked_duration("--for", duration)),
    )


def parse_logout(line: str) -> LogoutOptions:
    """Read the line of ``%etna_logout``."""
    found = _parse("etna_logout", line)
    name = None if found.name is None else or_usage_error(lambda: checked_name(found.name))
    if found.all:
        if name is not None:
            raise UsageError("Give a name or --all, not both.")
        return LogoutOptions(None)
    return LogoutOptions(name or DEFAULT_NAME)


def or_usage_error(check: Callable[[], _T]) -> _T:
    """Return what a check returns; what is wrong with an option is raised as IPython does."""
    try:
        return check()
    except (TypeError, ValueError) as error:
        sentence = str(error)
    # Outside of the except: the frames of a check hold what was typed.
    raise UsageError(sentence)


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
