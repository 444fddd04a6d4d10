"""Reads the line behind a magic, checks its options, and completes them: a password there is refused.

What does not fit raises IPython's ``UsageError``, which does not repeat it. The docstrings in ``magics.py``
describe the options.
"""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from IPython.core.completer import SimpleCompletion
from IPython.core.error import UsageError
from IPython.utils.process import arg_split  # type: ignore[attr-defined] # imported there by platform

from etna_magic.exceptions import error_lines
from etna_magic.settings import (
    LoginOptions,
    as_option,
    checked_code,
    checked_duration,
    checked_name,
    given_options,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta

    from IPython.core.completer import SimpleMatcherResult
    from IPython.core.magic_arguments import MagicArgumentParser

_T = TypeVar("_T")

DEFAULT_NAME = "etna"
_SWITCHES = ("form", "prompt", "no-input", "auto-renew", "remember", "read-only", "quiet", "sandbox")
# By magic: its options, and whether each takes a value.
_options: dict[str, dict[str, bool]] = {}

# --password, -p, --app-key and what users would try instead.
_SECRET_OPTION = re.compile(r"-p(?!-)|--(pass|pw|app|pin|secret|token|key)", re.IGNORECASE)
_SAFE_MESSAGE = re.compile(r"argument [-/\w]+: expected one argument")
# Of a short option only its letter: the value may follow without a space.
_OPTION = re.compile(r"--[a-z][a-z-]*|-[a-zA-Z]")
_LINE = re.compile(r"(?:^|[\s=%])(etna_login|etna_status|etna_logout)\s+(.*)$")


class StatusOptions(NamedTuple):
    """The options of ``%etna_status``: one login or all, how long their tokens have to last, and more."""

    name: str | None = None
    duration: timedelta | None = None
    #: Whether to ask each server.
    check: bool = False
    #: Whether to print it for programs.
    json: bool = False


def parse_login(line: str) -> LoginOptions:
    """Read the line of ``%etna_login``."""
    found = vars(_parse("etna_login", line))
    found["code"] = or_usage_error(lambda: checked_code(found["code"]))
    return or_usage_error(lambda: given_options(as_option, **found))


def parse_status(line: str) -> StatusOptions:
    """Read the line of ``%etna_status``."""
    found = _parse("etna_status", line)
    name, duration = found.name, found.duration
    return StatusOptions(
        None if name is None else or_usage_error(lambda: checked_name(name)),
        None if duration is None else or_usage_error(lambda: checked_duration("--for", duration)),
        check=found.check,
        json=found.json,
    )


def parse_logout(line: str) -> str | None:
    """Read the line of ``%etna_logout``: which login, or None for all."""
    found = _parse("etna_logout", line)
    name = None if found.name is None else or_usage_error(lambda: checked_name(found.name))
    if found.all:
        if name is not None:
            raise _usage_error("Give a name or --all, not both.")
        return None
    return name or DEFAULT_NAME


def or_usage_error(check: Callable[[], _T]) -> _T:
    """Return what a check returns; what is wrong with an option is raised as IPython does."""
    try:
        return check()
    except (TypeError, ValueError) as error:
        sentence = str(error)
    # Outside of the except: the frames of a check hold what was typed.
    raise _usage_error(sentence)


@functools.cache
def parser(magic: str) -> MagicArgumentParser:
    """Return the parser of a magic's line, made once."""
    from IPython.core.magic_arguments import MagicArgumentParser  # noqa: PLC0415 - a bare %etna_login needs none

    made, options = MagicArgumentParser(), _options.setdefault(magic, {})

    def add(*names: str, **how: Any) -> None:
        action = made.add_argument(*names, **how)
        options.update(dict.fromkeys(action.option_strings, action.nargs != 0))

    add("name", metavar="NAME", nargs="?", default=DEFAULT_NAME if magic == "etna_login" else None)
    if magic == "etna_login":
        add("-e", "--env-file", metavar="PATH")
        add("-b", "--base-url", metavar="URL")
        add("-u", "--username", metavar="USER")
        add("--lifetime", metavar="DURATION")
        add("--code", metavar="CODE")
        for switch in _SWITCHES:
            add(f"--{switch}", action="store_true")
    elif magic == "etna_status":
        add("--for", dest="duration", metavar="DURATION")
        add("--check", action="store_true")
        add("--json", action="store_true")
    else:
        add("--all", action="store_true")
    return made


def options_of(magic: str) -> Mapping[str, bool]:
    """Return the options of a magic, and whether each takes a value."""
    parser(magic)
    return _options[magic]


def completions(line: str, token: str, names: Iterable[str]) -> SimpleMatcherResult:
    """Return what a line, as far as the cursor, may go on with.

    Where there is nothing to say, as for a path or a value, IPython's other completions are shown.
    """
    match = _LINE.search(line)
    if match is None:
        return {"completions": []}
    options = options_of(match[1])
    words = match[2].removesuffix(token).split()
    if words and options.get(words[-1]):
        return {"completions": []}  # its value comes next
    # A magic takes one name, and each option once.
    pairs = zip(["", *words], words, strict=False)
    is_named = any(not word.startswith("-") and not options.get(before) for before, word in pairs)
    texts = [*(() if is_named else names), *(o for o in options if o[:2] == "--" and o not in words)]
    found = [SimpleCompletion(text, type="param") for text in texts if text.startswith(token)]
    return {"completions": found, "suppress": bool(found)}


def _parse(magic: str, line: str) -> Namespace:
    try:
        words = arg_split(line, posix=os.name == "posix", strict=True)
    except ValueError:
        raise _usage_error("A quotation mark is never closed.") from None
    if any(_SECRET_OPTION.match(word) for word in words):
        raise _usage_error(
            "There is no option for a password, PIN or app key, since cells and IPython's history are saved. "
            "Set ETNA_PASSWORD, ETNA_PIN_CODE or ETNA_APP_KEY, or wait to be asked; change a real one that "
            "you typed, and delete this cell."
        )
    found: Namespace
    try:
        found, rest = parser(magic).parse_known_args(words)
    except UsageError as error:
        # What argparse says of a value that is missing names the option; all else repeats the value.
        message = str(error) if _SAFE_MESSAGE.fullmatch(str(error)) else "These options do not fit together"
        raise _usage_error(f"{message}: see %{magic}?") from None
    if rest:
        raise _usage_error(_not_known(magic, rest))
    return found


def _not_known(magic: str, words: list[str]) -> str:
    """Say which options are not known, and which were probably meant; no more of what was typed."""
    unknown = [match[0] for match in map(_OPTION.match, words) if match]
    if not unknown:
        return f"%{magic} takes one name: see %{magic}?"
    import difflib  # noqa: PLC0415 - for this one sentence

    near = [one for typed in unknown for one in difflib.get_close_matches(typed, options_of(magic), 1)]
    hint = f" Did you mean {' and '.join(near)}?" if near else f" See %{magic}?"
    return f"%{magic} does not know {', '.join(unknown)}.{hint}"


def _usage_error(sentence: str) -> UsageError:
    """Return what IPython shows as an error, in lines as those of `EtnaError` are."""
    name = "UsageError: "
    return UsageError("\n".join(error_lines(name + sentence)).removeprefix(name))
