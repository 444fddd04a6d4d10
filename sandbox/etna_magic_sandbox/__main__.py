"""`python -m etna_magic_sandbox`: run the sandbox until Ctrl-C."""

import argparse
import io
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence

from etna_magic_sandbox.messages import parse_date
from etna_magic_sandbox.sandbox import Sandbox
from etna_magic_sandbox.tables import as_text, calls_table, documentation, users_table, variants_table
from etna_magic_sandbox.variants import VARIANT_NAMES

SECONDS_OF_UNIT = {"": 1, "s": 1, "m": 60, "h": 3600}
MAX_PORT = 65_535

INSTRUCTIONS = """
In a notebook:
  %load_ext etna_magic
  %etna_login -b {url} -u demo
It asks for the application key and the password above.

Ctrl-C stops it.
"""


def main(arguments: Sequence[str] | None = None, *, program: str = "python -m etna_magic_sandbox") -> int:
    """Run the sandbox and return the exit code: 0 when stopped, 1 if it could not start.

    Parameters
    ----------
    arguments : sequence of str, optional
        The options; those of the command line by default.
    program : str
        How it was called, for its messages.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # One password has an accented letter, which not every terminal can print.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _parser(program).parse_args(arguments)
    if options.markdown:
        _print(documentation())
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        sandbox = _start(options)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with sandbox:
        _print(_introduction(sandbox))
        # On Windows a wait without a timeout cannot be interrupted.
        while not stop.wait(0.5):
            pass
    return 0


def duration(text: str) -> float:
    """Return a duration in seconds: `24h`, `90m`, `5s`, or a bare number of seconds.

    Examples
    --------
    >>> duration("90m"), duration("3600")
    (5400.0, 3600.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not match or not float(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 24h, 90m, 5s or 3600")
    return float(match[1]) * SECONDS_OF_UNIT[match[2]]


def port(text: str) -> int:
    """Return a TCP port; 0 means a free one."""
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to {MAX_PORT}")
    return int(text)


def moment(text: str) -> float:
    """Return a date, in UTC where it does not say, in seconds since 1970."""
    seconds = parse_date(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-06-16T15:00:00")
    return seconds


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve ETNA's REST API on loopback with made-up data.",
        epilog=(
            f"users, and what each shows:\n{as_text(users_table())}\n\n"
            f"variants:\n{as_text(variants_table())}\n\n"
            f"calls:\n{as_text(calls_table())}\n"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=port, default=0, help="the port (default: a free one)")
    parser.add_argument("--host", default="127.0.0.1", help="the address, on loopback only")
    parser.add_argument(
        "--lifetime",
        type=duration,
        default="24h",
        help="how long a token is valid: 24h (default), 90m, 5s, or seconds",
    )
    parser.add_argument(
        "--at",
        type=moment,
        help="the sandbox's time at the start, in UTC, as 2026-06-16T15:00:00; its market opens on "
        "weekdays from 14:30 to 21:00",
    )
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        choices=sorted(VARIANT_NAMES),
        metavar="NAME",
        help="another reading of ETNA's documentation; may be repeated",
    )
    parser.add_argument("--markdown", action="store_true", help="print the page of the docs, and exit")
    parser.add_argument("--no-limits", action="store_true", help="no limits on logins and calls per minute")
    return parser


def _start(options: argparse.Namespace) -> Sandbox:
    limits = not options.no_limits
    began, at = time.time(), options.at
    sandbox = Sandbox(
        options.port,
        options.host,
        options.lifetime,
        login_limit=10 if limits else None,
        clock=time.time if at is None else lambda: at + time.time() - began,
        call_limits=limits,
        variants=tuple(options.variant),
    )
    try:
        return sandbox.start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"The sandbox cannot listen on port {options.port}: {reason}.") from error


def _introduction(sandbox: Sandbox) -> str:
    return (
        # In the first two lines, where programs read it.
        f"Base URL: {sandbox.base_url}\nApp key:  {sandbox.app_key}\n\n{as_text(users_table())}\n"
        + INSTRUCTIONS.format(url=sandbox.base_url)
    )


def _print(text: str) -> None:
    # Flush: programs that start the sandbox read the URL from a pipe.
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
