"""One answer of ``/token``: sent for, read to a limit, and taken apart."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from etna_magic.exceptions import ConnectionFailedError, InsecureURLError
from etna_magic.one_request import posted
from etna_magic.origin import Origin
from etna_magic.retry_after import seconds_of
from etna_magic.secret import Secret
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Shown = Callable[[str, Secret | None], str]

# The documented tokens run to some 600 characters; a header of more than this no server takes.
LONGEST_TOKEN = 8_000
LONGEST_BODY = 64_000
_FIT_FOR_A_HEADER = re.compile(r"[!-~]+")
# The words of ETNA's documentation, which are safe to show as they are.
WORDS = frozenset({"Succeeded", "Failed", "Expecting", "BaseAuthentication"}) | {
    "VerificationCode",
    "SecutityPin",
    "SecurityPin",
}
# What the documented answers consist of, but for the token; nothing else is kept.
MEMBERS = ("State", "Step", "Reason", "error", "Message", "message")


@dataclass(frozen=True)
class Answer:
    """What came back, before anybody judges it.

    Parameters
    ----------
    status : int
        The HTTP status.
    texts : mapping of str to str
        The body's members that are text and known, fit to be shown.
    altered : frozenset of str
        The names of those that had to be changed for that.
    token : Secret or None
        The body's token, where it is fit to travel as a header.
    token_fault : str
        Why there is none, to stand after "it came with ".
    fault : str
        Why the body is no JSON object, to stand after "its answer "; empty where it is one.
    retry_after : float or None
        Seconds to wait, where the header of that name says so.
    redirect : str
        The origin that a redirect points to.
    """

    status: int
    texts: Mapping[str, str]
    altered: frozenset[str]
    token: Secret | None
    token_fault: str
    fault: str
    retry_after: float | None
    redirect: str

    def says(self, *names: str) -> str:
        """Return the first of these members that has a text."""
        return next((self.texts[name] for name in names if self.texts.get(name)), "")

    def exactly(self, name: str) -> str:
        """Return a member's text as it was sent, or nothing where that cannot be shown."""
        return "" if name in self.altered else self.texts.get(name, "")


def ask(url: str, headers: Mapping[str, Secret], timeout: float, shown: Shown) -> Answer:
    """Send one POST without a body, follow no redirect, try nothing twice.

    Parameters
    ----------
    url : str
        Where to.
    headers : mapping of str to Secret
        What makes the request.
    timeout : float
        Seconds to wait for the answer and its end.
    shown : callable
        Makes a text of the server's fit to be shown, secrets blotted out.

    Returns
    -------
    Answer
        What came back, whatever it says.

    Raises
    ------
    ConnectionFailedError
        If nothing came back in time; nothing of the request is in it.
    """
    outcome = attempt(lambda: _exchange(url, headers, timeout, shown), headers.values())
    if not isinstance(outcome, Failure):
        return outcome
    outcome.raise_foreign()
    raise ConnectionFailedError(
        f"{Origin.of(url)} could not be asked for a token: {outcome.reason}. "
        "Check the base URL and the network, then log in again."
    )


def _exchange(url: str, headers: Mapping[str, Secret], timeout: float, shown: Shown) -> Answer:
    plain = {name: value.reveal() for name, value in headers.items()}
    with posted(url, plain, timeout=timeout) as response:
        body = _body(response)
    return _taken_apart(response, body, shown)


def _body(response: requests.Response) -> bytes | None:
    body = b""
    for chunk in response.iter_content(8192):
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return body


def _taken_apart(response: requests.Response, body: bytes | None, shown: Shown) -> Answer:
    members, fault = _members(body)
    token, token_fault = _token(members)
    sent = {name: members[name] for name in MEMBERS if isinstance(members.get(name), str)}
    # The documented words are what they are, and most answers consist of them.
    texts = {name: text if text in WORDS else shown(text, token) for name, text in sent.items()}
    return Answer(
        response.status_code,
        texts,
        frozenset(name for name in sent if sent[name] != texts[name]),
        token,
        token_fault,
        fault,
        seconds_of(response.headers.get("Retry-After", "")),
        shown(_redirect(response), token) if "Location" in response.headers else "nowhere",
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
    if not _FIT_FOR_A_HEADER.fullmatch(value):
        return None, "a token with characters that no header can carry"
    return Secret(value), ""


def _redirect(response: requests.Response) -> str:
    location = response.headers.get("Location", "")
    try:
        return str(Origin.of(requests.compat.urljoin(response.url, location)))
    except (InsecureURLError, ValueError):
        return "a place that cannot be read"
