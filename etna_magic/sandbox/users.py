"""The users of the sandbox, each with one of the responses that `/token` can give.

This module works without Flask: the command line's help lists the users.
"""

from dataclasses import dataclass

# Made up: the base64 of a sentence which says so. It is valid in a sandbox only.
APP_KEY = "bWFkZSB1cDogdGhpcyBvcGVucyBhbiBldG5hX21hZ2ljIHNhbmRib3ggb25seSE="

FIRST_USER_ID = 644
FIRST_ACCOUNT_ID = 83_267


@dataclass(frozen=True, slots=True)
class User:
    """A user of the sandbox, and what logging in as that user shows.

    Parameters
    ----------
    name : str
        The user name, as sent in the header `Username`.
    password : str
        The made-up password, as sent in the header `Password`.
    shows : str
        One line on what happens at login.
    code : str or None, optional
        The code of two-factor authentication, or None if the login asks for none.
    pin : str or None, optional
        The PIN, or None if the login asks for none.

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
    User("twofactor", "two-Lanterns-24", "Asks for a code; a wrong one fails.", code="246810"),
    User(
        "twofactor-again",
        "again-Lanterns-25",
        "Asks for a code, and again after a wrong one.",
        code="246810",
    ),
    User("ticketless", "lost-Lanterns-26", "Asks for a code, then has lost the first step.", code="246810"),
    User("pin", "pin-Harbour-31", "Asks for a PIN; the third wrong one is refused.", pin="1357"),
    User("pin-spelt", "spelt-Harbour-34", "Asks for a PIN; spells the step SecurityPin.", pin="1357"),
    User(
        "pin-twofactor",
        "both-Harbours-32",
        "Asks for a PIN, then for a code.",
        code="246810",
        pin="1357",
    ),
    User("expired", "old-Almanac-41", "The password has expired (status 401)."),
    User("expired-state", "old-Almanac-42", "The password has expired (status 200)."),
    User("pin-unset", "unset-Harbour-33", "Asks for a PIN that was never set."),
    User("refused", "shut-Wicket-55", "Invalid credentials: a 401 without a step."),
    User("refused-200", "shut-Wicket-56", "Invalid credentials: a 200."),
    User("keyless", "bare-Ring-57", "The application key is unknown: 401."),
    User("keyless-403", "bare-Ring-58", "The application key is unknown: 403."),
    User("lockout", "locked-Cellar-51", "Is locked out after five wrong passwords in a row."),
    User("throttled", "slow-Ferry-61", "Too many logins: 429, retry after 5 seconds."),
    User("throttled-date", "slow-Ferry-62", "Too many logins: 429, retry after a date."),
    User("throttled-silent", "slow-Ferry-63", "Too many logins: 429 without Retry-After."),
    User("throttled-401", "slow-Ferry-64", "Too many logins: 401 with a reason."),
    User("broken", "sunk-Barge-71", "Internal server error: 500."),
    User("gateway", "sunk-Barge-72", "A gateway's HTML page: 502."),
    User("webterminal", "wrong-Door-81", "A redirect to the web terminal: 302."),
    # The accented letter tests that header values are sent as latin-1.
    User("riddle", "caf\u00e9-Sphinx-91", "Asks for a step that no client knows."),
)

USERS_BY_NAME = {user.name: user for user in USERS}


def user_id(name: str) -> int:
    """Return the ID of a user."""
    return FIRST_USER_ID + list(USERS_BY_NAME).index(name)


def account_ids(name: str) -> tuple[int, int]:
    """Return the IDs of a user's two accounts."""
    first = FIRST_ACCOUNT_ID + 2 * (user_id(name) - FIRST_USER_ID)
    return first, first + 1
