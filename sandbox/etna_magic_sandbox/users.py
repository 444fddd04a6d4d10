"""The users of the sandbox: one for each response of `/token`, and one for each error of the other calls."""

from dataclasses import dataclass
from functools import lru_cache

# Made up: the base64 of a sentence which says so. It is valid in a sandbox only.
APP_KEY = "bWFkZSB1cDogdGhpcyBvcGVucyBhbiBldG5hX21hZ2ljIHNhbmRib3ggb25seSE="

FIRST_USER_ID = 644
FIRST_ACCOUNT_ID = 83_267


@dataclass(frozen=True, slots=True)
class User:
    """A user of the sandbox, and what logging in as that user shows, or calling.

    Parameters
    ----------
    name : str
        The user name, as sent in the header `Username`.
    password : str
        The made-up password, as sent in the header `Password`.
    shows : str
        One line on what happens at login, or at the calls after it.
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
    User(
        "pin-phrase",
        "seal-Harbour-35",
        "Asks for a PIN, and shows the user's phrase and picture.",
        pin="1357",
    ),
    # These log in at once, and then every call but users/@me/info gets one error.
    User("call-400", "no-Compass-01", "Every call: 400, the request is invalid."),
    User("call-401", "no-Compass-02", "Every call: 401, though the token is good."),
    User("call-401-key", "no-Compass-03", "Every call: 401, the application key is unknown."),
    User("call-403", "no-Compass-04", "Every call: 403, without a body."),
    User("call-403-key", "no-Compass-05", "Every call: 403, the application key is unknown."),
    User("call-404", "no-Compass-06", "Every call: 404, no such resource."),
    User("call-404-version", "no-Compass-07", "Every call: 404, the version does not support the method."),
    User("call-409", "no-Compass-08", "Every call: 409, without a body."),
    User("call-422", "no-Compass-09", "Every call: 422 with a ModelState."),
    User("call-429", "no-Compass-10", "Every call: 429, retry after 5 seconds."),
    User("call-500", "no-Compass-11", "Every call: 500, an unexpected error."),
    User("call-500-model", "no-Compass-12", "Every call: 500 as an envelope with Model and Errors."),
)

USERS_BY_NAME = {user.name: user for user in USERS}


@lru_cache
def user_id(name: str) -> int:
    """Return the ID of a user."""
    return FIRST_USER_ID + list(USERS_BY_NAME).index(name)


def name_of(number: int) -> str | None:
    """Return the name of the user with an ID, or None if there is none."""
    names = list(USERS_BY_NAME)
    return names[number - FIRST_USER_ID] if 0 <= number - FIRST_USER_ID < len(names) else None


@lru_cache
def account_ids(name: str) -> tuple[int, int]:
    """Return the IDs of a user's two accounts."""
    first = FIRST_ACCOUNT_ID + 2 * (user_id(name) - FIRST_USER_ID)
    return first, first + 1
