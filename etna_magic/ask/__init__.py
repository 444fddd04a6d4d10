"""Whom to ask for what a login still needs: a user at a form, a user at a prompt, or nobody.

The form is not re-exported, since it imports ipywidgets: take it from ``etna_magic.ask.form`` when one is
shown.
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
from etna_magic.ask.prompt import Prompt

__all__ = [
    "Driver",
    "InputMode",
    "Kernel",
    "NonInteractive",
    "Prompt",
    "current_input_mode",
    "drive",
    "input_mode",
]
