"""What a user sees: sentences, HTML, and the status table.

Every text is plain and HTML is made, and escaped, in here alone. IPython is imported only when something is
shown.
"""

from etna_magic.display.html import INK, Bundle, line, show
from etna_magic.display.sentences import expired_during, expiring, lasts, logged_in, logged_out, stale
from etna_magic.display.status_table import Row, status

__all__ = [
    "INK",
    "Bundle",
    "Row",
    "expired_during",
    "expiring",
    "lasts",
    "line",
    "logged_in",
    "logged_out",
    "show",
    "stale",
    "status",
]
