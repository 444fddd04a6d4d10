"""The items of a paged list: which link leads on, and where that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin

from etna_magic.exceptions import InsecureURLError, UnexpectedResponseError
from etna_magic.support import Origin, sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import Response


class Getter(Protocol):
    """What gets a page."""

    def get(self, url: str, *, params: Mapping[str, Any] | None = None) -> Response:
        """Return the answer to a GET."""


def pages(session: Getter, path: str, params: Mapping[str, Any]) -> Iterator[Any]:
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
