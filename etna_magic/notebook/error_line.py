"""Shows the errors of this package as their one line, also where another display of errors is installed.

IPython asks an exception for the lines to show, but ``rich.traceback.install()`` puts its own display in
place of IPython's, and that one draws a frame of some 70 lines around each call below.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from etna_magic.exceptions import EtnaError

if TYPE_CHECKING:
    from types import TracebackType

    from IPython.core.interactiveshell import InteractiveShell


def install(shell: InteractiveShell) -> None:
    """Have a shell that has no handler of errors yet show ours here."""
    shell.set_custom_exc((EtnaError,), show)


def uninstall(shell: InteractiveShell) -> None:
    """Leave a shell's errors to itself again."""
    if shell.custom_exceptions == (EtnaError,):
        shell.set_custom_exc((), None)


def show(
    shell: InteractiveShell,
    _: type[EtnaError],
    error: EtnaError,
    traceback: TracebackType,
    tb_offset: int | None = None,  # noqa: ARG001 - IPython passes it by this name
) -> None:
    """Show an error by whatever display is installed, without the frames that it came through."""
    if shell.call_pdb:
        # A debugger needs the frames.
        shell.showtraceback(running_compiled_code=True)
        return
    try:
        raise error.with_traceback(None)
    except EtnaError:
        # Of this one frame the display leaves out the first, as it does with IPython's own.
        shell.showtraceback(running_compiled_code=True)
    finally:
        # For %debug, and for whoever looks at the exception.
        error.__traceback__ = traceback
        sys.last_traceback = traceback
