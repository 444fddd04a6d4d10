"""What of a request may leave: secrets and cookies to their own server, with ``--read-only`` reads alone.

The headers are a placeholder until they are sent.

With ``--read-only``, anything that is not literally a read is not sent, but a logout at the server, which
ends the session's own token. The rule is a list of what may leave, and not of what may not: a path has more
spellings than anybody knows (``..``, ``%2e``, ``//``, another case), and none of them is in the list.
"""

from __future__ import annotations

import re
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from requests.auth import AuthBase

from etna_magic.exceptions import InsecureURLError, NotLoggedInError, ReadOnlyError
from etna_magic.session.call_outcome import READS, not_sent
from etna_magic.support import Origin, SameOrigin, sanitize
from etna_magic.token import APP_KEY, AUTHORIZATION, HEADERS, PLACEHOLDER, Account, Token, placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from http.cookiejar import Cookie
    from urllib.request import Request

    from requests import PreparedRequest

    from etna_magic.session.token_holder import TokenHolder

_QUERY = r"(\?(currency|exchange)=[A-Za-z0-9]+(&(currency|exchange)=[A-Za-z0-9]+)?)?"
#: What ETNA reads by another method than GET, below the base URL and the version.
_OTHER_READS = re.compile(
    rf"PUT history/(symbols|compare)/?"
    rf"|POST accounts/[0-9]+/preview/orders/?{_QUERY}"
    rf"|PUT accounts/[0-9]+/preview/orders/[0-9]+/?{_QUERY}"
)
# By these some servers carry out another method, or another path, than the one that is seen; the exception
# is what a browser asks before a call.
_OTHER_METHOD = re.compile(r"(?!access-control-request-method$).*(method|verb)")
_OTHER_PATH = re.compile(r".*\b(url|uri|path)\b")


class PlaceholderAuth(AuthBase):
    """Names the account of a request in ``Authorization``, for its own server only.

    It is explicit where a user gave it for the request, and has to know when it cannot go there.
    """

    def __init__(self, account: Account, *, is_explicit: bool = False) -> None:
        self._header = placeholder(account)
        self._is_home = SameOrigin(account.base_url)
        self._is_explicit = is_explicit

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the placeholder into a request."""
        url = request.url or ""
        if self._is_home(url):
            request.headers[AUTHORIZATION] = self._header
        elif self._is_explicit:
            raise InsecureURLError(
                f"This token belongs to {self._is_home.origin} and was not sent to {Origin.of(url)}: "
                f"use it for its own server only.{not_sent(request.method)}"
            )
        return request


def has_placeholder(holder: TokenHolder, found: object, method: str | None) -> bool:
    """Say by its ``Authorization`` whether a request is to be signed; raise if it is for another account."""
    if not isinstance(found, str) or not found.startswith(PLACEHOLDER):
        return False
    account = holder.account
    if account is None or found != placeholder(account):
        theirs, ours = sanitize(found.removeprefix(PLACEHOLDER).strip()), account or "nobody yet"
        raise NotLoggedInError(
            f"The request was made for {theirs}, and this session is of {ours}.{not_sent(method)}"
        )
    return True


def ours_in(headers: Mapping[str, Any], token: Token | None) -> tuple[str, ...]:
    """Return which headers no other server may get: the placeholder, or what was set by hand."""
    text, has_key = _text(headers.get(AUTHORIZATION, "")), APP_KEY in headers
    is_ours = text.strip().startswith((PLACEHOLDER, "Bearer ") if has_key else PLACEHOLDER) or (
        token is not None and not token.ended and token.get_secret_value() in text
    )
    # An Authorization that another auth= has put there stays.
    return HEADERS if is_ours else (APP_KEY,) if has_key else ()


class OwnOriginCookies(DefaultCookiePolicy):
    """Keeps a cookie for the origin that set it; as usual it would go to every port, without TLS too."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Accept a cookie as usual, and bind it to the port and the scheme that it came from."""
        if not super().set_ok(cookie, request):
            return False
        # As the library reads it when it compares: what follows the colon, 80 where there is none.
        _, _, port = request.host.partition(":")
        cookie.port = port if port.isdecimal() else "80"
        cookie.secure = cookie.secure or request.type == "https"
        return True


def refuse_write(
    holder: TokenHolder, method: str, url: str, headers: Iterable[tuple[Any, Any]], body: object
) -> None:
    """Raise if a request is no read, to whatever server: nothing but reads leaves.

    The headers are names and values, as text or bytes.
    """
    own = f"{holder.account.base_url}/v1.0/" if holder.account else ""
    path = url[len(own) :] if own and url.startswith(own) else ""
    is_other = _OTHER_READS.fullmatch(f"{method} {path}") is not None
    if holder.account and (method, url) == ("POST", f"{holder.account.base_url}/logout"):
        is_other = not body  # it ends the token, and places nothing
    given = [(_text(name).lower(), _text(value)) for name, value in headers]
    what = _not_a_read(method, url, given, body, is_other=is_other)
    if what:
        raise ReadOnlyError(
            f"{holder.name} is read-only, so the {what} was not sent. A login without --read-only lifts that."
        )


def _not_a_read(
    method: str, url: str, headers: list[tuple[str, str]], body: object, *, is_other: bool
) -> str:
    """Return what a request is, if it is no read."""
    shown = sanitize(method)[:20]
    if method not in READS and not is_other:
        return shown
    query = url.partition("?")[2]
    named = [name for name, _ in headers]
    # Some servers take a semicolon for the end of a parameter.
    asked = [name.lower() for name, _ in parse_qsl(query.replace(";", "&"), keep_blank_values=True)]
    if any(_OTHER_METHOD.match(name) for name in named + asked):
        return f"{shown} that names another method"
    if any(_OTHER_PATH.match(name.replace("_", "-")) for name in named):
        return f"{shown} that names another path"
    # A second request hides in a body, and ETNA's documentation has a GET with a body that changes a PIN.
    if body and not is_other:
        return f"{shown} with a body"
    length = _length(body)
    if any(name == "transfer-encoding" for name in named) or any(
        name == "content-length" and value != str(length) for name, value in headers
    ):
        return f"{shown} whose length is not that of its body"
    return ""


def _length(body: object) -> int | None:
    """Return how many bytes a body has; None for one that is made while it is sent."""
    if isinstance(body, str):
        return len(body.encode())
    return len(body) if isinstance(body, (bytes, bytearray)) else None if body else 0


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
