"""Reads the fields of a request's body, and refuses the call when one is wrong."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from flask import abort

from etna_magic.sandbox import answers


def refuse(message: str) -> NoReturn:
    """End the call with status 400 and a sentence."""
    abort(answers.complaint(message))


def text(sent: Mapping[str, Any], name: str) -> str:
    """Return a text. A number or a null is none: `None` would pass for a symbol."""
    value = sent.get(name)
    if not isinstance(value, str):
        refuse(f"The field {name} must be a text.")
    return value


def choice(sent: Mapping[str, Any], name: str, allowed: Sequence[str], default: str = "") -> str:
    """Return a text that must be one of a few."""
    value = sent.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        refuse(f"The field {name} must be one of {', '.join(allowed)}.")
    return value


def number(sent: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """Return a number: an integer stays one, and true or false is none."""
    value = sent.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        refuse(f"The field {name} must be a number.")
    return value


def positive(sent: Mapping[str, Any], name: str) -> float:
    """Return a number above zero."""
    value = number(sent, name)
    if value <= 0:
        refuse(f"The field {name} must be above zero.")
    return value


def mapping(sent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a JSON object inside the body."""
    value = sent.get(name)
    if not isinstance(value, dict):
        refuse(f"The field {name} must be a JSON object.")
    return value
