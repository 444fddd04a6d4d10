"""A file in ``.env`` form, read with the line on which each value is."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import NamedTuple

from etna_magic.exceptions import MissingCredentialsError
from etna_magic.secret import Secret

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class EnvValue(NamedTuple):
    """One value of a file."""

    #: Its quotes and escapes decoded.
    value: Secret
    #: The number of its line, from 1.
    line: int
    #: What may have been read in another way than it was meant, such as ``“ #”``; else nothing.
    pitfall: str


def shown_path(path: Path) -> str:
    """Return how a message names a file: by its name alone where it is in the working directory."""
    try:
        is_here = path.parent == Path.cwd()
    except OSError:  # the working directory was deleted
        is_here = False
    return path.name if is_here else str(path)


def read_env_file(path: Path, names: frozenset[str]) -> dict[str, EnvValue]:
    """Read a file in ``.env`` form, or raise `MissingCredentialsError`, which holds nothing of its text.

    A statement that cannot be parsed is an error if one of `names` is in it; the last value of a name counts.
    """
    try:
        text = Secret(path.expanduser().read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        reason = "is not in UTF-8: save it as UTF-8"
    except OSError as error:
        reason = f"cannot be read ({error.strerror or type(error).__name__})"
    except (ValueError, RuntimeError):  # a NUL in the path; the home of a user who does not exist
        reason = "is no path of a file"
    else:
        values, unreadable = _parse(text, names)
        if not unreadable:
            return values
        reason = f"{unreadable}: put the value into single quotes"
    # Outside of the except: a decoding error holds the file's bytes.
    raise MissingCredentialsError(f"{shown_path(path)} {reason}.")


def _parse(text: Secret, names: frozenset[str]) -> tuple[dict[str, EnvValue], str]:
    """Return the values, and what is to be said of the first statement that cannot be parsed."""
    # dotenv_values(), which the reference describes, has no lines, and logs what it cannot parse without
    # the file's name. The parser below it has no private name, and is the same from 1.0 on.
    from dotenv.parser import parse_stream  # noqa: PLC0415 - most logins have no file to read

    found: dict[str, EnvValue] = {}
    unreadable = ""
    for key, value, (statement, first), is_error in parse_stream(io.StringIO(text.get_secret_value())):
        # python-dotenv counts the blank lines before a statement to it.
        blank = statement[: len(statement) - len(statement.lstrip())]
        line = first + len(_LINE_BREAK.findall(blank))
        if is_error:
            unreadable = unreadable or _unreadable(statement, line, names)
        elif key is not None and value is not None:
            # As it is written: a password may well hold ${…}, which only dotenv_values() would expand.
            found[key] = EnvValue(Secret(value), line, _pitfall(statement))
    return found, unreadable


def _unreadable(statement: str, line: int, names: frozenset[str]) -> str:
    variable = next((name for name in re.findall(r"\w+", statement) if name in names), "")
    return f"line {line} cannot be read ({variable})" if variable else ""


def _pitfall(statement: str) -> str:
    """Return what in a statement is easily meant in another way than it is read."""
    written = statement.partition("=")[2].strip()
    quote = written[:1] if written[:1] in ("'", '"') else ""
    if not quote and re.search(r"\s#", written):
        return "“ #”"
    if "\\" in written:
        return "a backslash"
    is_odd = any(written.count(one) % 2 for one in ("'", '"') if quote in ("", one))
    return "an odd quote" if is_odd else ""
