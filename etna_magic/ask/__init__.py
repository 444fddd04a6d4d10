"""Whom to ask for what a login still needs: a user at a form, a user at a prompt, or nobody.

The form is not re-exported, since it imports ipywidgets and most logins show none: take it from
``etna_magic.ask.form`` when one is shown.
"""

from etna_magic.ask.whom_to_ask import (
    Driver,
    FrontEnd,
    InputMode,
    Kernel,
    NonInteractive,
    current_front_end,
    drive,
    driver_of,
    input_mode,
)

__all__ = [
    "Driver",
    "FrontEnd",
    "InputMode",
    "Kernel",
    "NonInteractive",
    "current_front_end",
    "drive",
    "driver_of",
    "input_mode",
]
