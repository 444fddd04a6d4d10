"""One response of ``/token``: parsed, and interpreted as a token, a `Challenge`, or the error that fits.

The only file that knows ``State``, ``Step`` and ``Reason``. The facts come from ETNA's published
REST documentation and from a broker's pages; where these disagree, both are understood. Status
codes differ between them, so what the body says is believed first, with one exception: a token
counts only on a 200 that says ``Succeeded``.
"""

from __future__ import annotations

import base64
import json
import math
import re
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import urljoin

from etna_magic.exceptions import (
    ApplicationKeyError,
    InsecureURLError,
    InvalidCredentialsError,
    PasswordExpiredError,
    RateLimitedError,
    UnexpectedResponseError,
    VerificationError,
)
from etna_magic.secret import Secret
from etna_magic.support import Origin, format_duration, redact
from etna_magic.support.http import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

    from etna_magic.exceptions import ConnectionFailedError
    from etna_magic.settings import Settings

# The documented tokens run to some 600 characters; a header of more than this no server takes.
LONGEST_TOKEN = 8_000
# With a picture of 64 KiB in base64.
LONGEST_BODY = 128_000
LONGEST_IMAGE = 65_536
# The words of ETNA's documentation, which are safe to show as they are.
WORDS = frozenset({"Succeeded", "Failed", "Expecting", "BaseAuthentication"}) | {
    "VerificationCode",
    "SecutityPin",
    "SecurityPin",
}
# What the documented answers consist of, but for the token; nothing else is kept.
MEMBERS = ("State", "Step", "Reason", "error", "Message", "message")


class ChallengeKind(Enum):
    """What is asked for."""

    CODE = "code"
    PIN = "PIN"
    UNKNOWN = "something unknown"


class Challenge(NamedTuple):
    """One step of a login that somebody has to answer. It holds no secret, and its texts are sanitized."""

    kind: ChallengeKind
    #: The server's name for it, and what it says about it.
    step: str
    reason: str
    #: How many answers to this step were wrong so far.
    wrong: int = 0
    #: Why the last answer did not reach the server; it may be given again.
    failure: ConnectionFailedError | None = None
    #: The phrase and the picture (a PNG) that the user once chose: they show that the server is genuine.
    phrase: str = ""
    image: bytes = b""

    @property
    def message(self) -> str:
        """What the server says about it, where that says anything to a person; else nothing."""
        # By ETNA's REST documentation "Invalid pin" is said to those who have not given one yet, too.
        untried = self.kind is ChallengeKind.PIN and not self.wrong
        return "" if untried and self.reason == "Invalid pin" else self.reason


class Picture(bytes):
    """A PNG whose ``repr`` is short: a challenge is printed, logged and shown in tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<PNG of {len(self):,} bytes>"

    __str__ = __repr__


class TokenResponse(NamedTuple):
    """What came back, before it is interpreted."""

    status: int
    #: The body's members that are text and known, fit to be shown, and which had to be changed for that.
    texts: Mapping[str, str]
    altered: frozenset[str]
    #: The body's token, where it is fit to travel as a header; and why there is none.
    token: Secret | None
    token_fault: str
    #: Why the body is no JSON object; empty where it is one.
    fault: str
    #: Seconds to wait, where the header of that name says so.
    retry_after: float | None
    #: The origin that a redirect points to.
    redirect: str
    #: As those of a `Challenge`.
    phrase: str = ""
    image: bytes = b""

    def says(self, *names: str) -> str:
        """Return the first of these members that has a text."""
        return next((self.texts[name] for name in names if self.texts.get(name)), "")

    def exactly(self, name: str) -> str:
        """Return a member's text as it was sent, or nothing where that cannot be shown."""
        return "" if name in self.altered else self.texts.get(name, "")


def parse(response: requests.Response, body: bytes | None, secrets: Sequence[Secret]) -> TokenResponse:
    """Parse a response of ``/token``."""
    members, fault = _members(body)
    token, token_fault = _token(members)

    def shown(text: str) -> str:
        return redact(text, (*secrets, token))

    sent = {name: members[name] for name in MEMBERS if isinstance(members.get(name), str)}
    # The documented words are what they are, and most answers consist of them.
    texts = {name: text if text in WORDS else shown(text) for name, text in sent.items()}
    return TokenResponse(
        response.status_code,
        texts,
        frozenset(name for name in sent if sent[name] != texts[name]),
        token,
        token_fault,
        fault,
        retry_after_seconds(response.headers.get("Retry-After", "")),
        shown(_redirect(response)),
        shown(members["PersonalPhrase"]) if isinstance(members.get("PersonalPhrase"), str) else "",
        _image(members),
    )


def _members(body: bytes | None) -> tuple[dict[str, Any], str]:
    if body is None:
        return {}, f"is longer than {LONGEST_BODY:,} bytes"
    if not body.strip():
        return {}, "is empty"
    try:
        found = json.loads(body.decode("utf-8-sig"))
    except RecursionError:
        return {}, "is JSON nested too deep to read"
    except ValueError:  # UnicodeDecodeError and JSONDecodeError, both of which hold the body
        return {}, "is a web page and no JSON" if body.lstrip()[:1] == b"<" else "is no JSON in UTF-8"
    return (found, "") if isinstance(found, dict) else ({}, "is JSON but no object")


def _token(members: Mapping[str, Any]) -> tuple[Secret | None, str]:
    value = members.get("Token")
    if value is None or value == "":
        return None, "no token"
    if not isinstance(value, str):
        return None, f"a token that is no text but a {type(value).__name__}"
    if len(value) > LONGEST_TOKEN:
        return None, f"a token of {len(value):,} characters"
    if not (value.isascii() and value.isprintable()) or " " in value:
        return None, "a token with characters that no header can carry"
    return Secret(value), ""


def _image(members: Mapping[str, Any]) -> bytes:
    """Return the body's picture, where it is one that can be shown."""
    text = members.get("Image")
    if not isinstance(text, str):
        return b""
    try:
        image = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    is_shown = image.startswith(b"\x89PNG\r\n\x1a\n") and len(image) <= LONGEST_IMAGE
    return Picture(image) if is_shown else b""


def _redirect(response: requests.Response) -> str:
    location = response.headers.get("Location")
    if location is None:
        return "nowhere"
    try:
        return str(Origin.of(urljoin(response.url, location)))
    except (InsecureURLError, ValueError):
        return "a location that cannot be read"


# The API's own spelling is SecutityPin; the right one is understood as well.
_KINDS = {
    "VerificationCode": ChallengeKind.CODE,
    "SecutityPin": ChallengeKind.PIN,
    "SecurityPin": ChallengeKind.PIN,
}
_PASSWORD_STEP = "BaseAuthentication"  # noqa: S105 - the API's name of the step
_LOST = "Corrupted ticket"
_LIMIT = "Ten a minute are usual, and one with a code counts twice."
# Not documented, but what ASP.NET's users are told, and brokers in their help pages.
_LOCKED = re.compile(r"\block(ed|out)", re.IGNORECASE)
_INACTIVE = re.compile(r"\b(not active|inactive|disabled|deactivated|suspended|blocked)\b", re.IGNORECASE)


def interpret(
    response: TokenResponse, before: Challenge | None, *, has_interim: bool, settings: Settings
) -> Secret | Challenge:
    """Say what a response means; an error names where the values came from that it is about.

    Raises
    ------
    EtnaError
        The error that fits, in one sentence.
    """
    _refuse_before_reading(response, settings)
    state = response.exactly("State")
    if state == "Succeeded":
        return _succeeded(response)
    if state == "Expecting":
        return _challenge(response, before, has_interim=has_interim)
    if state == "Failed":
        return _again(response, before) or _refuse(response, before, settings)
    raise UnexpectedResponseError(_unknown(response, settings))


def _refuse_before_reading(response: TokenResponse, settings: Settings) -> None:
    """Raise for what is said by other members than State, or by none."""
    if 300 <= response.status < 400:
        raise UnexpectedResponseError(
            f"The server redirects the login to {response.redirect}, and secrets are not sent on. "
            "Check that the base URL is the API's and not the web terminal's: "
            f"{settings.sources('base_url')}."
        )
    reason = response.says("Reason", "error", "Message", "message")
    if response.status == 429 or reason.startswith("Too many login requests"):
        raise _rate_limited(response)
    if any("password has expired" in text.casefold() for text in response.texts.values()):
        raise PasswordExpiredError(
            "The password has expired: change it at the broker, then log in with the new one."
        )
    if "application key" in response.says("error").casefold():
        raise ApplicationKeyError(
            f"The server does not know this app key (“{reason}”). "
            f"Check whether these belong together: {settings.sources('app_key', 'base_url')}."
        )


def _rate_limited(response: TokenResponse) -> RateLimitedError:
    seconds = response.retry_after
    until = (
        "and does not say for how long: wait a minute"
        if seconds is None
        else f"wait {format_duration(timedelta(seconds=max(1, round(seconds))))}"
    )
    return RateLimitedError(
        f"The server accepts no more logins of this user for now{' ' if seconds is None else ': '}{until}, "
        f"then log in again. {_LIMIT}",
        seconds,
    )


def _succeeded(response: TokenResponse) -> Secret:
    if response.token and response.status == 200:
        return response.token
    seen = response.token_fault if response.status == 200 else f"status {response.status} instead of 200"
    raise UnexpectedResponseError(
        f"The server says Succeeded, but that came with {seen}: nobody was logged in. Try again, "
        "and tell the broker if it stays so."
    )


def _challenge(response: TokenResponse, before: Challenge | None, *, has_interim: bool) -> Challenge:
    if response.says("Reason").casefold().startswith("pin code is not init"):
        raise VerificationError(
            "This user has never set a PIN, and the server asks for one: set it on the broker's pages first."
        )
    if not response.token and not has_interim:
        raise UnexpectedResponseError(
            f"The server asks for another step ({response.says('Step') or 'unnamed'}) but it came with "
            f"{response.token_fault}, without which it cannot be answered: log in again."
        )
    kind = _KINDS.get(response.exactly("Step"), ChallengeKind.UNKNOWN)
    again = before is not None and before.kind is kind
    return Challenge(
        kind,
        response.says("Step"),
        response.says("Reason"),
        before.wrong + 1 if before and again else 0,
        phrase=response.phrase,
        image=response.image,
    )


def _again(response: TokenResponse, before: Challenge | None) -> Challenge | None:
    """Return the challenge once more if a code was wrong and its interim token is still good."""
    # How a wrong code is answered is not documented; the step's own name is all that is known. That
    # a ticket is lost is said in so many words, and a PIN that is refused is documented as an end.
    if before is None or before.kind is not ChallengeKind.CODE or response.says("Reason") == _LOST:
        return None
    if _KINDS.get(response.exactly("Step")) is not ChallengeKind.CODE:
        return None
    return _challenge(response, before, has_interim=True)


def _refuse(response: TokenResponse, before: Challenge | None, settings: Settings) -> NoReturn:
    step, reason = response.says("Step"), response.says("Reason")
    quoted = f" (“{reason}”)" if reason else ""
    if _LOCKED.search(reason):
        raise InvalidCredentialsError(
            f"The server has locked this user out{quoted}: wait, or ask the broker. "
            "Trying again keeps the lock."
        )
    if _INACTIVE.search(reason):
        raise InvalidCredentialsError(
            f"The server does not let this user in{quoted}: ask the broker. Trying again changes nothing."
        )
    if reason == _LOST:
        raise VerificationError(f"The server has lost this login's earlier step{quoted}: log in again.")
    kind = _KINDS.get(step) or (before.kind if before and not step else None)
    if kind or reason == "Invalid pin":
        what = kind.value if kind else ChallengeKind.PIN.value
        if what == ChallengeKind.PIN.value and "pin" in settings.known:
            raise VerificationError(f"The server refused the PIN{quoted}. Check {settings.sources('pin')}.")
        raise VerificationError(f"The server refused the {what}{quoted}: log in again.")
    if step in ("", _PASSWORD_STEP):
        names, what = ["username", "password"], "this username and password"
        typed = [name for name in names if settings.is_typed(name)]
        if len(typed) == 1:  # whoever typed one of them thinks of that one: the other is named after it
            names.sort(key=typed[0].__ne__)
            what = f"the {typed[0]}"
        pitfall = settings.pitfall("password")
        raise InvalidCredentialsError(
            f"The server refused {what}{quoted}{pitfall}. Check {settings.sources(*names)}."
        )
    raise VerificationError(f"The server refused the step {step}{quoted}: log in again.")


def _unknown(response: TokenResponse, settings: Settings) -> str:
    seen = response.says("Reason", "error", "Message", "message")
    if response.status == 503 and response.retry_after:
        wait = format_duration(timedelta(seconds=math.ceil(response.retry_after)))
        return (
            f"The server takes no logins for now (status 503), and asks for a wait of {wait}: try again then."
        )
    if response.status >= 500:
        return (
            f"The server is in trouble (status {response.status}"
            f"{f', “{seen}”' if seen else ''}): try again in a minute."
        )
    if response.status == 404:
        return f"There is no /token at this base URL (status 404): check {settings.sources('base_url')}."
    what = response.fault or (f"says “{seen}”" if seen else "has no State that is known")
    return (
        f"The answer of /token (status {response.status}) is not one that ETNA documents, it {what}. "
        f"Check that the base URL is the API's: {settings.sources('base_url')}."
    )
