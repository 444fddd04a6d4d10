"""What stands behind a magic on its line, parsed; passwords there are refused."""

from __future__ import annotations

import keyword
import os
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.utils.process import arg_split  # type: ignore[attr-defined] # imported there by platform

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

DEFAULT_NAME = "etna"

# --password, -p, --app-key and what people would try in their place.
_SECRET_OPTION = re.compile(r"-p(?!-)|--(pass|pw|app|pin|secret|token|key)", re.IGNORECASE)
_PLAIN = re.compile(r"argument [-/\w]+: expected one argument")
# Of a short option only its letter: the value may stand right behind it.
_OPTION = re.compile(r"--[a-z][a-z-]*|-[a-zA-Z]")


def parse(magic: Callable[..., Any], text: str) -> Namespace:
    """Parse the line behind a magic that ``@magic_arguments`` describes.

    Parameters
    ----------
    magic : callable
        The magic.
    text : str
        Its line.

    Returns
    -------
    argparse.Namespace
        The options, with ``name`` checked to be an identifier where there is one.

    Raises
    ------
    IPython.core.error.UsageError
        If something does not fit; what was typed is not repeated, since it may be a password.
    """
    try:
        words = arg_split(text, posix=os.name == "posix", strict=True)
    except ValueError:
        raise UsageError("A quotation mark is never closed.") from None
    _refuse_secrets(words)
    options: Namespace
    try:
        options, rest = magic.parser.parse_known_args(words)  # type: ignore[attr-defined] # set by @magic_arguments
    except UsageError as error:
        # What argparse says of a value that is missing names the option; all else repeats the value.
        plain = str(error) if _PLAIN.fullmatch(str(error)) else "These options do not fit together"
        raise UsageError(f"{plain}: see %{magic.__name__}?") from None
    if rest:
        raise UsageError(f"%{magic.__name__} does not know {_known(rest)}: see %{magic.__name__}?")
    if getattr(options, "name", None) is not None:
        options.name = checked_name(options.name)
    return options


def checked_name(name: str) -> str:
    """Return a log-in's name as Python spells it, or refuse it; what was typed is not repeated.

    Raises
    ------
    IPython.core.error.UsageError
        If it is no identifier.
    """
    # Python folds the names in a cell like this, and would not find a variable that is not.
    name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(
            "That cannot name a log-in: it becomes a part of variable names, so letters, digits and _ only."
        )
    return name


def checked_texts(options: Namespace) -> Namespace:
    """Return options that were given from Python as a line would have them, which has texts alone.

    Raises
    ------
    IPython.core.error.UsageError
        If one is of another type; what was given is not repeated.
    """
    if isinstance(options.env_file, os.PathLike):
        options.env_file = os.fspath(options.env_file)
    for name in ("name", "env_file", "base_url", "username", "code"):
        value = getattr(options, name)
        if not isinstance(value, str) and (value is not None or name == "name"):
            raise UsageError(f"{name} has to be a text, and is a {type(value).__name__}.")
    return options


def _known(rest: list[str]) -> str:
    options = [_OPTION.match(word) for word in rest]
    return ", ".join(match[0] for match in options if match) or "a second name"


def _refuse_secrets(words: list[str]) -> None:
    if any(_SECRET_OPTION.match(word) for word in words):
        raise UsageError(
            "There is no option for a password, a PIN or an app key, because a cell is saved in the notebook "
            "and in IPython's history: leave it out and you are asked for it, or set ETNA_PASSWORD, "
            "ETNA_PIN_CODE, ETNA_APP_KEY. If a real one stood here, delete this cell and change it."
        )


def only_one(options: Namespace, *names: str) -> None:
    """Refuse options that exclude each other.

    Raises
    ------
    IPython.core.error.UsageError
        If more than one of `names` was given.
    """
    given = ["--" + name.replace("_", "-") for name in names if getattr(options, name)]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other: give one of them.")
