"""Variables from the process environment and from ``.env`` files, never written back."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values, find_dotenv

from etna_magic.exceptions import MissingCredentialsError
from etna_magic.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_environment(names: Iterable[str]) -> dict[str, Secret]:
    """Return those of the named variables that the process environment has.

    Parameters
    ----------
    names : iterable of str
        The variables' names.

    Returns
    -------
    dict of str to Secret
        Every value as a secret, whether it is one or not.
    """
    return {name: Secret(os.environ[name]) for name in names if name in os.environ}


def find_env_file() -> Path | None:
    """Return the ``.env`` that stands nearest, from the working directory upwards, if there is one."""
    try:
        found = find_dotenv(usecwd=True)
    except OSError:  # the working directory was deleted
        return None
    return Path(found) if found else None


def read_env_file(path: Path) -> dict[str, Secret]:
    """Read a file in ``.env`` form.

    Parameters
    ----------
    path : Path
        The file, in UTF-8.

    Returns
    -------
    dict of str to Secret
        Every value that it sets, as a secret.

    Raises
    ------
    MissingCredentialsError
        If it cannot be read; the message says why and holds nothing of its text.
    """
    text, why = _text(path)
    if why:
        raise MissingCredentialsError(f"{path} {why}.")
    # Literally: a password may well hold ${…}.
    values = dotenv_values(stream=io.StringIO(text.reveal()), interpolate=False)
    return {name: Secret(value) for name, value in values.items() if value is not None}


def _text(path: Path) -> tuple[Secret, str]:
    # A decoding error carries the file's bytes, so it ends here and only its kind goes on.
    try:
        return Secret(path.expanduser().read_text(encoding="utf-8-sig")), ""
    except UnicodeDecodeError:
        return Secret(""), "is not in UTF-8: save it as UTF-8"
    except OSError as error:
        return Secret(""), f"cannot be read ({error.strerror or type(error).__name__})"
    except (ValueError, RuntimeError):  # a NUL in the path; the home of a user who does not exist
        return Secret(""), "is no path of a file"
