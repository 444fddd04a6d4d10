"""A program that logs in, calls or logs out, is interrupted meanwhile, and prints what that came out as.

It runs in a process of its own, since a signal is for a whole process.
"""

import json
import signal
import sys

from etna_magic import ConnectionFailedError
from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts, leaks
from tests.helpers.logins import log_in, session_of

#: Seconds that each request could take; an interrupt does not wait for it.
TIMEOUT = 120.0


class JobTimeoutError(Exception):
    """What a user's own handler raises."""


def _exit(*_: object) -> None:
    sys.exit(143)


def _raise(*_: object) -> None:
    raise JobTimeoutError("the job took too long")


HANDLERS = {"SystemExit": _exit, "JobTimeoutError": _raise}


def act(what: str, base_url: str) -> None:
    """Do one of the things that make requests."""
    if what == "login":
        log_in(accounts.credentials(base_url), timeout=TIMEOUT)
    elif what == "challenge":
        log_in(accounts.credentials(base_url), [accounts.CODE], timeout=TIMEOUT)
    elif what == "logout":
        log_out_on_server(accounts.token(base_url), TIMEOUT)
    else:
        with session_of(accounts.token(base_url), TIMEOUT) as session:
            session.request(what, "v1.0/orders")


def main(what: str, how: str, base_url: str) -> None:
    """Do it, print what it raised and whether a login works afterwards, and raise it."""
    if how in HANDLERS:
        signal.signal(signal.SIGTERM, HANDLERS[how])
    try:
        act(what, base_url)
    except BaseException as error:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # it is sent again
        # The frames of a session's call hold prepared requests, of which only what they show counts.
        found = leaks.leaks(error, accounts.SECRETS, deep=what not in ("GET", "POST"))
        print(
            json.dumps([type(error).__name__, str(error), len(leaks.chain(error)), found, _works(base_url)])
        )
        raise


def _works(base_url: str) -> bool:
    try:
        return log_in(accounts.credentials(base_url), timeout=30).get_secret_value() == accounts.TOKEN
    except ConnectionFailedError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
