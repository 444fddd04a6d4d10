"""Whom to ask: a form, a prompt, or nobody."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from argparse import Namespace


class Way(Enum):
    """How a person can be asked."""

    FORM = "form"
    PROMPT = "prompt"
    NOBODY = "nobody"


def way_of(options: Namespace, kernel: Any) -> Way:
    """Choose by what a line says, or else by what this front end can do.

    Parameters
    ----------
    options : argparse.Namespace
        With ``form``, ``prompt`` and ``no_input``.
    kernel : object or None
        The kernel, where there is one.

    Raises
    ------
    IPython.core.error.UsageError
        If a form is asked for where no widgets can be.
    """
    if options.form and kernel is None:
        raise UsageError("--form needs a notebook: a terminal shows no widgets. Use --prompt.")
    if options.no_input:
        return Way.NOBODY
    if options.form:
        return Way.FORM
    here = way_here(kernel)
    # A prompt that nobody can answer is none: it fails as any log-in does that nobody can answer.
    return Way.PROMPT if options.prompt and here is not Way.NOBODY else here


def way_here(kernel: Any) -> Way:
    """Choose by what this front end can do at this moment."""
    if kernel is not None:
        # What nbclient, papermill and `jupyter execute` say of themselves with each cell.
        content = kernel.get_parent("shell").get("content", {})
        return Way.FORM if content.get("allow_stdin") else Way.NOBODY
    return Way.PROMPT if sys.stdin is not None and sys.stdin.isatty() else Way.NOBODY
