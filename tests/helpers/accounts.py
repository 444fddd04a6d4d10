"""A user with secrets that are easy to find wherever they should not be."""

import json
from datetime import timedelta

from etna_magic import Credentials, Secret, Token
from etna_magic.support import Clock

APP_KEY = "QXBwS2V5LVNFQ1JFVC0x+/8="
USERNAME = "alice"
PASSWORD = "Pa55-SECRET-w\xf6rd \xdf 5"
PIN = "PIN-SECRET-4711"
CODE = "CODE-SECRET-081"
INTERIM = "SW50ZXJpbS1TRUNSRVQ+/1=="
LATER_INTERIM = "TGF0ZXItU0VDUkVU/+2=="
TOKEN = "VG9rZW4tU0VDUkVU" * 12 + "+/8="

#: A part of each that looks the same in a text, a repr and bytes.
SECRETS = (
    "QXBwS2V5LVNFQ1JFVC0x",
    "Pa55-SECRET-w",
    "PIN-SECRET",
    "CODE-SECRET",
    "SW50ZXJpbS1TRUNSRVQ",
    "TGF0ZXItU0VDUkVU",
    "VG9rZW4tU0VDUkVU",
)


class ManualClock(Clock):
    """Two clocks that do not move until a test moves them."""

    __slots__ = ("forward_now", "wall_now")

    def __init__(self) -> None:
        self.wall_now = 1_750_000_000.0
        self.forward_now = 5_000.0

    def wall(self) -> float:
        """Return the time on the wall."""
        return self.wall_now

    def forward(self) -> float:
        """Return the time that only runs forward."""
        return self.forward_now

    def move(self, seconds: float) -> None:
        """Let time pass on both."""
        self.wall_now += seconds
        self.forward_now += seconds


def variables(base_url: str, **changes: str) -> dict[str, str]:
    """Return the environment variables by which alice logs in to that server."""
    mine = {
        "ETNA_BASE_URL": base_url,
        "ETNA_APP_KEY": APP_KEY,
        "ETNA_USERNAME": USERNAME,
        "ETNA_PASSWORD": PASSWORD,
    }
    return mine | changes


def env_file(variables: dict[str, str]) -> str:
    """Return the text of a ``.env`` file."""
    return "".join(f"{name}='{value}'\n" for name, value in variables.items())


def credentials(base_url: str, **changes) -> Credentials:
    """Return credentials for that server."""
    mine = {"app_key": Secret(APP_KEY), "username": USERNAME, "password": Secret(PASSWORD)}
    return Credentials(base_url, **(mine | changes))


def token(base_url: str, clock: Clock | None = None, lifetime: timedelta = timedelta(hours=24)) -> Token:
    """Return a token of that server, made this moment."""
    clock = clock or Clock()
    return Token(
        Secret(TOKEN),
        app_key=Secret(APP_KEY),
        username=USERNAME,
        base_url=base_url,
        lifetime=lifetime,
        issued=(clock.wall(), clock.forward()),
        clock=clock,
    )


def body(**members: object) -> bytes:
    """Return a JSON body with these members."""
    return json.dumps(members).encode()


SUCCESS = body(State="Succeeded", Token=TOKEN)
CODE_NEEDED = body(
    State="Expecting", Step="VerificationCode", Reason="Expecting confirmation code", Token=INTERIM
)
PIN_NEEDED = body(State="Expecting", Step="SecutityPin", Reason="Invalid pin", Token=INTERIM)
