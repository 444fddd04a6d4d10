"""What a login needs: the options that were given, and where each value that is missing there comes from.

``resolve(options)`` reads, first wins: options, the file of ``--env-file``, the process environment, a
``.env``. Nothing is written to ``os.environ``. The embedded sandbox is one more source.
"""

from etna_magic.settings.embedded_sandbox import environment_of, sandbox_url
from etna_magic.settings.login_options import (
    Ask,
    CodeSource,
    LoginOptions,
    as_option,
    as_parameter,
    checked_code,
    checked_duration,
    checked_name,
    checked_seconds,
    checked_trust,
    given_options,
)
from etna_magic.settings.settings import LABELS, UNSEEN, VARIABLES, Setting, Settings, check_typed, resolve

__all__ = [
    "LABELS",
    "UNSEEN",
    "VARIABLES",
    "Ask",
    "CodeSource",
    "LoginOptions",
    "Setting",
    "Settings",
    "as_option",
    "as_parameter",
    "check_typed",
    "checked_code",
    "checked_duration",
    "checked_name",
    "checked_seconds",
    "checked_trust",
    "environment_of",
    "given_options",
    "resolve",
    "sandbox_url",
]
