"""Small helpers without knowledge of ETNA: times, text, origins, and calls whose failure holds no secret.

``support.safe_call`` and ``support.http`` are imported from their own files: they import
``requests``, which nobody should pay for who only needs a clock.
"""

from etna_magic.support.foreign import Origin, SameOrigin, checked_base_url, join_url, redact, sanitize
from etna_magic.support.forks import renew_after_fork
from etna_magic.support.times import Clock, Stopwatch, format_duration, format_moment, parse_duration

__all__ = [
    "Clock",
    "Origin",
    "SameOrigin",
    "Stopwatch",
    "checked_base_url",
    "format_duration",
    "format_moment",
    "join_url",
    "parse_duration",
    "redact",
    "renew_after_fork",
    "sanitize",
]
