"""The users of the sandbox: each shows one answer that `/token` can give."""

from dataclasses import dataclass

# Made up: base64 of a sentence that says so. It opens nothing but a sandbox.
APP_KEY = "bWFkZSB1cDogdGhpcyBvcGVucyBhbiBldG5hX21hZ2ljIHNhbmRib3ggb25seSE="


@dataclass(frozen=True, slots=True)
class User:
    """A user of the sandbox and what logging in as that user shows.

    Parameters
    ----------
    name : str
        The user name, as sent in the header `Username`.
    password : str
        The made-up password, as sent in the header `Password`.
    shows : str
        One line on what happens at log-in.
    code : str or None, optional
        The code of two-factor authentication, or None where none is asked for.
    pin : str or None, optional
        The PIN, or None where none is asked for.

    Examples
    --------
    >>> User("demo", "sesame", "Logs in at once.").code is None
    True
    """

    name: str
    password: str
    shows: str
    code: str | None = None
    pin: str | None = None


USERS: tuple[User, ...] = (
    User("demo", "demo-Sesame-17", "Logs in at once; has orders and positions."),
    User("twofactor", "two-Lanterns-24", "Wants a code; a wrong one fails.", code="246810"),
    User(
        "twofactor-again",
        "again-Lanterns-25",
        "Wants a code; asks again after a wrong one.",
        code="246810",
    ),
    User("ticketless", "lost-Lanterns-26", "Wants a code, and has then lost the ticket.", code="246810"),
    User("pin", "pin-Harbour-31", "Wants a PIN; the third wrong one is refused.", pin="1357"),
    User("pin-spelt", "spelt-Harbour-34", "Wants a PIN, in the spelling SecurityPin.", pin="1357"),
    User(
        "pin-twofactor",
        "both-Harbours-32",
        "Wants a PIN, then a code.",
        code="246810",
        pin="1357",
    ),
    User("expired", "old-Almanac-41", "The password has expired (status 401)."),
    User("expired-state", "old-Almanac-42", "The password has expired (status 200)."),
    User("pin-unset", "unset-Harbour-33", "Wants a PIN that was never set."),
    User("refused", "shut-Wicket-55", "Invalid credentials: a 401 that names no step."),
    User("refused-200", "shut-Wicket-56", "Invalid credentials: a 200 that says so."),
    User("keyless", "bare-Ring-57", "The application key is unknown: 401."),
    User("keyless-403", "bare-Ring-58", "The application key is unknown: 403."),
    User("lockout", "locked-Cellar-51", "Is locked out after five wrong passwords in a row."),
    User("throttled", "slow-Ferry-61", "Too many log-ins: 429, retry after 5 seconds."),
    User("throttled-date", "slow-Ferry-62", "Too many log-ins: 429, retry after a date."),
    User("throttled-silent", "slow-Ferry-63", "Too many log-ins: 429 that names no wait."),
    User("throttled-401", "slow-Ferry-64", "Too many log-ins: a 401 that says so."),
    User("broken", "sunk-Barge-71", "The server is in trouble: 500."),
    User("gateway", "sunk-Barge-72", "A gateway's HTML page: 502."),
    User("webterminal", "wrong-Door-81", "A redirect to the web terminal: 302."),
    # An accented letter: header values travel as latin-1, and this password shows whether they do.
    User("riddle", "caf\u00e9-Sphinx-91", "Asks a question that no client knows."),
)

USERS_BY_NAME = {user.name: user for user in USERS}
