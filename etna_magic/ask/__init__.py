"""Whom to ask for what a login still needs: a user at a form, a user at a prompt, or nobody.

Form and prompt are not re-exported, since most logins ask nobody and the form imports ipywidgets: take them
from ``etna_magic.ask.form`` and ``etna_magic.ask.prompt`` when one is shown.
"""

from etna_magic.ask.front_end import FrontEnd, Kernel, current_front_end, has_terminal
from etna_magic.ask.input_mode import (
    Ask,
    Driver,
    InputMode,
    NonInteractive,
    advice,
    current_input_mode,
    drive,
    input_mode,
)

__all__ = [
    "Ask",
    "Driver",
    "FrontEnd",
    "InputMode",
    "Kernel",
    "NonInteractive",
    "advice",
    "current_front_end",
    "current_input_mode",
    "drive",
    "has_terminal",
    "input_mode",
]
