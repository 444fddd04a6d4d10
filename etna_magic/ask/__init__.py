"""Whom to ask for what a login still needs: a user at a form, a user at a prompt, or nobody.

Form and prompt are not re-exported, since most logins ask nobody and the form imports ipywidgets: take them
from ``etna_magic.ask.form`` and ``etna_magic.ask.prompt`` when one is shown.
"""

from etna_magic.ask.input_mode import (
    Driver,
    InputMode,
    Kernel,
    NonInteractive,
    current_input_mode,
    drive,
    input_mode,
)

__all__ = [
    "Driver",
    "InputMode",
    "Kernel",
    "NonInteractive",
    "current_input_mode",
    "drive",
    "input_mode",
]
