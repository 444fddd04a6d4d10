"""Cookies that a server has set: they go back to that server's origin, and to no other.

By the rules of cookies they would go to every port of its host, and without TLS as well.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from requests.cookies import RequestsCookieJar

if TYPE_CHECKING:
    from http.cookiejar import Cookie

    from requests import PreparedRequest


def keep_from(request: PreparedRequest, host: str) -> None:
    """Take the cookies of a host's server out of a request that goes elsewhere.

    Parameters
    ----------
    request : requests.PreparedRequest
        Its ``Cookie`` header is what ``requests`` has made of its jar.
    host : str
        Whose cookies stay at home.
    """
    jar = request._cookies  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way to them
    kept = [cookie for cookie in jar or () if not _is_of(cookie, host)]
    if jar is None or len(kept) == len(jar):
        return
    request.headers.pop("Cookie", None)
    elsewhere = RequestsCookieJar()
    for cookie in kept:
        elsewhere.set_cookie(copy.copy(cookie))
    request.prepare_cookies(elsewhere)


def forget_from_servers(jar: RequestsCookieJar) -> None:
    """Take out of a jar what servers have set: another user is not to have it. A user's own stay."""
    held: list[Cookie] = list(jar)  # type: ignore[arg-type] # typed as the names that a dict would give
    for cookie in held:
        if cookie.domain:
            jar.clear(cookie.domain, cookie.path, cookie.name)


def _is_of(cookie: Cookie, host: str) -> bool:
    # A name without a dot is written with .local in a jar; a wider domain was set by this host, too.
    domain = cookie.domain.removeprefix(".").removesuffix(".local").lower()
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
