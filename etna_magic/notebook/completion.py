"""Completes the lines of the magics: options, and names of logins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.completer import SimpleCompletion

from etna_magic.notebook.arguments import options_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.completer import SimpleMatcherResult

_LINE = re.compile(r"(?:^|[\s=%])(etna_login|etna_status|etna_logout)\s+(.*)$")


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
    is_named = any(not word.startswith("-") and not options.get(before) for before, word in pairs(words))
    texts = [*(() if is_named else names), *(o for o in options if o[:2] == "--" and o not in words)]
    found = [SimpleCompletion(text, type="param") for text in texts if text.startswith(token)]
    return {"completions": found, "suppress": bool(found)}


def pairs(words: list[str]) -> Iterable[tuple[str, str]]:
    """Return each word with the one before it."""
    return zip(["", *words], words, strict=False)
