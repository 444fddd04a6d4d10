"""What a user sees: sentences, HTML, and the status table.

Every text is plain and HTML is made, and escaped, in here alone. IPython is imported only when something is
shown. The status table is not re-exported, since a login shows none: it is in ``display.status_table``.
"""

from etna_magic.display.sentences import (
    INK,
    Bundle,
    account_changed,
    badge,
    breakable,
    expired_during,
    expiring,
    forgotten,
    lasts,
    line,
    logged_in,
    logged_out,
    not_renewed,
    show,
    stale,
    still_remembered,
)

__all__ = [
    "INK",
    "Bundle",
    "account_changed",
    "badge",
    "breakable",
    "expired_during",
    "expiring",
    "forgotten",
    "lasts",
    "line",
    "logged_in",
    "logged_out",
    "not_renewed",
    "show",
    "stale",
    "still_remembered",
]
