"""What a session reads in answers: the server's limits by group of calls, deprecations, and paged lists."""

from __future__ import annotations

import inspect
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from etna_magic.exceptions import InsecureURLError, UnexpectedResponseError
from etna_magic.session.call_outcome import READS, note_outcome
from etna_magic.support import Origin, redact, sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import httpx
    from requests import Response, Session

    from etna_magic.secret import Secret

# By the limits that a broker's pages state; the first word of a path that is in here names the group.
_GROUPS = {
    "history": "history",
    "watchlists": "watchlists",
    "pricealerts": "price alerts",
    "positions": "positions",
    "equities": "securities",
    "options": "securities",
    "orders": "orders",
    "syncorders": "orders",
}
_LIBRARIES = ("requests.", "urllib3.", "httpx.", "etna_magic.")


class CallLimit(NamedTuple):
    """The last figures of one group of calls, by the ``X-RateLimit-*`` headers of the server.

    Parameters
    ----------
    limit, remaining : int or None
        Calls a minute, and how many of them are left; None where the server does not say.
    resets_at : datetime or None
        When the minute is over, in UTC.

    Examples
    --------
    >>> CallLimit(limit=50, remaining=49, resets_at=None).remaining
    49
    """

    limit: int | None
    remaining: int | None
    resets_at: datetime | None


class CallLimits(dict[str, CallLimit]):
    """The last figures by group: ``orders``, ``order queries``, ``positions``, ``history`` and others."""

    def __init__(self) -> None:
        super().__init__()
        self._deprecated: set[str] = set()

    def note(
        self, method: str, url: str, response: Response | httpx.Response, secrets: Iterable[Secret]
    ) -> None:
        """Keep what a response says, and warn of a call that is deprecated, once."""
        headers = response.headers
        if not any(name[:2] in ("X-", "x-") for name in headers):
            return  # as most: a call must not pay for it
        group = group_of(method, url)
        if any(
            name in headers for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
        ):
            reset = _number(headers.get("X-RateLimit-Reset"))
            self[group] = CallLimit(
                _number(headers.get("X-RateLimit-Limit")),
                _number(headers.get("X-RateLimit-Remaining")),
                None if reset is None else datetime.fromtimestamp(reset, UTC),
            )
        if (removal := headers.get("X-Deprecated")) and group not in self._deprecated:
            self._deprecated.add(group)
            message = (
                f"ETNA will remove {method} {urlsplit(url).path}: "
                f"the server says X-Deprecated: {redact(removal, secrets)}."
            )
            try:
                warnings.warn(message, DeprecationWarning, stacklevel=_depth())
            except DeprecationWarning as error:  # by a filter of the user's
                raise note_outcome(error, _answered(method, response.status_code)) from None


def group_of(method: str, url: str) -> str:
    """Return the group of calls that a call is counted in."""
    words = urlsplit(url).path.lower().strip("/").split("/")
    group = next((_GROUPS[word] for word in words if word in _GROUPS), "other")
    return "order queries" if group == "orders" and method in ("GET", "HEAD") else group


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else None


def _answered(method: str, status: int) -> str:
    """Say what became of a call that is no read, as a sentence."""
    if method in READS:
        return ""
    return f"The {method} was sent and answered with status {status}: check whether it was carried out."


def _depth() -> int:
    """Return how far up the code is that made the call: Python shows a deprecation there."""
    # From here, and not by traceback.walk_stack(None), which begins elsewhere in each version of Python.
    depth, frame = 0, inspect.currentframe()
    while frame is not None:
        if not f"{frame.f_globals.get('__name__', '')}.".startswith(_LIBRARIES):
            return depth
        depth, frame = depth + 1, frame.f_back
    return 2


def pages(session: Session, path: str, params: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the items of each page; parameters as for :meth:`EtnaSession.pages`."""
    seen: set[str] = set()
    link, query = path, dict(params) or None
    own: Origin | None = None
    while link:
        response = session.get(link, params=query)
        response.raise_for_status()
        # Of what was asked for, whatever server a redirect has led to.
        own = own or Origin.of([*response.history, response][0].url)
        page = _json(response)
        if isinstance(page, list):
            yield from page
            return
        if not isinstance(page, dict) or not isinstance(page.get("Result"), list):
            raise UnexpectedResponseError(f"A page of {sanitize(path)} has no Result that is a list.")
        yield from page["Result"]
        seen |= {link, response.url}  # a redirect, and how requests spells a URL, make them two
        # By ETNA's samples an absolute URL, or "" where there is none; by a broker's null, and relative.
        link, query = _next(response.url, page.get("NextPageLink"), own), None
        if link in seen:
            return  # a server that leads back would lead on for ever


def _json(response: Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        pass
    raise UnexpectedResponseError(f"A page came with status {response.status_code} and is no JSON.")


def _next(here: str, link: object, own: Origin) -> str:
    if not link:
        return ""
    # The link itself is not shown: a server may repeat in it what it was sent.
    seen = "what is no URL"
    try:
        there = urljoin(here, link) if isinstance(link, str) else ""
        origin = Origin.of(there)
        if origin == own:
            return there
        seen = "another server" if origin.host else seen
    except (ValueError, InsecureURLError):
        pass
    raise UnexpectedResponseError(
        f"NextPageLink leads to {seen}, and not to {own}: nothing was sent there, and the pages end here."
    )
