"""Which kind of front end runs this cell, by what it says of itself with each one.

``docs/reference/front-ends.md`` has what was seen in each. It is asked only when a user has to be, and
never raises: a kernel of another make may say less than ipykernel, or nothing at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Protocol

# What Voila puts into the environment of its kernels.
_VOILA = ("VOILA_KERNEL_ID", "SERVER_SOFTWARE")


class Kernel(Protocol):
    """What is used of a kernel: the message that it works on; not every kernel takes the argument."""

    def get_parent(self, channel: str, /) -> Mapping[str, object]:
        """Return the message that a channel works on."""
        ...


class FrontEnd(Enum):
    """A kind of front end, told apart by what can be asked there and how."""

    #: Cells have ids: JupyterLab, Notebook 7, VS Code; and Colab. It shows widgets and takes input.
    NOTEBOOK = "notebook"
    #: It takes input, and is none of the others: an older or a lesser-known notebook.
    UNKNOWN = "unknown"
    #: It takes input, as jupyter-client's own programs do: jupyter console, Qt consoles, Spyder, euporie.
    CONSOLE = "console"
    #: No kernel, and somebody at a terminal.
    TERMINAL = "terminal"
    #: Somebody looks at widgets, and there is no input line: Voila, Mercury.
    PAGE = "page"
    #: JupyterLab's library without a cell: a program uses it, and takes input only as that is the default.
    PROGRAM = "program"
    #: Nobody can be asked: nbclient, papermill, engines of ipyparallel, a pipe.
    NOBODY = "nobody"


def current_front_end(kernel: Kernel | None) -> FrontEnd:
    """Return what kind of front end runs this cell.

    Parameters
    ----------
    kernel : Kernel or None
        The shell's kernel; a terminal's IPython has none.

    Returns
    -------
    FrontEnd
        Never an error: what says nothing is one where nobody can be asked.
    """
    if kernel is None:
        return FrontEnd.TERMINAL if has_terminal() else FrontEnd.NOBODY
    request = _request(kernel)
    # xeus-python knows no more than the header, and takes input or not as it is asked to.
    header, metadata, content = (_part(request, name) for name in ("header", "metadata", "content"))
    says_content, takes_input = content is not None, bool(content and content.get("allow_stdin"))
    if not takes_input and _is_page(metadata):
        return FrontEnd.PAGE
    if not header or (says_content and not takes_input):
        return FrontEnd.NOBODY
    if (metadata and metadata.get("cellId")) or type(kernel).__module__.startswith("google.colab"):
        return FrontEnd.NOTEBOOK
    # jupyter-client numbers what a session sends; everybody else makes each id by chance.
    if header.get("session") and str(header.get("msg_id")).startswith(f"{header['session']}_"):
        return FrontEnd.CONSOLE
    # JupyterLab's library names no user, and its cells have ids.
    is_program = metadata is not None and not header.get("username")
    return FrontEnd.PROGRAM if is_program else FrontEnd.UNKNOWN


def has_terminal() -> bool:
    """Return whether somebody can read a question and type an answer: both streams are a terminal's."""
    try:
        return sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):  # a service has none, or has closed them; some are replaced
        return False


def _request(kernel: Kernel) -> Mapping[str, object]:
    """Return the message that a kernel works on, as far as it gives it."""
    get_parent = getattr(kernel, "get_parent", None)
    for arguments in (("shell",), ()):
        try:
            request = get_parent(*arguments) if get_parent else None
        except Exception:  # noqa: BLE001, S112 - somebody else's kernel, which must not end a login
            continue
        return request if isinstance(request, Mapping) else {}
    return {}


def _part(request: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    part = request.get(name)
    return part if isinstance(part, Mapping) else None


def _is_page(metadata: Mapping[str, object] | None) -> bool:
    # These two send what nbclient sends, and can be known by their names alone.
    kernel_id, server = (os.environ.get(name, "") for name in _VOILA)
    return bool(kernel_id) or server.startswith("voila/") or "mercury" in (metadata or {})
