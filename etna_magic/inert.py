"""Foreign text made inert: short, one line, and nothing in it that a terminal or a page would act on."""

from __future__ import annotations

import re
import unicodedata

# Longer than any documented Reason, shorter than a terminal line that has a sentence around it.
LIMIT = 120

# An ANSI escape sequence leaves letters and digits behind when only its ESC is dropped, so the whole goes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def inert(text: object, limit: int = LIMIT) -> str:
    r"""Return foreign text as one short line that is safe to show anywhere but in HTML.

    Escape sequences, control characters and marks that turn the direction of writing are
    dropped, white space is folded, and what is too long is cut. HTML is escaped where HTML is
    made, in :mod:`etna_magic.rendering`.

    Parameters
    ----------
    text : object
        What somebody else wrote: a server's ``Reason``, say. Anything but text is shown by its type.
    limit : int, optional
        The most characters to keep, by default 120.

    Returns
    -------
    str
        One line of at most `limit` characters.

    Examples
    --------
    >>> inert("Invalid\x1b[31m  pin\u202e")
    'Invalid pin'
    """
    if not isinstance(text, str):
        return f"({type(text).__name__})"
    # The cut comes first as well: a body may carry megabytes, and the work must not.
    text = _ANSI.sub("", text[: limit * 8])
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _acts(c))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _acts(character: str) -> bool:
    # Cc: control; Cf: direction and zero-width marks; Cs, Co, Cn: nothing a reader could read.
    return unicodedata.category(character).startswith("C")
